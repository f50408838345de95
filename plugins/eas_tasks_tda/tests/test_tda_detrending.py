"""Dividing out slow trends."""

import sys

import numpy as np
import pytest
from eas_tasks_tda.detrend_settings import DetrendParameters
from eas_tasks_tda.detrending import detrend

from eas_framework.errors import LightcurveError, TaskFailed
from eas_framework.lightcurve import LightcurveArbitraryRaster

TIMES = np.arange(0, 12, 0.02)
NOISE = 2e-4
NEED_NOTHING_MORE = ["biweight", "median", "cosine", "cofiam", "rspline", "savgol", "medfilt", "huber_psi"]


@pytest.fixture
def star():
    """A spotted star of 5000 counts with 2 % variations in 6 d, and a planet of 1 % every 3 d."""
    fluxes = 1 + 0.02 * np.sin(TIMES * 2 * np.pi / 6) + np.random.default_rng(1).normal(0, NOISE, len(TIMES))
    fluxes[(TIMES % 3 > 1.0) & (TIMES % 3 < 1.12)] -= 0.01
    return LightcurveArbitraryRaster(TIMES.copy(), 5000 * fluxes, np.full(len(TIMES), 1.0))


def is_quiet(times):
    return (times % 3 < 0.9) | (times % 3 > 1.25)


def test_the_trend_goes_and_the_transits_stay(star):
    flat = detrend(star)
    inner = is_quiet(TIMES) & (TIMES > 0.5) & (TIMES < 11.5)  # a window reaches half a day
    # before: 1.4 %; a window of 1 d flattens a sine of 6 d and 2 % to 0.02 (2π/6)² / 24 = 0.1 %
    assert np.std(flat.fluxes[inner]) < 1e-3
    in_transit = (TIMES % 3 > 1.02) & (TIMES % 3 < 1.1)
    assert 1 - np.mean(flat.fluxes[in_transit]) == pytest.approx(0.01, rel=0.1)


def test_uncertainties_are_divided_by_the_trend(star):
    flat = detrend(star)
    np.testing.assert_allclose(flat.uncertainties, 1.0 / flat.trend)
    np.testing.assert_allclose(flat.fluxes * flat.trend, star.fluxes)


def test_flagged_samples_keep_their_flag_and_do_not_shape_the_trend(star):
    clean = detrend(star)
    star.flags[100:120] = 8
    star.fluxes[100:120] *= 3
    flat = detrend(star)
    assert (flat.flags[100:120] == 8).all()
    assert flat.fluxes[110] == pytest.approx(3.0, rel=0.05)
    np.testing.assert_allclose(flat.trend[:90], clean.trend[:90], rtol=1e-3)


@pytest.mark.parametrize("method", ["savgol", "medfilt"])
def test_filters_that_know_no_mask_do_not_see_flagged_samples_either(star, method):
    star.flags[100:120] = 1
    star.fluxes[100:120] *= 3
    flat = detrend(star, parameters=DetrendParameters(method=method))
    assert np.nanmax(np.abs(flat.fluxes[(flat.flags == 0) & is_quiet(TIMES)] - 1)) < 0.01


def test_undefined_samples_stay_undefined_and_are_flagged(star):
    star.fluxes[50] = np.nan
    flat = detrend(star)
    assert np.isnan(flat.fluxes[50])
    assert flat.flags[50] == 1
    assert flat.flags.sum() == 1


def test_edges_are_cut_and_flagged_when_asked(star):
    flat = detrend(star, parameters=DetrendParameters(edge_cutoff_days=0.2))
    assert (flat.flags[:9] == 1).all()
    assert (flat.flags[20:-20] == 0).all()
    assert np.isnan(flat.fluxes[:9]).all()


def test_parts_beside_a_gap_have_trends_of_their_own(star):
    star.fluxes[TIMES > 6] *= 1.5
    times = np.where(star.times > 6, star.times + 2, star.times)
    jump = LightcurveArbitraryRaster(times, star.fluxes, star.uncertainties)
    near = np.abs(times - 7) < 1.5  # half a day on each side of the gap
    assert np.max(np.abs(detrend(jump).fluxes[near & is_quiet(TIMES)] - 1)) < 0.01


def test_unsorted_samples_keep_their_order(star):
    order = np.random.default_rng(2).permutation(len(TIMES))
    shuffled = LightcurveArbitraryRaster(TIMES[order], star.fluxes[order], star.uncertainties[order])
    np.testing.assert_allclose(detrend(shuffled).fluxes, detrend(star).fluxes[order], atol=1e-9)


@pytest.mark.parametrize("method", NEED_NOTHING_MORE)
def test_methods_of_wotan_work_by_name(star, method):
    flat = detrend(star, parameters=DetrendParameters(method=method))
    assert np.nanstd(flat.fluxes[is_quiet(TIMES)]) < 5e-3


def test_a_method_whose_package_is_missing_says_so(star, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)  # what absent packages look like
    monkeypatch.setitem(sys.modules, "sklearn.linear_model", None)
    with pytest.raises(TaskFailed, match=r"hspline.*not installed"):
        detrend(star, parameters=DetrendParameters(method="hspline"))


def test_a_light_curve_without_good_samples_is_refused(star):
    star.flags[:] = 1
    with pytest.raises(LightcurveError, match="0 good samples"):
        detrend(star)


def test_fluxes_about_zero_are_refused(star):
    star.fluxes -= 5200
    with pytest.raises(LightcurveError, match="above zero"):
        detrend(star)


def test_times_in_seconds_are_refused(star):
    star.times *= 86400
    with pytest.raises(LightcurveError, match="seconds"):
        detrend(star)


@pytest.mark.parametrize("wrong", [{"method": "biwight"}, {"window_days": 0}, {"window": 1}])
def test_wrong_parameters_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        DetrendParameters(**wrong)


def test_a_method_that_cannot_treat_the_curve_says_so():
    short = LightcurveArbitraryRaster(TIMES[:10], 1 + 1e-3 * TIMES[:10])
    with pytest.raises(TaskFailed, match="savgol cannot treat this curve"):
        detrend(short, parameters=DetrendParameters(method="savgol"))
