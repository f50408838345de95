"""`Lightcurve`: what all light curves have and can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from eas_framework import lightcurve_files
from eas_framework.errors import LightcurveError
from eas_framework.lightcurve import merging
from eas_framework.resampling import Resampled, resample
from eas_framework.task_objects import plain_values

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class Lightcurve(ABC):
    """A light curve with metadata; `+`, `-`, `*` with another one give a curve on the raster of the first.

    The second curve is resampled onto the first's times where they differ; what it does not cover becomes NaN
    and flagged. Flags combine by "or". Independent uncertainties propagate: in sums and differences in
    quadrature, in products their relative values in quadrature.

    Attributes:
        fluxes: Shape (n,).
        uncertainties: Shape (n,), unit of the fluxes.
        flags: Shape (n,), integers, 0 good.
        flags_set: Whether flags were given (or found in resampling), not assumed.
        metadata: Keyword to plain value, the curve's own copy.
    """

    fluxes: FloatArray
    uncertainties: FloatArray
    flags: IntArray
    flags_set: bool
    metadata: dict[str, Any]

    def __init__(self, metadata: Mapping[str, Any] | None) -> None:
        if metadata is not None and not isinstance(metadata, Mapping):
            raise LightcurveError(f"metadata must be a dict, not {type(metadata).__name__}")
        self.metadata = plain_values(metadata)

    def _set_samples(self, fluxes: Any, uncertainties: Any, flags: Any) -> None:
        """Check and keep the columns of values; what is None becomes 0."""
        self.fluxes = column(fluxes, "fluxes")
        shape = self.fluxes.shape
        self.uncertainties = (
            np.zeros(shape) if uncertainties is None else column(uncertainties, "uncertainties")
        )
        self.flags = np.zeros(shape, dtype=np.int64) if flags is None else lightcurve_files.as_flags(flags)
        self.flags_set = flags is not None
        check_shapes(fluxes=self.fluxes, uncertainties=self.uncertainties, flags=self.flags)

    @abstractmethod
    def get_times(self) -> FloatArray:
        """Sample times in days, shape (n,), read-only."""

    @abstractmethod
    def get_time_of_point(self, index: int) -> float:
        """Time in days of sample number `index`."""

    @abstractmethod
    def estimate_sampling_interval(self) -> float:
        """Typical time between samples in days."""

    @abstractmethod
    def check_fixed_step(self, verbose: bool = True, max_errors: int | None = 6) -> int:
        """Number of departures from a regular raster; 0 means regular."""

    @abstractmethod
    def _select(self, is_wanted: npt.NDArray[np.bool_]) -> Self:
        """The curve of the wanted samples, arrays and metadata copied."""

    @abstractmethod
    def _with_samples(
        self, *, fluxes: FloatArray, uncertainties: FloatArray, flags: IntArray, metadata: Mapping[str, Any]
    ) -> Self:
        """A curve on the same raster with other values."""

    def get_fluxes(self) -> FloatArray:
        """Fluxes, shape (n,), read-only."""
        return lightcurve_files.read_only(self.fluxes)

    def get_uncertainties(self) -> FloatArray:
        """Uncertainties of the fluxes, shape (n,), same unit, read-only."""
        return lightcurve_files.read_only(self.uncertainties)

    def get_flags(self) -> IntArray:
        """Flags, shape (n,), 0 good, read-only."""
        return lightcurve_files.read_only(self.flags)

    def __len__(self) -> int:
        return len(self.fluxes)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self)} samples>"

    def duration(self) -> float:
        """Last time minus first time, in days.

        Raises:
            LightcurveError: There are no samples.
        """
        if not len(self):
            raise LightcurveError("a light curve without samples has no duration")
        times = self.get_times()
        return float(times[-1] - times[0])

    def truncate_to_length(self, maximum_time: float, minimum_time: float = 0) -> Self:
        """The samples with minimum_time ≤ t < maximum_time [days], same class, metadata copied."""
        times = self.get_times()
        return self._select((times >= minimum_time) & (times < maximum_time))

    def with_columns(
        self,
        *,
        fluxes: npt.ArrayLike | None = None,
        uncertainties: npt.ArrayLike | None = None,
        flags: npt.ArrayLike | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> Self:
        """The same samples with other columns, same class; what is None is copied from this curve.

        Args:
            fluxes: Any unit, shape (n,).
            uncertainties: Unit of the fluxes, shape (n,).
            flags: 0 good, shape (n,).
            metadata: All that the new curve has; to add some, give ``curve.metadata | {...}``.

        Raises:
            LightcurveError: A column is not one number for each sample.
        """
        changed = self._with_samples(
            fluxes=self.fluxes.copy() if fluxes is None else column(fluxes, "fluxes"),
            uncertainties=(
                self.uncertainties.copy() if uncertainties is None else column(uncertainties, "uncertainties")
            ),
            flags=self.flags.copy() if flags is None else lightcurve_files.as_flags(flags),
            metadata=self.metadata if metadata is None else metadata,
        )
        check_shapes(times=self.get_times(), fluxes=changed.fluxes)  # a regular raster has any length
        changed.flags_set = self.flags_set or flags is not None
        return changed

    def to_file(self, target_path: str | Path, binary: bool = False, gzipped: bool = True) -> dict[str, bool]:
        """Write the samples and return what the file's metadata must say for reading.

        Args:
            target_path: File to write; nothing is added to the name.
            binary: True for the internal form (numpy), False for text with times in seconds.
            gzipped: Compress the text; a binary file never is.

        Returns:
            The keys `binary` and `gzipped`, with the values that hold for the file.

        Raises:
            LightcurveError: There are no samples.
        """
        columns = lightcurve_files.SampleColumns(
            times=self.get_times(), fluxes=self.fluxes, flags=self.flags, uncertainties=self.uncertainties
        )
        lightcurve_files.write_columns(target_path, columns, binary=binary, gzipped=gzipped)
        return {"binary": binary, "gzipped": gzipped and not binary}

    def __add__(self, other: object) -> Self:
        if not isinstance(other, Lightcurve):
            return NotImplemented
        merging.check_same_flux_unit(self.metadata, other.metadata)
        metadata = merging.metadata_of_sum(self.metadata, other.metadata)
        return self._combine(other, metadata, np.add, _quadrature)

    def __sub__(self, other: object) -> Self:
        if not isinstance(other, Lightcurve):
            return NotImplemented
        merging.check_same_flux_unit(self.metadata, other.metadata)
        metadata = merging.metadata_of_difference(self.metadata, other.metadata)
        return self._combine(other, metadata, np.subtract, _quadrature)

    def __mul__(self, other: object) -> Self:
        if not isinstance(other, Lightcurve):
            return NotImplemented
        metadata = merging.metadata_of_product(self.metadata, other.metadata)
        return self._combine(other, metadata, np.multiply, _product_uncertainty)

    def _combine(
        self,
        other: Lightcurve,
        metadata: Mapping[str, Any],
        operation: Callable[[FloatArray, FloatArray], FloatArray],
        propagate: Callable[[Lightcurve, Resampled], FloatArray],
    ) -> Self:
        """This curve and the other one, put on this one's raster, combined sample by sample."""
        merging.check_same_time_system(self.metadata, other.metadata)
        second = _on_raster_of(self, other)
        result = self._with_samples(
            fluxes=operation(self.fluxes, second.fluxes),
            uncertainties=propagate(self, second),
            flags=self.flags | second.flags,
            metadata=metadata,
        )
        result.flags_set = self.flags_set or other.flags_set or bool(second.flags.any())
        return result


