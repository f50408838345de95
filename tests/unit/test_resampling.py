"""Flux-conserving resampling: what is conserved, what is propagated, and what is not invented."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from eas_framework.errors import LightcurveError
from eas_framework.resampling import pixel_edges, resample

FINE = np.arange(1000) * 0.01


def fine_fluxes(seed=1):
    return 1.0 + 0.1 * np.random.default_rng(seed).standard_normal(len(FINE))


def integral(times, fluxes, start, end):
    """Integral of the piecewise constant curve, by summation over its pixels clipped to [start, end]."""
    edges = np.clip(pixel_edges(times), start, end)
    return float(np.sum(fluxes * np.diff(edges)))


@settings(max_examples=300, deadline=None)
@given(
    steps=st.lists(st.floats(0.5, 1.5), min_size=2, max_size=60),
    new_steps=st.lists(st.floats(0.7, 1.3), min_size=2, max_size=60),
    scale=st.floats(1e-3, 1e3),
    level=st.floats(-1e6, 1e6),
    seed=st.integers(0, 2**32 - 1),
)
def test_flux_times_width_is_conserved_to_1e_12(steps, new_steps, scale, level, seed):
    times, new_times = np.cumsum(steps), np.cumsum(new_steps) * scale
    # The old curve must cover the new one: stretch its raster around the other.
    span = pixel_edges(new_times)
    times = span[0] - 1 + (times - times[0]) * (span[-1] - span[0] + 2) / (times[-1] - times[0])
    fluxes = level + np.random.default_rng(seed).standard_normal(len(times))
    result = resample(new_times, times, fluxes)
    total = float(np.sum(result.fluxes * np.diff(span)))
    expected = integral(times, fluxes, span[0], span[-1])
    # 1e-12 of the absolute flux involved: the sum itself may cancel to anything.
    assert total == pytest.approx(expected, abs=1e-12 * float(np.abs(fluxes).max()) * (span[-1] - span[0]))


@settings(max_examples=100, deadline=None)
@given(level=st.floats(-1e9, 1e9), shift=st.floats(0, 0.01), step=st.floats(0.003, 0.7))
def test_a_constant_curve_stays_exactly_constant(level, shift, step):
    result = resample(np.arange(1.0 + shift, 8.0, step), FINE, np.full(len(FINE), level))
    assert (result.fluxes == level).all()


def test_d9_outside_the_input_there_is_nan_and_a_flag_never_zero_flux():
    new = np.arange(-1.0, 12.0, 0.05)
    result = resample(new, FINE, np.ones(len(FINE)))
    is_outside = (new < -0.03) | (new > 10.02)
    assert np.isnan(result.fluxes[is_outside]).all()
    assert np.isnan(result.uncertainties[is_outside]).all()
    assert result.flags[is_outside].all()
    assert (result.fluxes[~np.isnan(result.fluxes)] == 1).all()


def test_d9_lists_are_accepted():
    assert resample([0.0, 1.0], [0.0, 1.0, 2.0, 3.0], [1, 2, 3, 4]).fluxes.tolist() == [1, 2]


@pytest.mark.parametrize("count", [2, 3, 4])
def test_d9_two_samples_are_enough(count):
    times = np.arange(count, dtype=float)
    assert resample(times * 0.5 + 0.25, times, np.ones(count)).fluxes[0] == 1


@pytest.mark.parametrize("times", [[], [0.0]])
def test_d9_fewer_than_two_samples_give_a_clear_error(times):
    with pytest.raises(LightcurveError, match="at least 2 samples"):
        resample([0.0, 1.0], times, times)


def test_d10_ten_samples_in_a_pixel_have_a_tenth_of_the_variance():
    new = np.arange(0.045, 9.9, 0.1)  # each pixel holds exactly ten old ones
    sigma = np.full(len(FINE), 1e-3)
    result = resample(new, FINE, fine_fluxes(), uncertainties=sigma)
    # sigma / sqrt(n), the standard error of the mean of n = 10 independent samples
    np.testing.assert_allclose(result.uncertainties, 1e-3 / np.sqrt(10), rtol=1e-9)


def test_d10_unequal_overlaps_propagate_linearly():
    # Pixels [-0.5, 0.5], [0.5, 1.5], [1.5, 2.5]; the new pixel [0, 2] takes 1/4, 1/2, 1/4 of them.
    result = resample([1.0, 3.0], [0.0, 1.0, 2.0], [1.0, 2.0, 4.0], uncertainties=[0.1, 0.2, 0.3])
    assert result.fluxes[0] == pytest.approx(1 / 4 + 2 / 2 + 4 / 4, rel=1e-15)
    assert result.uncertainties[0] == pytest.approx(np.sqrt(0.025**2 + 0.1**2 + 0.075**2), rel=1e-15)


@settings(max_examples=30, deadline=None)
@given(ratio=st.integers(2, 20))
def test_d10_propagated_uncertainties_match_the_scatter_of_simulated_noise(ratio):
    count = 6000
    noise = np.random.default_rng(ratio).standard_normal(count)
    times = np.arange(count, dtype=float)
    result = resample(
        times[: count - ratio : ratio] + (ratio - 1) / 2, times, noise, uncertainties=np.ones(count)
    )
    scatter = float(np.std(result.fluxes))
    # The standard deviation of m values scatters by 1/sqrt(2 m): five times that.
    assert scatter == pytest.approx(result.uncertainties[3], rel=5 / np.sqrt(2 * len(result.fluxes)))


def test_d3_flags_spread_to_every_pixel_that_a_bad_sample_touches():
    flags = np.zeros(len(FINE), dtype=int)
    flags[105] = 1
    result = resample(np.arange(0.045, 9.9, 0.1), FINE, fine_fluxes(), flags=flags)
    assert np.flatnonzero(result.flags).tolist() == [10]


def test_a_nan_spreads_to_every_pixel_that_it_touches_and_no_further():
    fluxes = fine_fluxes()
    fluxes[105] = np.nan
    result = resample(np.arange(0.045, 9.9, 0.1), FINE, fluxes)
    assert np.flatnonzero(np.isnan(result.fluxes)).tolist() == [10]
    assert np.flatnonzero(result.flags).tolist() == [10]


@pytest.mark.filterwarnings("error")
def test_infinities_of_both_signs_are_left_out_like_nan():
    fluxes = np.ones(len(FINE))
    fluxes[[105, 205]] = np.inf, -np.inf
    result = resample(np.arange(0.045, 9.9, 0.1), FINE, fluxes)
    assert np.flatnonzero(np.isnan(result.fluxes)).tolist() == [10, 20]
    assert np.flatnonzero(result.flags).tolist() == [10, 20]
    assert set(result.fluxes[~np.isnan(result.fluxes)]) == {1.0}


def test_a_curve_of_nothing_but_nan_stays_nan():
    assert np.isnan(resample([1.0, 2.0], FINE, np.full(len(FINE), np.nan)).fluxes).all()


def test_samples_within_a_gap_are_flagged_and_those_beside_it_are_not():
    times = np.concatenate((np.arange(0.0, 100.0), np.arange(150.0, 250.0)))
    new = np.arange(0.0, 250.0) + 0.25
    result = resample(new, times, np.ones(len(times)))
    flagged = new[result.flags != 0]
    assert flagged.min() > 99
    assert flagged.max() < 150
    assert len(flagged) == pytest.approx(50, abs=1)  # one new sample for each of the 50 missing days


def test_a_new_sample_beside_a_gap_of_its_raster_does_not_average_over_the_gap():
    dense = np.arange(0.0, 100.0, 0.01)
    step = (dense > 20.5).astype(float)
    new = np.concatenate((np.arange(0.0, 20.0, 0.1), np.arange(60.0, 80.0, 0.1)))
    fluxes = resample(new, dense, step).fluxes
    # 0 or 1 to rounding; averaging over half the gap would give 0.02 and 0.98
    assert np.minimum(np.abs(fluxes), np.abs(fluxes - 1)).max() < 1e-12


def test_the_same_raster_gives_the_same_values():
    fluxes, sigma, flags = fine_fluxes(), np.full(len(FINE), 0.1), np.arange(len(FINE)) % 3
    result = resample(FINE, FINE, fluxes, uncertainties=sigma, flags=flags)
    np.testing.assert_array_equal(result.fluxes, fluxes)
    np.testing.assert_array_equal(result.flags, flags)


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ([0.0, 2.0, 1.0, 3.0], "must increase; number 1 is 2.0, the next one 1.0"),
        ([0.0, 1.0, 1.0, 3.0], "must increase; number 1"),
        ([0.0, np.nan, 1.0, 3.0], "must increase; number 0"),
        ([-np.inf, 0.0, 1.0, 3.0], "must be finite"),
        ([[0.0, 1.0], [2.0, 3.0]], "one dimension"),
    ],
)
def test_times_that_are_no_raster_are_refused(times, message):
    with pytest.raises(LightcurveError, match=message):
        resample([0.0, 1.0], times, np.ones(4))
    with pytest.raises(LightcurveError, match=f"new times: .*{message}"):
        resample(times, [0.0, 1.0, 2.0, 3.0], np.ones(4))


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(LightcurveError, match=r"flags have the shape \(3,\), the times \(4,\)"):
        resample([0.0, 1.0], [0.0, 1.0, 2.0, 3.0], np.ones(4), flags=[0, 0, 0])


@settings(max_examples=100, deadline=None)
@given(offset=st.floats(-0.4, 0.4), count=st.integers(2, 50))
def test_a_shifted_raster_mixes_neighbours_by_their_overlap(offset, count):
    assume(abs(offset) > 1e-3)
    times = np.arange(float(count))
    fluxes = np.random.default_rng(count).standard_normal(count)
    result = resample(times + offset, times, fluxes)
    neighbour = np.roll(fluxes, -1 if offset > 0 else 1)
    expected = (1 - abs(offset)) * fluxes + abs(offset) * neighbour
    inner = slice(1, -1)
    np.testing.assert_allclose(result.fluxes[inner], expected[inner], rtol=0, atol=1e-12)
