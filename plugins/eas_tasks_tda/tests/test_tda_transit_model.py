"""The transit model against stored reference numbers and against theory."""

from pathlib import Path

import numpy as np
import pytest
from eas_tasks_tda.elliptic import complete_elliptic
from eas_tasks_tda.orbit import Orbit, averaged_over_exposure, eccentric_anomaly, inclination_from_impact
from eas_tasks_tda.transit_model import transit_flux
from scipy.integrate import quad
from scipy.special import ellipe, ellipk, elliprf, elliprj


@pytest.fixture(scope="module")
def reference():
    """Numbers of batman 2.5.3; see data/README.md for the calls."""
    with np.load(Path(__file__).parent / "data" / "batman_2_5_3.npz") as stored:
        return dict(stored)


def flux_at(z, *, p, u1=0.5, u2=0.2):
    return float(transit_flux(np.array([z]), radius_ratio=p, u1=u1, u2=u2)[0])


def test_the_model_agrees_with_batman_for_every_stored_shape(reference):
    parameters = zip(reference["shape_parameters"], reference["shape_times"], strict=True)
    model = np.empty_like(reference["shape_fluxes"])
    for i, ((rp, b, u1, u2, a), times) in enumerate(parameters):
        tilt = inclination_from_impact(b, semi_major_axis=a)
        orbit = Orbit(period_days=10.0, t0_days=0.0, semi_major_axis=a, inclination=tilt)
        model[i] = transit_flux(orbit.separation(times), radius_ratio=rp, u1=u1, u2=u2)
    assert (reference["shape_fluxes"] < 1).mean() > 0.5  # the stored samples do lie in transits
    # required: 1e-6; batman's own approximation of the elliptic integrals is good to 2e-8
    np.testing.assert_allclose(model, reference["shape_fluxes"], atol=3e-8, rtol=0)


def test_the_orbit_agrees_with_batman_for_circular_and_eccentric_orbits(reference):
    times = reference["orbit_times"]
    cases = zip(reference["orbit_parameters"], reference["orbit_fluxes"], strict=True)
    for (e, periastron, inclination), fluxes in cases:
        orbit = Orbit(
            period_days=7.0,
            t0_days=1.3,
            semi_major_axis=12.0,
            inclination=np.radians(inclination),
            eccentricity=e,
            periastron=np.radians(periastron),
        )
        model = transit_flux(orbit.separation(times), radius_ratio=0.12, u1=0.3, u2=0.25)
        assert (fluxes < 1).sum() > 9
        np.testing.assert_allclose(model, fluxes, atol=1e-8, rtol=0)


def test_exposures_are_averaged_as_batman_does_it(reference):
    orbit = Orbit(period_days=7.0, t0_days=1.3, semi_major_axis=12.0, inclination=np.radians(88.0))
    parts = averaged_over_exposure(reference["orbit_times"], exposure_days=0.0204, samples=201)
    model = transit_flux(orbit.separation(parts), radius_ratio=0.12, u1=0.3, u2=0.25).mean(axis=1)
    # the mid-point rule with 201 parts leaves about 1e-6 where the flux has a corner (contacts)
    np.testing.assert_allclose(model, reference["exposure_fluxes"], atol=2e-6, rtol=0)


def hidden_share_by_rings(z, p, u1, u2):
    """Share of the light hidden by the disc as an integral over rings of the star (no elliptic integrals)."""

    def ring(r):
        if r == 0:
            return 0.0
        cosine = (r**2 + z**2 - p**2) / (2 * r * z) if z > 0 else (-1.0 if r < p else 1.0)
        mu = np.sqrt(max(0.0, 1 - r**2))
        return (1 - u1 * (1 - mu) - u2 * (1 - mu) ** 2) * 2 * r * np.arccos(np.clip(cosine, -1, 1))

    outer, kink = min(1.0, z + p), abs(z - p)
    inner = [kink] if 0 < kink < outer else None
    total = quad(ring, 0, outer, points=inner, epsabs=1e-13, epsrel=1e-12, limit=400)[0]
    return total / (np.pi * (1 - u1 / 3 - u2 / 6))


@pytest.mark.filterwarnings("ignore::scipy.integrate.IntegrationWarning")
@pytest.mark.parametrize("p", [0.001, 0.01, 0.1, 0.3, 0.5, 0.7, 1.0, 1.5])
def test_the_hidden_light_is_the_integral_over_rings_of_the_star(p):
    special = [0.0, p, abs(1 - p), 1.0, p + 1e-9, p - 1e-12, abs(1 - p) + 1e-10, 1 + p - 1e-6]
    separations = [*special, *np.random.default_rng(7).uniform(0, 1 + p, 6)]
    for z in separations:
        assert 1 - flux_at(z, p=p) == pytest.approx(hidden_share_by_rings(z, p, 0.5, 0.2), abs=2e-10)


