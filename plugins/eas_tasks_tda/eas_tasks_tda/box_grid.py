"""Periods and durations that searches for boxes try, and what they find at each.

Octaves of the period are searched one after the other, each with the samples binned to a fifth of its
shortest duration. The periods follow Ofir (2014), the durations Kepler's third law for the possible stars.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from eas_tasks_tda import grids
from eas_tasks_tda.elliptic import FloatArray
from eas_tasks_tda.prepare import CleanCurve
from eas_tasks_tda.settings import SearchSettings

DURATION_STEP = 1.2  # a box a tenth too long or short loses 4 % of the signal-to-noise ratio
BINS_PER_DURATION = 5


@dataclass(frozen=True, kw_only=True)
class Periodogram:
    """The best box at each period, in falling order: its statistic, duration and mid-transit [d]."""

    periods: FloatArray
    power: FloatArray
    durations: FloatArray
    mid_transits: FloatArray


@dataclass(frozen=True, kw_only=True)
class Octave:
    """Neighbouring periods in falling order, the durations possible there, and the samples binned."""

    periods: FloatArray
    durations: FloatArray
    binned: CleanCurve

    @property
    def bin_days(self) -> float:
        """Length of a bin of phase: a fifth of the shortest duration."""
        return float(self.durations[0]) / BINS_PER_DURATION


def octaves(curve: CleanCurve, *, settings: SearchSettings) -> Iterator[Octave]:
    """The grid of a search, longest periods first."""
    shortest, longest = grids.period_range(
        curve.span_days, shortest=settings.period_min, longest=settings.period_max
    )
    star = settings.star
    periods = grids.ofir_periods(
        curve.span_days, shortest=shortest, longest=longest, star=star, oversampling=settings.oversampling
    )
    for part in grids.octaves(periods):
        most = star.longest_transit(float(part[0]))
        least = min(star.shortest_transit(float(part[-1])), most / DURATION_STEP)
        durations = grids.durations(least, most, step=DURATION_STEP)
        yield Octave(
            periods=part, durations=durations, binned=curve.binned(float(durations[0]) / BINS_PER_DURATION)
        )
