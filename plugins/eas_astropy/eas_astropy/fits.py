"""Light curves of Kepler, K2 and TESS (SPOC, QLP and their like) in FITS binary tables."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from eas_astropy.bintable import BinaryTable, NotFitsError, UnusualTableError, read_tables
from eas_astropy.quality import BY_MISSION
from eas_framework.errors import LightcurveFileError
from eas_framework.lc_readers import (
    GENERIC_MASKS,
    ColumnNames,
    RawColumns,
    choose_columns,
    lightcurve_from_columns,
    time_system_of_column,
)
from eas_framework.lightcurve import LightcurveArbitraryRaster
from eas_framework.lightcurve_files import read_bytes
from eas_framework.plugins import LightcurveReader, ReadOptions

KNOWN = ColumnNames(
    time=("time", "bjd", "btjd", "bkjd", "t", "tmid_bjd"),
    flux=("pdcsap_flux", "sap_flux", "det_flux", "kspsap_flux", "flux", "fcor", "corr_flux", "cor_flux"),
    error=("kspsap_flux_err", "det_flux_err", "flux_err", "fraw_err", "error"),
    quality=("sap_quality", "quality"),
)
# Keywords worth keeping, and what they are called in the metadata.
_HEADER = {
    "OBJECT": "object", "TELESCOP": "telescope", "MISSION": "mission", "INSTRUME": "instrument",
    "ORIGIN": "origin", "PROCVER": "processing_version", "TICID": "ticid", "KEPLERID": "keplerid",
    "SECTOR": "sector", "QUARTER": "quarter", "CAMPAIGN": "campaign", "CAMERA": "camera", "CCD": "ccd",
    "CHANNEL": "channel", "OBSMODE": "observing_mode", "RA_OBJ": "ra_deg", "DEC_OBJ": "dec_deg",
    "TESSMAG": "tess_magnitude", "KEPMAG": "kepler_magnitude", "TEFF": "teff_k", "LOGG": "log_g",
    "RADIUS": "radius_rsun", "EXPOSURE": "exposure_d", "TIMEDEL": "time_resolution_d",
}  # fmt: skip


def _is_fits(head: bytes, path: Path) -> bool:
    return head.startswith(b"SIMPLE  =")


def read_fits(path: Path, options: ReadOptions) -> LightcurveArbitraryRaster:
    """The light curve in the first binary table that has a column of times.

    The flux is PDCSAP_FLUX, or SAP_FLUX where that is missing or empty; the unit and zero of time come from
    BJDREF and the unit of the column; quality levels are those of the mission.

    Raises:
        LightcurveFileError: No such table, a damaged file, or columns that are not there.
    """
    table = _light_curve_table(path, options)
    names = _names_with_values(table, options)
    choice = choose_columns(names, options, path, known=KNOWN)
    time_name = names[choice.time]
    raw = RawColumns(
        times=_numbers(table, time_name, path),
        fluxes=_numbers(table, names[choice.flux], path),
        errors=None if choice.error is None else _numbers(table, names[choice.error], path),
        quality=None if choice.quality is None else _quality(table, names[choice.quality], path),
        flux_unit=table.unit(names[choice.flux]),
        used=choice.used(names),
        quality_masks=BY_MISSION.get(_mission(table), GENERIC_MASKS),
        header=_kept_header(table),
        **_time_system(table, time_name),
    )
    return lightcurve_from_columns(raw, path=path, file_format="FITS", options=options)


def _light_curve_table(path: Path, options: ReadOptions) -> BinaryTable:
    """The first table with a column of times."""
    wanted = {options.time_column.lower()} if isinstance(options.time_column, str) else set(KNOWN.time)
    seen = []
    for table in _tables(path):
        if wanted & {name.lower() for name in table.columns} or isinstance(options.time_column, int):
            return table
        seen.append(", ".join(table.columns))
    raise LightcurveFileError(
        f"{path}: no table has a column of times ({', '.join(sorted(wanted))}); "
        f"the tables have: {'; '.join(seen) or 'there is none'}"
    )


def _tables(path: Path) -> Iterator[BinaryTable]:
    """The binary tables, by our own reader, or by astropy where that leaves off."""
    content = read_bytes(path)
    try:
        yield from list(read_tables(content))
    except UnusualTableError:
        yield from _tables_by_astropy(content, path)
    except (NotFitsError, KeyError) as error:
        raise LightcurveFileError(f"{path}: damaged FITS file: {error}") from error


def _tables_by_astropy(content: bytes, path: Path) -> Iterator[BinaryTable]:
    from astropy.io import fits  # late: takes seconds, and most files do not need it

    try:
        with fits.open(io.BytesIO(content)) as hdus:
            tables = [hdu for hdu in hdus if isinstance(hdu, fits.BinTableHDU)]
            yield from [_from_hdu(hdu, hdus[0].header) for hdu in tables]
    except (OSError, TypeError, ValueError) as error:
        raise LightcurveFileError(f"{path}: damaged FITS file: {error}") from error


def _from_hdu(hdu: Any, primary: Any) -> BinaryTable:
    columns = {name: np.asarray(hdu.data[name]) for name in hdu.columns.names}
    return BinaryTable(dict(primary), dict(hdu.header), columns)


def _names_with_values(table: BinaryTable, options: ReadOptions) -> list[str]:
    """Names of the columns of single numbers; without empty ones, unless the user chooses columns."""
    single = [name for name, column in table.columns.items() if column.ndim == 1]
    asked = (options.time_column, options.flux_column, options.error_column, options.quality_column)
    if any(column is not None for column in asked):
        return single
    return [name for name in single if not _is_empty(table.columns[name])]


def _is_empty(column: npt.NDArray[Any]) -> bool:
    """Whether a column of numbers holds no number."""
    return column.dtype.kind == "f" and not np.isfinite(column).any()


def _numbers(table: BinaryTable, name: str, path: Path) -> npt.NDArray[np.float64]:
    column = table.columns[name]
    if column.dtype.kind not in "fiu":
        raise LightcurveFileError(f"{path}: column {name} does not hold numbers")
    return column.astype(np.float64)


def _quality(table: BinaryTable, name: str, path: Path) -> npt.NDArray[np.int64]:
    column = table.columns[name]
    if column.dtype.kind not in "iu":
        raise LightcurveFileError(f"{path}: column {name} does not hold bit flags")
    return column.astype(np.int64)


def _mission(table: BinaryTable) -> str:
    """The mission in lower case; K2 calls itself "Kepler" as telescope and "K2" as mission."""
    said = (table.header.get(key) or table.primary.get(key) for key in ("MISSION", "TELESCOP"))
    return next((str(name).lower() for name in said if name), "")


def _time_system(table: BinaryTable, time_name: str) -> dict[str, Any]:
    """What the header says about times: BJDREFI + BJDREFF, TIMEUNIT, TIMESYS, and the unit of the column."""
    header = table.header
    column = time_system_of_column(time_name, table.unit(time_name))
    declared = time_system_of_column("", str(header.get("TIMEUNIT") or ""))
    zero = header.get("BJDREFI")
    scale = header.get("TIMESYS")
    return {
        "time_unit": column.unit or declared.unit,
        "time_zero": column.zero if zero is None else float(zero) + float(header.get("BJDREFF") or 0.0),
        "time_scale": str(scale).lower() if scale else column.scale,
    }


def _kept_header(table: BinaryTable) -> Mapping[str, Any]:
    """The keywords worth keeping, from the table's header or the primary one."""
    merged = {**table.primary, **table.header}
    return {name: merged[key] for key, name in _HEADER.items() if merged.get(key) not in (None, "")}


READER = LightcurveReader(
    name="FITS", sniff=_is_fits, read=read_fits, summary="Kepler, K2 and TESS light curves (SPOC, QLP)."
)
