"""Synthetic light curves: definitions, units, noise, seeds, refusals."""

import math
import sys

import numpy as np
import pytest
from eas_tasks_tda.synthesis import synthesise, transit_figures
from eas_tasks_tda.synthesis_batman import batman_flux
from eas_tasks_tda.synthesis_settings import BatmanParameters, SynthesisParameters, TransitSpecs
from pydantic import ValidationError

from eas_framework.errors import TaskFailed

SHORT = {"duration": 6.0, "orbital_period": 2.5, "semi_major_axis": 0.036, "sampling_cadence": 600.0}


def test_the_defaults_are_a_jupiter_around_a_sun_at_one_astronomical_unit():
    specs = TransitSpecs()
    assert specs.star_radius == pytest.approx(9.728, abs=1e-3)  # R_sun / R_jup = 695500 km / 71492 km
    assert specs.axis_in_stellar_radii == pytest.approx(215.1, abs=0.1)  # 149597870.7 km / 695500 km
    settings = (specs.duration, specs.t0, specs.orbital_period, specs.sampling_cadence, specs.noise)
    assert settings == (730.0, 1.0, 365.0, 25.0, 0.0)


def test_transits_repeat_with_the_period_from_t0_on_and_are_as_deep_as_the_planet_is_large():
    curve = synthesise(TransitSpecs(**SHORT, t0=1.2, u1=0.0, u2=0.0), seed=0)
    depth = 1 - curve.fluxes.min()
    assert depth == pytest.approx((1 / 9.728) ** 2, rel=1e-3)  # uniform star: (Rp / R*)²
    middle = curve.times[curve.fluxes < 1 - depth / 2]
    phases = (middle - 1.2 + 1.25) % 2.5 - 1.25
    assert abs(phases.mean()) < 600 / 86400
    # chord of the orbit within the disc: P / π · asin(R*/a) each side
    half = 2.5 / (2 * np.pi) * math.asin(1 / TransitSpecs(**SHORT).axis_in_stellar_radii)
    assert abs(phases).max() == pytest.approx(half, abs=700 / 86400)


def test_times_start_at_zero_and_stop_before_the_duration():
    curve = synthesise(TransitSpecs(**SHORT), seed=0)
    assert len(curve.times) == 6 * 144
    assert curve.times[0] == 0
    assert curve.times[-1] == pytest.approx(6.0 - 600 / 86400)


def test_noise_is_given_for_25_seconds_and_averages_down_with_the_cadence():
    curve = synthesise(TransitSpecs(**SHORT, planet_radius=0.0, noise=1e-3), seed=5)
    expected = 1e-3 * math.sqrt(25 / 600)
    assert curve.uncertainties == pytest.approx(np.full(864, expected))
    assert curve.fluxes.std() == pytest.approx(
        expected, rel=0.08
    )  # 864 samples: 1 sigma of the estimate 2.4 %


def test_d60_equal_seeds_give_equal_noise_and_others_do_not():
    specs = TransitSpecs(**SHORT, noise=1e-3)
    first, second, third = (synthesise(specs, seed=seed).fluxes for seed in (7, 7, 8))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, third)


def test_d60_the_seed_can_be_set_in_the_specs_and_is_recorded():
    curve = synthesise(TransitSpecs(**SHORT, noise=1e-3, seed=3), seed=99)
    assert curve.metadata["seed"] == 3
    np.testing.assert_array_equal(curve.fluxes, synthesise(TransitSpecs(**SHORT, noise=1e-3), seed=3).fluxes)


def test_the_figures_follow_their_definitions():
    model = np.array([1.0, 1.0, 0.99, 0.98, 0.99, 1.0])
    figures = transit_figures(model, noise=0.01)
    assert figures["integrated_transit_power"] == pytest.approx(0.04)
    assert (figures["pixels_in_transit"], figures["pixels_out_of_transit"]) == (3, 3)
    assert figures["mes"] == pytest.approx(0.04 / 0.01 / math.sqrt(3))


@pytest.mark.parametrize(("model", "noise", "mes"), [(np.ones(5), 0.1, 0.0), (np.full(5, 0.9), 0.0, 1e8)])
def test_the_mes_is_zero_without_a_transit_and_limited_without_noise(model, noise, mes):
    assert transit_figures(model, noise=noise)["mes"] == mes


def test_metadata_hold_every_setting_that_has_a_value_and_the_figures():
    metadata = synthesise(TransitSpecs(**SHORT), seed=0).metadata
    given = {name: value for name, value in TransitSpecs(**SHORT).model_dump().items() if value is not None}
    assert metadata.items() >= given.items()
    assert {"integrated_transit_power", "pixels_in_transit", "pixels_out_of_transit", "mes"} <= set(metadata)
    assert None not in metadata.values()


def test_the_assumed_noise_of_the_mes_leaves_the_fluxes_alone():
    curve = synthesise(TransitSpecs(**SHORT, mes_assume_noise=1e-3), seed=0)
    assert 0 < curve.metadata["mes"] < 1e8
    np.testing.assert_array_equal(curve.fluxes, synthesise(TransitSpecs(**SHORT), seed=0).fluxes)


def test_the_impact_parameter_wins_over_the_orbital_angle():
    both = TransitSpecs(**SHORT, orbital_angle=3.0, impact_parameter=0.4)
    assert both.inclination == pytest.approx(math.acos(0.4 / both.axis_in_stellar_radii))
    tilted = TransitSpecs(**SHORT, orbital_angle=3.0)
    assert math.degrees(tilted.inclination) == pytest.approx(87.0)


def test_long_exposures_smooth_the_ingress_and_keep_the_lost_light():
    sharp = synthesise(TransitSpecs(**SHORT | {"sampling_cadence": 60.0}), seed=0)
    smooth = synthesise(TransitSpecs(**SHORT | {"sampling_cadence": 60.0}, exposure_time=1800.0), seed=0)
    assert (smooth.fluxes < 1).sum() > (sharp.fluxes < 1).sum()
    power = [curve.metadata["integrated_transit_power"] for curve in (sharp, smooth)]
    assert power[1] == pytest.approx(power[0], rel=1e-3)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"duratoin": 3}, "duratoin"),
        ({"duration": 0}, "duration"),
        ({"noise": -1}, "noise"),
        ({"noise": float("nan")}, "noise"),
        ({"semi_major_axis": 0.001}, "touches the star"),
        ({"impact_parameter": 1e6}, "impact_parameter"),
        ({"eccentricity": 1.0}, "eccentricity"),
        ({"u1": 1.5}, "negative intensity"),
    ],
)
def test_impossible_specs_are_refused_by_name(wrong, named):
    with pytest.raises(ValidationError, match=named):
        SynthesisParameters(specs=wrong)


def test_batman_takes_the_same_settings_and_the_old_number_of_threads():
    assert set(BatmanParameters().specs.model_dump()) == {*TransitSpecs().model_dump(), "threads"}


def test_without_batman_the_task_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "batman", None)  # what an absent package looks like
    with pytest.raises(TaskFailed, match=r"pip install 'eas-tasks-tda\[batman\]'"):
        batman_flux(TransitSpecs(), np.zeros(3))


def test_batman_and_the_own_model_make_the_same_light_curve():
    pytest.importorskip("batman", reason="batman (GPL) is an optional extra")
    specs = TransitSpecs(**SHORT, impact_parameter=0.3, eccentricity=0.1)
    own, other = (synthesise(specs, seed=0, flux_model=model) for model in (None, batman_flux))
    np.testing.assert_allclose(own.fluxes, other.fluxes, atol=1e-7)
