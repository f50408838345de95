"""Fluxes without the transits of known planets: parabolas from one side of each transit to the other.

A running window beside masked samples sees the trend from one side only and is off by its slope times up to
half the window, which bends the trend beneath the transit and next to it. With the transit bridged the window
is whole everywhere. Two sides fix a parabola's height, slope and curvature; a higher degree gains nothing
for transits that are short against the rotation of the star.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eas_tasks_tda.elliptic import FloatArray
from eas_tasks_tda.prepare import MAD_TO_SIGMA

DEGREE = 2
FEWEST_BESIDE = 3  # samples on either side
_CLIP_SIGMA = 3.0  # samples farther from a first parabola (flares) do not shape the second

BoolArray = NDArray[np.bool_]
Indices = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Bridged:
    """Fluxes with parabolas in place of protected samples, and which samples got one."""

    fluxes: FloatArray
    filled: BoolArray


def bridged(
    times: FloatArray,
    fluxes: FloatArray,
    *,
    shaping: BoolArray,
    protected: BoolArray,
    reach_days: float,
    longest_gap_days: float,
) -> Bridged:
    """The fluxes with each run of protected samples replaced by a parabola through what lies beside it.

    Not replaced are runs with fewer than `FEWEST_BESIDE` samples on a side: at the edges of the data, and of
    gaps longer than `longest_gap_days`.

    Args:
        times: Days, shape (n,), any order.
        fluxes: Any unit, shape (n,).
        shaping: The samples that may shape a parabola, finite.
        protected: The samples to be replaced, finite; none of them is in `shaping`.
        reach_days: So far on either side the samples shape the parabola.
        longest_gap_days: No parabola reaches over a longer gap; inf where every gap may be crossed.
    """
    found, filled = fluxes.copy(), np.zeros(len(times), dtype=np.bool_)
    for part in parts_of(times, shaping | protected, longest_gap_days=longest_gap_days):
        known = part[shaping[part]]
        known_times = times[known]
        for run in _runs(part, protected[part]):
            left, right = _beside(known_times, times[run], reach_days=reach_days)
            if min(len(known[left]), len(known[right])) < FEWEST_BESIDE:
                continue
            beside = np.concatenate([known[left], known[right]])
            found[run] = polynomial(times[beside], fluxes[beside], at=times[run], degree=DEGREE)
            filled[run] = True
    return Bridged(fluxes=found, filled=filled)


def parts_of(times: FloatArray, used: BoolArray, *, longest_gap_days: float) -> list[Indices]:
    """Indices of the used samples in order of time, parted at long gaps."""
    order = np.flatnonzero(used)
    order = order[np.argsort(times[order], kind="stable")]
    return np.split(order, np.flatnonzero(np.diff(times[order]) > longest_gap_days) + 1)


def _runs(part: Indices, chosen: BoolArray) -> Iterator[Indices]:
    """The indices in `part` that are chosen, one run of neighbours after the other."""
    edges = np.flatnonzero(np.diff(chosen.astype(np.int8), prepend=0, append=0))
    for first, end in zip(edges[::2], edges[1::2], strict=True):
        yield part[first:end]


def _beside(known: FloatArray, run: FloatArray, *, reach_days: float) -> tuple[slice, slice]:
    """Where among the known times, in order, those within reach before and after the times of a run stand."""
    left = np.searchsorted(known, [run[0] - reach_days, run[0]])
    right = np.searchsorted(known, [run[-1], run[-1] + reach_days], side="right")
    return slice(*left), slice(*right)


def polynomial(times: FloatArray, fluxes: FloatArray, *, at: FloatArray, degree: int) -> FloatArray:
    """A polynomial through samples, without those far from a first one, at other times."""
    fit = np.polynomial.Polynomial.fit
    distances = np.abs(fluxes - fit(times, fluxes, degree)(times))
    near = distances <= _CLIP_SIGMA * MAD_TO_SIGMA * np.median(distances)
    found: FloatArray = fit(times[near], fluxes[near], degree)(at)
    return found
