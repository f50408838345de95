"""Why a signal that noise does not explain may still be no planet: variability, damage, edges of gaps.

The tests follow those that vetted Kepler's candidates (Thompson et al. 2018, ApJS 235, 38): a signal must be
stronger than the strongest brightening of the same length ("model-shift uniqueness", Coughlin et al. 2016,
ApJS 224, 12), and come from transits that were observed as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eas_tasks_tda.elliptic import FloatArray
from eas_tasks_tda.grids import Star
from eas_tasks_tda.jumps import is_jump
from eas_tasks_tda.prepare import CleanCurve
from eas_tasks_tda.refine import Peak
from eas_tasks_tda.transit_depths import Dips, TransitDepths

TOO_SHORT = "shorter than half a central transit of the smallest star"
TOO_LONG = "longer than a transit of the largest star, or too long a part of the period"
UNRESOLVED = "a single event of fewer than three samples"
INCOMPLETE = "most of the signal comes from events beside gaps or edges"
UPSIDE_DOWN = "brightenings of the same length are as strong"
JUMP = "a jump of the flux explains it better than a transit"
NOT_UNIQUE = "several other dips of the same length are as strong"
SAME_PERIOD = "keeps the period of a variation that is no transit"

SHORT = frozenset({TOO_SHORT, UNRESOLVED})
ONE_SIDED = frozenset({INCOMPLETE, JUMP})
VARIATION = frozenset({TOO_LONG, UPSIDE_DOWN, SAME_PERIOD})

_SHORTEST = 0.5  # of a central transit: that of an impact parameter of 0.87
_LONGEST = 1.5  # of the longest transit; durations are known to some ten percent
_FEWEST_SAMPLES = 3
_COMPLETE = 0.4  # of the square of the ratio that must come from complete transits
_FEWEST_COMPLETE = 2  # of periodic transits: one and half another are no period
_OTHERS = 2 / 3  # of the ratio of a signal: the strongest that another event may be
_BASELINE = 0.5  # durations on either side that belong to a complete transit
_HOLE, _HOLE_CADENCES = 0.75, 2.5  # durations, or median cadences, without a sample: the longer is a gap


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What is known of a signal.

    Attributes:
        curve: The samples in which it was found.
        peak: Where its transits are; the period of a single one is longer than twice the data.
        observed: Times [d] of all samples, also of those left out since they belong to another planet.
        snr: Signal-to-noise ratio for white noise.
        noise_ratio: Noise of means over its duration, over that for white noise.
        transits: Each of them.
        others: What is at all other phases.
        star: The range of stars that is thought possible.
    """

    curve: CleanCurve
    peak: Peak
    observed: FloatArray
    snr: float
    noise_ratio: float
    transits: TransitDepths
    others: Dips | None
    star: Star

    def exceeds(self, other: float) -> bool:
        """Whether it is stronger than another event, by far and beyond what noise makes of many."""
        from scipy.special import ndtri

        chance = min(self.peak.duration / self.peak.period, 0.5)
        gain = float(-ndtri(chance / 2)) * max(1.0, self.noise_ratio)
        return other < min(self.snr - gain, _OTHERS * self.snr)


def doubts(signal: Evidence) -> Iterator[str]:
    """What speaks against periodic transits, whatever their significance."""
    if signal.peak.duration < _SHORTEST * signal.star.shortest_transit(signal.peak.period):
        yield TOO_SHORT
    if signal.peak.duration > _LONGEST * signal.star.longest_transit(signal.peak.period):
        yield TOO_LONG
    yield from _of_all(signal)


def single_doubts(signal: Evidence) -> Iterator[str]:
    """What speaks against a single transit.

    In a light curve in which dips are frequent, a single one says little: no more than one other may be as
    strong.
    """
    inside = np.abs(signal.curve.times - signal.peak.t0) < signal.peak.duration / 2
    if np.count_nonzero(inside) < _FEWEST_SAMPLES:
        yield UNRESOLVED
    if signal.peak.duration < _SHORTEST * signal.star.shortest_transit(signal.curve.span_days / 2):
        yield TOO_SHORT
    yield from _of_all(signal)
    if signal.others is not None and not signal.exceeds(_third(signal.others)):
        yield NOT_UNIQUE


def _of_all(signal: Evidence) -> Iterator[str]:
    """What speaks against transits, be they many or one."""
    if _is_incomplete(signal):
        yield INCOMPLETE
    if signal.others is not None and not signal.exceeds(signal.others.brightening):
        yield UPSIDE_DOWN
    if is_jump(signal.curve, signal.peak, noise_ratio=signal.noise_ratio):
        yield JUMP


def _third(others: Dips) -> float:
    """Strength of the strongest dip apart from the strongest of the others."""
    best = others.phases[int(np.argmax(others.strengths))]
    distance = np.abs(others.phases - best)
    apart = np.minimum(distance, 1 - distance) > others.apart
    return float(others.strengths[apart].max()) if apart.any() else 0.0


def _is_incomplete(signal: Evidence) -> bool:
    """Whether too little comes from transits that were observed as a whole, or one alone of several was."""
    whole = is_complete(signal.observed, signal.peak, signal.transits.times)
    if len(whole) > 1 and np.count_nonzero(whole) < _FEWEST_COMPLETE:
        return True
    return complete_share(signal.observed, signal.peak, signal.transits) < _COMPLETE


def complete_share(observed: FloatArray, peak: Peak, transits: TransitDepths) -> float:
    """How much of the square of the signal-to-noise ratio comes from transits that were observed as a whole.

    With half a duration before and after; the first and the last sample are edges of gaps.
    """
    whole = is_complete(observed, peak, transits.times)
    both = [_ratio_squared(transits, chosen) for chosen in (whole, np.ones_like(whole))]
    return both[0] / both[1] if both[1] > 0 else 0.0


def is_complete(times: FloatArray, peak: Peak, middles: FloatArray) -> NDArray[np.bool_]:
    """Which transits, by their mid-times, have no gap near them."""
    reach = (0.5 + _BASELINE) * peak.duration
    steps = np.diff(times)
    hole = np.flatnonzero(steps > max(_HOLE * peak.duration, _HOLE_CADENCES * float(np.median(steps))))
    begins = np.concatenate([[-np.inf], times[hole], times[-1:]])
    ends = np.concatenate([times[:1], times[hole + 1], [np.inf]])
    met = np.searchsorted(begins, middles + reach) - np.searchsorted(ends, middles - reach, side="right")
    whole: NDArray[np.bool_] = met == 0
    return whole


def _ratio_squared(transits: TransitDepths, chosen: NDArray[np.bool_]) -> float:
    """Square of the signal-to-noise ratio of some transits; 0 where they are brightenings."""
    mean = transits.mean_of(chosen)
    return max(mean[0] / mean[1], 0.0) ** 2 if mean is not None else 0.0
