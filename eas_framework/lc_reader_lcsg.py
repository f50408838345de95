"""Light curves of the Light Curve Stitching Group: text, ``time[days],flux,flag`` and ``# #key = value``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from eas_framework.errors import LightcurveError, LightcurveFileError
from eas_framework.lightcurve import LightcurveArbitraryRaster
from eas_framework.lightcurve_files import as_flags, decode, is_gzipped, parse_numbers, read_bytes

_METADATA_LINE = re.compile(
    r"^#[ \t]*#[ \t]*(?P<keyword>[^=\n]*[^=\s])[ \t]*=[ \t]*(?P<value>.*?)[ \t\r]*$", re.MULTILINE
)


def read_lcsg_lightcurve(
    file_path: str | Path, gzipped: bool | None = None, cut_off_time: float | None = None
) -> LightcurveArbitraryRaster:
    """The light curve in a file of the Light Curve Stitching Group.

    Args:
        file_path: Text or gzipped text.
        gzipped: Whether it must be gzipped; None looks at the file.
        cut_off_time: Samples later than this [days] are dropped.

    Returns:
        Uncertainties 0; metadata are the file's ``# #key = value`` lines (numbers where they parse),
        `filename`, and `time_unit`.

    Raises:
        LightcurveFileError: A line is not three numbers, flags are not flags, or `gzipped` is wrong.
    """
    path = Path(file_path)
    _check_gzipped(path, gzipped)
    text = decode(read_bytes(path), path)
    table = parse_numbers(text, path, column_count=3, delimiter=",")
    if cut_off_time is not None:
        table = table[table[:, 0] <= cut_off_time]
    try:
        flags = as_flags(table[:, 2])
    except LightcurveError as error:
        raise LightcurveFileError(f"{path}: column 3: {error}") from error
    metadata = {"time_unit": "d", **metadata_lines(text), "filename": path.name}
    return LightcurveArbitraryRaster(
        table[:, 0].copy(), table[:, 1].copy(), np.zeros(len(table)), flags, metadata
    )


def _check_gzipped(path: Path, gzipped: bool | None) -> None:
    found = is_gzipped(path)
    if gzipped is not None and gzipped != found:
        raise LightcurveFileError(
            f"{path}: gzipped={gzipped} was asked for, but the file has gzipped={found}"
        )


def metadata_lines(text: str) -> dict[str, Any]:
    """Keyword and value of each ``# #key = value`` line; the first '=' ends the key."""
    found = _METADATA_LINE.finditer(text)
    return {match["keyword"].strip(): _number_or_text(match["value"]) for match in found}


def _number_or_text(value: str) -> float | str:
    try:
        return float(value)
    except ValueError:
        return value
