"""How often white noise alone gives as strong a signal as the one found: calibrated for grid and data.

A search takes the highest of very many correlated normal numbers, one for each box, phase and period tried.
The number of separate excursions above a high level u is nearly a Poisson number, so that

    FAP = 1 - exp(-C u^B φ(u)/u · Σ n_j g(δ_phase) g(δ_period) g(δ_duration))

with φ the normal density and n_j how often a box is tried: counted from the plan of the folding search for
these times, periods and stars. Neighbours in each direction are correlated by ``1 - δ``; of n of them about
``n g(δ)`` count, ``g = u² δ ν(u sqrt(2δ))`` and ν the correction for the discrete steps (Siegmund 1985,
Sequential Analysis, ch. 8; Siegmund & Yakir 2007, The Statistics of Gene Mapping, approximates it in closed
form). For a box of w bins δ is 1/w from phase to phase, s/(4w) for a drift of s bins over the data, and
1/(2w) from box to box. C and B belong to the statistic, not to data or grid; they take up what the formula
neglects (the noise of the measured noise level, the template, the overlap of classes) and were fitted once to
searches of white noise; C falls slowly with the number of slots of the data, by the power `SLOPE`.
`benchmarks/bench_null.py` tests the probabilities on other noise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eas_tasks_tda import grids
from eas_tasks_tda.elliptic import FloatArray
from eas_tasks_tda.prepare import CleanCurve
from eas_tasks_tda.settings import SearchSettings

LOG_C, B, SLOPE = -7.20, 3.91, -0.17
_SLOTS_OF_FIT = 3840.0
_LOWEST = 3.0  # statistics below this are certain to occur in any search
_CLIP = 5.0


@dataclass(frozen=True, kw_only=True)
class SearchVolume:
    """What a search tries: boxes of some widths, steps in drift, other boxes at the same period, and counts.

    Attributes:
        counts: How often each kind of box is placed, shape (n,).
        widths: Bins of each kind, shape (n,).
        steps: Drift from one trial to the next [bins], shape (n,).
        boxes: How many boxes are tried at the same period, shape (n,).
        slots: Length of the data in slots.
    """

    counts: FloatArray
    widths: FloatArray
    steps: FloatArray
    boxes: FloatArray
    slots: int

    @classmethod
    def of(cls, curve: CleanCurve, settings: SearchSettings) -> SearchVolume:
        """The volume of a search of `curve` with the periods and the star of `settings`."""
        from eas_tasks_tda.folding_plan import classes  # late: loads numba
        from eas_tasks_tda.slots import Slots

        shortest, longest = grids.period_range(
            curve.span_days, shortest=settings.period_min, longest=settings.period_max
        )
        star = settings.star
        slots = Slots.of(curve, shortest_transit_days=star.shortest_transit(shortest))
        plan = classes(len(slots), slot_days=slots.slot_days, shortest=shortest, longest=longest, star=star)
        kinds: dict[tuple[int, int, int], float] = {}
        for part in plan:
            length = -(-len(slots) // part.factor)
            filled = float(np.mean(slots.bins(part.factor)[1] > 0))
            for trials in (part.blocks, part.wrapped):
                _count(kinds, trials, length=length, filled=filled)
        widths, steps, boxes = np.array(list(kinds), dtype=np.float64).T
        counts = np.array(list(kinds.values()))
        return cls(counts=counts, widths=widths, steps=steps, boxes=boxes, slots=len(slots))

    def false_alarm_probability(self, statistic: float) -> float:
        """Chance that the highest statistic of a search of white noise is at least so high."""
        u = statistic
        if u <= _LOWEST:
            return 1.0
        kinds = (
            self.counts
            * excursions(1 / self.widths, u)
            * excursions(self.steps / (4 * self.widths), u)
            * (1 + (self.boxes - 1) * excursions(1 / (2 * self.widths), u))
            / self.boxes
        )
        expected = LOG_C + SLOPE * math.log(self.slots / _SLOTS_OF_FIT) + math.log(kinds.sum())
        expected += (B - 1) * math.log(u) - u**2 / 2 - math.log(2 * math.pi) / 2
        return -math.expm1(-math.exp(min(expected, 50.0)))


def _count(kinds: dict[tuple[int, int, int], float], trials: object, *, length: int, filled: float) -> None:
    """Add the placements of some trials, by width, step and number of boxes at the period."""
    periods: NDArray[np.int64] = trials.periods  # type: ignore[attr-defined] # a named tuple of kernels
    if len(periods) == 0:
        return
    steps = trials.steps  # type: ignore[attr-defined] # as above
    shortest, longest = trials.shortest, trials.longest  # type: ignore[attr-defined] # as above
    drifts = (np.maximum((length - 1) // periods, 1) - 1) // steps + 1
    placed = drifts * periods * filled
    middle = periods[:, None] + 0.5
    tried = (middle > shortest) & (middle < longest)
    boxes = tried.sum(axis=1)
    for width in range(1, tried.shape[1] + 1):
        chosen = tried[:, width - 1]
        pairs = steps[chosen] * 100 + boxes[chosen]
        for pair, total in zip(*_sums(pairs, placed[chosen]), strict=True):
            key = (width, int(pair) // 100, int(pair) % 100)
            kinds[key] = kinds.get(key, 0.0) + float(total)


def _sums(keys: NDArray[np.int64], values: FloatArray) -> tuple[NDArray[np.int64], FloatArray]:
    """Each key once, and the sum of its values."""
    known, index = np.unique(keys, return_inverse=True)
    return known, np.bincount(index, values, len(known)).astype(np.float64, copy=False)


def excursions(delta: FloatArray, u: float) -> FloatArray:
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
