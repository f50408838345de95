"""Readers of the core for exact forms: the internal npy, the EAS text, and the stitching group's files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from eas_framework import lightcurve_files
from eas_framework.errors import LightcurveFileError
from eas_framework.lc_reader_lcsg import metadata_lines, read_lcsg_lightcurve
from eas_framework.lc_readers.raw_columns import RawColumns, lightcurve_from_columns
from eas_framework.lightcurve import LightcurveArbitraryRaster
from eas_framework.plugins import LightcurveReader, ReadOptions

_FIXED = ("time_column", "flux_column", "error_column", "quality_column", "time_unit")


def _text_of(head: bytes) -> str | None:
    """The whole lines of a file's first bytes; None when they are not text."""
    whole = head if head.endswith(b"\n") else head[: head.rfind(b"\n") + 1] or head
    try:
        return whole.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def _is_npy(head: bytes, path: Path) -> bool:
    return head.startswith(lightcurve_files.NPY_MAGIC) and not lightcurve_files.is_gzipped(path)


def _is_eas_text(head: bytes, path: Path) -> bool:
    text = _text_of(head)
    return text is not None and lightcurve_files.is_eas_text(text)


def _is_lcsg(head: bytes, path: Path) -> bool:
    """Whether there is a metadata line, and samples of three numbers between commas."""
    text = _text_of(head)
    if text is None or not metadata_lines(text):
        return False
    first = next(lightcurve_files.sample_lines(text), (0, ""))[1].split(",")
    return len(first) == 3 and all(lightcurve_files.is_number(cell) for cell in first)


def _read_eas(path: Path, options: ReadOptions) -> LightcurveArbitraryRaster:
    """A file of ours; which of the two forms it is, the file says."""
    _refuse_column_options(path, options, "an EAS light curve")
    columns = lightcurve_files.read_columns(path)
    note = {"flags_note": lightcurve_files.FLAGS_WERE_FLUXES} if columns.flags_were_fluxes else {}
    raw = RawColumns(
        times=columns.times,
        fluxes=columns.fluxes,
        errors=columns.uncertainties,
        quality=columns.flags,
        errors_are_sure=True,
        time_unit="d",
        used={"time": "1", "flux": "2", "quality": "3", "error": "4"},
        header=note,
    )
    return lightcurve_from_columns(raw, path=path, file_format="EAS light curve", options=options)


def _read_lcsg(path: Path, options: ReadOptions) -> LightcurveArbitraryRaster:
    _refuse_column_options(path, options, "a file of the Light Curve Stitching Group")
    curve = read_lcsg_lightcurve(path)
    header: dict[str, Any] = {key: value for key, value in curve.metadata.items() if key != "time_unit"}
    raw = RawColumns(
        times=curve.times,
        fluxes=curve.fluxes,
        quality=curve.flags,
        time_unit="d",
        used={"time": "1", "flux": "2", "quality": "3"},
        header=header,
    )
    return lightcurve_from_columns(raw, path=path, file_format="LCSG", options=options)


def _refuse_column_options(path: Path, options: ReadOptions, what: str) -> None:
    """Column options make no sense for a form whose columns are fixed."""
    given = [name for name in _FIXED if getattr(options, name) is not None]
    if given:
        raise LightcurveFileError(f"{path}: {what} has fixed columns and units; leave out {', '.join(given)}")


READERS = (
    LightcurveReader(name="EAS npy", sniff=_is_npy, read=_read_eas, summary="The framework's internal form."),
    LightcurveReader(
        name="EAS text",
        sniff=_is_eas_text,
        read=_read_eas,
        summary="time[s] flux flag uncertainty, gzip too.",
    ),
    LightcurveReader(
        name="LCSG",
        sniff=_is_lcsg,
        read=_read_lcsg,
        summary="Light Curve Stitching Group: time[d],flux,flag.",
    ),
)
