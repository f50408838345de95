"""What each single transit says: depths one by one, odd against even, and a dip between transits."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eas_tasks_tda.elliptic import FloatArray
from eas_tasks_tda.prepare import CleanCurve
from eas_tasks_tda.refine import Peak

_BINS_PER_DURATION = 4
_MOST_BINS = 200_000
_AWAY = 1.5  # durations from mid-transit at which the search for a secondary eclipse begins
_FEWEST_BINS = 3 * _BINS_PER_DURATION


@dataclass(frozen=True, kw_only=True)
class TransitDepths:
    """Mean depth of each transit with data, all of shape (n,).

    Attributes:
        epochs: Number of periods since t0.
        times: Mid-transits [d].
        depths: Positive fractions of the flux, negative where it rose.
        sigmas: Standard deviations of the depths, for white noise.
    """

    epochs: NDArray[np.int64]
    times: FloatArray
    depths: FloatArray
    sigmas: FloatArray

    def __len__(self) -> int:
        return len(self.epochs)

    def mean_of(self, chosen: NDArray[np.bool_]) -> tuple[float, float] | None:
        """Weighted mean of some depths and its standard deviation; None where there is none."""
        if not chosen.any():
            return None
        weights = self.sigmas[chosen] ** -2
        return float(np.average(self.depths[chosen], weights=weights)), float(weights.sum() ** -0.5)

    def odd_even(self) -> tuple[float, float] | None:
        """Depth of odd minus that of even epochs and its standard deviation; None without both kinds.

        A planet gives 0; two stars that eclipse each other at twice the period give the difference of their
        eclipses.
        """
        odd = self.mean_of(self.epochs % 2 == 1)
        even = self.mean_of(self.epochs % 2 == 0)
        if odd is None or even is None:
            return None
        return odd[0] - even[0], math.hypot(odd[1], even[1])


@dataclass(frozen=True, kw_only=True)
class Secondary:
    """The deepest dip between transits: its phase from mid-transit in periods, depth and its deviation."""

    phase: float
    depth: float
    sigma: float


def transit_depths(curve: CleanCurve, peak: Peak) -> TransitDepths:
    """The depth of each transit that has samples, relative to the level outside of all."""
    inside = np.abs(peak.phases(curve.times)) < peak.duration / 2
    level = _level(curve, inside)
    epochs = np.rint((curve.times[inside] - peak.t0) / peak.period).astype(np.int64)
    known, index = np.unique(epochs, return_inverse=True)
    weights = curve.sigmas[inside] ** -2
    total, missing = _sums(index, weights, level - curve.fluxes[inside], count=len(known))
    return TransitDepths(
        epochs=known,
        times=np.asarray(peak.t0 + known * peak.period, dtype=np.float64),
        depths=missing / total / level,
        sigmas=np.asarray(total**-0.5 / level, dtype=np.float64),
    )


@dataclass(frozen=True, kw_only=True)
class Dips:
    """How much light is missing from windows as long as a transit at all phases but those near the transits.

    Attributes:
        phases: Of the middle of each window, in periods from mid-transit, rising, shape (n,).
        strengths: Missing light in standard deviations for white noise, negative where it is brighter.
        depths: Missing fraction of the flux.
        sigmas: Standard deviations of the depths.
        apart: Windows farther apart than this share no transit [periods].
        brightening: Strength of the brightest window that does not overlap the transits.
    """

    phases: FloatArray
    strengths: FloatArray
    depths: FloatArray
    sigmas: FloatArray
    apart: float
    brightening: float

    def deepest(self) -> Secondary:
        """The most significant dip."""
        best = int(np.argmax(self.strengths))
        return Secondary(
            phase=float(self.phases[best]), depth=float(self.depths[best]), sigma=float(self.sigmas[best])
        )


def secondary_eclipse(curve: CleanCurve, peak: Peak) -> Secondary | None:
    """The most significant dip of the transit's duration at any other phase; None without data there."""
    found = dips(curve, peak)
    return None if found is None else found.deepest()


def dips(curve: CleanCurve, peak: Peak) -> Dips | None:
    """The windows at all other phases; None without data there."""
    count = min(int(_BINS_PER_DURATION * peak.period / peak.duration), _MOST_BINS)
    if count < _FEWEST_BINS:
        return None
    phases = np.remainder(curve.times - peak.t0, peak.period) / peak.period
    index = np.minimum((phases * count).astype(np.int64), count - 1)
    weights = curve.sigmas**-2
    level = _level(curve, np.abs(peak.phases(curve.times)) < peak.duration / 2)
    total, missing = map(_running, _sums(index, weights, level - curve.fluxes, count=count))
    centres = (np.arange(len(total)) + _BINS_PER_DURATION / 2) / count
    duty = peak.duration / peak.period
    distance = np.minimum(centres, 1 - centres)
    seen = (distance > _AWAY * duty) & (total > 0)
    if not seen.any():
        return None
    beside = (distance > duty) & (total > 0)
    brightening = float(np.max(-missing[beside] / np.sqrt(total[beside])))
    total, missing = total[seen], missing[seen]
    return Dips(
        phases=centres[seen],
        strengths=missing / np.sqrt(total),
        depths=missing / total / level,
        sigmas=np.asarray(total**-0.5 / level, dtype=np.float64),
        apart=_AWAY * duty,
        brightening=brightening,
    )


def _sums(
    index: NDArray[np.int64], weights: FloatArray, missing: FloatArray, *, count: int
) -> tuple[FloatArray, FloatArray]:
    """Weight, and missing flux times weight, of the samples with each index."""
    totals = np.zeros((2, count))
    totals[0] = np.bincount(index, weights, count)
    totals[1] = np.bincount(index, weights * missing, count)
    return totals[0], totals[1]


def _running(values: FloatArray) -> FloatArray:
    """Sums of as many neighbours as a duration has bins."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    running: FloatArray = sums[_BINS_PER_DURATION:] - sums[:-_BINS_PER_DURATION]
    return running


def _level(curve: CleanCurve, inside: NDArray[np.bool_]) -> float:
    """Median flux outside of the transits."""
    return float(np.median(curve.fluxes[~inside])) if not inside.all() else 1.0
