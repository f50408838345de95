"""A light curve made fit for a transit search: the one cleaning that all searches share.

Samples that are flagged or not finite are dropped, times are put in order, duplicate times keep their first
sample, the flux is divided by its median, and upward outliers (flares, cosmic rays) are clipped. Nothing here
depends on the instrument or the target.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eas_framework.errors import LightcurveError
from eas_tasks_tda.elliptic import FloatArray

log = logging.getLogger(__name__)

FEWEST_SAMPLES = 10
CLIP_ABOVE_SIGMA = 5.0
MAD_TO_SIGMA = 1.4826  # standard deviation of a Gaussian over its median absolute deviation
LONGEST_SPACING_DAYS = 1.0
LONGEST_SPAN_DAYS = 36_525.0
SMALLEST_RELATIVE_SIGMA = 0.1
GAP_CADENCES = 1.5  # bins do not reach over gaps longer than this


class UnsearchableError(LightcurveError):
    """A light curve that is well formed and holds too little to search in; a result, not a failure."""


class CurveLike(Protocol):
    """Columns of a light curve, as `eas_framework.lightcurve` has them."""

    @property
    def times(self) -> NDArray[np.float64]:
        """Days."""

    @property
    def fluxes(self) -> NDArray[np.float64]:
        """Any unit."""

    @property
    def uncertainties(self) -> NDArray[np.float64]:
        """Unit of the fluxes; 0 where not known."""

    @property
    def flags(self) -> NDArray[np.int64]:
        """0 is good."""


@dataclass(frozen=True, kw_only=True)
class CleanCurve:
    """Times in days in order, fluxes with median 1, and the standard deviation of each flux; all finite."""

    times: FloatArray
    fluxes: FloatArray
    sigmas: FloatArray

    @property
    def span_days(self) -> float:
        """Last time minus first."""
        return float(self.times[-1] - self.times[0])

    @cached_property
    def cadence_days(self) -> float:
        """Median spacing of the samples."""
        return float(np.median(np.diff(self.times)))

    @classmethod
    def of(cls, curve: CurveLike, *, clip_above: float | None = CLIP_ABOVE_SIGMA) -> Self:
        """The light curve cleaned; see `clean`."""
        return cls.clean(
            curve.times,
            curve.fluxes,
            uncertainties=curve.uncertainties,
            flags=curve.flags,
            clip_above=clip_above,
        )

    @classmethod
    def clean(
        cls,
        times: ArrayLike,
        fluxes: ArrayLike,
        *,
        uncertainties: ArrayLike | None = None,
        flags: ArrayLike | None = None,
        clip_above: float | None = CLIP_ABOVE_SIGMA,
    ) -> Self:
        """A curve that can be searched.

        Args:
            times: Days, shape (n,), any order.
            fluxes: Any unit, shape (n,); NaN is dropped.
            uncertainties: Unit of the fluxes; weight the samples when all are positive, else ignored.
            flags: Samples with another flag than 0 are dropped.
            clip_above: Samples this many standard deviations above the median are dropped; None keeps them.

        Raises:
            LightcurveError: Columns of unequal length, a median flux that is not positive, or times that
                cannot be days.
            UnsearchableError: Fewer than ten good samples, or all fluxes equal.
        """
        columns = _good_samples(times, fluxes, uncertainties, flags)
        t, y, s = _in_order(*columns)
        check_times_are_days(t)
        median = float(np.median(y))
        if not median > 0:
            raise LightcurveError(
                f"the median flux is {median:g}: a transit search needs fluxes above zero, not fluxes from "
                "which the mean was subtracted; add 1 to relative deviations"
            )
        curve = cls(times=t, fluxes=y / median, sigmas=s / median)._clipped(clip_above)
        return replace(curve, sigmas=_scaled_sigmas(curve.fluxes, curve.sigmas))

    def first(self, days: float) -> CleanCurve:
        """The samples less than `days` after the first one, cleaned anew."""
        early = self.where(self.times < self.times[0] + days)
        return CleanCurve.clean(early.times, early.fluxes, uncertainties=early.sigmas, clip_above=None)

    def _clipped(self, clip_above: float | None) -> Self:
        """The curve without upward outliers; the scatter is the robust one of all fluxes."""
        scatter = MAD_TO_SIGMA * float(np.median(np.abs(self.fluxes - 1)))
        if clip_above is None or scatter == 0:
            return self
        return self.where(self.fluxes <= 1 + clip_above * scatter)

    def where(self, keep: NDArray[np.bool_]) -> Self:
        """Only the samples in `keep`."""
        return replace(self, times=self.times[keep], fluxes=self.fluxes[keep], sigmas=self.sigmas[keep])

    def binned(self, bin_days: float) -> CleanCurve:
        """Inverse-variance means over as many samples as fit in `bin_days`; no bin reaches over a gap.

        The curve itself where fewer than two samples fit. The sigmas become those of the means.
        """
        cadence = self.cadence_days
        size = int(bin_days / cadence + 1e-9) if cadence > 0 else 1
        if size < 2:
            return self
        starts = np.flatnonzero(np.diff(self.times, prepend=-np.inf) > GAP_CADENCES * cadence)
        position = np.arange(len(self.times)) - np.repeat(starts, np.diff([*starts, len(self.times)]))
        first = np.flatnonzero(position % size == 0)
        weights = self.sigmas**-2
        total = np.add.reduceat(weights, first)
        return CleanCurve(
            times=np.add.reduceat(weights * self.times, first) / total,
            fluxes=np.add.reduceat(weights * self.fluxes, first) / total,
            sigmas=total**-0.5,
        )


def _good_samples(
    times: ArrayLike, fluxes: ArrayLike, uncertainties: ArrayLike | None, flags: ArrayLike | None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Times, fluxes and uncertainties of the samples that are neither flagged nor undefined."""
    t, y = np.asarray(times, dtype=np.float64), np.asarray(fluxes, dtype=np.float64)
    s = np.zeros_like(y) if uncertainties is None else np.asarray(uncertainties, dtype=np.float64)
    f = np.zeros_like(y) if flags is None else np.asarray(flags)
    shapes = {column.shape for column in (t, y, s, f)}
    if len(shapes) != 1 or t.ndim != 1:
        raise LightcurveError(f"the columns of a light curve must be equally long; their shapes are {shapes}")
    good = np.isfinite(t) & np.isfinite(y) & (f == 0)
    if np.count_nonzero(good) < FEWEST_SAMPLES:
        raise UnsearchableError(
            f"{np.count_nonzero(good)} of {len(t)} samples are good; a search needs {FEWEST_SAMPLES}"
        )
    return t[good], y[good], s[good]


