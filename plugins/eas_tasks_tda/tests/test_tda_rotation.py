"""The rotation period of a star, and the window of the detrending that follows from it."""

import logging

import numpy as np
import pytest
from eas_tasks_tda.detrend_settings import DetrendParameters
from eas_tasks_tda.detrend_window import chosen_window
from eas_tasks_tda.detrend_wotan import DETREND_METADATA, detrend_metadata
from eas_tasks_tda.detrending import detrend
from eas_tasks_tda.result import TransitResult
from eas_tasks_tda.rotation import autocorrelation, rotation_period
from eas_tasks_tda.stellar_noise import noisy_flux
from eas_tasks_tda.synthesis_noise_settings import NoiseSpecs

from eas_framework.lightcurve import LightcurveArbitraryRaster

TIMES = np.arange(0, 80, 0.0204)
BY_ROTATION = DetrendParameters(window="rotation")


def spots(period, *, lifetime=5.0, second=0.4, seed=1, times=TIMES):
    """Fluxes of a star whose spots come and go in so many rotations; `second`: half a rotation apart."""
    rng = np.random.default_rng(seed)
    decay = np.exp(-np.median(np.diff(times)) / (lifetime * period))
    fluxes = 1 + rng.normal(0, 1e-3, len(times))
    for harmonic, size in ((1, 3e-3), (2, second * 3e-3)):
        for wave in (np.cos, np.sin):
            steps = rng.normal(0, np.sqrt(1 - decay**2), len(times))
            steps[0] = rng.normal()
            amplitude = np.empty(len(times))
            last = 0.0
            for index, step in enumerate(steps):
                amplitude[index] = last = decay * last + step
            fluxes += size * amplitude * wave(2 * np.pi * harmonic * times / period)
    return fluxes


# ---------------------------------------------------------------- the period
@pytest.mark.parametrize("period", [0.4, 3.3, 7.0, 13.0])
def test_the_rotation_period_of_changing_spots_is_found(period):
    found = [rotation_period(TIMES, spots(period, seed=seed)) for seed in range(5)]
    right = [one is not None and abs(one.period_days / period - 1) < 0.1 for one in found]
    assert sum(right) >= 4


def test_two_groups_of_spots_on_opposite_sides_do_not_halve_the_period():
    fluxes = spots(6.0, second=1.2, lifetime=10)
    assert rotation_period(TIMES, fluxes).period_days == pytest.approx(6.0, rel=0.05)


def test_gaps_and_the_order_of_samples_do_not_matter():
    keep = ~((TIMES > 20) & (TIMES < 29)) & ~((TIMES > 50) & (TIMES < 52))
    keep &= np.random.default_rng(3).random(len(TIMES)) > 0.3
    order = np.random.default_rng(4).permutation(np.flatnonzero(keep))
    fluxes = spots(5.0)
    found = rotation_period(TIMES[order], fluxes[order])
    assert found.period_days == pytest.approx(5.0, rel=0.05)


def test_deep_transits_are_not_taken_for_a_rotation():
    fluxes = 1 + np.random.default_rng(5).normal(0, 3e-4, len(TIMES))
    fluxes[(TIMES % 4.0) < 0.12] -= 0.01
    assert rotation_period(TIMES, fluxes) is None


@pytest.mark.parametrize(("activity_ppm", "activity_days"), [(0, 1), (1000, 0.2), (1000, 1), (1000, 3)])
def test_noise_without_a_period_seldom_looks_like_one(activity_ppm, activity_days):
    specs = NoiseSpecs(
        duration=27,
        sampling_cadence=1800,
        nsr=50,
        activity_ppm=activity_ppm,
        activity_days=activity_days,
    )
    found = [rotation_period(*noisy_flux(specs, seed=seed)) for seed in range(60)]
    # in 150 light curves each: 0, 2, 10 and 7 %
    assert sum(one is not None for one in found) <= 12


def test_fewer_than_three_rotations_are_no_rotation():
    times = np.arange(0, 27, 0.0204)
    fluxes = 1 + 0.01 * np.sin(2 * np.pi * times / 11)
    assert rotation_period(times, fluxes) is None
    assert rotation_period(TIMES, 1 + 0.01 * np.sin(2 * np.pi * TIMES / 11)) is not None


@pytest.mark.parametrize(
    ("times", "fluxes"),
    [
        ([], []),
        ([1.0], [1.0]),
        ([1.0, 1.02], [1.0, 1.1]),
        (np.full(50, 3.0), np.ones(50)),
        (np.arange(0, 80, 0.02), np.ones(4000)),
        (np.arange(0, 80, 0.02), np.linspace(1, 2, 4000)),
        (np.array([0.0, 0.02, 0.04, 60.0]), np.array([1.0, 2.0, 1.0, 3.0])),
    ],
)
def test_light_curves_that_can_show_none_have_none(times, fluxes):
    assert rotation_period(np.asarray(times), np.asarray(fluxes)) is None


