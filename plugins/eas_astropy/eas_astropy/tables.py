"""Light curves in ECSV and VOTable files, through astropy; units and masked values are honoured."""

from __future__ import annotations

import io
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from eas_framework.errors import LightcurveFileError
from eas_framework.lc_readers import (
    RawColumns,
    choose_columns,
    lightcurve_from_columns,
    quality_flags,
    time_system_of_column,
)
from eas_framework.lightcurve import LightcurveArbitraryRaster
from eas_framework.lightcurve_files import read_bytes
from eas_framework.plugins import LightcurveReader, ReadOptions


def _is_ecsv(head: bytes, path: Path) -> bool:
    return head.startswith(b"# %ECSV")


def _is_votable(head: bytes, path: Path) -> bool:
    return head.lstrip().startswith((b"<?xml", b"<VOTABLE")) and b"<VOTABLE" in head


def _read(path: Path, options: ReadOptions, *, astropy_format: str, name: str) -> LightcurveArbitraryRaster:
    """The light curve in a table that astropy reads.

    Raises:
        LightcurveFileError: The table is malformed, or a column is missing or no column of numbers.
    """
    table = _table(path, astropy_format, name)
    choice = choose_columns(table.colnames, options, path)
    times, time_system = _times(table, table.colnames[choice.time], path)
    flux_name = table.colnames[choice.flux]
    flux_unit = table[flux_name].unit
    raw = RawColumns(
        times=times,
        fluxes=_numbers(table, flux_name, path),
        errors=None if choice.error is None else _errors(table, choice.error, flux_unit, path),
        quality=None if choice.quality is None else _quality(table, choice.quality, path),
        flux_unit=None if flux_unit is None else str(flux_unit),
        used=choice.used(table.colnames),
        **time_system,
    )
    return lightcurve_from_columns(raw, path=path, file_format=name, options=options)


def _table(path: Path, astropy_format: str, name: str) -> Any:
    """The astropy table in the file."""
    from astropy.table import Table  # late: takes seconds

    try:
        return Table.read(io.BytesIO(read_bytes(path)), format=astropy_format)
    except Exception as error:
        # The parsers behind Table.read raise errors of many families for malformed files.
        raise LightcurveFileError(f"{path}: malformed {name}: {error}") from error


def _times(table: Any, column: str, path: Path) -> tuple[npt.NDArray[np.float64], dict[str, Any]]:
    """The column of times, and the time system that column and unit tell."""
    from astropy import units
    from astropy.time import Time

    if isinstance(table[column], Time):
        return _from_time_objects(table[column])
    unit = table[column].unit
    said = time_system_of_column(column, None if unit is None else str(unit))
    times = _numbers(table, column, path)
    time_unit = said.unit
    if isinstance(unit, units.UnitBase) and unit.is_equivalent(units.day):
        times, time_unit = times * unit.to(units.day), "d"
    return times, {"time_unit": time_unit, "time_zero": said.zero, "time_scale": said.scale}


def _from_time_objects(times: Any) -> tuple[npt.NDArray[np.float64], dict[str, Any]]:
    """Days since a whole Julian date, so that no digits are lost, and the scale."""
    whole = np.asarray(times.jd1, dtype=np.float64)
    zero = float(np.floor(np.nanmin(whole)))
    days = (whole - zero) + np.asarray(times.jd2, dtype=np.float64)
    return days, {"time_unit": "d", "time_zero": zero, "time_scale": str(times.scale)}


def _numbers(table: Any, name: str, path: Path) -> npt.NDArray[np.float64]:
    """A column as numbers in its own unit, masked values as NaN."""
    values = table[name]
    try:
        return np.ma.filled(np.ma.asarray(getattr(values, "value", values)).astype(np.float64), np.nan)
    except (TypeError, ValueError) as error:
        raise LightcurveFileError(f"{path}: column {name} does not hold numbers") from error


def _errors(table: Any, number: int, flux_unit: Any, path: Path) -> npt.NDArray[np.float64]:
    """The uncertainties in the unit of the fluxes."""
    name = table.colnames[number]
    errors = _numbers(table, name, path)
    unit = table[name].unit
    if unit is None or flux_unit is None or unit == flux_unit:
        return errors
    try:
        return errors * float(unit.to(flux_unit))
    except (AttributeError, TypeError, ValueError) as error:
        raise LightcurveFileError(
            f"{path}: column {name} has the unit {unit}, the fluxes {flux_unit}; choose another error_column"
        ) from error


def _quality(table: Any, number: int, path: Path) -> npt.NDArray[np.int64]:
    name = table.colnames[number]
    return quality_flags(_numbers(table, name, path), name, path)


READERS = (
    LightcurveReader(
        name="ECSV",
        sniff=_is_ecsv,
        read=partial(_read, astropy_format="ascii.ecsv", name="ECSV"),
        summary="Tables of astropy, with units.",
    ),
    LightcurveReader(
        name="VOTable",
        sniff=_is_votable,
        read=partial(_read, astropy_format="votable", name="VOTable"),
        summary="Tables of the Virtual Observatory.",
    ),
)
