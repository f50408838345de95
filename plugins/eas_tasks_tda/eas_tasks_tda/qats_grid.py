"""What the search for almost periodic transits works on: even samples, widths of boxes and spacings."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eas_tasks_tda.elliptic import FloatArray
from eas_tasks_tda.prepare import CleanCurve

IntArray = NDArray[np.int64]
BINS_PER_DURATION = 5
MOST_SAMPLES = 1_000_000  # bounds the memory of a search to 150 MB


@dataclass(frozen=True, kw_only=True)
class EvenSamples:
    """Missing flux in standard deviations at even times; 0 where there are no data.

    The sum over n samples of a flat curve has variance n. Samples of unequal errors are weighted with their
    inverse variances over the mean of these.
    """

    start_days: float
    cadence_days: float
    missing: FloatArray

    @classmethod
    def of(cls, curve: CleanCurve, *, shortest_days: float) -> EvenSamples:
        """The samples of a light curve, binned to a fifth of the shortest duration where they are denser."""
        fewest = curve.span_days / (MOST_SAMPLES - 1)
        binned = curve.binned(max(shortest_days / BINS_PER_DURATION, fewest))
        cadence = max(binned.cadence_days, fewest)
        index = np.rint((binned.times - binned.times[0]) / cadence).astype(np.int64)
        weights = binned.sigmas**-2
        missing = np.bincount(index, (1 - binned.fluxes) * weights)
        mean = weights.sum() / len(np.unique(index))
        return cls(
            start_days=float(binned.times[0]) - cadence / 2,
            cadence_days=cadence,
            missing=missing / math.sqrt(mean),
        )

    def __len__(self) -> int:
        return len(self.missing)


def box_dips(missing: FloatArray, width: int) -> FloatArray:
    """Sums of `missing` over the `width` samples from each on, shape (n - width + 1,)."""
    sums = np.concatenate([[0.0], np.cumsum(missing)])
    dips: FloatArray = sums[width:] - sums[:-width]
    return dips


def widths(shortest: float, longest: float, *, count: int) -> list[int]:
    """Whole numbers of samples, at least 1, next to `count` even steps from `shortest` to `longest`."""
    steps = np.rint(np.linspace(shortest, longest, count)).astype(np.int64)
    return [int(width) for width in np.unique(np.maximum(steps, 1))]


def spacings(shortest: float, longest: float, *, variation: float) -> IntArray:
    """Intervals of the spacing of transits [samples], rows of (lowest, highest) in rising order.

    Each is ``1 + variation`` times as high as low, the next begins at ``1 + variation / 2`` times: spacings
    that differ by up to half the variation lie in one interval. Both ends are whole and an interval at
    least one sample wide, so that no mean period between the limits is left out.
    """
    cells, low = [], max(int(shortest), 1)
    while low < longest:
        cells.append((low, max(low + 1, math.ceil(low * (1 + variation)))))
        low = max(low + 1, int(low * (1 + variation / 2)))
    return np.array(cells, dtype=np.int64).reshape(-1, 2)
