"""How much noisier the mean over a transit is than independent samples would make it.

Pont, Zucker & Queloz (2006), MNRAS 373, 231: the variance of the mean of the n samples of one transit is
``σ_w²/n + σ_r²``, and the signal-to-noise ratio of N transits ``depth sqrt(N) / sqrt(σ_w²/n + σ_r²)``.
The variance is measured on the data outside of transits, in windows as long as a transit.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from eas_tasks_tda.elliptic import FloatArray
from eas_tasks_tda.prepare import CleanCurve

if TYPE_CHECKING:
    from eas_tasks_tda.slots import Slots  # loads numba

_FEWEST_WINDOWS = 10
_FULL = 0.5  # of the median weight, below which a window does not count
_CLIP = 5.0  # robust standard deviations beyond which a window counts as that many
_MAD_TO_SIGMA = 1.4826
_MAD_ERROR = 1.17  # relative error of a standard deviation from the median deviation of n numbers, times √n
_CLEARLY = 2.0  # of these errors
_RATIO_STEP = 1.5  # of the durations for which the noise is measured


def noise_ratio(curve: CleanCurve, duration_days: float) -> float:
    """Standard deviation of means over a duration, over that for white noise; 1 where it cannot be measured.

    About 1 for white noise, to ``1 / sqrt(2 windows)``; more for correlated noise. The signal-to-noise ratio
    for pink noise is that for white noise divided by this where it is above 1.

    Args:
        curve: Without the samples in transit.
        duration_days: Length of the windows.
    """
    if len(curve.times) < _FEWEST_WINDOWS or not duration_days > 0:
        return 1.0
    window = np.floor((curve.times - curve.times[0]) / duration_days)
    first = np.flatnonzero(np.diff(window, prepend=-1.0))
    weights = curve.sigmas**-2
    total = np.add.reduceat(weights, first)
    missing = np.add.reduceat(weights * (1 - curve.fluxes), first)
    full = total > _FULL * np.median(total)
    if np.count_nonzero(full) < _FEWEST_WINDOWS:
        return 1.0
    mean = missing[full].sum() / total[full].sum()
    ratio = _scatter((missing[full] - mean * total[full]) / np.sqrt(total[full]))
    return ratio if ratio > 0 else 1.0


def as_for_known_noise(statistic: float, *, windows: float) -> float:
    """The statistic that is as rare in noise of a known level as `statistic` is where it was measured.

    A level measured on few windows may be too low by chance: the statistic then has the distribution of
    Student's t.

    Args:
        statistic: In standard deviations.
        windows: How many tell the level.
    """
    from scipy.special import ndtri, stdtr

    chance = float(stdtr(windows, -statistic))
    if chance > 0:
        return -float(ndtri(chance))
    return math.sqrt((windows + 1) * math.log1p(statistic**2 / windows))  # of the densities


def _scatter(deviations: FloatArray) -> float:
    """Standard deviation with far values drawn in, so that one event does not make all the noise."""
    robust = _MAD_TO_SIGMA * float(np.median(np.abs(deviations)))
    kept = np.clip(deviations, -_CLIP * robust, _CLIP * robust) if robust > 0 else deviations
    return float(np.sqrt(np.mean(kept**2)))


def slot_noise_ratios(slots: Slots, durations: FloatArray) -> FloatArray:
    """The noise of means over each duration, over that for white noise, where it is clearly above 1; else 1.

    Measured on the whole light curve by the median deviation, which a planet's own transits do not move.

    Args:
        slots: The light curve.
        durations: Days, shape (n,).
    """
    shortest, longest = float(durations.min()), float(durations.max())
    count = math.ceil(math.log(longest / shortest) / math.log(_RATIO_STEP)) + 1
    tried = np.geomspace(shortest, longest, count)
    ratios = np.array([_clear_ratio(slots, max(1, round(one / slots.slot_days))) for one in tried])
    found: FloatArray = np.interp(np.log(durations), np.log(tried), ratios)
    return found


def _clear_ratio(slots: Slots, width: int) -> float:
    """The lower limit of the noise of means over so many slots, over that for white noise; at least 1."""
    missing, weights = np.diff(slots.cumulative[::width], axis=0).T
    full = weights > _FULL * weights.sum() / max(np.count_nonzero(weights), 1)
    if np.count_nonzero(full) < _FEWEST_WINDOWS:
        return 1.0
    missing, weights = missing[full], weights[full]
    deviations = (missing - missing.sum() / weights.sum() * weights) / np.sqrt(weights)
    ratio = _MAD_TO_SIGMA * float(np.median(np.abs(deviations)))
    return max(1.0, ratio * (1 - _CLEARLY * _MAD_ERROR / math.sqrt(len(weights))))
