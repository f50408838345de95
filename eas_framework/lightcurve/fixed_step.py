"""`LightcurveFixedStep`: a light curve on an exactly regular raster."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from eas_framework import lightcurve_files
from eas_framework.errors import LightcurveError
from eas_framework.lightcurve.base import FloatArray, IntArray, Lightcurve


class LightcurveFixedStep(Lightcurve):
    """A light curve whose sample number k is at ``time_start + k time_step``.

    Args:
        time_start: Days.
        time_step: Days, positive.
        fluxes: Any unit, shape (n,).
        uncertainties: Unit of the fluxes, shape (n,); None means 0.
        flags: 0 good, 1 bad, shape (n,); None means all good.
        metadata: Keyword to value or `MetadataItem`.

    Raises:
        LightcurveError: Columns of different lengths, or not numbers; a step that is not positive.
    """

    def __init__(
        self,
        time_start: float,
        time_step: float,
        fluxes: npt.ArrayLike,
        uncertainties: npt.ArrayLike | None = None,
        flags: npt.ArrayLike | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(metadata)
        self.time_start = float(time_start)
        self.time_step = float(time_step)
        if not (self.time_step > 0 and math.isfinite(self.time_step) and math.isfinite(self.time_start)):
            raise LightcurveError(
                f"a raster needs a finite start and a positive step, not {time_start!r} and {time_step!r}"
            )
        self._set_samples(fluxes, uncertainties, flags)

    @property
    def times(self) -> FloatArray:
        """Sample times in days, shape (n,), read-only."""
        return self.get_times()

    def get_times(self) -> FloatArray:
        """Sample times in days, shape (n,), read-only; equal to `get_time_of_point` bit by bit."""
        return lightcurve_files.read_only(self.time_start + np.arange(len(self)) * self.time_step)

    def get_time_of_point(self, index: int) -> float:
        """Time in days of sample number `index` (from 0), also beyond the ends of the curve."""
        return self.time_start + index * self.time_step

    def estimate_sampling_interval(self) -> float:
        """The time step in days."""
        return self.time_step

    def check_fixed_step(self, verbose: bool = True, max_errors: int | None = 6) -> int:
        """0: the raster is regular."""
        return 0

    def _select(self, is_wanted: npt.NDArray[np.bool_]) -> Self:
        """The wanted samples, which are a stretch of the raster."""
        wanted = np.flatnonzero(is_wanted)
        first = int(wanted[0]) if wanted.size else 0
        part = slice(first, first + len(wanted))
        selected = type(self)(
            self.get_time_of_point(first),
            self.time_step,
            self.fluxes[part].copy(),
            self.uncertainties[part].copy(),
            self.flags[part].copy(),
            self.metadata,
        )
        selected.flags_set = self.flags_set
        return selected

    def _with_samples(
        self, *, fluxes: FloatArray, uncertainties: FloatArray, flags: IntArray, metadata: Mapping[str, Any]
    ) -> Self:
        return type(self)(self.time_start, self.time_step, fluxes, uncertainties, flags, metadata)
