"""The best period, epoch and duration near a trial period, on the slots as they are: compiled loops."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from eas_tasks_tda.climbing import climb, statistic
from eas_tasks_tda.compiled import kernel
from eas_tasks_tda.template_kernels import box_sums

_DRIFTS, _SHIFTS = 4, 2  # starts of the search to either side, half a bin apart
_FIRST_STRETCH = 0.16
_TINY = 1e-20  # of a weight, so that none is no division by zero
_CLIMBS = 2  # the second leaves small maxima that stopped the first


@kernel
def fold(sums: Any, period: float, bin_slots: float, folded: Any) -> int:
    """Missing flux and weight in bins of phase, shape (bins and a halo, 2); gives the number of bins."""
    n = len(sums) - 1
    count = math.ceil(period / bin_slots)
    folded[:] = 0.0
    start = 0.0
    while start < n:
        for j in range(count):
            left = start + j * bin_slots
            if left >= n:
                break
            missing, weight = box_sums(sums, left, min(left + bin_slots, start + period))
            folded[j, 0] += missing
            folded[j, 1] += weight
        start += period
    for j in range(len(folded) - count):
        folded[count + j] = folded[j % count]
    return count


@kernel
def best_phase(folded: Any, count: int, narrowest: int, widest: int) -> tuple[float, int, int]:
    """Signal-to-noise ratio, first bin and width of the best box in folded bins."""
    best, at, width = 0.0, 0, narrowest
    for j in range(count):
        missing = weight = 0.0
        for k in range(widest):
            missing += folded[j + k, 0]
            weight += folded[j + k, 1]
            if k + 1 < narrowest or missing <= 0 or weight <= 0:
                continue
            if missing * missing > best * best * weight:
                best, at, width = missing / math.sqrt(weight), j, k + 1
    return best, at, width


@kernel
def best_single(sums: Any, widths: Any) -> tuple[float, int, int]:
    """Signal-to-noise ratio, first slot and width of the best single box, of all widths given in slots."""
    missing, weights = sums[:, 0].copy(), sums[:, 1].copy()
    best, at, best_width = 0.0, 0, widths[0]
    for width in widths:
        count = len(sums) - width
        top = _best_box(missing[:count], missing[width:], weights[:count], weights[width:])
        if top > best:
            best, best_width = top, width
    for i in range(len(sums) - best_width):
        a, u = missing[i + best_width] - missing[i], weights[i + best_width] - weights[i]
        if a > 0 and a * a >= best * (1 - 1e-12) * (u + _TINY):
            at = i
            break
    return math.sqrt(best), at, best_width


@kernel
def _best_box(before: Any, behind: Any, weight_before: Any, weight_behind: Any) -> float:
    """The highest square of the signal-to-noise ratio of boxes, 0 where all are brighter."""
    best = 0.0
    for i in range(len(before)):
        missing = behind[i] - before[i]
        value = missing * abs(missing) / (weight_behind[i] - weight_before[i] + _TINY)
        best = value if value > best else best
    return best


@kernel
def refine_peak(
    sums: Any, trial: float, bin_slots: float, limits: Any, folded: Any
) -> tuple[float, float, float, float]:
    """Signal-to-noise ratio, period, mid-transit nearest the middle of the data, and duration; in slots."""
    count = fold(sums, trial, bin_slots, folded)
    _, at, width = best_phase(folded, count, limits[0], limits[1])
    duration = max(width * bin_slots, 1.0)
    span = len(sums) - 1.0
    middle = (at + 0.5 * width) * bin_slots
    centre = middle + math.floor((0.5 * span - middle) / trial + 0.5) * trial
    reference = (trial, centre, duration, max(span / trial, 1.0))
    data = (sums, sums, np.zeros(0), np.zeros(0))
    point, start, best = np.zeros(3), np.zeros(3), 0.0
    for i in range(-_DRIFTS, _DRIFTS + 1):
        for k in range(-_SHIFTS, _SHIFTS + 1):
            start[0], start[1] = 0.5 * k * bin_slots, 0.5 * i * bin_slots
            value = statistic(data, reference, start)
            if value > best:
                best, point[0], point[1] = value, start[0], start[1]
    for _ in range(_CLIMBS):
        step = np.array([0.5 * bin_slots, 0.5 * bin_slots, _FIRST_STRETCH])
        best = climb(data, reference, point, best, step)
    return best, trial + point[1] / reference[3], centre + point[0], duration * math.exp(point[2])


@kernel
def refine_peaks(sums: Any, trials: Any, bins: Any, limits: Any, out: Any) -> None:
    """Refine each trial period; rows of `out` are what `refine_peak` gives."""
    for i in range(len(trials)):
        folded = np.zeros((math.ceil(trials[i] / bins[i]) + limits[i, 1] + 1, 2))
        row = refine_peak(sums, trials[i], bins[i], limits[i], folded)
        for k in range(4):
            out[i, k] = row[k]
