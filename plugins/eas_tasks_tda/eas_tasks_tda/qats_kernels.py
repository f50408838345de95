"""The best sequence of almost periodic transits: the dynamic programme of Carter & Agol (2013), compiled.

Boxes of `width` samples begin `shortest` to `longest` samples after one another. With ``d(n)`` the missing
flux of a box from sample n on, in standard deviations of a sample, the best sum of m boxes of which the last
begins at n is ``S_m(n) = d(n) + max S_(m-1)(k)`` for k from ``n - longest`` to ``n - shortest``, and the
statistic of M transits is ``max S_M / sqrt(M width)``.

Two savings make no difference to the result. Which samples the m-th box may begin at depends on M only from
the end of the data backwards, so that one pass with the loosest of these limits serves all M. The maximum in
a sliding window of W is that of two windows of half the size, which takes log2(W) passes of vector
instructions over a row; queues or blocks of maxima need fewer comparisons and longer.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from eas_tasks_tda.compiled import kernel

LOW = -1e300  # below every sum; not infinite, because the compiler may reorder sums


class Spacing(NamedTuple):
    """Samples of the data and of a box, and the samples from one box to the next; fewest and most boxes."""

    length: int
    width: int
    shortest: int
    longest: int
    fewest: int
    most: int


@kernel
def spacing_of(length: int, width: int, shortest: int, longest: int) -> Spacing:
    """The numbers of boxes with which no box is missing at either end of the data."""
    fewest = max((length + width - 1) // longest, 1)
    return Spacing(length, width, shortest, longest, fewest, (length - width) // shortest + 1)


@kernel
def first_start(boxes: Spacing, m: int) -> int:
    """The first sample at which the m-th box may begin, m from 1."""
    return max((m - 1) * boxes.shortest, boxes.length - (boxes.most - m + 1) * boxes.longest)


@kernel
def last_start(boxes: Spacing, m: int) -> int:
    """The last sample at which the m-th box may begin."""
    from_end = boxes.length - boxes.width - max(boxes.fewest - m, 0) * boxes.shortest
    return min(m * boxes.longest - boxes.width, from_end)


@kernel
def add_larger(out: Any, a: Any, b: Any, dips: Any) -> None:
    """``out = dips + max(a, b)``, element by element."""
    for i in range(len(out)):
        out[i] = dips[i] + (a[i] if a[i] > b[i] else b[i])


@kernel
def larger(out: Any, a: Any, b: Any) -> None:
    """``out = max(a, b)``, element by element."""
    for i in range(len(out)):
        out[i] = a[i] if a[i] > b[i] else b[i]


@kernel
def next_row(row: Any, before: Any, dips: Any, window: int, spare: Any) -> None:
    """``row[i] = dips[i] + max(before[i : i + window])``; `spare` are two arrays as long as `before`."""
    n, size, source = len(row), 1, 0
    a, b = before, spare[0]
    while 2 * size < window:
        reach = n + window - 2 * size
        larger(b[:reach], a[:reach], a[size : size + reach])
        a, b, source, size = b, spare[1 - source], 1 - source, 2 * size
    add_larger(row, a[:n], a[window - size : window - size + n], dips)


@kernel
def fill(row: Any, value: float) -> None:
    """``row[:] = value``."""
    for i in range(len(row)):
        row[i] = value


@kernel
def advance(boxes: Spacing, m: int, dips: Any, rows: Any, limits: Any) -> Any:
    """The sums of m boxes from those of m - 1 between `limits`; gives their own limits, empty where none fit.

    `rows` holds the row before, the row to write and two to spare. Sample n is element ``n + window`` of a
    row; beside its limits a row is `LOW` for a window's length.
    """
    window = boxes.longest - boxes.shortest + 1
    first = max(limits[0] + boxes.shortest, first_start(boxes, m))
    last = min(limits[1] + boxes.longest, last_start(boxes, m))
    if first > last:
        return first, last
    row, start = rows[1][window + first : window + last + 1], window + first - boxes.longest
    next_row(
        row,
        rows[0][start : start + len(row) + window - 1],
        dips[first : last + 1],
        window,
        (rows[2], rows[3]),
    )
    fill(rows[1][first : window + first], LOW)
    fill(rows[1][window + last + 1 : 2 * window + last + 1], LOW)
    return first, last


@kernel
def start_rows(boxes: Spacing, dips: Any, row: Any) -> Any:
    """Write the sums of one box; gives the first and the last sample at which it may begin."""
    window = boxes.longest - boxes.shortest + 1
    first, last = max(first_start(boxes, 1), 0), last_start(boxes, 1)
    fill(row[first : 2 * window + last + 1], LOW)
    row[window + first : window + last + 1] = dips[first : last + 1]
    return first, last


@kernel
def best_count(boxes: Spacing, dips: Any, rows: Any) -> Any:
    """The highest statistic of all numbers of transits, and the number that has it; 0 and 0 where none is."""
    window = boxes.longest - boxes.shortest + 1
    a, b, c, d = rows
    best, count = 0.0, 0
    first, last = start_rows(boxes, dips, a)
    for m in range(1, boxes.most + 1):
        if m > 1:
            first, last = advance(boxes, m, dips, (a, b, c, d), (first, last))
            a, b = b, a
        if first > last:
            break
        low = max(first, boxes.length - boxes.longest)
        if m < boxes.fewest or low > last:
            continue
        top = a[window + low : window + last + 1].max() / math.sqrt(m * boxes.width)
        if top > best:
            best, count = top, m
    return best, count


@kernel
def room_for(length: int, window: int) -> Any:
    """Four rows as `advance` wants them."""
    size = length + 2 * window + 1
    return np.empty(size), np.empty(size), np.empty(size), np.empty(size)


@kernel
def scan(dips: Any, width: int, cells: Any, first: int, stride: int, out: Any) -> None:
    """Statistic and number of transits of each `stride`-th cell from the `first` on, rows of `out`.

    Args:
        dips: Missing flux of the box from each sample on.
        width: Samples of a box.
        cells: Shortest and longest spacing, shape (n, 2).
        first: Of the cells.
        stride: Of the cells.
        out: Shape (n, 2).
    """
    length = len(dips) + width - 1
    rows = room_for(length, (cells[:, 1] - cells[:, 0]).max() + 1)
    for i in range(first, len(cells), stride):
        boxes = spacing_of(length, width, cells[i, 0], cells[i, 1])
        out[i, 0], out[i, 1] = best_count(boxes, dips, rows)


@kernel
def sequence(dips: Any, width: int, shortest: int, longest: int, count: int) -> Any:
    """The samples at which the boxes of the best sequence of `count` transits begin."""
    length = len(dips) + width - 1
    boxes = Spacing(length, width, shortest, longest, count, count)
    window = longest - shortest + 1
    a, b, c, d = room_for(length, window)
    limits = np.zeros((count + 1, 3), np.int64)  # first and last start, and where the row is kept
    for m in range(1, count + 1):
        limits[m, :2] = max(first_start(boxes, m), 0), last_start(boxes, m)
        if m < count:
            limits[m + 1, 2] = limits[m, 2] + max(limits[m, 1] - limits[m, 0] + 1, 0)
    kept = np.empty(limits[count, 2] + length)
    first, last = start_rows(boxes, dips, a)
    for m in range(1, count + 1):
        if m > 1:
            first, last = advance(boxes, m, dips, (a, b, c, d), (first, last))
            a, b = b, a
        limits[m, 0], limits[m, 1] = first, last
        kept[limits[m, 2] : limits[m, 2] + last - first + 1] = a[window + first : window + last + 1]
    starts = np.zeros(count, np.int64)
    low, high = max(limits[count, 0], length - longest), limits[count, 1]
    for m in range(count, 0, -1):
        low, high = max(low, limits[m, 0]), min(high, limits[m, 1])
        place = limits[m, 2] - limits[m, 0]
        starts[m - 1] = low + np.argmax(kept[place + low : place + high + 1])
        low, high = starts[m - 1] - longest, starts[m - 1] - shortest
    return starts