def _in_order(t: FloatArray, y: FloatArray, s: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The columns in order of time, each time once."""
    unique, index = np.unique(t, return_index=True)
    if len(unique) < len(t):
        log.info("%d samples with a time that occurred before are dropped", len(t) - len(unique))
    if len(unique) < FEWEST_SAMPLES:
        raise UnsearchableError(f"{len(unique)} different times; a search needs {FEWEST_SAMPLES}")
    return unique, y[index], s[index]


def check_times_are_days(t: FloatArray) -> None:
    """Refuse times that look like seconds."""
    spacing, span = float(np.median(np.diff(t))), float(t[-1] - t[0])
    if spacing > LONGEST_SPACING_DAYS or span > LONGEST_SPAN_DAYS:
        raise LightcurveError(
            f"times must be in days: here samples are {spacing:g} apart and span {span:g}, which fits "
            "seconds; divide them by 86400, or give the reader its time unit"
        )


def _scaled_sigmas(fluxes: FloatArray, sigmas: FloatArray) -> FloatArray:
    """Standard deviation of each flux: the given ones scaled to the scatter of neighbours, or that scatter.

    Given uncertainties only tell samples apart: their common scale is often wrong or a placeholder. Each is
    taken as at least a tenth of their median, so that no single sample decides.
    """
    if np.ptp(fluxes) == 0:
        raise UnsearchableError("all fluxes are equal")
    scatter = neighbour_scatter(fluxes)
    if not np.all(np.isfinite(sigmas) & (sigmas > 0)):
        return np.full_like(fluxes, scatter)
    relative = sigmas / np.median(sigmas)
    return scatter * np.maximum(relative, SMALLEST_RELATIVE_SIGMA)


def neighbour_scatter(fluxes: FloatArray) -> float:
    """Standard deviation of the noise from differences of neighbours; of all fluxes where that is 0."""
    differences = np.diff(fluxes)
    scatter = MAD_TO_SIGMA * float(np.median(np.abs(differences - np.median(differences)))) / np.sqrt(2)
    return float(scatter if scatter > 0 else np.std(fluxes))
