"""The text form: a line ``time[s] flux flag uncertainty`` per sample, flags as integers, others as ``%.18e``.

Blank lines and ``#`` comments are skipped in reading. The prototype wrote the flag column as ``%.18e`` too,
and filled it with the fluxes by mistake: such a column is recognised, reported, and read as "all good".
"""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import numpy as np

from eas_framework.errors import LightcurveError, LightcurveFileError
from eas_framework.lightcurve_files.columns import FloatArray, IntArray, SampleColumns, as_flags
from eas_framework.lightcurve_files.compression import read_bytes, write_bytes

log = logging.getLogger(__name__)

SECONDS_PER_DAY = 86400.0
FLAGS_WERE_FLUXES = (
    "the flag column of the file repeated the fluxes (written by the prototype); flags set to 0"
)

_LINE = "%.18e %.18e %d %.18e\n"
_LINES_AT_ONCE = 4096
_E18 = r"(?:[-+]?\d\.\d{18}e[-+]\d{2,3}|[-+]?inf|nan)"
_EAS_LINE = re.compile(rf"{_E18}\s+{_E18}\s+(?:\d+|{_E18})\s+{_E18}\s*$")


def write_text(path: Path | str, columns: SampleColumns, *, gzipped: bool) -> None:
    """Write the samples to exactly `path`; the same samples give the same bytes.

    Raises:
        LightcurveError: There are no samples.
    """
    if not len(columns):
        raise LightcurveError(f"{path}: a light curve without samples cannot be written")
    write_bytes(Path(path), "".join(_formatted(columns)).encode("ascii"), gzipped=gzipped)


def _formatted(columns: SampleColumns) -> Iterator[str]:
    """The lines, some thousands at a time: one format operation for each batch."""
    seconds = columns.times * SECONDS_PER_DAY
    for start in range(0, len(columns), _LINES_AT_ONCE):
        part = slice(start, start + _LINES_AT_ONCE)
        parts = (seconds, columns.fluxes, columns.flags, columns.uncertainties)
        values = tuple(chain.from_iterable(zip(*(column[part].tolist() for column in parts), strict=True)))
        yield (_LINE * (len(values) // 4)) % values


def read_text(path: Path | str) -> SampleColumns:
    """The samples of a text file, plain or gzipped, times in days (exact to 1e-15 relative).

    Raises:
        LightcurveFileError: A line is not four numbers, or the flags are neither flags nor fluxes.
    """
    path = Path(path)
    return parse_columns(decode(read_bytes(path), path), path)


def decode(content: bytes, path: Path) -> str:
    """The content as text.

    Raises:
        LightcurveFileError: It is not text.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise LightcurveFileError(f"{path}: neither text nor a numpy file (byte {error.start})") from error


def parse_columns(text: str, path: Path) -> SampleColumns:
    """The samples in a text of the EAS form; `path` is named in errors."""
    table = parse_numbers(text, path, column_count=4)
    fluxes = table[:, 1].copy()
    flags, were_fluxes = _flags(table[:, 2], fluxes, text, path)
    return SampleColumns(
        times=table[:, 0] / SECONDS_PER_DAY,
        fluxes=fluxes,
        flags=flags,
        uncertainties=table[:, 3].copy(),
        flags_were_fluxes=were_fluxes,
    )


def _flags(column: FloatArray, fluxes: FloatArray, text: str, path: Path) -> tuple[IntArray, bool]:
    """The flags, and whether the column held fluxes instead.

    Our own files have flags without a decimal point, so a curve whose flags and fluxes agree by chance
    (all ones, for example) still reads back as it was written.
    """
    written_as_float = "." in next(sample_lines(text))[1].split()[2]
    if written_as_float and column.any() and np.array_equal(column, fluxes, equal_nan=True):
        log.warning("%s: %s", path, FLAGS_WERE_FLUXES)
        return np.zeros(len(column), dtype=np.int64), True
    try:
        return as_flags(column), False
    except LightcurveError as error:
        raise LightcurveFileError(f"{path}: column 3: {error}") from error


def sample_lines(text: str) -> Iterator[tuple[int, str]]:
    """Number (from 1) and content of each line that holds a sample, comments cut off."""
    for number, line in enumerate(io.StringIO(text), start=1):
        # Tabs stay: they may delimit empty cells.
        content = line.split("#", 1)[0].strip(" \r\n")
        if content:
            yield number, content


def is_eas_text(text: str) -> bool:
    """Whether the first sample's line has the four columns and the number format of the text form."""
    first = next(sample_lines(text), None)
    return first is not None and _EAS_LINE.match(first[1]) is not None


def parse_numbers(text: str, path: Path, *, column_count: int, delimiter: str | None = None) -> FloatArray:
    """The numbers of a text with `column_count` columns on each line, shape (n, column_count).

    Raises:
        LightcurveFileError: There are no lines, or one does not hold that many numbers; names the line.
    """
    if next(sample_lines(text), None) is None:
        raise LightcurveFileError(f"{path}: the file holds no samples")
    try:
        table = np.loadtxt(io.StringIO(text), delimiter=delimiter, ndmin=2)
    except ValueError as error:
        raise LightcurveFileError(_first_fault(text, path, column_count, delimiter)) from error
    if table.shape[1] != column_count:
        raise LightcurveFileError(_first_fault(text, path, column_count, delimiter))
    return table


def _first_fault(text: str, path: Path, column_count: int, delimiter: str | None) -> str:
    """The first line that is not so many numbers, in words."""
    for number, line in sample_lines(text):
        cells = line.split(delimiter)
        if len(cells) != column_count or not all(is_number(cell) for cell in cells):
            return f"{path}:{number}: expected {column_count} numbers, found {line[:80]!r}"
    return f"{path}: not a table of {column_count} numbers on each line"


def is_number(cell: str) -> bool:
    """Whether the text is a number (NaN and infinities included)."""
    try:
        float(cell)
    except ValueError:
        return False
    return True
