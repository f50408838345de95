"""Flagging outliers, and the running median about which they lie."""

import numpy as np
import pytest
from eas_tasks_tda import median_kernel
from eas_tasks_tda.clipping import ClipParameters, clip
from eas_tasks_tda.running_median import running_median
from eas_tasks_tda.synthesis import model_flux
from eas_tasks_tda.synthesis_settings import TransitSpecs
from hypothesis import given, settings
from hypothesis import strategies as st

from eas_framework.errors import LightcurveError
from eas_framework.lightcurve import LightcurveArbitraryRaster

TIMES = np.arange(0, 12, 0.02)
NOISE = 2e-4


def star(seed=1, *, amplitude=5e-4, period=6.0):
    """5000 counts with slow variations, and a gap of a day and a half."""
    wave = 1 + amplitude * np.sin(TIMES * 2 * np.pi / period)
    fluxes = wave + np.random.default_rng(seed).normal(0, NOISE, len(TIMES))
    times = np.where(TIMES > 6, TIMES + 1.5, TIMES)
    return LightcurveArbitraryRaster(times, 5000 * fluxes, np.full(len(TIMES), 1.0))


def medians_one_by_one(times, values, window_days):
    """The definition: as many samples on one side as on the other, none further away than half a window."""
    found = []
    for i, time in enumerate(times):
        before = np.count_nonzero(times[:i] >= time - window_days / 2)
        after = np.count_nonzero(times[i + 1 :] <= time + window_days / 2)
        reach = min(before, after)
        found.append(np.median(values[i - reach : i + reach + 1]))
    return np.array(found)


# ---------------------------------------------------------------- the running median
@settings(max_examples=200, deadline=None)
@given(
    samples=st.lists(st.tuples(st.integers(0, 400), st.integers(-20, 20)), min_size=1, max_size=120),
    window=st.sampled_from([0.01, 1.0, 7.0, 50.0, 1000.0]),
)
def test_the_running_median_is_the_median_of_each_window(samples, window):
    times, values = (np.array(column, dtype=float) for column in zip(*sorted(samples), strict=True))
    found = running_median(times, values, window_days=window)
    np.testing.assert_array_equal(found, medians_one_by_one(times, values, window))


@pytest.mark.parametrize("window", [0.02, 0.6, 5.0, 40.0])
@pytest.mark.parametrize("shape", ["noise", "rising", "falling", "two levels"])
def test_long_curves_are_treated_in_stretches_that_do_not_show(shape, window):
    rng = np.random.default_rng(3)
    times = np.sort(rng.uniform(0, 30, 3200))  # several stretches, whatever the window
    noise = rng.normal(0, 1, 3200)
    values = {
        "noise": noise,
        "rising": times.copy(),
        "falling": -times,
        "two levels": noise + 50 * (np.arange(3200) % 2),
    }[shape]
    found = running_median(times, values, window_days=window)
    np.testing.assert_array_equal(found, medians_one_by_one(times, values, window))


def test_the_kernels_as_they_are_written_give_what_their_machine_code_gives(monkeypatch):
    times = np.sort(np.random.default_rng(5).uniform(0, 20, 700))
    values = np.random.default_rng(6).normal(0, 1, 700)
    compiled = running_median(times, values, window_days=2.0)
    for name in ("toggle", "medians_of_windows"):
        function = getattr(median_kernel, name)
        monkeypatch.setattr(median_kernel, name, getattr(function, "py_func", function))
    np.testing.assert_array_equal(running_median(times, values, window_days=2.0), compiled)


def test_a_curve_without_samples_has_no_medians():
    assert running_median(np.empty(0), np.empty(0), window_days=1.0).shape == (0,)


# ---------------------------------------------------------------- what is flagged
def test_flares_are_flagged_and_dips_are_left_alone():
    curve = star()
    curve.fluxes[[40, 41, 320]] += 50  # fifty times the noise
    curve.fluxes[[100, 101, 102, 500]] -= 50
    clipped = clip(curve)
    assert set(np.flatnonzero(clipped.flags)) == {40, 41, 320}
    assert (clipped.above, clipped.below) == (3, 0)


def test_a_limit_below_flags_low_samples_too_and_counts_them_apart():
    curve = star()
    curve.fluxes[[40, 320]] += 50
    curve.fluxes[[100, 200, 500]] -= 50
    clipped = clip(curve, parameters=ClipParameters(sigma_upper=6, sigma_lower=6))
    assert set(np.flatnonzero(clipped.flags)) == {40, 100, 200, 320, 500}
    assert (clipped.above, clipped.below) == (2, 3)
    only_low = clip(curve, parameters=ClipParameters(sigma_upper=None, sigma_lower=6))
    assert (only_low.above, only_low.below) == (0, 3)


@pytest.mark.parametrize("period", [0.3, 1000.0])  # the residuals of fast variations, or the neighbours
def test_each_flag_is_the_one_that_a_plain_round_of_clipping_gives(period):
    curve = star(seed=8, amplitude=2e-3, period=period)
    curve.fluxes += np.random.default_rng(4).standard_cauchy(len(TIMES))  # outliers of all sizes
    parameters = ClipParameters(sigma_upper=4, sigma_lower=3, window_days=0.7, iterations=1)
    residuals = curve.fluxes - medians_one_by_one(curve.times, curve.fluxes, 0.7)
    steps = np.diff(curve.fluxes)
    of_residuals = 1.4826 * np.median(np.abs(residuals))
    of_neighbours = 1.4826 * np.median(np.abs(steps - np.median(steps))) / np.sqrt(2)
    assert (of_residuals > of_neighbours) == (period < 1)
    scatter = max(of_residuals, of_neighbours)
    clipped = clip(curve, parameters=parameters)
    np.testing.assert_array_equal(clipped.flags == 1, (residuals > 4 * scatter) | (residuals < -3 * scatter))
    assert clipped.scatter == pytest.approx(scatter)


