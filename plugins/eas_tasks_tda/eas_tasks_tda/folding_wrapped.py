"""Signal-to-noise ratio of the best box at every trial period: short periods, folded with wrap-around.

Where rows are many and short, a row that drifts begins anew at its own start rather than running into the
next. The fold of drift s over M rows of p bins then has the period ``p**2 / (p - s / (M - 1))`` bins.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from eas_tasks_tda.compiled import kernel
from eas_tasks_tda.folding_scan import trial_steps
from eas_tasks_tda.folding_tree import share, share_of
from eas_tasks_tda.profile_search import HALO, WIDTHS, active_boxes, add, best_box, groups_at, padded, whiten


@kernel
def add_turned(out: Any, at: int, a: Any, i: int, k: int, turn: int, period: int) -> None:  # noqa: PLR0913 - a kernel
    """``out[at:]`` = row `i` plus row `k`, which is turned left by `turn` bins."""
    n = period - turn
    add(out, at, a, i, a, k + turn, n)
    if turn > 0:
        add(out, at + n, a, i + n, a, k, turn)


@kernel
def merge_turned(out: Any, source: Any, period: int, first: int, middle: int, last: int) -> None:
    """The folds of rows `first` to `last` from those of its two parts."""
    head, tail = middle - first, last - middle
    upper, lower = share_of(head, head + tail), share_of(tail, head + tail)
    turn = 0  # drift - k modulo the period; from one drift to the next it grows by one at most
    for drift in range(head + tail):
        i, k = share(drift, upper), share(drift, lower)
        if drift > 0:
            turn += 1 - (k - share(drift - 1, lower))
            turn = turn if turn < period else 0
        to = (first + drift) * period
        add_turned(out, to, source, (first + i) * period, (middle + k) * period, turn, period)


@kernel
def fold_parts(x: Any, period: int, rows: int, a: Any, b: Any) -> Any:
    """The folds of the first and, behind them, of the second half of the rows, one for each drift.

    They are `period` bins apart, in `a`, `b` or, where a half is one row, in `x`: the one that is returned.
    """
    depth, source = 0, x
    while rows > 1 << depth:
        depth += 1
    for level in range(depth - 1, 0, -1):
        for k in range(1 << level):
            first, last = (k * rows) >> level, ((k + 1) * rows) >> level
            middle = ((2 * k + 1) * rows) >> (level + 1)
            if last - first < 2:
                a[first * period : last * period] = source[first * period : last * period]
            else:
                merge_turned(a, source, period, first, middle, last)
        source, a, b = a, b, a
    return source


@kernel
def extend(profile: Any, period: int, n: int) -> None:
    """Repeat a profile behind its end up to `n` bins."""
    for j in range(period, n):
        profile[j] = profile[j - period]


@kernel
def scan_wrapped(series: Any, trials: Any, first: int, stride: int, out: Any) -> None:
    """The statistic of every trial of each `stride`-th base period from the `first` on, written to `out`."""
    size = series.length + trials.periods.max() + HALO
    a, b = np.zeros(size, np.float32), np.zeros(size, np.float32)
    u, v = np.zeros(size, np.float32), np.zeros(size, np.float32)
    profile = np.zeros(padded(trials.periods.max()) + 3 * HALO, np.float32)
    norm = np.zeros(len(WIDTHS), np.float32)
    for i in range(first, len(trials.periods), stride):
        period, step, place = trials.periods[i], trials.steps[i], trials.places[i]
        rows = (series.length - 1) // period + 1
        groups = active_boxes(norm, trials, period)
        sums = fold_parts(series.missing, period, rows, a, b)
        weights = fold_parts(series.weights, period, rows, u, v)
        middle = rows >> 1
        upper, lower = share_of(middle, rows), share_of(rows - middle, rows)
        for k in range(trial_steps(rows, step)):
            drift = k * step
            tail = share(drift, lower)
            row, other = share(drift, upper) * period, (middle + tail) * period
            turn = (drift - tail) % period
            n = period - turn
            whiten(profile, sums, weights, row, other + turn, n)
            if turn > 0:
                whiten(profile[n:], sums, weights, row + n, other, turn)
            extend(profile, period, padded(period) + HALO)
            used = groups_at(groups, step, k)
            out[place + k] = best_box(profile, padded(period), used, norm, trials.edge)
