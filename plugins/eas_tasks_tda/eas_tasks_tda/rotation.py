"""The rotation period of a star from the autocorrelation of its light curve.

McQuillan, Aigrain & Mazeh (2013, MNRAS 432, 1203) and McQuillan, Mazeh & Aigrain (2014, ApJS 211, 24): spots
that come and go shift the phase of the variation, which breaks a sine apart and leaves the autocorrelation
its peaks at the rotation period and its multiples. Here gaps need no filling: each lag is the mean over the
pairs of bins that both have samples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eas_tasks_tda.elliptic import FloatArray

SHORTEST_DAYS, LONGEST_DAYS = 0.3, 70.0  # of the rotation periods sought; the longest of McQuillan et al.
FEWEST_ROTATIONS = 3.0  # in the data; noise that is correlated over days makes a pair of bumps too often
SMALLEST_HEIGHT = 0.6  # of a peak above the troughs beside it; a lasting sine reaches 2
_BIN_DAYS = 0.05
_SMOOTHING_DAYS = 0.05  # of the autocorrelation, standard deviation
_FEWEST_PAIRS = 0.05  # of the bins; lags with fewer are bridged by a line
_ROUNDING = 1e-9  # relative; a star that varies less does not vary
_KEPT_PERCENTILES = (10, 90)  # of the bins; transits and flares beyond are clipped
_LAGS = 1.5  # longest lag over longest period: the trough behind a peak is part of its height
_DOUBLE = (1.6, 2.4)  # of a second peak at twice the period of the first one


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """A rotation period, and the height of its peak above the higher of the troughs beside it."""

    period_days: float
    height: float


def rotation_period(times: FloatArray, fluxes: FloatArray) -> Rotation | None:
    """The rotation period that a light curve shows; None where no peak is high enough.

    The first peak of the autocorrelation that stands `SMALLEST_HEIGHT` above its troughs, or the one at twice
    its lag where that is higher: two groups of spots on opposite sides make a lower one at half the period.

    Args:
        times: Days, shape (n,), any order, finite; at least `FEWEST_ROTATIONS` periods long.
        fluxes: Any unit, shape (n,), finite, without known transits. A straight line is taken out; jumps
            between parts of the data hide the rotation.
    """
    from scipy.ndimage import gaussian_filter1d
    from scipy.signal import find_peaks

    span = float(np.ptp(times)) if len(times) else 0.0
    longest = min(span / FEWEST_ROTATIONS, LONGEST_DAYS)
    step = max(_BIN_DAYS, float(np.median(np.diff(np.sort(times))))) if len(times) > 1 else _BIN_DAYS
    if longest < max(SHORTEST_DAYS, 2 * step):
        return None
    bins = _clipped(_binned(times, _without_line(times, fluxes), step_days=step))
    if np.nanstd(bins) <= _ROUNDING * np.max(np.abs(fluxes)):
        return None
    smooth = gaussian_filter1d(_correlogram(bins, lags=int(_LAGS * longest / step)), _SMOOTHING_DAYS / step)
    peaks, shape = find_peaks(smooth, height=0.0, prominence=SMALLEST_HEIGHT)
    periods = peaks * step
    allowed = np.flatnonzero((periods >= SHORTEST_DAYS) & (periods <= longest))
    if len(allowed) == 0:
        return None
    best = allowed[0]
    if len(allowed) > 1 and _is_higher_double(periods, smooth[peaks], first=best, second=allowed[1]):
        best = allowed[1]
    return Rotation(period_days=float(periods[best]), height=float(shape["prominences"][best]))


def _is_higher_double(periods: FloatArray, heights: FloatArray, *, first: int, second: int) -> bool:
    ratio = periods[second] / periods[first]
    return bool(_DOUBLE[0] < ratio < _DOUBLE[1] and heights[second] > heights[first])


def _correlogram(values: FloatArray, *, lags: int) -> FloatArray:
    """The autocorrelation, with straight lines across the lags that few pairs of values have."""
    found, pairs = autocorrelation(values, lags=lags)
    known = np.flatnonzero(pairs >= max(1.0, _FEWEST_PAIRS * pairs[0]))
    correlogram: FloatArray = np.interp(np.arange(len(found)), known, found[known])
    return correlogram


def autocorrelation(values: FloatArray, *, lags: int) -> tuple[FloatArray, FloatArray]:
    """Mean product of values so many steps apart over the mean square, and the number of such pairs.

    Args:
        values: Shape (n,), of mean 0, not all 0; NaN where there are none.
        lags: The longest; at most n - 1 are given.

    Returns:
        For the lags from 0 on, shape (m,) each; the first is 0 where there are no pairs.
    """
    has = np.isfinite(values)
    lags = min(lags, len(values) - 1)
    size = 1 << (2 * len(values) - 1).bit_length()  # zeros behind, so that the ends do not meet
    pairs: FloatArray = np.rint(_correlated(has.astype(np.float64), size=size)[: lags + 1])
    products = _correlated(np.where(has, values, 0.0), size=size)[: lags + 1]
    means: FloatArray = np.divide(products, pairs, out=np.zeros_like(products), where=pairs > 0)
    return means / means[0], pairs


def _correlated(values: FloatArray, *, size: int) -> FloatArray:
    spectrum = np.fft.rfft(values, size)
    found: FloatArray = np.fft.irfft(np.abs(spectrum) ** 2, size)
    return found


def _binned(times: FloatArray, values: FloatArray, *, step_days: float) -> FloatArray:
    """Mean value of each step from the first time on; NaN in gaps."""
    index = ((times - times.min()) / step_days).astype(np.int64)
    counts = np.bincount(index)
    sums = np.bincount(index, values)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def _without_line(times: FloatArray, fluxes: FloatArray) -> FloatArray:
    line: FloatArray = np.polynomial.Polynomial.fit(times, fluxes, 1)(times)
    return fluxes - line


def _clipped(values: FloatArray) -> FloatArray:
    """The values within the percentiles kept, of mean 0."""
    low, high = np.nanpercentile(values, _KEPT_PERCENTILES)
    clipped: FloatArray = np.clip(values, low, high)
    return clipped - np.nanmean(clipped)
