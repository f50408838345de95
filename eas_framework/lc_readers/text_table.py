"""Tables of text: values between commas, semicolons, tabs or blanks, with or without a header.

The header is a first line without numbers, or a last comment line with as many words as there are columns.
Without one, a leading counter is skipped, then come time, flux and, if they are there, errors or flags.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from eas_framework.errors import LightcurveFileError
from eas_framework.lc_readers.columns import ColumnChoice, choose_columns, find_column
from eas_framework.lc_readers.raw_columns import RawColumns, lightcurve_from_columns, quality_flags
from eas_framework.lc_readers.times import time_system_of_column
from eas_framework.lightcurve import LightcurveArbitraryRaster
from eas_framework.lightcurve_files import decode, is_number, read_bytes, sample_lines
from eas_framework.plugins import LightcurveReader, ReadOptions

FloatArray = npt.NDArray[np.float64]

# A semicolon comes first: beside it, commas are decimal points of a national format, which is refused.
_DELIMITERS = (";", "\t", ",", None)
_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "-", "--", "masked"})
_NOTHING = r"(?:na|n/a|null|none|--?|masked)"
_MISSING_WORD = rf"(?<!\S){_NOTHING}(?!\S)"
# An empty cell: at the start of a line and before a delimiter, or after a delimiter; never an empty line.
_MISSING_CELL = rf"(?:^ *{_NOTHING}? *(?=DELIMITER)|(?<=DELIMITER) *{_NOTHING}? *(?=DELIMITER|\r|$))"


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How a table is written.

    Attributes:
        delimiter: Between cells; None means blanks.
        names: Names of the columns, their numbers (from 0) where there is no header.
        has_header: Whether the names are the file's.
        header_line: Number of the header's line (from 1), when it is not a comment; else 0.
        is_numeric: Whether each column held mostly numbers (or nothing) in the first lines.
    """

    delimiter: str | None
    names: tuple[str, ...]
    has_header: bool
    header_line: int
    is_numeric: tuple[bool, ...]


def _cells(line: str, delimiter: str | None) -> list[str]:
    """The cells of a line, blanks and quotes taken off."""
    if delimiter is None:
        return line.split()
    return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter, skipinitialspace=True))]


def _mostly(answers: Iterable[bool]) -> bool:
    """Whether more than half of the answers are yes."""
    told = list(answers)
    return 2 * sum(told) > len(told)


def _delimiter(lines: Sequence[str]) -> str | None:
    """What stands between the cells of most lines; None means blanks."""
    return next(mark for mark in _DELIMITERS if mark is None or _mostly(mark in line for line in lines))


def _is_value(cell: str) -> bool:
    return cell.lower() in _MISSING or is_number(cell)


def find_layout(text: str, path: Path) -> Layout:
    """How the table in the text is written, from its first lines.

    Raises:
        LightcurveFileError: There are no lines of samples.
    """
    lines = [entry for _, entry in zip(range(50), sample_lines(text), strict=False)]
    if not lines:
        raise LightcurveFileError(f"{path}: the file holds no samples")
    delimiter = _delimiter([line for _, line in lines])
    first = _cells(lines[0][1], delimiter)
    has_header_line = not any(is_number(cell) for cell in first) and any(first)
    rows = [_cells(line, delimiter) for _, line in (lines[1:] if has_header_line else lines)]
    if not rows:
        raise LightcurveFileError(f"{path}: the file has a header, but holds no samples")
    count = len(rows[0])
    comment = None if has_header_line else _comment_header(text, delimiter, count)
    names = first if has_header_line else comment
    if names is not None and len(names) != count:
        raise LightcurveFileError(
            f"{path}:{lines[0][0]}: the header has {len(names)} names, the next line {count} values"
        )
    return Layout(
        delimiter=delimiter,
        names=tuple(names or map(str, range(count))),
        has_header=names is not None,
        header_line=lines[0][0] if has_header_line else 0,
        is_numeric=tuple(_mostly(_is_value(row[k]) for row in rows if k < len(row)) for k in range(count)),
    )


def _comment_header(text: str, delimiter: str | None, count: int) -> list[str] | None:
    """The names in the last comment line before the samples, if there are as many as columns."""
    comment = None
    for line in io.StringIO(text):
        if line.strip() and not line.lstrip().startswith("#"):
            break
        if line.strip("# \t\r\n"):
            comment = line.strip("# \t\r\n")
    if comment is None:
        return None
    names = next(
        (found for mark in (delimiter, ",", None) if len(found := _cells(comment, mark)) == count), None
    )
    return None if names is None or any(is_number(name) for name in names) else names


def _looks_like_table(head: bytes, path: Path) -> bool:
    """Whether the first whole lines are text, and most of them hold a number."""
    try:
        text = head[: head.rfind(b"\n") + 1 or None].decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    lines = [line for _, line in sample_lines(text)]
    has_number = (any(is_number(cell) for cell in re.split(r"[;,\s]+", line)) for line in lines)
    return "\0" not in text and _mostly(has_number)


