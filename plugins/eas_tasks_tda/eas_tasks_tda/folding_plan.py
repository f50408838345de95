"""Which periods, drifts and boxes a folding search tries.

Durations are searched at 4 to 7 bins. A class is one length of bins (1, 2, 3, 4, 6, 8, 12, ... slots) with
the boxes that the next longer class does not offer at 4 bins or more; each box is tried at the periods at
which a transit of that duration is possible for the stars asked for, and nowhere else. In the shortest class
boxes go down to one bin. Neighbouring trials differ by a drift of two bins over the data where all boxes have
three bins or more, else of one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eas_tasks_tda.compiled import kernel
from eas_tasks_tda.elliptic import FloatArray
from eas_tasks_tda.folding_scan import Trials
from eas_tasks_tda.grids import LONGEST_DUTY_CYCLE, Star
from eas_tasks_tda.profile_search import WIDTHS
from eas_tasks_tda.refine import transit_shape

FEWEST_BINS = 4  # of a transit, wherever the cadence allows
_TOLERANCE = 1.05  # by which a box may miss the possible durations
_COARSE_STEP, _COARSE_FROM = 2, 3  # drift between trials, and the shortest box that allows it; bins
_SHORTEST_PERIOD_BINS = 4
_SHAPE_POINTS_PER_BIN = 20


@dataclass(frozen=True, kw_only=True)
class DurationClass:
    """Bins of `factor` slots and the trials with them; `wrapped` holds the base periods of short rows."""

    factor: int
    blocks: Trials
    wrapped: Trials


def factors() -> Iterator[int]:
    """1, 2, 3, 4, 6, 8, 12, 16, ...: slots per bin, without end."""
    yield 1
    power = 2
    while True:
        yield power
        yield power * 3 // 2
        power *= 2


def classes(
    slot_count: int, *, slot_days: float, shortest: float, longest: float, star: Star
) -> list[DurationClass]:
    """Every class in which some transit is possible.

    Args:
        slot_count: Length of the data.
        slot_days: Length of a slot.
        shortest: Shortest period [d].
        longest: Longest period [d].
        star: The star, or the range of stars.
    """
    plan = []
    sizes = factors()
    factor = next(sizes)
    while factor * slot_days * FEWEST_BINS < _TOLERANCE * star.longest_transit(longest):
        following = next(sizes)
        widths = [
            w for w in WIDTHS if (factor == 1 or w >= FEWEST_BINS) and w * factor < FEWEST_BINS * following
        ]
        bin_days = factor * slot_days
        limits = _period_limits(widths, bin_days=bin_days, shortest=shortest, longest=longest, star=star)
        made = _class(factor, -(-slot_count // factor), limits)
        if made is not None:
            plan.append(made)
        factor = following
    return plan


def _period_limits(
    widths: list[int], *, bin_days: float, shortest: float, longest: float, star: Star
) -> FloatArray:
    """Shortest and longest period [bins] of each box, shape (2, boxes); equal where it is not tried."""
    limits = np.zeros((2, len(WIDTHS)))
    for width in widths:
        days = width * bin_days
        most = days * _TOLERANCE / star.shortest_transit(1.0)
        least = days / _TOLERANCE / star.uncapped_transit(1.0)
        low = max(shortest, least**3, days / _TOLERANCE / LONGEST_DUTY_CYCLE)
        high = min(longest, most**3)
        limits[:, width - 1] = (low / bin_days, high / bin_days) if high > low else 0.0
    return limits


def _class(factor: int, length: int, limits: FloatArray) -> DurationClass | None:
    """The class with bins of `factor` slots; None where no box is possible."""
    used = limits[1] > limits[0]
    if not used.any():
        return None
    first = max(math.floor(limits[0][used].min()), _SHORTEST_PERIOD_BINS)
    smallest = np.zeros(max(min(math.ceil(limits[1].max()), length) - first, 0), np.int64)
    _find_smallest_boxes(first, limits, smallest)
    tried = np.flatnonzero(smallest)
    if len(tried) == 0:
        return None
    periods, steps = first + tried, np.where(smallest[tried] >= _COARSE_FROM, _COARSE_STEP, 1)
    few_rows = int(np.searchsorted(periods, 2 * math.sqrt(length)))
    return DurationClass(
        factor=factor,
        blocks=_trials(periods[few_rows:], steps[few_rows:], length, limits),
        wrapped=_trials(periods[:few_rows], steps[:few_rows], length, limits),
    )


@kernel
def _find_smallest_boxes(first: int, limits: Any, smallest: Any) -> None:
    """Write the shortest box [bins] that is tried at each base period from `first` on; 0 where none is."""
    for i in range(len(smallest)):
        for k in range(limits.shape[1]):
            if first + i + 1 > limits[0, k] and first + i < limits[1, k]:
                smallest[i] = k + 1
                break


def _trials(periods: NDArray[np.int64], steps: NDArray[np.int64], length: int, limits: FloatArray) -> Trials:
    """The trials at some base periods."""
    counts = (np.maximum((length - 1) // periods, 1) - 1) // steps + 1
    norm, edge = box_shapes()
    places = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64)
    return Trials(periods, steps.astype(np.int64), places, norm, edge, limits[0].copy(), limits[1].copy())


def trial_count(trials: Trials, length: int) -> int:
    """How many trials there are."""
    if len(trials.periods) == 0:
        return 0
    last = max((length - 1) // int(trials.periods[-1]), 1) - 1
    return int(trials.places[-1]) + last // int(trials.steps[-1]) + 1


@cache
def box_shapes() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """For boxes of 1, 2, ... bins the norm, and the fraction by which the outermost bins are shallower."""
    norm, edge = np.zeros(len(WIDTHS), np.float32), np.zeros(len(WIDTHS), np.float32)
    for i, width in enumerate(WIDTHS):
        points = (np.arange(width * _SHAPE_POINTS_PER_BIN) + 0.5) / (width * _SHAPE_POINTS_PER_BIN)
        depth = transit_shape(2 * points - 1).reshape(width, -1).mean(axis=1)
        if width > 2:
            edge[i] = 1 - depth[0] / depth[1:-1].mean()
        norm[i] = (width - 2 * edge[i] * (2 - edge[i])) ** -0.5
    return norm, edge
