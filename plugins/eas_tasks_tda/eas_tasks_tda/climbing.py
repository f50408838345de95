"""From a point near it to the transit that fits best: compiled search along the coordinates."""

from __future__ import annotations

import math
from typing import Any

from eas_tasks_tda.compiled import kernel
from eas_tasks_tda.template_kernels import shape_sums, template_snr

LONGEST_DUTY_CYCLE = 0.25
_SMALLEST_STEP = 1 / 64  # of the first step


@kernel
def statistic(data: Any, reference: Any, point: Any) -> float:
    """Signal-to-noise ratio of the transits at a point, 0 outside the possible durations.

    Args:
        data: Cumulative sums over slots, or samples, parts of an exposure and a shape (`shape_sums`); slots
            are used where there are no parts.
        reference: Period, a mid-transit near the middle of the data, duration, number of cycles in the data.
        point: Shift of the mid-transit, drift over the data, logarithm of the stretch of the duration.
    """
    sums, samples, parts, shape = data
    period, centre, duration, cycles = reference
    duration *= math.exp(point[2])
    period += point[1] / cycles
    if not 0.0 < duration <= LONGEST_DUTY_CYCLE * period:
        return 0.0
    if len(parts) == 0:
        return template_snr(sums, period, centre + point[0], duration) if duration >= 1.0 else 0.0
    norm, projection = shape_sums(samples, parts, shape, period, centre + point[0], duration)
    return projection / math.sqrt(norm) if norm > 0 else 0.0


@kernel
def step_along(data: Any, reference: Any, point: Any, best: float, axis: int, step: float) -> float:
    """Move `point` by a step to either side of one coordinate where that is better; gives the statistic."""
    start = point[axis]
    for moved in (start + step, start - step):
        point[axis] = moved
        value = statistic(data, reference, point)
        if value > best:
            return value
    point[axis] = start
    return best


@kernel
def climb(data: Any, reference: Any, point: Any, best: float, step: Any) -> float:
    """Move `point` to the highest statistic near it, one coordinate at a time with shrinking steps."""
    smallest = step[0] * _SMALLEST_STEP
    while step[0] > smallest:
        before = best
        for axis in range(3):
            best = step_along(data, reference, point, best, axis, step[axis])
        if best <= before:
            for axis in range(3):
                step[axis] *= 0.5
    return best
