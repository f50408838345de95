"""Sums of all rows of a light curve for all drifts at once: the fast folding algorithm (Staelin 1969).

A light curve cut into M rows of p bins is summed for M drifts (0 to M - 1 bins from first to last row) in
log2(M) additions per row: folds of half the rows are sums of folds of quarters, and so on. Here the rows are
halved evenly down to groups of at most four, which are summed directly.

Rows are read from the light curve where they lie, with what follows them: a row drifts into the next one, so
that the fold of drift s has the period ``p + s / (M - 1)`` bins exactly. This costs M bins more per row and
suits p >> M; shorter periods are folded in `folding_wrapped`.
"""

from __future__ import annotations

from typing import Any

from eas_tasks_tda.compiled import kernel
from eas_tasks_tda.profile_search import add, add_four, add_three, padded

LARGEST_GROUP = 4


@kernel
def depth_of(rows: int) -> int:
    """How often rows are halved until groups have at most four; at least once."""
    depth = 1
    while rows > LARGEST_GROUP << depth:
        depth += 1
    return depth


@kernel
def share_of(part: int, whole: int) -> float:
    """The share of the drift of `whole` rows that the first `part` rows have."""
    return (part - 1) / (whole - 1) if whole > 1 else 0.0


@kernel
def share(drift: int, fraction: float) -> int:
    """The drift of a part of the rows, whole bins, halves upwards; no quotient comes as near to a half."""
    return int(drift * fraction + (0.5 + 1e-9))


@kernel
def _group(out: Any, at: int, pitch: int, x: Any, start: int, period: int, rows: int, n: int) -> None:  # noqa: PLR0913 - a kernel
    """The folds of one to four rows, one for each drift."""
    second, third, fourth = start + period, start + 2 * period, start + 3 * period
    for drift in range(rows):
        to = at + drift * pitch
        if rows == 1:
            out[to : to + n] = x[start : start + n]
        elif rows == 2:
            add(out, to, x, start, x, second + drift, n)
        elif rows == 3:
            add_three(out, to, x, start, second + drift // 2, third + drift, n)
        else:
            i, k = (drift + 1) // 3, (2 * drift + 1) // 3
            add_four(out, to, x, start, second + i, third + k, fourth + drift, n)


@kernel
def _merge(out: Any, source: Any, pitch: int, first: int, middle: int, last: int, n: int) -> None:  # noqa: PLR0913 - a kernel
    """The folds of rows `first` to `last` from those of its two parts."""
    head, tail = middle - first, last - middle
    upper, lower = share_of(head, head + tail), share_of(tail, head + tail)
    for drift in range(head + tail):
        i, k = share(drift, upper), share(drift, lower)
        add(
            out,
            (first + drift) * pitch,
            source,
            (first + i) * pitch,
            source,
            (middle + k) * pitch + drift - k,
            n,
        )


@kernel
def fold_halves(x: Any, start: int, period: int, rows: int, n: int, pitch: int, room: Any) -> Any:  # noqa: PLR0913 - a kernel
    """The folds of the first and of the second half of the rows, `n` bins wide from bin `start` of each row.

    Row r of the result, `pitch` bins from the next, is fold r of the first half or, behind them, of the
    second one; it lies in one of the two arrays of `room`.
    """
    a, b = room
    depth = depth_of(rows)
    for k in range(1 << depth):
        first, last = (k * rows) >> depth, ((k + 1) * rows) >> depth
        wide = padded(n + rows - (last - first))
        _group(a, first * pitch, pitch, x, start + first * period, period, last - first, wide)
    for level in range(depth - 1, 0, -1):
        for k in range(1 << level):
            first, last = (k * rows) >> level, ((k + 1) * rows) >> level
            middle = ((2 * k + 1) * rows) >> (level + 1)
            _merge(b, a, pitch, first, middle, last, padded(n + rows - (last - first)))
        a, b = b, a
    return a
