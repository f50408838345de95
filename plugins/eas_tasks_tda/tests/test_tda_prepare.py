"""Cleaning light curves before a search."""

import numpy as np
import pytest
from eas_tasks_tda.prepare import CleanCurve, UnsearchableError, neighbour_scatter

from eas_framework.errors import LightcurveError

TIMES = np.arange(200) * 0.02


@pytest.fixture
def noisy():
    return 100 + np.random.default_rng(1).normal(0, 0.1, len(TIMES))


def test_flagged_and_undefined_samples_are_dropped(noisy):
    noisy[3], flags, times = np.nan, np.zeros(200), TIMES.copy()
    flags[5], times[7] = 4, np.inf
    curve = CleanCurve.clean(times, noisy, flags=flags, clip_above=None)
    assert len(curve.times) == 197
    assert not np.isin(TIMES[[3, 5, 7]], curve.times).any()


def test_fluxes_are_divided_by_their_median(noisy):
    assert np.median(CleanCurve.clean(TIMES, noisy, clip_above=None).fluxes) == pytest.approx(1, abs=1e-12)


def test_unsorted_times_give_the_same_curve(noisy):
    order = np.random.default_rng(2).permutation(200)
    shuffled = CleanCurve.clean(TIMES[order], noisy[order])
    np.testing.assert_array_equal(shuffled.fluxes, CleanCurve.clean(TIMES, noisy).fluxes)


def test_of_duplicate_times_the_first_sample_stays(noisy):
    curve = CleanCurve.clean(np.append(TIMES, TIMES[10]), np.append(noisy, 999.0), clip_above=None)
    assert len(curve.times) == 200
    assert curve.fluxes.max() < 1.01


def test_upward_outliers_go_and_dips_stay(noisy):
    noisy[20], noisy[40] = 110, 90
    curve = CleanCurve.clean(TIMES, noisy)
    assert len(curve.times) == 199
    assert curve.fluxes.min() == pytest.approx(0.9, abs=1e-3)


def test_a_light_curve_without_noise_keeps_all_samples():
    fluxes = np.ones(200)
    fluxes[50:60] = 0.99
    curve = CleanCurve.clean(TIMES, fluxes)
    assert len(curve.times) == 200
    assert (curve.sigmas > 0).all()


def test_uncertainties_weight_the_samples_and_their_scale_comes_from_the_scatter(noisy):
    given = np.where(np.arange(200) % 2, 1.0, 2.0)
    sigmas = CleanCurve.clean(TIMES, noisy, uncertainties=given, clip_above=None).sigmas
    assert sigmas[0] / sigmas[1] == pytest.approx(2.0)
    assert np.median(sigmas) == pytest.approx(1e-3, rel=0.35)  # 0.1 / 100; the median weighs 1 and 2 alike


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan])
def test_uncertainties_that_say_nothing_are_ignored(noisy, bad):
    given = np.ones(200)
    given[3] = bad
    sigmas = CleanCurve.clean(TIMES, noisy, uncertainties=given, clip_above=None).sigmas
    assert np.ptp(sigmas) == 0


def test_no_single_sample_can_outweigh_all_others(noisy):
    given = np.ones(200)
    given[3] = 1e-9
    sigmas = CleanCurve.clean(TIMES, noisy, uncertainties=given, clip_above=None).sigmas
    assert sigmas[3] == pytest.approx(0.1 * sigmas[4])


def test_the_scatter_of_neighbours_ignores_slow_trends():
    rng = np.random.default_rng(3)
    fluxes = 1 + 0.1 * np.sin(np.arange(5000) / 500) + rng.normal(0, 1e-3, 5000)
    assert neighbour_scatter(fluxes) == pytest.approx(1e-3, rel=0.05)  # 5000 samples: the MAD is good to 2 %


@pytest.mark.parametrize(
    "fluxes",
    [np.full(200, np.nan), np.full(200, 0.7), np.append([1.0, 1.1], np.full(198, np.nan))],
    ids=["all NaN", "constant", "two samples"],
)
def test_curves_that_hold_too_little_are_unsearchable(fluxes):
    with pytest.raises(UnsearchableError):
        CleanCurve.clean(TIMES, fluxes)


def test_empty_and_all_duplicate_curves_are_unsearchable():
    for times, fluxes in ((np.empty(0), np.empty(0)), (np.zeros(50), np.random.default_rng(4).random(50))):
        with pytest.raises(UnsearchableError):
            CleanCurve.clean(times, fluxes)


@pytest.mark.parametrize(("cadence", "samples"), [(25.0, 500), (1800.0, 500), (0.5, 80_000)])
def test_d61_times_in_seconds_are_refused(cadence, samples):
    fluxes = np.random.default_rng(5).normal(1, 1e-3, samples)
    with pytest.raises(LightcurveError, match="seconds"):
        CleanCurve.clean(np.arange(samples) * cadence, fluxes)


def test_fluxes_about_zero_are_refused_with_advice(noisy):
    with pytest.raises(LightcurveError, match="above zero"):
        CleanCurve.clean(TIMES, noisy - 100.1)


def test_columns_of_unequal_length_are_refused():
    with pytest.raises(LightcurveError, match="equally long"):
        CleanCurve.clean(TIMES, np.ones(199))


def test_d58_the_arrays_of_the_caller_are_not_changed(noisy):
    times, fluxes = TIMES[::-1].copy(), noisy.copy()
    CleanCurve.clean(times, fluxes)
    np.testing.assert_array_equal(times, TIMES[::-1])
    np.testing.assert_array_equal(fluxes, noisy)


def test_bins_average_neighbours_and_end_at_gaps(noisy):
    times = np.concatenate([TIMES[:7], TIMES[7:] + 5])
    curve = CleanCurve.clean(times, noisy, clip_above=None)
    binned = curve.binned(0.0601)  # three samples
    assert len(binned.times) == 3 + 65
    assert binned.fluxes[0] == pytest.approx(curve.fluxes[:3].mean())
    assert binned.times[2] == pytest.approx(times[6])
    assert binned.sigmas[0] == pytest.approx(curve.sigmas[0] / np.sqrt(3))


def test_bins_shorter_than_two_samples_leave_the_curve_as_it_is(noisy):
    curve = CleanCurve.clean(TIMES, noisy)
    assert curve.binned(0.03) is curve