def test_a_uniform_star_loses_exactly_the_area_of_the_disc():
    assert flux_at(0.4, p=0.1, u1=0, u2=0) == pytest.approx(1 - 0.1**2, abs=1e-15)


def test_a_uniform_star_loses_the_area_of_the_lens_of_two_circles():
    p, z = 0.4, 0.9
    # area of the overlap of two circles, e.g. Weisstein, "Circle-Circle Intersection", eq. 14
    kite = 0.5 * np.sqrt((-z + p + 1) * (z + p - 1) * (z - p + 1) * (z + p + 1))
    lens = p**2 * np.arccos((z**2 + p**2 - 1) / (2 * z * p)) + np.arccos((z**2 + 1 - p**2) / (2 * z)) - kite
    assert 1 - flux_at(z, p=p, u1=0, u2=0) == pytest.approx(lens / np.pi, abs=1e-14)


@pytest.mark.parametrize(("z", "p"), [(0.0, 1.0), (0.3, 1.4), (0.0, 2.0)])
def test_a_disc_that_covers_the_star_leaves_no_light(z, p):
    assert flux_at(z, p=p) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("z", [1.1, 1.5, np.inf])
def test_without_overlap_the_flux_is_exactly_one(z):
    assert flux_at(z, p=0.1) == 1.0


def test_no_planet_makes_no_transit():
    assert flux_at(0.2, p=0.0) == 1.0


def test_a_tiny_planet_hides_the_intensity_behind_it():
    z, p, u1, u2 = 0.6, 1e-4, 0.5, 0.2
    intensity = 1 - u1 * (1 - 0.8) - u2 * (1 - 0.8) ** 2
    share = p**2 * intensity / (1 - u1 / 3 - u2 / 6)
    assert 1 - flux_at(z, p=p, u1=u1, u2=u2) == pytest.approx(share, rel=1e-5)


@pytest.mark.parametrize("p", [0.01, 0.1, 0.5])
@pytest.mark.parametrize("border", ["p", "1 - p"])
def test_the_flux_is_continuous_across_the_borders_between_its_formulas(p, border):
    z = p if border == "p" else 1 - p
    below, at, above = (flux_at(z + step, p=p) for step in (-1e-11, 0.0, 1e-11))
    assert below == pytest.approx(at, abs=1e-10)
    assert above == pytest.approx(at, abs=1e-10)


def test_the_flux_rises_steadily_from_centre_to_limb():
    flux = transit_flux(np.linspace(0, 1.1, 2001), radius_ratio=0.1, u1=0.5, u2=0.2)
    assert (np.diff(flux) >= -1e-15).all()


def test_cel_gives_the_three_complete_elliptic_integrals():
    m, n, one = 0.7, 0.3, np.ones(1)
    kc = np.sqrt(np.array([1 - m]))
    third = elliprf(0, 1 - m, 1) + n / 3 * elliprj(0, 1 - m, 1, 1 - n)  # Carlson (1995), eq. 4.7
    assert complete_elliptic(kc, one, one, one)[0] == pytest.approx(ellipk(m), rel=1e-14)
    assert complete_elliptic(kc, one, one, kc**2)[0] == pytest.approx(ellipe(m), rel=1e-14)
    assert complete_elliptic(kc, one * (1 - n), one, one)[0] == pytest.approx(third, rel=1e-14)


@pytest.mark.parametrize("e", [0.0, 0.1, 0.9, 0.99])
def test_the_eccentric_anomaly_solves_keplers_equation(e):
    mean = np.linspace(0, 2 * np.pi, 1001)[:-1]
    solution = eccentric_anomaly(mean, eccentricity=e)
    np.testing.assert_allclose(solution - e * np.sin(solution), mean, atol=1e-12)


@pytest.mark.parametrize(("e", "periastron"), [(0.0, 90.0), (0.3, 40.0)])
def test_mid_transit_passes_at_the_impact_parameter_and_the_far_side_hides_nothing(e, periastron):
    angle = np.radians(periastron)
    tilt = inclination_from_impact(0.4, semi_major_axis=20, eccentricity=e, periastron=angle)
    orbit = Orbit(
        period_days=5.0,
        t0_days=2.0,
        semi_major_axis=20.0,
        inclination=tilt,
        eccentricity=e,
        periastron=angle,
    )
    assert orbit.separation(np.array([2.0, 7.0])) == pytest.approx([0.4, 0.4], abs=1e-10)
    assert np.isinf(orbit.separation(np.array([4.5]))).all()
