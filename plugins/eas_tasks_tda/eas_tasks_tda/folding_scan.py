"""Signal-to-noise ratio of the best box at every trial period: long periods, cut into blocks of phase."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from eas_tasks_tda.compiled import kernel
from eas_tasks_tda.folding_tree import LARGEST_GROUP, fold_halves, share, share_of
from eas_tasks_tda.profile_search import (
    HALO,
    WIDTHS,
    active_boxes,
    add,
    add_four,
    best_box,
    groups_at,
    padded,
    whiten,
    whiten_four,
)

BLOCK = 2048  # bins of phase folded at a time, so that the rows stay in the processor's cache


class Series(NamedTuple):
    """Missing flux times weight, and the weights as whole numbers, in even bins; zeros behind the last bin.

    In units in which the mean of some samples, over its standard deviation, is
    ``sum(missing) / sqrt(sum(weights))``.
    """

    missing: NDArray[np.float32]
    weights: NDArray[np.uint16] | NDArray[np.float32]
    length: int
    is_uniform: bool


class Trials(NamedTuple):
    """Base periods in bins; for each the step in drift and the place of its first trial; boxes and limits.

    Box w - 1, of w bins, belongs to periods from `shortest` to below `longest` (in bins).
    """

    periods: NDArray[np.int64]
    steps: NDArray[np.int64]
    places: NDArray[np.int64]
    norm: NDArray[np.float32]
    edge: NDArray[np.float32]
    shortest: NDArray[np.float64]
    longest: NDArray[np.float64]


class Block(NamedTuple):
    """Phases that are folded at a time: the first bin and their number, and how their rows lie in memory."""

    start: int
    width: int
    period: int
    rows: int
    pitch: int


@kernel
def row_pitch(width: int, rows: int) -> int:
    """Bins from one row of a block to the next: the phases, the boxes' halo and the drift."""
    return padded(width + HALO + rows) + HALO


@kernel
def trial_steps(rows: int, step: int) -> int:
    """How many drifts are tried."""
    return (max(rows - 1, 1) - 1) // step + 1


@kernel
def step_between(rows: int, count: int) -> int:
    """The step between drifts of which `count` are tried, 1 or 2."""
    return 1 if count == max(rows - 1, 1) else 2


@kernel
def even_out(profile: Any, rows: int, full: int, n: int) -> None:
    """Whiten a sum of `rows` rows of weight 1 of which the last has data in the first `full` bins only."""
    full = min(max(full, 0), n)
    high, low = np.float32(1 / math.sqrt(rows)), np.float32(1 / math.sqrt(max(rows - 1, 1)))
    left, right = profile[:full], profile[full:n]
    for j in range(len(left)):
        left[j] *= high
    for j in range(len(right)):
        right[j] *= low


@kernel
def scan_blocks(series: Any, trials: Any, first: int, stride: int, out: Any) -> None:
    """The statistic of every trial of each `stride`-th base period from the `first` on, written to `out`."""
    most_rows = (series.length - 1) // trials.periods.min() + 1
    size = most_rows * row_pitch(BLOCK, most_rows)
    sums = np.zeros(size, np.float32), np.zeros(size, np.float32)
    size = 1 if series.is_uniform else size
    counts = np.zeros(size, np.uint16), np.zeros(size, np.uint16)
    profile, norm = np.zeros(BLOCK + 2 * HALO, np.float32), np.zeros(len(WIDTHS), np.float32)
    for i in range(first, len(trials.periods), stride):
        period, place = trials.periods[i], trials.places[i]
        rows = (series.length - 1) // period + 1
        groups = active_boxes(norm, trials, period)
        found = out[place : place + trial_steps(rows, trials.steps[i])]
        found[:] = 0
        block_count = (period - 1) // BLOCK + 1
        width = padded((period - 1) // block_count + 1)
        for start in range(0, period, width):
            block = Block(start, width, period, rows, row_pitch(width, rows))
            if rows <= LARGEST_GROUP:
                search_few_rows(found, series, block, profile, groups, norm, trials.edge)
                continue
            n = width + HALO
            halves = fold_halves(series.missing, start, period, rows, n, block.pitch, sums)
            weights = counts[0]
            if not series.is_uniform:
                weights = fold_halves(series.weights, start, period, rows, n, block.pitch, counts)
            search_block(found, series, block, halves, weights, profile, groups, norm, trials.edge)


@kernel
def search_few_rows(  # noqa: PLR0913 - a kernel
    found: Any, series: Any, block: Any, profile: Any, groups: int, norm: Any, edge: Any
) -> None:
    """As `search_block` for two to four rows, which are summed where they lie; absent ones are zeros."""
    rows, n = block.rows, block.width + HALO
    step = step_between(rows, len(found))
    for k in range(len(found)):
        drift = k * step
        fourth = len(series.missing) - n - HALO
        second, third = block.start + block.period, fourth
        if rows == 2:
            second += drift
        elif rows == 3:
            second, third = second + drift // 2, second + block.period + drift
        else:
            third = second + block.period + (2 * drift + 1) // 3
            fourth = second + 2 * block.period + drift
            second += (drift + 1) // 3
        if series.is_uniform:
            add_four(profile, 0, series.missing, block.start, second, third, fourth, n)
            even_out(profile, rows, series.length - (rows - 1) * block.period - drift - block.start, n)
        else:
            whiten_four(profile, series.missing, series.weights, block.start, second, third, fourth, n)
        found[k] = max(found[k], best_box(profile, block.width, groups_at(groups, step, k), norm, edge))


@kernel
def search_block(  # noqa: PLR0913 - a kernel
    found: Any,
    series: Any,
    block: Any,
    sums: Any,
    weights: Any,
    profile: Any,
    groups: int,
    norm: Any,
    edge: Any,
) -> None:
    """Raise the statistic of each drift to what the best box in a block of phase gives."""
    rows, head, n = block.rows, block.rows // 2, block.width + HALO
    step = step_between(rows, len(found))
    upper, lower = share_of(head, rows), share_of(rows - head, rows)
    for k in range(len(found)):
        drift = k * step
        i, j = share(drift, upper), share(drift, lower)
        row, other = i * block.pitch, (head + j) * block.pitch + drift - j
        if series.is_uniform:
            add(profile, 0, sums, row, sums, other, n)
            even_out(profile, rows, series.length - (rows - 1) * block.period - drift - block.start, n)
        else:
            whiten(profile, sums, weights, row, other, n)
        found[k] = max(found[k], best_box(profile, block.width, groups_at(groups, step, k), norm, edge))
