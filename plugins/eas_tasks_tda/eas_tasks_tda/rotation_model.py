"""The variation of a spotted star as harmonics of its rotation whose amplitudes drift.

A window that slides over the light curve of a star which rotates in a few days is either so long that the
variation stays in the fluxes, or so short that it takes the transits out. The variation repeats with the
rotation and transits do not: the flux is fitted with ``Σ_k a_k(t) cos(2πkt/P) + b_k(t) sin(2πkt/P)``,
k = 0 … 4, whose amplitudes are cubic B-splines with knots several rotations apart, by least squares with
Tukey's biweight (Beaton & Tukey 1974, Technometrics 16, 147), for which transits and flares are outliers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eas_tasks_tda.elliptic import FloatArray
from eas_tasks_tda.prepare import MAD_TO_SIGMA, neighbour_scatter

if TYPE_CHECKING:
    from scipy.sparse import csr_array

HARMONICS = 4  # more of them, or amplitudes that drift faster, make transits of noise
KNOT_ROTATIONS, SHORTEST_KNOT_DAYS = 2.5, 5.0  # distance of the knots
LEFT_HOURS = 4.0  # long for a transit of a short period, short for a rotation
_BIN_DAYS = 0.01
_DEGREE = 3
_ITERATIONS = 8
_CUT = 6.0  # median deviations beyond which a bin has no weight
_RIDGE = 1e-3  # holds amplitudes where there are no data
_AT_ONCE = 20_000  # times for which the terms are held in memory
_FEWEST_WINDOWS = 10
_FULL = 0.7  # of the most samples of a window


def scatter_left(times: FloatArray, fluxes: FloatArray, *, good: NDArray[np.bool_]) -> float:
    """Scatter of the means over `LEFT_HOURS`, over that of independent samples; 1 where it cannot be told.

    Both are median deviations, which transits and flares hardly move.

    Args:
        times: Days, shape (n,), any order.
        fluxes: About 1, shape (n,); those that are not finite do not count.
        good: Samples to look at, shape (n,).
    """
    chosen = np.flatnonzero(good & np.isfinite(fluxes))
    chosen = chosen[np.argsort(times[chosen], kind="stable")]
    if len(chosen) < _FEWEST_WINDOWS:
        return 1.0
    counts, means = _means(times[chosen], fluxes[chosen], step_days=LEFT_HOURS / 24)
    full = counts >= _FULL * counts.max()
    white = neighbour_scatter(fluxes[chosen]) / np.sqrt(np.median(counts[full]))
    if full.sum() < _FEWEST_WINDOWS or not white > 0:
        return 1.0
    return float(MAD_TO_SIGMA * np.median(np.abs(means[full] - np.median(means[full]))) / white)


def rotation_model(
    times: FloatArray, fluxes: FloatArray, *, good: NDArray[np.bool_], period_days: float
) -> FloatArray:
    """The variation with the rotation of the star, at every time.

    Args:
        times: Days, shape (n,), any order.
        fluxes: About 1, shape (n,).
        good: Samples that shape the model, shape (n,); at least one.
        period_days: Of the rotation.

    Returns:
        About 1, shape (n,); outside of the good samples the value at the nearest one.
    """
    counts, deviations = _means(times[good], fluxes[good] - 1, step_days=_BIN_DAYS)
    _, middles = _means(times[good], times[good], step_days=_BIN_DAYS)
    first, last = float(times[good].min()), float(times[good].max())
    distance = max(SHORTEST_KNOT_DAYS, KNOT_ROTATIONS * period_days)
    knots = np.linspace(first, last, max(1, round((last - first) / distance)) + 1)
    amplitudes = _fitted(_terms(middles, knots, period_days=period_days), deviations, counts=counts)
    pieces = np.array_split(np.clip(times, first, last), len(times) // _AT_ONCE + 1)
    terms = (_terms(piece, knots, period_days=period_days) for piece in pieces)
    return 1 + np.concatenate([of_piece @ amplitudes for of_piece in terms])


def _terms(times: FloatArray, knots: FloatArray, *, period_days: float) -> csr_array:
    """The terms of the model at some times, shape (n, terms), those of neighbouring knots side by side."""
    from scipy.interpolate import BSpline
    from scipy.sparse import csr_array

    padded = np.concatenate([[knots[0]] * _DEGREE, knots, [knots[-1]] * _DEGREE])
    splines = BSpline.design_matrix(times, padded, _DEGREE).tocoo()
    phases = 2 * np.pi * times[:, np.newaxis] / period_days * np.arange(1, HARMONICS + 1)
    waves = np.column_stack([np.ones(len(times)), np.cos(phases), np.sin(phases)])
    number = waves.shape[1]
    values = splines.data[:, np.newaxis] * waves[splines.row]
    places = splines.col[:, np.newaxis] * number + np.arange(number)
    shape = (len(times), splines.shape[1] * number)
    return csr_array((values.ravel(), (np.repeat(splines.row, number), places.ravel())), shape=shape)


def _fitted(terms: csr_array, deviations: FloatArray, *, counts: FloatArray) -> FloatArray:
    """The amplitudes that fit best, far values left out."""
    from scipy.sparse import diags_array, eye_array
    from scipy.sparse.linalg import spsolve

    weights = counts / counts.mean()
    held = _RIDGE * eye_array(terms.shape[1])
    robust = np.ones(len(deviations))
    amplitudes = np.zeros(terms.shape[1])
    for _ in range(_ITERATIONS):
        weighted = diags_array(weights * robust) @ terms
        amplitudes = spsolve((weighted.T @ terms + held).tocsc(), weighted.T @ deviations)
        residuals = deviations - terms @ amplitudes
        spread = float(np.median(np.abs(residuals)))
        if not spread > 0:
            break
        robust = np.maximum(0.0, 1 - (residuals / (_CUT * spread)) ** 2) ** 2
    return amplitudes


def _means(times: FloatArray, values: FloatArray, *, step_days: float) -> tuple[FloatArray, FloatArray]:
    """Number and mean of the values in each step that has any."""
    step = np.floor((times - times.min()) / step_days).astype(np.int64)
    _, place = np.unique(step, return_inverse=True)
    counts = np.bincount(place).astype(np.float64)
    return counts, np.bincount(place, values) / counts
