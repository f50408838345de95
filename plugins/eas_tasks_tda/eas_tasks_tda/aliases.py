"""Periods that explain the same transits: simple multiples of the found one, and relations between planets.

A period that is half the true one meets every transit and as many places without any; one that is twice the
true one meets every second. The drop of χ² tells them apart unless the transits that would decide lie in
gaps, so that each is compared with what was found.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from eas_tasks_tda.prepare import CleanCurve
from eas_tasks_tda.refine import Peak
from eas_tasks_tda.strength import detection_statistic

RATIOS = tuple(Fraction(*pair) for pair in ((1, 2), (2, 1), (1, 3), (3, 1), (2, 3), (3, 2)))
CLEAR_GAIN = 16.0  # of χ², in units of the noise: 4 standard deviations
_NOT_EXCLUDED = 9.0
_BINS_PER_DURATION = 20
_SAME_EPOCH = 2.0  # durations by which the transits of an alias may miss those of the planet


@dataclass(frozen=True, kw_only=True)
class Alias:
    """Another period that the transits may have: over that found, the transits, and √Δχ²."""

    ratio: Fraction
    peak: Peak
    statistic: float


def aliases(curve: CleanCurve, peak: Peak, *, shortest: float, longest: float) -> list[Alias]:
    """The best transits at simple ratios to a period, strongest first.

    Args:
        curve: The samples in which the transits were found.
        peak: The transits.
        shortest: No alias has a shorter period [d].
        longest: No alias has a longer one [d].
    """
    binned = curve.binned(peak.duration / _BINS_PER_DURATION)
    found = [_best(binned, peak, ratio) for ratio in RATIOS if shortest <= peak.period * ratio <= longest]
    return sorted((alias for alias in found if alias is not None), key=lambda alias: -alias.statistic)


def shares_period(later: Peak, earlier: Peak, *, span_days: float) -> bool:
    """Whether two signals keep the same period, or one twice or half or a third of it, at whatever phase."""
    for ratio in (Fraction(1), *RATIOS):
        other = earlier.period * float(ratio)
        cycles = max(1.0, span_days / max(other, later.period))
        if abs(later.period - other) * cycles <= _SAME_EPOCH * max(later.duration, earlier.duration):
            return True
    return False


def _best(curve: CleanCurve, peak: Peak, ratio: Fraction) -> Alias | None:
    """The strongest of the possible epochs of one ratio; None where none has two transits with data."""
    other = replace(peak, period=peak.period * float(ratio), period_sigma=0.0)
    epochs = (peak.t0 + shift * peak.period / ratio.denominator for shift in range(ratio.numerator))
    tried = [replace(other, t0=t0) for t0 in epochs]
    strong = [(detection_statistic(curve, one), one) for one in tried if _repeats(curve, one)]
    if not strong:
        return None
    statistic, best = max(strong, key=lambda pair: pair[0])
    return Alias(ratio=ratio, peak=best, statistic=statistic)


def _repeats(curve: CleanCurve, peak: Peak) -> bool:
    """Whether there are data in at least two of the transits."""
    inside = curve.times[np.abs(peak.phases(curve.times)) < peak.duration / 2]
    return len(inside) > 1 and float(inside[-1] - inside[0]) > peak.period / 2


def better_alias(found: Sequence[Alias], *, statistic: float, noise_ratio: float) -> Alias | None:
    """The alias that explains the data clearly better than what was found; None where none does."""
    gain = CLEAR_GAIN * max(1.0, noise_ratio) ** 2
    return next((alias for alias in found if alias.statistic**2 > statistic**2 + gain), None)


def possible_aliases(
    found: Sequence[Alias], *, statistic: float, noise_ratio: float
) -> Iterator[tuple[Fraction, float]]:
    """Ratio and period [d] of every alias that the data do not exclude."""
    loss = _NOT_EXCLUDED * max(1.0, noise_ratio) ** 2
    for alias in found:
        if alias.statistic**2 > statistic**2 - loss:
            yield alias.ratio, alias.peak.period


def relation(later: Peak, earlier: Peak, *, span_days: float) -> Fraction | None:
    """The ratio of two periods where the transits of the later signal lie at places of the earlier one's.

    Planets near a resonance are no aliases: their transits drift against each other over the data. The same
    period is 1 at any phase: no two planets have it, but a planet or a star and its secondary eclipse do.
    """
    for ratio in (Fraction(1), *RATIOS):
        other = earlier.period * float(ratio)
        cycles = max(1.0, span_days / max(other, later.period))
        allowed = _SAME_EPOCH * max(later.duration, earlier.duration)
        if abs(later.period - other) * cycles > allowed:
            continue
        if ratio == 1:
            return ratio
        step = earlier.period / ratio.denominator
        middle = later.t0 + later.period * round(span_days / 2 / later.period)
        distance = math.remainder(middle - earlier.t0, step)
        if abs(distance) <= min(allowed, step / 2):
            return ratio
    return None
