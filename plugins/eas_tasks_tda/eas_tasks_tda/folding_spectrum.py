"""From the trials of a folding search to a spectrum on the grid of other searches, and its highest peaks.

The trials of all classes are many and unordered; here each raises the nearest period of a grid even
in the cube root of the frequency (Ofir 2014), on which the signal detection efficiency is defined. Peaks are
chosen by their merit ``S²/2 - ln(P/d²)``: minus the logarithm of the number of false alarms, without what is
the same for all trials (`false_alarms`), with d a typical duration of the trial's class.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eas_tasks_tda.compiled import kernel
from eas_tasks_tda.elliptic import FloatArray

_CUBE_ROOT = -1.0 / 3.0
_TYPICAL_BINS = 5.0  # of a transit


@dataclass(frozen=True, kw_only=True)
class Spectrum:
    """The highest signal-to-noise ratio near each period, and the trial with the highest merit.

    Attributes:
        periods: Of the grid, falling [d], shape (n,).
        snr: The highest, 0 where no trial is near.
        merit: The highest, minus infinity where no trial is near.
        best: Period of the trial with that merit [d].
        factors: Slots per bin of that trial; 0 where none is near.
    """

    periods: FloatArray
    snr: FloatArray
    merit: FloatArray
    best: FloatArray
    factors: NDArray[np.int64]

    @classmethod
    def empty(cls, periods: FloatArray) -> Spectrum:
        """No trials yet."""
        shape = len(periods)
        return cls(
            periods=periods,
            snr=np.zeros(shape),
            merit=np.full(shape, -np.inf),
            best=periods.copy(),
            factors=np.zeros(shape, np.int64),
        )

    def raise_by(
        self, trials: Any, found: Any, *, length: int, factor: int, bin_days: float, wrapped: bool
    ) -> None:
        """Take the trials of one class into account."""
        first, last = self.periods[0] ** _CUBE_ROOT, self.periods[-1] ** _CUBE_ROOT
        grid = (first, (last - first) / (len(self.periods) - 1))
        columns = (self.snr, self.merit, self.best, self.factors)
        _raise(columns, grid, trials, found, (length, factor, bin_days, wrapped))

    def without_holes(self) -> Spectrum:
        """The spectrum with periods that no trial is near given the value of their neighbour."""
        known = np.flatnonzero(self.factors > 0)
        if len(known) in (0, len(self.periods)):
            return self
        nearest = known[np.minimum(np.searchsorted(known, np.arange(len(self.periods))), len(known) - 1)]
        return Spectrum(
            periods=self.periods,
            snr=self.snr[nearest],
            merit=self.merit[nearest],
            best=self.best[nearest],
            factors=self.factors[nearest],
        )


def highest(spectrum: FloatArray, count: int, *, apart: int) -> NDArray[np.int64]:
    """Places of the highest finite values in falling order, at least `apart` places from another."""
    most = min(len(spectrum), count * (4 * apart + 2))
    high = np.argpartition(spectrum, len(spectrum) - most)[len(spectrum) - most :]
    taken, chosen = np.zeros(len(spectrum), bool), []
    for place in high[np.argsort(-spectrum[high], kind="stable")]:
        if taken[place] or spectrum[place] == -np.inf:
            continue
        chosen.append(int(place))
        if len(chosen) == count:
            break
        taken[max(place - apart, 0) : place + apart + 1] = True
    return np.array(chosen, dtype=np.int64)


@kernel
def _raise(columns: Any, grid: Any, trials: Any, found: Any, where: Any) -> None:
    """Raise each column at the grid's period next to each trial where the trial is higher."""
    snr, merit, best, factors = columns
    first, step = grid
    length, factor, bin_days, wrapped = where
    for i in range(len(trials.periods)):
        period, place = trials.periods[i], trials.places[i]
        drifts = max((length - 1) // period, 1)
        start = (period * bin_days) ** _CUBE_ROOT
        slope = (((period + 1) * bin_days) ** _CUBE_ROOT - start) / drifts
        placed = math.log(period * bin_days) - 2 * math.log(_TYPICAL_BINS * bin_days)
        for k in range((drifts - 1) // trials.steps[i] + 1):
            drift = k * trials.steps[i]
            j = min(max(int((start + slope * drift - first) / step + 0.5), 0), len(snr) - 1)
            value = found[place + k]
            snr[j] = max(snr[j], value)
            worth = 0.5 * value * value - placed
            if value > 0 and worth > merit[j]:
                shift = drift / drifts
                exact = period * period / (period - shift) if wrapped else period + shift
                merit[j], best[j], factors[j] = worth, exact * bin_days, factor
