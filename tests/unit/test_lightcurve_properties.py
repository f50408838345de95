"""What holds for any light curves: identities of arithmetic and resampling, and work that numpy does."""

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eas_framework.errors import LightcurveError
from eas_framework.lc_reader_lcsg import read_lcsg_lightcurve
from eas_framework.lc_readers import read_lightcurve_file
from eas_framework.lightcurve import LightcurveArbitraryRaster, LightcurveFixedStep
from eas_framework.lightcurve_resample import LightcurveResampler
from eas_framework.resampling import pixel_edges

EPSILON = np.finfo(float).eps


@st.composite
def curves(draw, times=None):
    """A curve of some samples, regular or not, with uncertainties and flags."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    if times is None:
        count = draw(st.integers(4, 60))
        jitter = draw(st.sampled_from([0.0, 0.3]))
        times = draw(st.floats(-1e4, 1e4)) + 0.02 * (np.arange(count) + jitter * rng.random(count))
    return LightcurveArbitraryRaster(
        times,
        draw(st.floats(-10, 10)) + rng.standard_normal(len(times)),
        rng.random(len(times)),
        rng.integers(0, 2, len(times)),
    )


@st.composite
def two_curves(draw):
    """Two curves, the second on the times of the first or on times that cover them."""
    first = draw(curves())
    if draw(st.booleans()):
        return first, draw(curves(times=first.times))
    edges = pixel_edges(first.times)
    return first, draw(curves(times=np.linspace(edges[0] - 1, edges[-1] + 1, draw(st.integers(4, 300)))))


def rounding(*curves_, factor=16.0):
    """A bound on what some operations on these fluxes lose by rounding."""
    return factor * EPSILON * float(np.prod([1 + np.abs(curve.fluxes).max() for curve in curves_]))


@settings(max_examples=1000)
@given(pair=two_curves())
def test_what_was_added_can_be_taken_away_again(pair):
    first, second = pair
    back = first + second - second
    np.testing.assert_allclose(back.fluxes, first.fluxes, rtol=0, atol=rounding(first, second))
    # Variances of independent values add (JCGM 100:2008, equation 10): once for each operation.
    put = LightcurveResampler(second).match_to_other_lightcurve(first)
    wanted = np.sqrt(first.uncertainties**2 + 2 * put.uncertainties**2)
    np.testing.assert_allclose(back.uncertainties, wanted, rtol=1e-12)
    np.testing.assert_array_equal(back.flags, first.flags | put.flags)


@settings(max_examples=300)
@given(pair=two_curves())
def test_a_product_distributes_over_a_sum(pair):
    first, second = pair
    one = LightcurveArbitraryRaster(first.times, np.ones(len(first)))
    left = (first + one) * second
    right = first * second + one * second
    np.testing.assert_allclose(left.fluxes, right.fluxes, rtol=0, atol=rounding(first, second))


@settings(max_examples=300)
@given(first=curves(), data=st.data())
def test_on_one_raster_sums_and_products_do_not_ask_for_the_order(first, data):
    second = data.draw(curves(times=first.times))
    for one, other in ((first + second, second + first), (first * second, second * first)):
        np.testing.assert_array_equal(one.fluxes, other.fluxes)
        np.testing.assert_array_equal(one.uncertainties, other.uncertainties)
        np.testing.assert_array_equal(one.flags, other.flags)


@settings(max_examples=300)
@given(first=curves(), factor=st.floats(0.01, 100))
def test_an_exact_factor_scales_flux_and_uncertainty_alike(first, factor):
    scaled = first * LightcurveArbitraryRaster(first.times, np.full(len(first), factor))
    np.testing.assert_array_equal(scaled.fluxes, first.fluxes * factor)
    np.testing.assert_allclose(scaled.uncertainties, first.uncertainties * factor, rtol=4 * EPSILON)


@settings(max_examples=1000)
@given(curve=curves(), count=st.integers(2, 80))
def test_resampling_conserves_the_flux_of_a_light_curve(curve, count):
    edges = pixel_edges(curve.times)
    # Rasters of equal pixels that end where the curve's outermost pixels end: every old one is used up.
    half = (edges[-1] - edges[0]) / (2 * count)
    new = np.linspace(edges[0] + half, edges[-1] - half, count)
    result = LightcurveResampler(curve).onto_raster(new)
    before = float(np.sum(curve.fluxes * np.diff(edges)))
    after = float(np.sum(result.fluxes * 2 * half))
    # Bin edges are times near 1e4 d that double precision holds to 2e-12 d: that much flux may change bins.
    at_edges = 8 * np.spacing(np.abs(edges).max()) * np.abs(curve.fluxes).max() * (count + len(curve))
    total = np.abs(curve.fluxes).max() * (edges[-1] - edges[0])
    assert after == pytest.approx(before, abs=1e-12 * total + at_edges)


@settings(max_examples=300)
@given(curve=curves(), count=st.integers(2, 80), part=st.floats(0.1, 1.0))
def test_flux_uncertainty_and_flag_are_those_of_the_overlaps_one_by_one(curve, count, part):
    edges = pixel_edges(curve.times)
    new = np.linspace(curve.times[0], curve.times[0] + part * (curve.times[-1] - curve.times[0]), count)
    result = LightcurveResampler(curve).onto_raster(new)
    new_edges = pixel_edges(new)
    starts, ends = np.maximum.outer(new_edges[:-1], edges[:-1]), np.minimum.outer(new_edges[1:], edges[1:])
    overlap = np.maximum(ends - starts, 0)  # new pixel by old pixel, days
    covered = overlap.sum(axis=1)
    is_sure = covered > 0.51 * np.diff(new_edges)  # at less than half it counts as outside; see there
    weights = overlap[is_sure] / covered[is_sure, None]
    # Edges at some thousand days are rounded to 1e-12 d, which is this part of the width of a new pixel:
    loose = 1e-9 + 8 * np.spacing(np.abs(edges).max()) / np.diff(new_edges).min() * len(curve)
    size = 1 + np.abs(curve.fluxes).max()
    np.testing.assert_allclose(result.fluxes[is_sure], weights @ curve.fluxes, rtol=0, atol=loose * size)
    # The law of propagation for independent quantities: JCGM 100:2008 (the "GUM"), equation 10, with the
    # weights as the sensitivities.
    variance = weights**2 @ curve.uncertainties**2
    np.testing.assert_allclose(result.uncertainties[is_sure], np.sqrt(variance), rtol=0, atol=2 * loose)
    # A bad sample spoils what it touches: flagged where bad samples cover more than 1e-4 of the new pixel.
    bad = (overlap @ curve.flags)[is_sure] / np.diff(new_edges)[is_sure]
    is_clear = np.abs(bad - 1e-4) > loose
    np.testing.assert_array_equal((result.flags[is_sure] != 0)[is_clear], (bad > 1e-4)[is_clear])


@settings(max_examples=300)
@given(pair=two_curves())
def test_resampling_is_linear(pair):
    first, second = pair
    second = LightcurveResampler(second).match_to_other_lightcurve(first)
    new = np.linspace(first.times[1], first.times[-2], 17)
    together = LightcurveResampler(first + second).onto_raster(new)
    apart = LightcurveResampler(first).onto_raster(new) + LightcurveResampler(second).onto_raster(new)
    np.testing.assert_allclose(
        together.fluxes, apart.fluxes, rtol=0, atol=rounding(first, second, factor=200)
    )
    np.testing.assert_allclose(together.uncertainties, apart.uncertainties, rtol=1e-9)


@pytest.mark.parametrize("keyword", ["time_unit", "time_scale", "time_zero"])
def test_a_curve_is_not_matched_to_times_of_another_system(keyword):
    one, other = (
        LightcurveArbitraryRaster(np.arange(5.0), np.ones(5), metadata={keyword: value}) for value in "ab"
    )
    with pytest.raises(LightcurveError, match=f"different {keyword}"):
        LightcurveResampler(one).match_to_other_lightcurve(other)


# ---------------------------------------------------------------- no loop over samples
def python_calls(work) -> int:
    """How many functions, of Python's own and built in, Python code calls meanwhile."""
    count = 0

    def watch(frame, event, called):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(watch)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def written_and_read(curve, path, **form):
    return LightcurveArbitraryRaster.from_file(path, curve.to_file(path, **form))