def read_table(path: Path, options: ReadOptions) -> LightcurveArbitraryRaster:
    """The light curve in a table of text.

    Raises:
        LightcurveFileError: Columns are not recognised or not numbers; names the line or the option to give.
    """
    text = decode(read_bytes(path), path)
    layout = find_layout(text, path)
    if len(layout.names) < 2 or (sum(layout.is_numeric) < 2 and not layout.has_header):
        raise LightcurveFileError(
            f"{path}: only one column of numbers, so the times are missing; "
            "write a first column of times (days) beside the fluxes, for example start + number * cadence"
        )
    table = _Table(path=path, text=text, layout=layout)
    choice = (
        choose_columns(layout.names, options, path)
        if layout.has_header
        else _choose_by_place(table, options, path)
    )
    table.load(
        [number for number in (choice.time, choice.flux, choice.error, choice.quality) if number is not None]
    )
    quality = None
    if choice.quality is not None:
        quality = quality_flags(table.column(choice.quality), layout.names[choice.quality], path)
    system = time_system_of_column(layout.names[choice.time] if layout.has_header else "")
    raw = RawColumns(
        times=table.column(choice.time),
        fluxes=table.column(choice.flux),
        errors=None if choice.error is None else table.column(choice.error),
        quality=quality,
        time_unit=system.unit,
        time_zero=system.zero,
        time_scale=system.scale,
        flux_unit=_unit_in(layout.names[choice.flux]),
        used=choice.used(layout.names),
        header={"columns_known_by": "header" if layout.has_header else "place (from 0): no header"},
    )
    return lightcurve_from_columns(raw, path=path, file_format="table of text", options=options)


def _unit_in(name: str) -> str | None:
    """The unit in brackets at the end of a column's name."""
    found = re.search(r"[\[(]\s*([^\])]+?)\s*[\])]\s*$", name)
    return found[1] if found else None


@dataclass(kw_only=True)
class _Table:
    """A text and its layout, from which columns of numbers can be taken."""

    path: Path
    text: str
    layout: Layout
    _loaded: dict[int, FloatArray] = field(default_factory=dict)

    def column(self, number: int) -> FloatArray:
        """One column, shape (n,); NaN where the cell is empty or says so in words.

        Raises:
            LightcurveFileError: A cell is not a number; names the line.
        """
        if number not in self._loaded:
            self.load([number])
        return self._loaded[number]

    def load(self, numbers: Sequence[int]) -> None:
        """Read several columns at once, which `column` then gives.

        Raises:
            LightcurveFileError: A cell is not a number; names the line.
        """
        lines = io.StringIO(self._clean_text)
        try:
            table = np.loadtxt(
                lines, delimiter=self.layout.delimiter, usecols=numbers, ndmin=2, quotechar='"'
            )
        except ValueError as error:
            faults = (self._first_fault(number) for number in numbers)
            text = next((fault for fault in faults if fault), f"{self.path}: not a table of numbers: {error}")
            raise LightcurveFileError(text) from error
        self._loaded |= {number: table[:, place].copy() for place, number in enumerate(numbers)}

    @cached_property
    def _clean_text(self) -> str:
        """The lines of samples, empty cells filled with nan."""
        lines = self.text.split("\n", self.layout.header_line)[-1]
        pattern = _MISSING_WORD
        if self.layout.delimiter is not None:
            pattern = _MISSING_CELL.replace("DELIMITER", self.layout.delimiter)
        return re.sub(pattern, "nan", lines, flags=re.IGNORECASE | re.MULTILINE)

    def _first_fault(self, number: int) -> str | None:
        """The first line whose cell is not a number, in words; None when there is no such line."""
        name = self.layout.names[number]
        for line_number, line in sample_lines(self.text):
            if line_number <= self.layout.header_line:
                continue
            cells = _cells(line, self.layout.delimiter)
            if len(cells) <= number:
                return f"{self.path}:{line_number}: column {name} is missing in {line[:80]!r}"
            if not _is_value(cells[number]):
                return f"{self.path}:{line_number}: column {name}: {cells[number]!r} is not a number"
        return None


def _choose_by_place(table: _Table, options: ReadOptions, path: Path) -> ColumnChoice:
    """Columns of a table without header: the user's, else by order among the columns of numbers."""
    names = table.layout.names
    numeric = [number for number, is_numeric in enumerate(table.layout.is_numeric) if is_numeric]
    table.load(numeric)
    if len(numeric) > 2 and _is_counter(table.column(numeric[0])):
        numeric = numeric[1:]

    def asked(value: str | int | None, role: str) -> int | None:
        return None if value is None else find_column(value, names, path, role)

    time, flux = asked(options.time_column, "time"), asked(options.flux_column, "flux")
    error, quality = asked(options.error_column, "error"), asked(options.quality_column, "quality")
    time = numeric[0] if time is None else time
    free = [number for number in numeric if number not in (time, error, quality)]
    if flux is None:
        if not free:
            raise LightcurveFileError(
                f"{path}: no column is left for the fluxes; give the option flux_column"
            )
        flux = free[0]
    further = [number for number in free if number > flux]
    if further and error is None and quality is None:
        is_flags = _is_zeros_and_ones(table.column(further[0]))
        error, quality = (None, further[0]) if is_flags else (further[0], None)
    return ColumnChoice(time=time, flux=flux, error=error, quality=quality)


def _is_counter(values: FloatArray) -> bool:
    """Whether a column counts rows from 0 or 1."""
    return len(values) > 2 and values[0] in (0, 1) and bool((np.diff(values) == 1).all())


def _is_zeros_and_ones(values: FloatArray) -> bool:
    """Whether a column holds both 0 and 1 and nothing else: flags, not errors."""
    return set(np.unique(values).tolist()) == {0.0, 1.0}


READER = LightcurveReader(
    name="table of text",
    sniff=_looks_like_table,
    read=read_table,
    summary="CSV, semicolons, tabs or blanks; with or without a header.",
)
