"""From samples to slots, and from slots to the bins that are folded: compiled loops, each one pass."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from eas_tasks_tda.compiled import kernel

_TINY = 1e-30


@kernel
def distance_from_grid(times: Any, cadence: float) -> float:
    """Root mean square distance of the times from even ones that begin at the first, in cadences."""
    total, scale = 0.0, 1.0 / cadence
    for i in range(len(times)):
        x = (times[i] - times[0]) * scale
        x -= np.rint(x)
        total += x * x
    return math.sqrt(total / len(times))


@kernel
def quiet_level(fluxes: Any, sigmas: Any, clip: float) -> float:
    """Weighted mean of the fluxes that lie within `clip` standard deviations of 1; 1 where none does."""
    total = weights = 0.0
    for i in range(len(fluxes)):
        if abs(fluxes[i] - 1.0) < clip * sigmas[i]:
            weight = 1.0 / (sigmas[i] * sigmas[i])
            total += weight * (fluxes[i] - 1.0)
            weights += weight
    return 1.0 + total / weights if weights > 0 else 1.0


@kernel
def fill_slots(samples: Any, level: float, length: float, missing: Any, weights: Any) -> None:
    """Add missing flux times weight, and weight, of each sample to the slot at which it lies.

    Args:
        samples: Times, fluxes and standard deviations.
        level: Flux of which nothing is missing.
        length: Of a slot [d]; the first one has the first sample in its middle.
        missing: Shape (slots,).
        weights: Shape (slots,).
    """
    times, fluxes, sigmas = samples
    for i in range(len(times)):
        k = int(np.rint((times[i] - times[0]) / length))
        weight = 1.0 / (sigmas[i] * sigmas[i])
        missing[k] += (level - fluxes[i]) * weight
        weights[k] += weight


@kernel
def fill_bins(sums: Any, factor: int, missing: Any, weights: Any) -> None:
    """Missing flux and weight in bins of `factor` slots, from the cumulative sums over slots."""
    last, start = len(sums) - 1, 0
    for i in range(len(missing)):
        stop = min(start + factor, last)
        missing[i] = sums[stop, 0] - sums[start, 0]
        weights[i] = max(sums[stop, 1] - sums[start, 1], 0.0)
        start = stop


@kernel
def weight_range(weights: Any) -> tuple[float, float, float, float]:
    """Mean of the weights above 0, lowest and highest of all but the last, highest of all."""
    total, count = 0.0, 0
    low, high = np.inf, 0.0
    for i in range(len(weights) - 1):
        weight = weights[i]
        total += weight
        count += 1 if weight > 0 else 0
        low, high = min(low, weight), max(high, weight)
    last = weights[-1]
    count += 1 if last > 0 else 0
    return (total + last) / max(count, 1), low, high, max(high, last)


@kernel
def write_missing(missing: Any, weights: Any, heaviest: float, scale: float, out: Any) -> None:
    """``out`` = missing flux times `scale`, with weights above `heaviest` brought down to it."""
    for i in range(len(missing)):
        kept = min(weights[i], heaviest)
        out[i] = missing[i] * (kept / max(weights[i], heaviest * _TINY)) * scale


@kernel
def write_weights(weights: Any, heaviest: float, unit: float, out: Any) -> None:
    """``out`` = weights, at most `heaviest`, in multiples of `unit`."""
    scale = 1.0 / unit
    for i in range(len(weights)):
        out[i] = min(weights[i], heaviest) * scale


@kernel
def write_counts(weights: Any, heaviest: float, unit: float, out: Any) -> None:
    """As `write_weights` in whole numbers; the rounding of one is made up for by the next."""
    total, before, scale = 0.0, 0.0, 1.0 / unit
    for i in range(len(weights)):
        total += min(weights[i], heaviest) * scale
        here = math.floor(total + 0.5)
        out[i] = int(here - before)
        before = here
