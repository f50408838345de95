"""Whether a jump of the flux explains a signal better than a transit does.

Detectors lose sensitivity at once and regain it in hours; divided by a trend, such a jump is a dip with one
steep side. "Marshall" among the tests of Kepler's candidates asks the same (Mullally et al. 2016, PASP 128,
074502): a transit has a beginning and an end.
"""

from __future__ import annotations

import numpy as np

from eas_tasks_tda.aliases import CLEAR_GAIN
from eas_tasks_tda.elliptic import FloatArray
from eas_tasks_tda.prepare import CleanCurve
from eas_tasks_tda.refine import Peak, transit_shape

_REACH = 1.5  # durations on either side of mid-transit that are compared
_BINS_PER_DURATION = 8
_FEWEST_BINS = 3  # on either side of a jump


def is_jump(curve: CleanCurve, peak: Peak, *, noise_ratio: float) -> bool:
    """Whether two straight lines with a jump between them fit better than a transit on a straight line.

    Both have a line; the transit adds its depth, the other a second line and the time of the jump, so that
    noise alone prefers it. It must be better by Δχ² = 16, 4 standard deviations, times `noise_ratio`².
    """
    x, y, weights = _folded(curve, peak)
    if len(x) < 2 * _FEWEST_BINS + 1:
        return False
    shape = transit_shape(2 * x)
    transit = _misfit(np.stack([np.ones_like(x), x, shape]), y, weights)
    splits = range(_FEWEST_BINS, len(x) - _FEWEST_BINS + 1)
    jumps = [
        _line_misfit(x[:k], y[:k], weights[:k]) + _line_misfit(x[k:], y[k:], weights[k:]) for k in splits
    ]
    return min(jumps) < transit - CLEAR_GAIN * max(1.0, noise_ratio) ** 2


def _folded(curve: CleanCurve, peak: Peak) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Means near mid-transit: time in durations, flux, and weight."""
    phases = peak.phases(curve.times) / peak.duration
    near = np.abs(phases) < _REACH
    count = int(2 * _REACH * _BINS_PER_DURATION)
    index = ((phases[near] + _REACH) / (2 * _REACH) * count).astype(np.int64)
    weights = curve.sigmas[near] ** -2
    total: FloatArray = np.bincount(index, weights, count).astype(np.float64)
    filled = total > 0
    x, y = (
        np.bincount(index, weights * values, count)[filled] / total[filled]
        for values in (phases[near], curve.fluxes[near])
    )
    return x, y, total[filled]


def _line_misfit(x: FloatArray, y: FloatArray, weights: FloatArray) -> float:
    return _misfit(np.stack([np.ones_like(x), x]), y, weights)


def _misfit(terms: FloatArray, y: FloatArray, weights: FloatArray) -> float:
    """χ² of the best linear combination of some terms, shape (terms, n)."""
    root = np.sqrt(weights)
    best = np.linalg.lstsq((terms * root).T, y * root, rcond=None)[0]
    return float(weights @ (y - best @ terms) ** 2)