def test_further_rounds_leave_out_what_the_first_has_flagged():
    curve = star()
    curve.fluxes[5::10] += 25  # every tenth sample is bad, and widens the scatter
    curve.fluxes[2::20] += 5.5
    once, often = (clip(curve, parameters=ClipParameters(iterations=count)) for count in (1, 5))
    assert (often.flags >= once.flags).all()
    assert often.above > once.above
    assert often.scatter < once.scatter


def test_transits_stay_whole_even_where_they_are_deep():
    specs = TransitSpecs(orbital_period=3.1, semi_major_axis=0.042, t0=1.1, planet_radius=1.5)
    curve = star()
    model = model_flux(specs, curve.times)
    curve.fluxes *= model
    assert clip(curve).above == 0
    assert 1 - model.min() > 100 * NOISE


def test_the_scatter_is_that_of_the_noise_in_the_curve_s_unit():
    # 1.4826 MAD of 600 samples: uncertain by 1.17 / sqrt(600) = 5 %
    assert clip(star()).scatter == pytest.approx(5000 * NOISE, rel=0.1)


@pytest.mark.parametrize("amplitude", [0.0, 1e-3, 5e-3])
def test_slow_variations_ends_and_gaps_make_no_outliers(amplitude):
    for seed in range(20):
        both = ClipParameters(sigma_lower=5)
        clipped = clip(star(seed, amplitude=amplitude), parameters=both)
        assert (clipped.above, clipped.below) == (0, 0)


def test_a_star_that_varies_within_the_window_is_warned_of(caplog):
    assert clip(star(amplitude=0.02, period=2.0)).above > 30
    assert "of 600 good samples are flagged; if the star varies within 1 d, detrend it first" in caplog.text
    caplog.clear()
    clip(star(amplitude=0.02, period=2.0), parameters=ClipParameters(window_days=0.1))
    assert caplog.text == ""


# ---------------------------------------------------------------- bad samples, order, too little
def test_flagged_and_undefined_samples_shape_nothing_and_stay_as_they_are():
    clean, curve = star(), star()
    curve.flags[100:140] = 8
    curve.fluxes[100:140] += 1e6
    curve.fluxes[200:220] = np.nan
    curve.times[320:305] = np.nan
    bad = np.r_[100:140, 200:220, 320:305]
    good = np.setdiff1d(np.arange(len(TIMES)), bad)
    clipped = clip(curve, parameters=ClipParameters(sigma_upper=3))
    assert (clipped.flags[100:140] == 8).all()
    assert (clipped.flags[200:220] == 0).all()
    without = LightcurveArbitraryRaster(clean.times[good], clean.fluxes[good])
    np.testing.assert_array_equal(
        clipped.flags[good], clip(without, parameters=ClipParameters(sigma_upper=3)).flags
    )
    assert clipped.above > 0


def test_the_input_is_not_changed():
    curve = star()
    curve.fluxes[40] += 50
    before = curve.fluxes.copy()
    clip(curve)
    assert curve.flags.sum() == 0
    np.testing.assert_array_equal(curve.fluxes, before)


def test_unsorted_samples_keep_their_order():
    curve = star()
    curve.fluxes[[40, 320]] += 50
    order = np.random.default_rng(2).permutation(len(TIMES))
    shuffled = LightcurveArbitraryRaster(curve.times[order], curve.fluxes[order])
    np.testing.assert_array_equal(clip(shuffled).flags, clip(curve).flags[order])


@pytest.mark.parametrize("level", [0.0, -3.0])
def test_fluxes_about_any_level_are_clipped(level):
    curve = star()
    curve.fluxes += level - 5000
    curve.fluxes[40] += 50
    assert list(np.flatnonzero(clip(curve).flags)) == [40]


def test_a_constant_curve_has_no_outliers_but_one_that_leaves_it():
    curve = LightcurveArbitraryRaster(TIMES, np.ones(len(TIMES)))
    assert (clip(curve).above, clip(curve).scatter) == (0, 0.0)
    curve.fluxes[40] = 2.0
    assert list(np.flatnonzero(clip(curve).flags)) == [40]


@pytest.mark.parametrize("count", [0, 1, 5])
def test_a_curve_without_good_samples_has_no_outliers_and_no_scatter(count):
    clipped = clip(LightcurveArbitraryRaster(TIMES[:count], np.full(count, np.nan)))
    assert (list(clipped.flags), clipped.above, clipped.scatter) == ([0] * count, 0, None)


@pytest.mark.parametrize("fluxes", [[1.0], [1.0, 9.0]])
def test_what_has_no_neighbours_is_no_outlier(fluxes):
    assert clip(LightcurveArbitraryRaster(TIMES[: len(fluxes)], fluxes)).above == 0


def test_times_in_seconds_are_refused():
    curve = star()
    curve.times *= 86400
    with pytest.raises(LightcurveError, match="seconds"):
        clip(curve)


def test_a_window_without_neighbours_is_refused():
    with pytest.raises(LightcurveError, match=r"window_days = 0.03 .* 0.02 d apart"):
        clip(star(), parameters=ClipParameters(window_days=0.03))


@pytest.mark.parametrize(
    "wrong",
    [
        {"sigma_upper": 0},
        {"sigma_lower": -3},
        {"window_days": 0},
        {"iterations": 0},
        {"sigma": 3},
        {"sigma_upper": None},
    ],
)
def test_wrong_parameters_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ClipParameters(**wrong)
