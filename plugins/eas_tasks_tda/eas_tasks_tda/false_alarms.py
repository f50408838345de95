"""How often white noise alone gives as surprising a signal as the one found: calibrated for grid and data.

A search takes the best of very many correlated normal numbers, one for each epoch, period and duration. Short
transits can be placed in far more ways than long ones (as the inverse square of the duration), so that the
highest number is mostly that of a short one. Signals are therefore compared by the number of false alarms
that as high a statistic u has at their own period and duration, all periods and durations being given equal
chances in the logarithm (Bayer & Seljak 2020, arXiv:2007.13821, on priors and the look-elsewhere effect):

    N(u, P, d) = C u^B φ(u)/u · n_epoch (1 + n_period ln(P_max/P_min)) (1 + n_duration ln(d_max/d_min)) ,

    n_epoch = P/s · g(s/d),   n_period = (T - P)/s · g(s/4d),   n_duration = d/s · g(s/2d) ,

with φ the normal density, T the span of the data, and d_min, d_max the durations that are possible at P;
where the star is known, 1 / ln(d_max/d_min) is the probability density of ln d (chords at all distances from
the centre of the disc). Neighbours whose correlation is ``1 - δ`` count as ``g(δ) = u² δ ν(u sqrt(2δ))``, ν
being the correction for discrete steps (Siegmund 1985, Sequential Analysis, ch. 8; Siegmund & Yakir 2007, The
Statistics of Gene Mapping, approximates it in closed form). By construction white noise has on average n
signals with N below n, wherever in period and duration they are, and

    FAP = 1 - exp(-N) .

The data are taken as cut into steps s of a slot, or of 1/5.5 of the duration where that is longer, as the
folding search does. C and B belong to the statistic, not to data or grid; they take up what the formula
neglects (the noise of the measured noise level, the template, peaks that are not refined) and were fitted
once to searches of white noise; C falls slowly with the number of slots of the data, by the power `SLOPE`.
`benchmarks/bench_null.py` tests the probabilities on other noise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from eas_tasks_tda import grids
from eas_tasks_tda.elliptic import FloatArray
from eas_tasks_tda.prepare import CleanCurve
from eas_tasks_tda.settings import SearchSettings

if TYPE_CHECKING:
    from eas_tasks_tda.slots import Slots  # loads numba

LOG_C, B, SLOPE = -10.22, 6.0, -0.30
_SLOTS_OF_FIT = 3840.0
_LOWEST = 3.0  # statistics below this are certain to occur in any search
_DURATION_ERROR = 1.2  # relative error of a measured duration, times the statistic
_ANY, _WIDTH_OF_ANY = 0.1, 3.5  # share of orbits with any duration, and the logarithm of the range of these
_BINS_PER_DURATION, _COARSE_FROM = 5.5, 3  # of the folding search: bins; the shortest for a drift of two
_CERTAIN = 50.0  # logarithm of a number of false alarms
_CLIP = 5.0


@dataclass(frozen=True, kw_only=True)
class SearchVolume:
    """What a search can find: periods, the star's durations, and how finely the data tell them apart.

    Attributes:
        span_days: Last time minus first.
        slot_days: Length of a slot.
        filled: Share of the slots that have data.
        shortest: Shortest period [d].
        longest: Longest period [d].
        star: Sets the durations at each period.
    """

    span_days: float
    slot_days: float
    filled: float
    shortest: float
    longest: float
    star: grids.Star

    @classmethod
    def of(cls, curve: CleanCurve, settings: SearchSettings) -> SearchVolume:
        """The volume of a search of `curve` with the periods and the star of `settings`."""
        from eas_tasks_tda.slots import Slots  # late: loads numba

        limits = grids.period_range(
            curve.span_days, shortest=settings.period_min, longest=settings.period_max
        )
        shortest_transit = settings.star.shortest_transit(limits[0])
        slots = Slots.of(curve, shortest_transit_days=shortest_transit)
        return cls.of_slots(slots, limits=limits, star=settings.star)

    @classmethod
    def of_slots(cls, slots: Slots, *, limits: tuple[float, float], star: grids.Star) -> SearchVolume:
        """The same for a light curve that is in slots already, with the shortest and longest period [d]."""
        return cls(
            span_days=len(slots) * slots.slot_days,
            slot_days=slots.slot_days,
            filled=float(np.mean(slots.weights > 0)),
            shortest=limits[0],
            longest=limits[1],
            star=star,
        )

    def log_false_alarms(self, statistic: FloatArray, period: FloatArray, duration: FloatArray) -> FloatArray:
        """Natural logarithm of how many signals as surprising white noise has on average in this search.

        Args:
            statistic: √Δχ² of each signal, shape (n,).
            period: Of each [d], shape (n,).
            duration: Of each [d], shape (n,).
        """
        u = np.maximum(statistic, _LOWEST)
        length = np.maximum(duration, self.slot_days)
        step = np.maximum(self.slot_days, length / _BINS_PER_DURATION)
        drift = np.where(length < _COARSE_FROM * self.slot_days, step, 2 * step)
        spread = np.maximum(self.span_days - period, drift)
        lengths = length / step * excursions(step / (2 * length), u)
        placed = np.log(period / step * excursions(step / length, u))
        range_of_periods = math.log(self.longest / self.shortest)
        placed += np.log1p(range_of_periods * spread / drift * excursions(drift / (4 * length), u))
        placed += np.log1p(lengths / self._chance_of_duration(period, length, error=_DURATION_ERROR / u))
        constant = LOG_C + SLOPE * math.log(self.span_days / self.slot_days / _SLOTS_OF_FIT)
        constant += math.log(self.filled / math.sqrt(2 * math.pi))
        found: FloatArray = constant + placed + (B - 1) * np.log(u) - u**2 / 2
        return found

    def _chance_of_duration(
        self, period: FloatArray, duration: FloatArray, *, error: FloatArray
    ) -> FloatArray:
        """Probability density of the logarithm of the duration at each period, for all chords and stars.

        Central transits are as long as before some star between the densest and the largest, give or take the
        relative `error` with which a duration is measured, with the same chance for each logarithm; planets
        cross at any distance from the centre of the disc with the same chance. A part is left to all
        durations, for eccentric orbits and wrong stars.
        """
        cycle, widened = np.cbrt(period), 1 + error
        shortest = self.star.shortest_central(1.0) * cycle / widened
        longest = self.star.uncapped_transit(1.0) * cycle * widened
        chords = [1 - np.sqrt(1 - np.minimum(duration / limit, 1.0) ** 2) for limit in (shortest, longest)]
        density: FloatArray = (chords[0] - chords[1]) / np.log(longest / shortest)
        return (1 - _ANY) * density + _ANY / _WIDTH_OF_ANY


def false_alarm_probability(log_false_alarms: float) -> float:
    """Chance of at least one signal where so many are expected."""
    return -math.expm1(-math.exp(min(log_false_alarms, _CERTAIN)))


def excursions(delta: FloatArray, u: FloatArray | float) -> FloatArray:
    """Separate excursions above u per step between numbers correlated by ``1 - delta``; at most 1."""
    from scipy.special import ndtr

    x = u * np.sqrt(2 * delta)
    half = x / 2
    density = np.exp(-(half**2) / 2) / math.sqrt(2 * math.pi)
    nu = (2 / x) * (ndtr(half) - 0.5) / (half * ndtr(half) + density)
    rate: FloatArray = np.minimum(u**2 * delta * nu, 1.0)
    return rate


def noise_scale(curve: CleanCurve) -> float:
    """Standard deviation of the samples in units of their sigmas, without far outliers; about 1.

    The sigmas come from the median difference of neighbours, which knows the scale to a few percent only.
    """
    deviations = (curve.fluxes - np.average(curve.fluxes, weights=curve.sigmas**-2)) / curve.sigmas
    kept = deviations[np.abs(deviations) < _CLIP]
    scale = float(np.std(kept)) if len(kept) > 1 else 0.0
    return scale if scale > 0 else 1.0
