"""Flux-conserving resampling of arrays: what a curve measured on one raster says on another.

A sample is a *pixel* in time: its edges lie half-way to its neighbours, the first and last pixel extend as
far outwards as inwards. The flux is constant over a pixel. A new sample is the mean over its pixel, so that
flux times width, summed over the new pixels, is the integral of the old curve over them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from eas_framework.errors import LightcurveError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

MINIMUM_SAMPLES = 2

# A new pixel reaches at most so many median spacings to either side: an exposure does not extend over a gap.
_PIXEL_REACH = 1.0
# Stretches farther than this many median spacings from every old sample count as not measured.
_GAP_REACH = 0.75
# A pixel that old samples cover by less than half was not measured (the slack forgives rounding of times).
_ENOUGH = 0.499
# Overlaps below this fraction of a pixel are rounding of times, not contact.
_CONTACT = 1e-4


class Resampled(NamedTuple):
    """A curve on the new raster, each of shape (m,).

    A sample outside the old curve has NaN flux and uncertainty, and flag 1. So has one that touches a NaN.
    """

    fluxes: FloatArray
    uncertainties: FloatArray
    flags: IntArray


def resample(
    new_times: npt.ArrayLike,
    times: npt.ArrayLike,
    fluxes: npt.ArrayLike,
    *,
    uncertainties: npt.ArrayLike | None = None,
    flags: npt.ArrayLike | None = None,
) -> Resampled:
    r"""Mean flux over each new pixel, with its uncertainty and flag.

    With the overlaps :math:`w_j` of a new pixel with the old ones, divided by their sum, the flux is
    :math:`\sum w_j f_j` and its uncertainty :math:`(\sum w_j^2 \sigma_j^2)^{1/2}`: linear propagation for
    independent samples, :math:`\sigma/\sqrt n` for a pixel of n whole samples.

    A new sample is flagged when flagged old samples cover more than 1e-4 of it, when it lies outside the old
    curve (covered by less than half), or when at least half of it lies in a gap (farther than 3/4 of the
    median spacing from every old sample; the flux then comes from the neighbours and is still conserved).

    Args:
        new_times: Times wanted, shape (m,), increasing, m ≥ 2.
        times: Times of the samples, shape (n,), increasing, n ≥ 2, same unit.
        fluxes: Shape (n,), any unit.
        uncertainties: Shape (n,), unit of the fluxes; None means 0.
        flags: Shape (n,), 0 good; None means all good.

    Raises:
        LightcurveError: Too few samples, times that do not increase, or columns of different lengths.
    """
    new, old = check_times(new_times, "new times"), check_times(times, "times")
    flux = _column(fluxes, old, "fluxes")
    sigma = np.zeros(len(old)) if uncertainties is None else _column(uncertainties, old, "uncertainties")
    flag = np.zeros(len(old), dtype=np.int64) if flags is None else _column(flags, old, "flags", dtype=None)
    if np.array_equal(new, old):
        return Resampled(flux.copy(), sigma.copy(), flag.astype(np.int64))
    overlap = _Overlap.between(new, old)
    mean, touches_nan = overlap.mean(flux)
    is_nan = touches_nan | ~overlap.is_inside
    is_flagged = is_nan | overlap.touches(flag != 0) | _lies_in_gap(overlap, old)
    return Resampled(
        np.where(is_nan, np.nan, mean),
        np.where(is_nan, np.nan, overlap.mean_uncertainty(sigma)),
        is_flagged.astype(np.int64),
    )


def check_times(times: npt.ArrayLike, name: str) -> FloatArray:
    """The times as an array that can be a raster.

    Raises:
        LightcurveError: Fewer than two, not one-dimensional, not finite, or not increasing; names the place.
    """
    array = np.asarray(times, dtype=np.float64)
    if array.ndim != 1 or len(array) < MINIMUM_SAMPLES:
        raise LightcurveError(
            f"{name}: resampling needs at least {MINIMUM_SAMPLES} samples in one dimension, "
            f"got an array of shape {array.shape}"
        )
    increases = array[1:] > array[:-1]
    if not increases.all():
        index = int(np.argmin(increases))
        raise LightcurveError(
            f"{name}: times must increase; number {index} is {array[index]!s}, "
            f"the next one {array[index + 1]!s}"
        )
    if not np.isfinite(array[[0, -1]]).all():
        raise LightcurveError(f"{name}: times must be finite; they run from {array[0]!s} to {array[-1]!s}")
    return array


def _column(
    values: npt.ArrayLike, times: FloatArray, name: str, dtype: type[np.float64] | None = np.float64
) -> npt.NDArray[Any]:
    array = np.asarray(values, dtype=dtype)
    if array.shape != times.shape:
        raise LightcurveError(f"{name} have the shape {array.shape}, the times {times.shape}")
    return array


def pixel_edges(times: FloatArray) -> FloatArray:
    """Edges of the pixels of n samples, shape (n + 1,): mid-points, and half a spacing outside both ends."""
    edges = np.empty(len(times) + 1)
    np.add(times[1:], times[:-1], out=edges[1:-1])
    edges[1:-1] *= 0.5
    edges[0] = 1.5 * times[0] - 0.5 * times[1]
    edges[-1] = 1.5 * times[-1] - 0.5 * times[-2]
    return edges


@dataclass(frozen=True)
class _Overlap:
    """How new pixels lie over old ones.

    A new pixel touches the old ones `first` to `last`; `head` and `tail` are the widths of its parts in those
    two (tail 0 where they are the same), all between are covered whole. Sums are local to a pixel, so
    rounding does not grow along the curve.
    """

    starts: FloatArray
    ends: FloatArray
    covered: FloatArray
    widths: FloatArray
    first: npt.NDArray[np.intp]
    last: npt.NDArray[np.intp]
    head: FloatArray
    tail: FloatArray

    @classmethod
    def between(cls, new_times: FloatArray, times: FloatArray) -> _Overlap:
        """The overlap of the pixels of two rasters."""
        edges, new_edges = pixel_edges(times), pixel_edges(new_times)
        reach = _PIXEL_REACH * float(np.median(np.diff(new_times)))
        starts = np.maximum(new_edges[:-1], new_times - reach)
        ends = np.minimum(new_edges[1:], new_times + reach)
        inner_starts = np.clip(starts, edges[0], edges[-1])
        inner_ends = np.clip(ends, edges[0], edges[-1])
        top = len(times) - 1
        after_starts = np.searchsorted(edges, inner_starts, side="right")
        first = np.minimum(after_starts - 1, top)
        last = np.searchsorted(edges, inner_ends, side="left")
        last -= 1
        np.clip(last, first, top, out=last)
        return cls(
            starts=starts,
            ends=ends,
            covered=inner_ends - inner_starts,
            widths=np.diff(edges),
            first=first,
            last=last,
            head=np.minimum(inner_ends, edges[first + 1]) - inner_starts,
            tail=np.where(last > first, inner_ends - edges[last], 0.0),
        )

    @property
    def is_inside(self) -> BoolArray:
        """Whether the old curve covers at least half of the pixel."""
        return self.covered >= _ENOUGH * (self.ends - self.starts)

    @cached_property
    def _inner(self) -> tuple[npt.NDArray[np.intp], BoolArray]:
        """Bounds, in turns, of the old pixels that each new one covers whole; whether there are any."""
        begin = np.minimum(self.first + 1, len(self.widths) - 1)
        end = np.maximum(self.last, begin)
        return np.stack((begin, end), axis=1).ravel(), end > begin

    def _sum_of_whole(self, values: FloatArray) -> FloatArray:
        """Sum of the values of the old pixels that each new one covers whole, shape (m,)."""
        bounds, has_inner = self._inner
        return np.where(has_inner, np.add.reduceat(values, bounds)[::2], 0.0)

    def _at_ends(self, values: npt.NDArray[Any], power: int = 1) -> FloatArray:
        """Sum of value times overlap, to a power, over the first and the last old pixel, shape (m,)."""
        head, tail = values[self.first] * self.head, values[self.last] * self.tail
        return head + tail if power == 1 else head**power + tail**power

    def mean(self, values: FloatArray) -> tuple[FloatArray, BoolArray]:
        """Mean over each pixel, and whether values that are not finite, which are left out, touch it."""
        # Sums of deviations from a typical value lose no digits, and a constant curve stays exactly constant.
        with np.errstate(invalid="ignore"):  # infinities of both signs
            total = float(np.sum(values))
        if np.isfinite(total):
            level = total / len(values)
            deviations = values - level
            touches_nan = np.zeros(len(self.first), dtype=bool)
        else:
            is_finite = np.isfinite(values)
            level = float(np.mean(values, where=is_finite)) if is_finite.any() else 0.0
            deviations = np.where(is_finite, values - level, 0.0)
            touches_nan = self.touches(~is_finite)
        sums = self._at_ends(deviations)
        deviations *= self.widths
        sums += self._sum_of_whole(deviations)
        return level + sums / self._divisor, touches_nan

    def mean_uncertainty(self, sigma: FloatArray) -> FloatArray:
        """Uncertainty of the mean of independent samples."""
        if not sigma.any():
            return np.zeros(len(self.first))
        scaled = sigma * self.widths
        np.square(scaled, out=scaled)
        return np.sqrt(self._at_ends(sigma, power=2) + self._sum_of_whole(scaled)) / self._divisor

    @property
    def _divisor(self) -> FloatArray:
        """Covered widths; 1 where nothing is covered, which `is_inside` rules out."""
        return np.where(self.covered > 0, self.covered, 1.0)

    def touches(self, is_marked: BoolArray) -> BoolArray:
        """Whether marked old pixels cover more than rounding of the new one."""
        if not is_marked.any():
            return np.zeros(len(self.first), dtype=bool)
        covered = self._at_ends(is_marked) + self._sum_of_whole(np.where(is_marked, self.widths, 0.0))
        return covered > _CONTACT * (self.ends - self.starts)


def _lies_in_gap(overlap: _Overlap, times: FloatArray) -> BoolArray:
    """Whether at least half of each new pixel lies in gaps of the old curve."""
    spacing = np.diff(times)
    if spacing.max() <= 2 * _GAP_REACH * spacing.min():  # spares the median, which is slow
        return np.zeros(len(overlap.first), dtype=bool)
    reach = _GAP_REACH * float(np.median(spacing))
    before = np.flatnonzero(spacing > 2 * reach)
    if not before.size:
        return np.zeros(len(overlap.first), dtype=bool)
    bounds = np.stack((times[before] + reach, times[before + 1] - reach), axis=1)
    lengths = np.cumsum(bounds[:, 1] - bounds[:, 0])
    gap_before = np.stack((lengths - (bounds[:, 1] - bounds[:, 0]), lengths), axis=1)
    in_gap = np.diff(
        np.interp(np.stack((overlap.starts, overlap.ends)), bounds.ravel(), gap_before.ravel()), axis=0
    )
    is_in_gap: BoolArray = in_gap[0] >= _ENOUGH * (overlap.ends - overlap.starts)
    return is_in_gap
