"""Samples too low for the noise that stand alone or in pairs: damage, since a transit would last longer."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eas_tasks_tda.prepare import MAD_TO_SIGMA, CleanCurve

_LOW = 5.0  # robust standard deviations below the median
_DEEP = 0.3  # of the lowest sample of a run: those above do not make it longer
_MOST_SAMPLES = 2


def is_damaged(curve: CleanCurve) -> NDArray[np.bool_]:
    """Which samples are far too low while no more than one neighbour is, shape (n,)."""
    missing = 1 - curve.fluxes
    scatter = MAD_TO_SIGMA * float(np.median(np.abs(missing - np.median(missing))))
    damaged = np.zeros(len(missing), dtype=np.bool_)
    low = np.flatnonzero(missing > _LOW * scatter)
    if scatter == 0 or len(low) == 0:
        return damaged
    first = np.flatnonzero(np.diff(low, prepend=-2) > 1)  # of each run of low samples
    lengths = np.diff([*first, len(low)])
    lowest = np.repeat(np.maximum.reduceat(missing[low], first), lengths)
    deep = np.add.reduceat((missing[low] > _DEEP * lowest).astype(np.int64), first)
    damaged[low[np.repeat(deep <= _MOST_SAMPLES, lengths)]] = True
    return damaged
