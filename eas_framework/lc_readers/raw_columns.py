"""From the columns of a file to a light curve: units, masks, missing values, and the record of all that."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from eas_framework.errors import LightcurveError, LightcurveFileError
from eas_framework.lc_readers.times import TimeSystem, in_days
from eas_framework.lightcurve import LightcurveArbitraryRaster
from eas_framework.lightcurve_files import as_flags
from eas_framework.plugins import ReadOptions

log = logging.getLogger(__name__)

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

ANY_BIT = -1
# Where nothing is known about the bits, each one makes a sample bad.
GENERIC_MASKS: Mapping[str, int] = {"default": ANY_BIT, "hard": ANY_BIT, "hardest": ANY_BIT, "none": 0}


@dataclass(frozen=True, kw_only=True)
class RawColumns:
    """What a reader found in a file, as it stands there; each column of shape (n,).

    Attributes:
        times: In the unit `time_unit`; rows with NaN are dropped later.
        fluxes: Any unit; NaN where there is none.
        errors: Uncertainties, unit of the fluxes; None where the file has none.
        errors_are_sure: Errors that are 1 throughout are uncertainties of 1, not a placeholder.
        quality: Bit flags, 0 good; None where the file has none.
        time_unit: "d" or "s"; None when the file does not say.
        time_zero: Days to add to get Julian dates; None when the file does not say.
        time_scale: Such as "tdb"; None when the file does not say.
        flux_unit: Unit of the fluxes as the file names it.
        used: Name or number of the column used as time, flux, error and quality.
        quality_masks: Bit masks by level name.
        header: Further metadata from the file.
    """

    times: FloatArray
    fluxes: FloatArray
    errors: FloatArray | None = None
    errors_are_sure: bool = False
    quality: IntArray | None = None
    time_unit: str | None = None
    time_zero: float | None = None
    time_scale: str | None = None
    flux_unit: str | None = None
    used: Mapping[str, str] = field(default_factory=dict)
    quality_masks: Mapping[str, int] = field(default_factory=lambda: GENERIC_MASKS)
    header: Mapping[str, Any] = field(default_factory=dict)


def quality_flags(values: FloatArray, name: str, path: Path) -> IntArray:
    """A column of quality flags as bits; a missing value counts as bad.

    Raises:
        LightcurveFileError: The values of column `name` are not whole numbers.
    """
    try:
        return as_flags(np.where(np.isnan(values), 1, values))
    except LightcurveError as error:
        raise LightcurveFileError(f"{path}: column {name} is no column of quality flags: {error}") from error


def lightcurve_from_columns(
    raw: RawColumns, *, path: Path, file_format: str, options: ReadOptions
) -> LightcurveArbitraryRaster:
    """The light curve that the columns mean, in the order of time, in days.

    Raises:
        LightcurveFileError: No row has a time, times look like seconds, or the quality level is not known.
    """
    mask = _quality_mask(raw, options, path)
    flags = np.zeros(len(raw.times), dtype=np.int64) if raw.quality is None else (raw.quality & mask) != 0
    errors, errors_source = _meaningful_errors(raw)
    order, counts = _rows_in_order(raw.times, path)
    system = TimeSystem(unit=raw.time_unit, zero=raw.time_zero, scale=raw.time_scale)
    times, time_metadata = in_days(raw.times[order], system, options, path)
    fluxes = raw.fluxes[order]
    has_flux = np.isfinite(fluxes)
    counts["rows_without_flux"] = int(np.count_nonzero(~has_flux))
    counts["rows_flagged_by_quality"] = int(np.count_nonzero(flags[order]))
    metadata = {
        **raw.header, **time_metadata, **counts, "filename": path.name, "file_format": file_format,
        **{f"{name}_column": column for name, column in raw.used.items()},
        "uncertainties_source": errors_source,
    }  # fmt: skip
    metadata |= {} if raw.flux_unit is None else {"flux_unit": raw.flux_unit}
    metadata |= {} if raw.quality is None else {"quality_mask": mask}
    curve = LightcurveArbitraryRaster(
        times, fluxes, errors[order], (flags[order] | ~has_flux).astype(np.int64), metadata
    )
    return curve if options.cut_off_time is None else _cut_off(curve, options.cut_off_time)


def _quality_mask(raw: RawColumns, options: ReadOptions, path: Path) -> int:
    """The bits that make a sample bad."""
    if isinstance(options.quality, int):
        return options.quality
    if options.quality not in raw.quality_masks:
        raise LightcurveFileError(
            f"{path}: unknown quality level {options.quality!r}; "
            f"give one of {', '.join(raw.quality_masks)}, or an integer bit mask"
        )
    return raw.quality_masks[options.quality]


def _meaningful_errors(raw: RawColumns) -> tuple[FloatArray, str]:
    """The uncertainties, and where they come from; 0 where a column's values cannot be uncertainties."""
    none = np.zeros(len(raw.times))
    if raw.errors is None:
        return none, "none: the file has no column of uncertainties; set to 0"
    name = raw.used.get("error", "errors")
    finite = raw.errors[np.isfinite(raw.errors)]
    if not finite.size:
        return none, f"column {name} has no values; set to 0"
    if (finite < 0).any():
        return none, f"column {name} has negative values, so these are no uncertainties; set to 0"
    if (finite == 0).all():
        return none, f"column {name} is 0 throughout: uncertainties unknown"
    if (finite == 1).all() and not raw.errors_are_sure:
        return none, f"column {name} is 1 throughout, without meaning; set to 0"
    return raw.errors, f"column {name}"


def _rows_in_order(times: FloatArray, path: Path) -> tuple[npt.NDArray[np.intp], dict[str, int | bool]]:
    """Indices of the rows that have a time, in its order, and the counts to record."""
    rows = np.flatnonzero(np.isfinite(times))
    if not rows.size:
        raise LightcurveFileError(f"{path}: no row has a time")
    known = times[rows]
    was_in_order = bool((known[1:] >= known[:-1]).all())
    if not was_in_order:
        log.info("%s: the rows are not in the order of time; sorted", path)
        rows = rows[np.argsort(known, kind="stable")]
    counts: dict[str, int | bool] = {"rows_in_file": len(times)}
    counts |= {"rows_without_time": len(times) - len(rows), "rows_were_in_order": was_in_order}
    return rows, counts


def _cut_off(curve: LightcurveArbitraryRaster, cut_off_time: float) -> LightcurveArbitraryRaster:
    """The samples up to a time [days]; the number of those dropped goes into the metadata."""
    is_wanted = curve.times <= cut_off_time
    metadata = {**curve.metadata, "rows_after_cut_off_time": int(np.count_nonzero(~is_wanted))}
    return LightcurveArbitraryRaster(
        curve.times[is_wanted],
        curve.fluxes[is_wanted],
        curve.uncertainties[is_wanted],
        curve.flags[is_wanted],
        metadata,
    )
