"""`LightcurveArbitraryRaster`: a light curve whose samples have any times."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from eas_framework import lightcurve_files
from eas_framework.lightcurve.base import FloatArray, IntArray, Lightcurve, check_shapes, column
from eas_framework.lightcurve.fixed_step import LightcurveFixedStep
from eas_framework.lightcurve.rasters import RasterMatch, sampling_interval
from eas_framework.task_objects import plain_values


class LightcurveArbitraryRaster(Lightcurve):
    """A light curve with a time for each sample.

    Args:
        times: Days, shape (n,).
        fluxes: Any unit, shape (n,).
        uncertainties: Unit of the fluxes, shape (n,); None means 0.
        flags: 0 good, 1 bad, shape (n,); None means all good.
        metadata: Keyword to value or `MetadataItem`.

    Raises:
        LightcurveError: Columns of different lengths, or not numbers.
    """

    times: FloatArray

    def __init__(
        self,
        times: npt.ArrayLike,
        fluxes: npt.ArrayLike,
        uncertainties: npt.ArrayLike | None = None,
        flags: npt.ArrayLike | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(metadata)
        self.times = column(times, "times")
        self._set_samples(fluxes, uncertainties, flags)
        check_shapes(times=self.times, fluxes=self.fluxes)

    @classmethod
    def from_file(
        cls, file_path: str | Path, file_metadata: Mapping[str, Any] | None, cut_off_time: float | None = None
    ) -> Self:
        """The light curve that `to_file` wrote.

        Args:
            file_path: The file.
            file_metadata: Metadata of the file, in either form; they become the curve's. Their `binary` and
                `gzipped` must fit the file; where they are missing the file's content decides.
            cut_off_time: Samples later than this [days] are dropped.

        Raises:
            LightcurveFileError: The file is damaged, or not what its metadata say.
        """
        metadata = plain_values(file_metadata)
        columns = lightcurve_files.read_columns(
            file_path, binary=metadata.get("binary"), gzipped=metadata.get("gzipped")
        )
        if columns.flags_were_fluxes:
            metadata["flags_note"] = lightcurve_files.FLAGS_WERE_FLUXES
        curve = cls(columns.times, columns.fluxes, columns.uncertainties, columns.flags, metadata)
        return curve if cut_off_time is None else curve._select(curve.times <= cut_off_time)

    def _select(self, is_wanted: npt.NDArray[np.bool_]) -> Self:
        selected = type(self)(
            self.times[is_wanted],
            self.fluxes[is_wanted],
            self.uncertainties[is_wanted],
            self.flags[is_wanted],
            self.metadata,
        )
        selected.flags_set = self.flags_set
        return selected

    def _with_samples(
        self, *, fluxes: FloatArray, uncertainties: FloatArray, flags: IntArray, metadata: Mapping[str, Any]
    ) -> Self:
        return type(self)(self.times.copy(), fluxes, uncertainties, flags, metadata)

    def get_times(self) -> FloatArray:
        """Sample times in days, shape (n,), read-only."""
        return lightcurve_files.read_only(self.times)

    def get_time_of_point(self, index: int) -> float:
        """Time in days of sample number `index` (from 0); NaN outside the curve."""
        return float(self.times[index]) if 0 <= index < len(self) else float("nan")

    def estimate_sampling_interval(self) -> float:
        """Typical time between samples in days; robust to gaps, extra samples and rounded times, not rounded.

        Raises:
            LightcurveError: Fewer than two different times.
        """
        return sampling_interval(self.times)

    def check_fixed_step(self, verbose: bool = True, max_errors: int | None = 6) -> int:
        """Number of departures from a regular raster: points without a sample, and samples beside the raster.

        The raster starts at the first time and has the estimated sampling interval; a sample is on a point
        when it is at most 0.1 steps away.

        Args:
            verbose: Log what is missing.
            max_errors: Most missing points to log; None logs all.

        Raises:
            LightcurveError: The times do not increase, or are fewer than two.
        """
        match = RasterMatch.of(self.times)
        if verbose:
            match.report(max_errors)
        return match.error_count

    def to_fixed_step(self, verbose: bool = True, max_errors: int | None = 6) -> LightcurveFixedStep:
        """The curve on the regular raster from its first to its last time, with the estimated interval.

        Each raster point gets the nearest sample within half a step. Points without one have NaN flux and
        uncertainty, and flag 1. Metadata are copied.

        Args:
            verbose: Log what is missing.
            max_errors: Most missing points to log; None logs all.

        Raises:
            LightcurveError: The times do not increase, or are fewer than two.
        """
        match = RasterMatch.of(self.times)
        if verbose:
            match.report(max_errors)
        nearest = match.nearest_samples()
        is_gap = nearest < 0
        fixed = LightcurveFixedStep(
            time_start=match.start,
            time_step=match.step,
            fluxes=np.where(is_gap, np.nan, self.fluxes[nearest]),
            uncertainties=np.where(is_gap, np.nan, self.uncertainties[nearest]),
            flags=np.where(is_gap, 1, self.flags[nearest]),
            metadata=self.metadata,
        )
        fixed.flags_set = self.flags_set or bool(is_gap.any())
        return fixed
