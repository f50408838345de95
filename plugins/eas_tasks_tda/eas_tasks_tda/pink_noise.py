"""How much noisier the mean over a transit is than independent samples would make it.

Pont, Zucker & Queloz (2006), MNRAS 373, 231: the variance of the mean of the n samples of one transit is
``σ_w²/n + σ_r²``, and the signal-to-noise ratio of N transits ``depth sqrt(N) / sqrt(σ_w²/n + σ_r²)``.
The variance is measured on the data outside of transits, in windows as long as a transit.
"""

from __future__ import annotations

import numpy as np

from eas_tasks_tda.elliptic import FloatArray
from eas_tasks_tda.prepare import CleanCurve

_FEWEST_WINDOWS = 10
_FULL = 0.5  # of the median weight, below which a window does not count
_CLIP = 5.0  # robust standard deviations beyond which a window counts as that many
_MAD_TO_SIGMA = 1.4826


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


def _scatter(deviations: FloatArray) -> float:
    """Standard deviation with far values drawn in, so that one event does not make all the noise."""
    robust = _MAD_TO_SIGMA * float(np.median(np.abs(deviations)))
    kept = np.clip(deviations, -_CLIP * robust, _CLIP * robust) if robust > 0 else deviations
    return float(np.sqrt(np.mean(kept**2)))
