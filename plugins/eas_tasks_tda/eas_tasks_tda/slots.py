"""A light curve on an even grid of time: what folding searches work on.

Each slot holds the weighted missing flux ``sum w (level - f)`` and the weight ``sum w`` of its samples, w
being inverse variances; slots without samples have weight 0, so that gaps need no special care. The level is
the mean of the samples near the median: the median itself is 1.25 times less certain, which many samples in
transit feel.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from eas_tasks_tda.elliptic import FloatArray
from eas_tasks_tda.folding_scan import BLOCK, Series
from eas_tasks_tda.plain_kernels import LANES
from eas_tasks_tda.prepare import CleanCurve
from eas_tasks_tda.profile_search import HALO
from eas_tasks_tda.slot_kernels import (
    distance_from_grid,
    fill_bins,
    fill_slots,
    quiet_level,
    weight_range,
    write_counts,
    write_missing,
    write_weights,
)

MOST_SLOTS = 3_000_000  # bounds the memory of a search to 350 MB
_OFF_GRID = 0.2  # root mean square distance from the grid, in cadences, above which slots are halved
_FEW_SLOTS_PER_TRANSIT = 8
_LOWEST_OF_UNIFORM, _HIGHEST_OF_UNIFORM = 0.5, 2.0  # weights of slots over their mean
_HEAVIEST = 4.0  # mean weights that a slot counts at most while folding; the refinement counts all
_SIXTEEN_BITS = 65_535
_CLIP = 3.0  # standard deviations from the median within which samples make the level


@dataclass(frozen=True, kw_only=True)
class Slots:
    """Missing flux times weight, and weight, in slots of `slot_days`; the first begins at `start_days`."""

    start_days: float
    slot_days: float
    missing: FloatArray
    weights: FloatArray

    def __len__(self) -> int:
        return len(self.weights)

    @cached_property
    def cumulative(self) -> FloatArray:
        """Missing flux and weight before the edge of each slot, shape (n + 1, 2)."""
        sums = np.zeros((len(self) + 1, 2))
        np.cumsum(self.missing, out=sums[1:, 0])
        np.cumsum(self.weights, out=sums[1:, 1])
        return sums

    @classmethod
    def of(cls, curve: CleanCurve, *, shortest_transit_days: float) -> Slots:
        """The slots of a light curve: one cadence long, or as short as the times need.

        Args:
            curve: The light curve.
            shortest_transit_days: Slots are shorter than this, whatever the cadence.
        """
        length = slot_length(curve, shortest_transit_days=shortest_transit_days)
        count = int(np.rint(curve.span_days / length)) + 1
        missing, weights = np.zeros(count), np.zeros(count)
        level = quiet_level(curve.fluxes, curve.sigmas, _CLIP)
        fill_slots((curve.times, curve.fluxes, curve.sigmas), level, length, missing, weights)
        return cls(
            start_days=float(curve.times[0]) - length / 2,
            slot_days=length,
            missing=missing,
            weights=weights,
        )

    def bins(self, factor: int) -> tuple[FloatArray, FloatArray]:
        """Missing flux and weight in bins of `factor` slots."""
        if factor == 1:
            return self.missing, self.weights
        count = -(-len(self) // factor)
        missing, weights = np.empty(count), np.empty(count)
        fill_bins(self.cumulative, factor, missing, weights)
        return missing, weights

    def series(
        self, factor: int, *, longest_period: int, most_rows: int | None, fold_weights: bool | None = None
    ) -> Series:
        """Bins of `factor` slots, ready to be folded at up to `longest_period` bins.

        Args:
            factor: Slots per bin.
            longest_period: Bins.
            most_rows: Rows summed at most, where weights are to be whole numbers whose sums fit into 16 bits;
                None keeps the weights as they are.
            fold_weights: False takes all weights as equal, True folds them in any case; by default they are
                folded where they differ.
        """
        missing, weights = self.bins(factor)
        mean, low, high, highest = weight_range(weights)
        uniform = _LOWEST_OF_UNIFORM * mean < low and high < _HIGHEST_OF_UNIFORM * mean
        uniform = uniform if fold_weights is None else not fold_weights
        heaviest = min(highest, _HEAVIEST * mean)
        room = longest_period + BLOCK + (most_rows or 0) + 4 * (LANES + HALO) + len(weights)
        unit = mean
        if most_rows is None:
            counts: NDArray[np.float32] | NDArray[np.uint16] = np.zeros(room, np.float32)
            write_weights(weights, heaviest, mean, counts)
        else:
            counts = np.zeros(room, np.uint16)
            whole = heaviest / max(_SIXTEEN_BITS // most_rows - 1, 1)
            write_counts(weights, heaviest, whole, counts)
            unit = mean if uniform else whole
        folded = np.zeros(room, np.float32)
        write_missing(missing, weights, heaviest, 1 / math.sqrt(unit), folded)
        return Series(folded, counts, len(weights), uniform)


def slot_length(curve: CleanCurve, *, shortest_transit_days: float) -> float:
    """How long the slots of a light curve are [d].

    One cadence where the times lie on an even grid; half of it where they do not and a transit is only a few
    cadences long; shorter than the shortest transit for sparse data; longer than a cadence where more slots
    than `MOST_SLOTS` were needed.
    """
    cadence = curve.cadence_days
    off_grid = distance_from_grid(curve.times, cadence) > _OFF_GRID
    length = cadence
    if off_grid and cadence * _FEW_SLOTS_PER_TRANSIT > shortest_transit_days:
        length = cadence / 2
    length = min(length, max(shortest_transit_days, cadence / 10))
    fewest = curve.span_days / (MOST_SLOTS - 1)
    return length if length >= fewest else length * math.ceil(fewest / length)
