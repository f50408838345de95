"""Regular rasters in arrays of times: the step of one, and which samples lie on it."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eas_framework.errors import LightcurveError

log = logging.getLogger(__name__)

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

# A sample is on the raster when it is at most this fraction of a step away from a point of it.
TOLERANCE = 0.1
# A raster of more points than this is a mistake in the times, and would not fit into memory.
_MOST_POINTS = 100_000_000


def sampling_interval(times: FloatArray) -> float:
    """Typical spacing of the times, in their unit; gaps, extra samples and rounded times do not disturb it.

    The median spacing says roughly how large a step is; the mean of all spacings within half of that is
    exact, because the rounding of single times cancels in it.

    Raises:
        LightcurveError: Fewer than two different finite times.
    """
    spacings = np.diff(np.sort(times))
    spacings = np.sort(spacings[spacings > 0])
    if not spacings.size or not np.isfinite(spacings[-1]):
        raise LightcurveError("a sampling interval needs at least two different, finite times")
    rough = spacings[(len(spacings) - 1) // 2]
    return float(np.mean(spacings[np.abs(spacings - rough) < 0.5 * rough]))


@dataclass(frozen=True, kw_only=True)
class RasterMatch:
    """How samples lie on the raster ``start + k step``, k = 0 … point_count - 1.

    Attributes:
        points: Nearest raster point of each sample, shape (n,).
        offsets: Distance of each sample from it in steps, shape (n,), 0 to 0.5.
        missing: Raster points without a sample on them, shape (m,), increasing.
        extra_count: Samples that are on no point, or on one that another sample holds.
    """

    start: float
    step: float
    point_count: int
    points: IntArray
    offsets: FloatArray
    missing: IntArray
    extra_count: int

    @classmethod
    def of(cls, times: FloatArray) -> RasterMatch:
        """The raster from the first to the last time with the typical spacing.

        Raises:
            LightcurveError: The times do not increase, or are too few or too far apart.
        """
        step = sampling_interval(times)
        if (np.diff(times) < 0).any():
            raise LightcurveError(
                "the times must increase to be put on a regular raster; sort the curve first"
            )
        position = (times - times[0]) / step
        if position[-1] > _MOST_POINTS:
            raise LightcurveError(
                f"a raster of step {step!r} d over {times[-1] - times[0]!r} d has too many points; "
                "truncate the curve, or correct its times"
            )
        points = np.rint(position).astype(np.int64)
        offsets = np.abs(position - points)
        point_count = int(points[-1]) + 1
        held = np.unique(points[offsets <= TOLERANCE])
        is_missing = np.ones(point_count, dtype=bool)
        is_missing[held] = False
        return cls(
            start=float(times[0]),
            step=step,
            point_count=point_count,
            points=points,
            offsets=offsets,
            missing=np.flatnonzero(is_missing),
            extra_count=len(times) - len(held),
        )

    @property
    def error_count(self) -> int:
        """Missing points and extra samples."""
        return len(self.missing) + self.extra_count

    def report(self, max_errors: int | None) -> None:
        """Log the missing points, at most `max_errors` of them (None: all), and count the extra samples."""
        for point in self.missing[:max_errors]:
            log.info("no sample at time %.6f d (raster point %d)", self.start + point * self.step, point)
        hidden = 0 if max_errors is None else len(self.missing) - max_errors
        if hidden > 0:
            log.info("%d further raster points have no sample", hidden)
        if self.extra_count:
            log.info("%d samples are not on the raster of step %.9f d", self.extra_count, self.step)

    def nearest_samples(self) -> IntArray:
        """Index of the sample nearest to each raster point within half a step, -1 where there is none."""
        nearest = np.full(self.point_count, -1, dtype=np.int64)
        # Of several values assigned to one place the last stays: the nearest sample comes last.
        order = np.argsort(-self.offsets, kind="stable")
        nearest[self.points[order]] = order
        return nearest