def _on_raster_of(first: Lightcurve, second: Lightcurve) -> Resampled:
    """The second curve's values at the first one's times."""
    times, other_times = first.get_times(), second.get_times()
    if np.array_equal(times, other_times):
        return Resampled(second.fluxes, second.uncertainties, second.flags)
    return resample(times, other_times, second.fluxes, uncertainties=second.uncertainties, flags=second.flags)


def _quadrature(first: Lightcurve, second: Resampled) -> FloatArray:
    """Uncertainty of a sum or difference of independent values."""
    return np.hypot(first.uncertainties, second.uncertainties)


def _product_uncertainty(first: Lightcurve, second: Resampled) -> FloatArray:
    """Uncertainty of a product: relative uncertainties in quadrature, written so that fluxes may be 0."""
    return np.hypot(second.fluxes * first.uncertainties, first.fluxes * second.uncertainties)


def column(values: Any, name: str) -> FloatArray:
    """The values as an array of numbers, shape (n,).

    Raises:
        LightcurveError: They are not numbers in one dimension.
    """
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise LightcurveError(f"{name} of a light curve must be numbers: {error}") from error
    if array.ndim != 1:
        raise LightcurveError(f"{name} of a light curve must have one dimension, not the shape {array.shape}")
    return array


def check_shapes(**columns: npt.NDArray[Any]) -> None:
    """Refuse columns of different lengths.

    Raises:
        LightcurveError: Names the columns and their lengths.
    """
    if len({array.shape for array in columns.values()}) > 1:
        found = ", ".join(f"{len(array)} {name}" for name, array in columns.items())
        raise LightcurveError(f"the columns of a light curve must have one length: got {found}")
