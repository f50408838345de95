"""The trend at the edges of a light curve and of its gaps."""

import numpy as np
import pytest
from eas_tasks_tda.detrend_settings import DetrendParameters
from eas_tasks_tda.detrending import SLIDING, detrend
from eas_tasks_tda.edges import extended

from eas_framework.lightcurve import LightcurveArbitraryRaster

NOISE = 5e-5
EVERY = np.arange(0, 60, 0.5 / 24)
TIMES = EVERY[(EVERY < 17) | ((EVERY > 19.5) & (EVERY < 41)) | (EVERY > 43)]
EDGES = np.array([0, 17, 19.5, 41, 43, 60])
FROM_EDGE = np.min(np.abs(TIMES[:, None] - EDGES), axis=1)


@pytest.fixture
def spotted():
    """A star that varies by 1 % in 12 d, with two gaps."""
    noise = np.random.default_rng(4).normal(0, NOISE, len(TIMES))
    return LightcurveArbitraryRaster(TIMES.copy(), 1 + 0.01 * np.sin(TIMES * 2 * np.pi / 12) + noise)


@pytest.mark.parametrize("method", ["biweight", "median", "mean"])
def test_the_trend_is_as_good_at_an_edge_as_far_from_it(spotted, method):
    flat = detrend(spotted, parameters=DetrendParameters(method=method)).fluxes
    far = np.std(flat[FROM_EDGE > 1])
    # a one-sided window is off by the slope times a quarter of the window: 0.13 % here
    assert np.std(flat[FROM_EDGE < 0.25]) < 1.3 * far
    assert np.max(np.abs(flat[FROM_EDGE < 0.25] - 1)) < 6e-4


def test_far_from_edges_the_trend_stays_that_of_the_running_window(spotted):
    import wotan

    flat, _ = wotan.flatten(
        TIMES, spotted.fluxes, method="biweight", window_length=1.0, break_tolerance=0.5, return_trend=True
    )
    far = FROM_EDGE > 0.55
    np.testing.assert_allclose(detrend(spotted).fluxes[far], flat[far], rtol=1e-9)


def test_lines_carry_on_beyond_each_edge_and_parts_move_apart(spotted):
    good = np.ones(len(TIMES), dtype=bool)
    more = extended(TIMES, spotted.fluxes, good=good, window_days=1.0, longest_gap_days=0.5)
    added = len(more.times) - len(TIMES)
    assert added == pytest.approx(6 * 0.5 * 48, abs=12)  # six edges, half a day each, two samples an hour
    assert more.good[len(TIMES) :].all()
    order = np.sort(more.times)
    assert np.count_nonzero(np.diff(order) > 0.5) == 2
    np.testing.assert_allclose(more.from_edge, FROM_EDGE, atol=0.5 / 24)


def test_a_flagged_sample_at_an_edge_does_not_shape_the_trend(spotted):
    flags = np.zeros(len(TIMES), dtype=np.int64)
    flags[:3] = 1
    fluxes = spotted.fluxes.copy()
    fluxes[:3] = 1.5
    flat = detrend(LightcurveArbitraryRaster(TIMES, fluxes, flags=flags)).fluxes
    assert np.max(np.abs(flat[3:20] - 1)) < 6e-4


def test_a_few_samples_between_gaps_are_no_reason_to_fail(spotted):
    times = np.concatenate([TIMES, [80.0, 80.02, 95.0]])
    curve = LightcurveArbitraryRaster(times, np.concatenate([spotted.fluxes, [1.0, 1.0, 1.0]]))
    flat = detrend(curve).fluxes
    assert np.isfinite(flat[: len(TIMES)]).all()


def test_all_sliding_methods_see_whole_windows():
    assert "biweight" in SLIDING
    assert "savgol" not in SLIDING
