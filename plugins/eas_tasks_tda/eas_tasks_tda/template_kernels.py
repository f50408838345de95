"""How well a transit at given times fits: compiled sums over slots and over samples.

Over slots the template is two nested boxes, a limb-darkened transit in its simplest form: depth 1 inside,
less in the outer parts of the duration. Sums over a box are differences of cumulative sums, interpolated
within a slot, so that one evaluation costs a few look-ups per transit whatever the cadence. Over samples it
is any shape given as a table.
"""

from __future__ import annotations

import math
from typing import Any

from eas_tasks_tda.compiled import kernel

OUTER = 0.13  # of the duration, at either end
OUTER_DEPTH = 0.65


@kernel
def box_sums(sums: Any, start: float, stop: float) -> tuple[float, float]:
    """Missing flux and weight between two times in slots; nothing lies outside the data."""
    last = len(sums) - 1.000001
    x, y = min(max(start, 0.0), last), min(max(stop, 0.0), last)
    i, k = int(x), int(y)
    x -= i
    y -= k
    missing = sums[k, 0] + y * (sums[k + 1, 0] - sums[k, 0]) - sums[i, 0] - x * (sums[i + 1, 0] - sums[i, 0])
    weight = sums[k, 1] + y * (sums[k + 1, 1] - sums[k, 1]) - sums[i, 1] - x * (sums[i + 1, 1] - sums[i, 1])
    return missing, weight


@kernel
def template_snr(sums: Any, period: float, centre: float, duration: float) -> float:
    """Signal-to-noise ratio of the depth of all transits, the level outside of them being free as well.

    Times in slots, `centre` any mid-transit.
    """
    half, inner = 0.5 * duration, (0.5 - OUTER) * duration
    cycle = math.ceil((-half - centre) / period)
    middle = centre + cycle * period
    missing = power = shape = 0.0
    while middle - half < len(sums) - 1:
        a, u = box_sums(sums, middle - half, middle + half)
        b, v = box_sums(sums, middle - inner, middle + inner)
        missing += OUTER_DEPTH * (a - b) + b
        shape += OUTER_DEPTH * (u - v) + v
        power += OUTER_DEPTH * OUTER_DEPTH * (u - v) + v
        middle += period
    power -= shape * shape / sums[len(sums) - 1, 1]
    return missing / math.sqrt(power) if power > 0 else 0.0


@kernel
def shape_sums(
    samples: Any, parts: Any, depth: Any, period: float, t0: float, duration: float
) -> tuple[float, float]:
    """``Σ w a²`` and ``Σ w a r`` for a the depth of the shape at each sample, averaged over its exposure.

    Args:
        samples: Times, missing flux r and weights w, shape (3, n).
        parts: Times within an exposure, from its middle.
        depth: Of the shape at even steps from mid-transit to last contact, where it is 0.
        period: Unit of the times, as `t0` and `duration`.
        t0: Any mid-transit.
        duration: First to last contact.
    """
    last, half = len(depth) - 1, 0.5 * duration
    norm = projection = 0.0
    for i in range(samples.shape[1]):
        phase = (samples[0, i] - t0) / period
        phase = (phase - math.floor(phase + 0.5)) * period
        total = 0.0
        for part in parts:
            x = abs(phase + part) / half * last
            if x < last:
                k = int(x)
                total += depth[k] + (x - k) * (depth[k + 1] - depth[k])
        total /= len(parts)
        norm += samples[2, i] * total * total
        projection += samples[2, i] * total * samples[1, i]
    return norm, projection
