"""Planets of stars that rotate too fast for a sliding window, and stars that are left alone."""

import numpy as np
import pytest
from eas_tasks_tda import ffa
from eas_tasks_tda.detrend_settings import DetrendParameters
from eas_tasks_tda.detrending import MOST_LEFT, ROTATING_WINDOW_DAYS, detrend
from eas_tasks_tda.rotation_model import HARMONICS, rotation_model, scatter_left
from eas_tasks_tda.search import is_significant, search_planets
from eas_tasks_tda.synthesis import model_flux
from eas_tasks_tda.synthesis_settings import TransitSpecs

from eas_framework.lightcurve import LightcurveArbitraryRaster

NOISE = 150e-6
NEVER = DetrendParameters(rotation_model="never")


def spots(rng, times, *, period, amplitude):
    """Dark spots that turn in and out of sight, come and go, each with a rotation period of its own."""
    flux = np.zeros(len(times))
    for _ in range(8):
        own = period * (1 + 0.02 * rng.uniform(-1, 1))
        seen = np.maximum(
            np.cos(2 * np.pi * times / own + rng.uniform(0, 2 * np.pi)) + rng.uniform(-0.5, 0.5), 0
        )
        life, middle = rng.uniform(20, 60), rng.uniform(times[0], times[-1])
        flux -= seen * np.exp(-0.5 * ((times - middle) / life) ** 2)
    return 1 + amplitude * (flux - flux.mean()) / flux.std()


def star(*, rotation, amplitude=0.008, planet=True, seed=1):
    """A curve of 80 d with a gap and, at 5.27 d, a planet with a depth of a thousandth."""
    rng = np.random.default_rng(seed)
    times = np.arange(0, 80, 1 / 48)
    times = times[np.abs(times - 41) > 1.5]
    fluxes = spots(rng, times, period=rotation, amplitude=amplitude)
    if planet:
        specs = TransitSpecs(
            duration=80,
            sampling_cadence=1800,
            exposure_time=1800,
            orbital_period=5.27,
            semi_major_axis=(5.27 / 365.25) ** (2 / 3),
            t0=2.1,
            planet_radius=0.3,
            impact_parameter=0.2,
        )
        fluxes = fluxes * model_flux(specs, times)
    fluxes = fluxes + rng.normal(0, NOISE, len(times))
    flags = np.zeros(len(times), dtype=np.int64)
    return LightcurveArbitraryRaster(times, fluxes, np.full(len(times), NOISE), flags, {})


def planets(curve, parameters):
    flat = detrend(curve, parameters=parameters)
    flattened = LightcurveArbitraryRaster(curve.times, flat.fluxes, flat.uncertainties, flat.flags, {})
    found = search_planets(ffa.search, flattened, settings=ffa.FfaSettings(), max_planets=2)
    return [one for one in found if is_significant(one, fap_max=0.01) and not one.doubts]


STARS = [{"rotation": rotation, "seed": seed} for rotation in (1.4, 2.3, 3.4) for seed in (1, 2, 3, 4)]


def test_most_planets_of_fast_rotators_are_found_and_nothing_else():
    found = [one for given in STARS for one in planets(star(**given), DetrendParameters())]
    assert all(one.period_days == pytest.approx(5.27, rel=1e-3) for one in found)
    assert len(found) >= 8
    depths = [one.depth for one in found]  # 0.98e-3 on a star that does not vary
    assert min(depths) > 0.6e-3
    assert max(depths) < 1.1e-3


def test_a_window_alone_finds_none_of_them():
    found = [one for given in STARS for one in planets(star(**given), NEVER)]
    assert [one for one in found if abs(one.period_days / 5.27 - 1) < 1e-3] == []


def test_fast_rotators_without_a_planet_have_none():
    assert [one for given in STARS for one in planets(star(**given, planet=False), DetrendParameters())] == []


def test_what_set_the_window_is_told():
    window = detrend(star(rotation=2.3)).window
    assert (window.days, window.origin) == (ROTATING_WINDOW_DAYS, "rotation_model")
    assert window.rotation.period_days == pytest.approx(2.3, rel=0.05)
    assert detrend(star(rotation=2.3), parameters=DetrendParameters(window_days=0.4)).window.days == 0.4


@pytest.mark.parametrize(("rotation", "amplitude"), [(2.3, 0.0), (2.3, 1e-5), (12.0, 0.01), (25.0, 0.03)])
def test_a_star_that_is_quiet_or_rotates_slowly_is_left_alone(rotation, amplitude):
    curve = star(rotation=rotation, amplitude=amplitude)
    assert np.array_equal(detrend(curve).trend, detrend(curve, parameters=NEVER).trend, equal_nan=True)
    assert detrend(curve).window.origin == "window_days"


def test_the_order_of_the_samples_means_nothing():
    curve = star(rotation=2.3)
    order = np.random.default_rng(7).permutation(len(curve.times))
    mixed = LightcurveArbitraryRaster(
        curve.times[order], curve.fluxes[order], curve.uncertainties[order], curve.flags[order], {}
    )
    good = np.ones(len(order), dtype=np.bool_)
    models = [rotation_model(c.times, c.fluxes, good=good, period_days=2.3) for c in (curve, mixed)]
    assert models[1] == pytest.approx(models[0][order], abs=1e-9)
    left = [scatter_left(c.times, c.fluxes, good=good) for c in (curve, mixed)]
    assert left[0] == left[1] > MOST_LEFT


def test_harmonics_whose_amplitudes_drift_are_fitted_and_transits_are_not():
    times = np.arange(0, 60, 1 / 48)
    wave = sum(np.sin(2 * np.pi * k * times / 2.9) / k for k in range(1, HARMONICS + 1))
    true = 1 + 0.01 * (1 + 0.5 * np.sin(2 * np.pi * times / 50)) * wave
    transit = np.abs(times % 4.6 - 2) < 0.05
    model = rotation_model(
        times, np.where(transit, true - 0.02, true), good=np.ones(len(times), dtype=bool), period_days=2.9
    )
    assert np.abs(model - true).max() < 5e-4


def test_samples_outside_of_the_good_ones_get_the_nearest_value():
    times = np.arange(0, 30, 1 / 48)
    fluxes = 1 + 0.01 * np.sin(2 * np.pi * times / 3)
    model = rotation_model(times, fluxes, good=(times > 5) & (times < 25), period_days=3.0)
    assert np.all(model[times <= 5] == model[0])
    assert np.all(np.isfinite(model))


@pytest.mark.parametrize(
    ("times", "fluxes"),
    [
        (np.arange(3.0), np.ones(3)),
        (np.arange(0, 9, 0.02), np.ones(450)),
        (np.arange(0, 9, 0.02), np.full(450, np.nan)),
        (np.arange(0.0, 900.0), np.ones(900)),
    ],
)
def test_where_nothing_can_be_told_nothing_is_left(times, fluxes):
    assert scatter_left(times, fluxes, good=np.ones(len(times), dtype=bool)) == 1.0


def test_white_noise_leaves_what_independent_samples_do_and_a_wave_leaves_more():
    rng = np.random.default_rng(1)
    times = np.arange(0, 80, 1 / 48)
    noise = 1 + rng.normal(0, 1e-3, len(times))
    good = np.ones(len(times), dtype=bool)
    assert scatter_left(times, noise, good=good) == pytest.approx(1.0, abs=0.15)
    assert scatter_left(times, noise + 2e-3 * np.sin(times), good=good) > 2