def test_the_autocorrelation_is_that_of_all_pairs():
    values = np.random.default_rng(6).normal(size=40)
    values[[3, 17, 18, 30]] = np.nan
    found, pairs = autocorrelation(values, lags=20)
    for lag in range(21):
        products = values[: 40 - lag] * values[lag:]
        assert found[lag] == pytest.approx(np.nanmean(products) / np.nanmean(values**2), abs=1e-12)
        assert pairs[lag] == np.isfinite(products).sum()


def test_lags_that_no_pair_has_are_0():
    values = np.array([1.0, -1.0, np.nan, np.nan, np.nan, np.nan, 1.0])
    found, pairs = autocorrelation(values, lags=9)
    np.testing.assert_array_equal(pairs, [3, 1, 0, 0, 0, 1, 1])
    np.testing.assert_allclose(found, [1, -1, 0, 0, 0, -1, 1], atol=1e-12)


def test_nights_make_no_period_of_a_day_and_do_not_hide_that_of_the_star():
    night = (TIMES % 1.0) < 0.35
    times = TIMES[night]
    assert rotation_period(times, 1 + np.random.default_rng(8).normal(0, 1e-3, len(times))) is None
    found = rotation_period(times, spots(7.0, seed=2)[night])
    assert found.period_days == pytest.approx(7.0, rel=0.1)


# ---------------------------------------------------------------- the window
def test_the_window_is_a_part_of_the_rotation_period():
    window = chosen_window(TIMES, spots(13.0, seed=2), parameters=BY_ROTATION)
    assert window.origin == "rotation"
    assert window.days == pytest.approx(1.3, rel=0.1)
    assert window.days == 0.1 * window.rotation.period_days


def test_no_window_is_shorter_than_three_of_the_longest_transits():
    fast = spots(2.0)
    window = chosen_window(TIMES, fast, parameters=BY_ROTATION)
    assert (window.days, window.origin) == (1.0, "longest_transit_hours")  # 3 * 8 h
    short = DetrendParameters(window="rotation", longest_transit_hours=1.0)
    window = chosen_window(TIMES, fast, parameters=short)
    assert window.origin == "rotation"
    assert window.days == pytest.approx(0.2, rel=0.05)


def test_without_a_rotation_the_window_is_the_given_one_and_the_log_says_so(caplog):
    parameters = DetrendParameters(window="rotation", window_days=0.7)
    with caplog.at_level(logging.INFO):
        window = chosen_window(TIMES, np.ones(len(TIMES)), parameters=parameters)
    assert (window.days, window.origin, window.rotation) == (0.7, "window_days", None)
    assert "no rotation period stands out; the window is window_days, 0.7 d" in caplog.text


def test_a_fixed_window_asks_for_no_rotation():
    window = chosen_window(TIMES, spots(2.0), parameters=DetrendParameters(window_days=0.7))
    assert (window.days, window.origin, window.rotation) == (0.7, "window_days", None)


def test_the_metadata_tell_window_and_rotation():
    flat = detrend(LightcurveArbitraryRaster(TIMES, spots(13.0, seed=2)), parameters=BY_ROTATION)
    found = detrend_metadata(flat, BY_ROTATION, planet_count=0)
    assert found.keys() == DETREND_METADATA.keys()
    assert found["detrend_rotation_days"] == pytest.approx(13.0, rel=0.1)
    assert found["detrend_rotation_height"] > 0.6
    assert found["detrend_window_days"] == 0.1 * found["detrend_rotation_days"]
    assert found["detrend_window"] == found["detrend_window_origin"] == "rotation"


def test_flagged_samples_and_known_transits_do_not_shape_the_rotation():
    fluxes = spots(13.0, seed=2)
    expected = chosen_window(TIMES, fluxes, parameters=BY_ROTATION).rotation
    fluxes[(TIMES % 2.0) < 0.6] *= 0.8  # an eclipse for a third of the time
    fluxes[100:140] = 7.0
    curve = LightcurveArbitraryRaster(TIMES, fluxes)
    curve.flags[100:140] = 2
    eclipses = TransitResult(period_days=2.0, t0_days=0.3, duration_hours=0.6 * 24 * 1.02)
    parameters = DetrendParameters(window="rotation", protect_durations=1.0)
    found = detrend(curve, parameters=parameters, planets=[eclipses]).window.rotation
    assert found.period_days == pytest.approx(expected.period_days, rel=0.05)
    assert detrend(curve, parameters=parameters).window.rotation != found


@pytest.mark.parametrize(
    "wrong",
    [{"window": "auto"}, {"rotation_fraction": 0}, {"rotation_fraction": 0.6}, {"longest_transit_hours": 0}],
)
def test_wrong_parameters_of_the_window_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        DetrendParameters(**wrong)
