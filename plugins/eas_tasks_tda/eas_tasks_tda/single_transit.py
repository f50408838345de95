"""The strongest single transit: a planet whose period is longer than the data, or meets gaps."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from eas_tasks_tda.grids import DURATION_STEP, Star
from eas_tasks_tda.prepare import CleanCurve
from eas_tasks_tda.result import SMALLEST_SINGLE_SNR, TransitResult, nothing_found
from eas_tasks_tda.slots import Slots

_BINS_PER_DURATION = 5
OVER_PERIODIC = 0.95  # of the periodic signal's ratio; two equal transits have 0.71


@dataclass(frozen=True, kw_only=True)
class SingleTransit:
    """A dip that need not repeat: signal-to-noise ratio, mid-transit and duration in days."""

    snr: float
    t0: float
    duration: float


def strongest_single(slots: Slots, *, longest_days: float, star: Star) -> SingleTransit:
    """The box with the highest signal-to-noise ratio in the data, of all that a star's transits may last."""
    from eas_tasks_tda.peak_kernels import best_single  # late: loads numba

    shortest_days = max(star.shortest_transit(0.5), slots.slot_days)
    count = max(1, math.ceil(math.log(max(longest_days / shortest_days, 1.0)) / math.log(DURATION_STEP)) + 1)
    days = np.geomspace(shortest_days, max(longest_days, shortest_days), count)
    factor = max(1, int(shortest_days / _BINS_PER_DURATION / slots.slot_days))
    bin_days = factor * slots.slot_days
    widths = np.unique(np.rint(days / bin_days).astype(np.int64))
    snr, at, width = best_single(slots.cumulative[::factor], np.maximum(widths, 1))
    return SingleTransit(
        snr=float(snr), t0=slots.start_days + (at + width / 2) * bin_days, duration=float(width * bin_days)
    )


def is_single(single: SingleTransit, *, best_snr: float) -> bool:
    """Whether one transit explains the data as well as the best period does."""
    return single.snr > max(OVER_PERIODIC * best_snr, SMALLEST_SINGLE_SNR)


def describe_single(curve: CleanCurve, single: SingleTransit, *, snr_min: float) -> TransitResult:
    """The record of a single transit: no period, one transit, and how long no second one was seen."""
    inside = np.abs(curve.times - single.t0) <= single.duration / 2
    if not inside.any() or single.snr < snr_min:
        return nothing_found(f"the strongest signal has a signal-to-noise ratio of {single.snr:.3g}")
    weights = curve.sigmas[inside] ** -2
    longest = max(single.t0 - curve.times[0], curve.times[-1] - single.t0)
    return TransitResult(
        t0_days=single.t0,
        duration_hours=24 * single.duration,
        depth=float(1 - np.average(curve.fluxes[inside], weights=weights)),
        snr=single.snr,
        transit_count=1,
        note=f"a single transit; its period is not known and most likely above {longest:.4g} d",
    )