OPERATIONS = {
    "text": lambda curve, path: written_and_read(curve, path, gzipped=False),
    "gzip": written_and_read,
    "internal": lambda curve, path: written_and_read(curve, path, binary=True),
    "sum": lambda curve, path: curve + LightcurveArbitraryRaster(curve.times + 0.01, curve.fluxes),
    "product": lambda curve, path: curve * curve,
    "resampling": lambda curve, path: LightcurveResampler(curve).onto_raster(curve.times[1:-1:3] + 0.003),
    "truncation": lambda curve, path: curve.truncate_to_length(5.0),
    "interval": lambda curve, path: curve.estimate_sampling_interval(),
    "fixed-step check": lambda curve, path: curve.check_fixed_step(),
    "fixed step": lambda curve, path: curve.to_fixed_step(),
    "times of a raster": lambda curve, path: LightcurveFixedStep(0, 0.02, curve.fluxes).get_times(),
}


def noisy_curve(count):
    rng = np.random.default_rng(count)
    times = np.delete(0.02 * np.arange(count), slice(100, 104))  # a gap of four samples
    return LightcurveArbitraryRaster(
        times, rng.random(len(times)), rng.random(len(times)), rng.integers(0, 2, len(times))
    )


# For 40,000 samples more: text is formatted, packed and unpacked in pieces of thousands of samples.
ALLOWED_CALLS = 4000


@pytest.mark.parametrize("name", OPERATIONS)
def test_python_does_not_loop_over_samples(name, tmp_path):
    def calls(count):
        curve = noisy_curve(count)
        return python_calls(lambda: OPERATIONS[name](curve, tmp_path / "curve"))

    calls(1000)  # imports and caches
    assert calls(41_000) - calls(1000) < ALLOWED_CALLS


@pytest.mark.parametrize(
    ("read", "header"), [(read_lcsg_lightcurve, "# #star = one"), (read_lightcurve_file, "time,flux,quality")]
)
def test_readers_do_not_loop_over_lines(tmp_path, read, header):
    def calls(count):
        lines = (f"{0.02 * number:.4f},1.0{number % 7},{number % 2}\n" for number in range(count))
        path = tmp_path / f"curve{count}.csv"
        path.write_text(f"{header}\n{''.join(lines)}")
        return python_calls(lambda: read(path))

    calls(1000)
    assert calls(41_000) - calls(1000) < ALLOWED_CALLS
