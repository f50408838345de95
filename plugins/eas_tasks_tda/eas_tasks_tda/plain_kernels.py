"""The inner loops of the folding search as ordinary loops, which the compiler turns into vector instructions.

They say what `vector_kernels` computes, are its reference in the tests, and stand in for it where numba does
not offer what it needs. A folded profile is whitened: each bin is the weighted mean of its samples over the
standard deviation of that mean. The statistic of a box of n bins is ``(sum - k * (first + last)) * norm``: a
limb-darkened transit is shallower in its outermost bins by the fraction k, and norm makes the noise 1.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from eas_tasks_tda.compiled import kernel

LANES = 16  # bins treated as one; profiles are as long as a multiple of it
_TINY = np.float32(1e-20)
_ONE = np.float32(1.0)


@kernel
def add(out: Any, at: int, x: Any, i: int, y: Any, k: int, n: int) -> None:  # noqa: PLR0913 - a kernel: arrays, and where to start in each
    """``out[at:] = x[i:] + y[k:]`` for `n` bins."""
    sums, a, b = out[at : at + n], x[i : i + n], y[k : k + n]
    for j in range(n):
        sums[j] = a[j] + b[j]


@kernel
def add_three(out: Any, at: int, x: Any, i: int, k: int, m: int, n: int) -> None:  # noqa: PLR0913 - a kernel
    """``out[at:] = x[i:] + x[k:] + x[m:]`` for `n` bins."""
    sums, a, b, c = out[at : at + n], x[i : i + n], x[k : k + n], x[m : m + n]
    for j in range(n):
        sums[j] = a[j] + b[j] + c[j]


@kernel
def add_four(out: Any, at: int, x: Any, i: int, k: int, m: int, q: int, n: int) -> None:  # noqa: PLR0913 - a kernel
    """``out[at:] = x[i:] + x[k:] + x[m:] + x[q:]`` for `n` bins."""
    sums, a, b, c, d = out[at : at + n], x[i : i + n], x[k : k + n], x[m : m + n], x[q : q + n]
    for j in range(n):
        sums[j] = a[j] + b[j] + c[j] + d[j]


@kernel
def whiten(profile: Any, missing: Any, weights: Any, head: int, tail: int, n: int) -> None:
    """``profile`` = two rows of missing flux over the root of the sum of their weights; 0 without any."""
    out = profile[:n]
    a, b = missing[head : head + n], missing[tail : tail + n]
    u, v = weights[head : head + n], weights[tail : tail + n]
    for j in range(n):
        out[j] = (a[j] + b[j]) * (_ONE / math.sqrt(np.float32(u[j] + v[j]) + _TINY))


@kernel
def whiten_four(profile: Any, missing: Any, weights: Any, i: int, k: int, m: int, q: int, n: int) -> None:  # noqa: PLR0913 - a kernel
    """``profile`` = four rows of missing flux over the root of the sum of their weights; 0 without any."""
    out = profile[:n]
    for j in range(n):
        weight = np.float32(weights[i + j] + weights[k + j] + weights[m + j] + weights[q + j])
        total = missing[i + j] + missing[k + j] + missing[m + j] + missing[q + j]
        out[j] = total * (_ONE / math.sqrt(weight + _TINY))


@kernel
def boxes_1_3(profile: Any, n: int, norm: Any, edge: Any) -> Any:
    """The highest statistic of boxes of 1 to 3 bins, at least 0."""
    top = np.zeros(LANES, np.float32)
    n1, n2, n3, k3 = norm[0], norm[1], norm[2], edge[2]
    for start in range(0, n, LANES):
        x = profile[start : start + LANES + 3]
        for j in range(LANES):
            two = x[j] + x[j + 1]
            three = two + x[j + 2] - k3 * (x[j] + x[j + 2])
            top[j] = max(top[j], max(x[j] * n1, max(two * n2, three * n3)))
    return np.float32(top.max())


@kernel
def boxes_4_5(profile: Any, n: int, norm: Any, edge: Any) -> Any:
    """The highest statistic of boxes of 4 and 5 bins, at least 0."""
    top = np.zeros(LANES, np.float32)
    n4, n5, k4, k5 = norm[3], norm[4], edge[3], edge[4]
    for start in range(0, n, LANES):
        x = profile[start : start + LANES + 5]
        for j in range(LANES):
            four = x[j] + x[j + 1] + x[j + 2] + x[j + 3]
            five = four + x[j + 4]
            low = (four - k4 * (x[j] + x[j + 3])) * n4
            top[j] = max(top[j], max(low, (five - k5 * (x[j] + x[j + 4])) * n5))
    return np.float32(top.max())


@kernel
def boxes_6_7(profile: Any, n: int, norm: Any, edge: Any) -> Any:
    """The highest statistic of boxes of 6 and 7 bins, at least 0."""
    top = np.zeros(LANES, np.float32)
    n6, n7, k6, k7 = norm[5], norm[6], edge[5], edge[6]
    for start in range(0, n, LANES):
        x = profile[start : start + LANES + 7]
        for j in range(LANES):
            six = x[j] + x[j + 1] + x[j + 2] + x[j + 3] + x[j + 4] + x[j + 5]
            seven = six + x[j + 6]
            low = (six - k6 * (x[j] + x[j + 5])) * n6
            top[j] = max(top[j], max(low, (seven - k7 * (x[j] + x[j + 6])) * n7))
    return np.float32(top.max())


@kernel
def boxes_1_5(profile: Any, n: int, norm: Any, edge: Any) -> Any:
    """The highest statistic of boxes of 1 to 5 bins, at least 0."""
    return max(boxes_1_3(profile, n, norm, edge), boxes_4_5(profile, n, norm, edge))


@kernel
def boxes_4_7(profile: Any, n: int, norm: Any, edge: Any) -> Any:
    """The highest statistic of boxes of 4 to 7 bins, at least 0."""
    return max(boxes_4_5(profile, n, norm, edge), boxes_6_7(profile, n, norm, edge))


@kernel
def boxes_1_7(profile: Any, n: int, norm: Any, edge: Any) -> Any:
    """The highest statistic of boxes of 1 to 7 bins, at least 0."""
    return max(boxes_1_3(profile, n, norm, edge), boxes_4_7(profile, n, norm, edge))
