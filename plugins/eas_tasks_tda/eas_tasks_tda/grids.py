"""Which periods and durations a search tries: as many as the data can tell apart, and no more.

Sources: Ofir (2014), A&A 561, A138, eqs. 4-7 for the frequencies; Kepler's third law for the durations.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from eas_framework.errors import LightcurveError
from eas_tasks_tda.elliptic import FloatArray
from eas_tasks_tda.prepare import UnsearchableError

# IAU 2015 resolution B3 nominal solar values and CODATA 2018, in days and solar radii
_GM_SUN = 1.3271244e20 * 86_400**2 / 6.957e8**3  # solar radii³ / day²
LONGEST_DUTY_CYCLE = 0.12  # of the period; the largest known is 0.117 (Kepler-1368 b)
OVERSAMPLING = 3.0  # a transit drifts by a third of its duration over the data from one period to the next
DURATION_STEP = 1.1  # ratio of neighbouring durations, as in Hippke & Heller (2019), A&A 623, A39


@dataclass(frozen=True, kw_only=True)
class Star:
    """Radius and mass in solar units, or the range of stars that is thought possible.

    The default range covers dwarfs and subgiants, as in Hippke & Heller (2019). `shortest_chord` is the
    shortest path before the star that is searched, in diameters: 1 for central transits only.
    """

    radius: float = 1.0
    mass: float = 1.0
    smallest_radius: float = 0.13
    largest_radius: float = 3.5
    smallest_mass: float = 0.1
    largest_mass: float = 1.0
    shortest_chord: float = 1.0

    def shortest_transit(self, period_days: float) -> float:
        """Shortest duration [d] of a transit of a small planet before the densest star."""
        return self.shortest_chord * self.shortest_central(period_days)

    def shortest_central(self, period_days: float) -> float:
        """Duration [d] of a central transit of a small planet before the densest star."""
        return central_transit_days(period_days, radius=self.smallest_radius, mass=self.smallest_mass)

    def longest_transit(self, period_days: float) -> float:
        """Duration [d] of a central transit before the largest star, at most 12 % of the period."""
        return min(self.uncapped_transit(period_days), LONGEST_DUTY_CYCLE * period_days)

    def uncapped_transit(self, period_days: float) -> float:
        """Duration [d] of a central transit before the largest star, whatever part of the period it is."""
        return central_transit_days(period_days, radius=self.largest_radius, mass=self.largest_mass)


def central_transit_days(period_days: float, *, radius: float, mass: float) -> float:
    """Duration [d] of the central transit of a small planet on a circular orbit: ``2 R / v``."""
    return 2 * radius * math.cbrt(period_days / (2 * math.pi * _GM_SUN * mass))


def radius_for_orbit(period_days: float, *, mass: float, radii: float = 3.0) -> float:
    """Radius [solar] of a star whose orbit at `radii` stellar radii takes `period_days`."""
    return math.cbrt(_GM_SUN * mass * (period_days / (2 * math.pi)) ** 2) / radii


def period_range(
    span_days: float, *, shortest: float, longest: float | None, transits: int = 2
) -> tuple[float, float]:
    """Shortest and longest period [d] to search in data of `span_days`.

    Args:
        span_days: Last time minus first.
        shortest: Shortest period.
        longest: Longest period; by default that of which `transits` are certain: ``span / transits``.
        transits: Number of transits that a period must have.

    Raises:
        LightcurveError: The limits contradict each other.
        UnsearchableError: The data are too short for the shortest period.
    """
    if longest is not None and longest <= shortest:
        raise LightcurveError(
            f"search_settings: period_max = {longest:g} d must be above period_min = {shortest:g} d"
        )
    upper = span_days / transits if longest is None else longest
    if upper <= shortest:
        raise UnsearchableError(
            f"the light curve spans {span_days:g} d, which is less than {transits} periods of "
            f"period_min = {shortest:g} d"
        )
    return shortest, upper


def ofir_periods(
    span_days: float, *, shortest: float, longest: float, star: Star, oversampling: float = OVERSAMPLING
) -> FloatArray:
    """Periods [d] in falling order from `longest` to `shortest`, even in the cube root of the frequency.

    The step is such that a transit as long as the star's central one drifts by ``1 / oversampling`` of its
    duration over the data.
    """
    transit_of_one_day = central_transit_days(1.0, radius=star.radius, mass=star.mass)
    step = transit_of_one_day / (span_days * oversampling) / 3
    first, last = longest ** (-1 / 3), shortest ** (-1 / 3)
    count = max(2, math.ceil((last - first) / step) + 1)
    periods: FloatArray = np.linspace(first, last, count) ** -3.0
    return periods


def durations(shortest: float, longest: float, *, step: float = DURATION_STEP) -> FloatArray:
    """Durations from `shortest` to `longest`, each about `step` times the one before."""
    count = max(2, math.ceil(math.log(longest / shortest) / math.log(step)) + 1)
    return np.geomspace(shortest, longest, count)


def octaves(periods: FloatArray) -> list[FloatArray]:
    """Falling `periods` cut where they have halved, so that each part can have its own durations and bins."""
    octave = np.floor(np.log2(periods[0] / periods)).astype(int)
    return np.split(periods, np.flatnonzero(np.diff(octave)) + 1)
