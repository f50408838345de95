"""Types of the columns of a table: declared by an ECSV header, or found by a pass over the whole file."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from eas_framework.errors import JobFileError
from eas_framework.job_file.scalars import MAX_INTEGER
from eas_framework.job_file.table_text import EcsvHeader, TableText, open_table

Converted = str | int | float | bool | None
Convert = Callable[[str], Converted]

_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,18})")
_REAL = re.compile(
    r"[-+]?(?:(?:0|[1-9][0-9]*)\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[-+]?(?:0|[1-9][0-9]*)[eE][-+]?[0-9]+"
    r"|[-+]?(?:inf|Inf|nan|NaN)"
)
_TRUTH = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_ODD_SHARE = 3
"""A column is numeric where numbers outnumber other texts by this factor; the others are then mistakes."""


def _to_integer(cell: str) -> int | None:
    text = cell.strip()
    if not text:
        return None
    try:
        return int(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is not a whole number") from error


def _to_real(cell: str) -> float | None:
    text = cell.strip()
    if not text:
        return None
    try:
        return float(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is not a number") from error


def _to_truth(cell: str) -> bool | None:
    text = cell.strip()
    if not text:
        return None
    if text not in _TRUTH:
        raise ValueError(f"{text!r} is neither True nor False")
    return _TRUTH[text]


def _to_text(cell: str) -> str:
    return cell.strip()


def _kind_of(cell: str) -> str:
    """The narrowest type that the text of a cell has; empty for a blank one."""
    text = cell.strip()
    if not text:
        return ""
    if _INTEGER.fullmatch(text):
        return "int" if abs(int(text)) <= MAX_INTEGER else "text"
    if _REAL.fullmatch(text):
        return "float"
    return "bool" if text in _TRUTH else "text"


class _Column:
    """What was seen in one column."""

    def __init__(self) -> None:
        self.counts = {"": 0, "int": 0, "float": 0, "bool": 0, "text": 0}
        self.first_odd: tuple[int, str] | None = None

    def see(self, line: int, cell: str) -> None:
        """Count a cell."""
        kind = _kind_of(cell)
        self.counts[kind] += 1
        if kind in ("text", "bool") and self.first_odd is None:
            self.first_odd = (line, cell)

    def converter(self, path: Path, name: str) -> Convert:
        """The conversion that suits all cells; JobFileError for a few bad ones among numbers."""
        numbers, truths, texts = (
            self.counts["int"] + self.counts["float"],
            self.counts["bool"],
            self.counts["text"],
        )
        odd = truths + texts
        if not odd:
            return _to_real if self.counts["float"] else _to_integer
        if not numbers and not texts:
            return _to_truth
        if numbers >= _ODD_SHARE * odd and self.first_odd:
            line, cell = self.first_odd
            raise JobFileError(
                f"{path}:{line}: column {name!r}: {cell!r} is not a number, as most of the column are;"
                " leave the cell empty where the number is missing, or declare it text in an ECSV header"
            )
        return _to_text


def _inferred(path: Path, table: TableText) -> list[Convert]:
    """Conversions found by looking at every cell."""
    columns = [_Column() for _ in table.names]
    for line, cells in table.rows():
        for column, cell in zip(columns, cells, strict=True):
            column.see(line, cell)
    return [column.converter(path, name) for column, name in zip(columns, table.names, strict=True)]


def _declared(path: Path, names: Sequence[str], header: EcsvHeader) -> list[Convert]:
    """Conversions that an ECSV header asks for."""
    by_name: list[Convert] = []
    for name in names:
        kind = header.types.get(name)
        if kind is None:
            raise JobFileError(f"{path}:1: the ECSV header does not declare the column {name!r}")
        convert = next((convert for prefix, convert in _ECSV_TYPES if kind.startswith(prefix)), None)
        if convert is None:
            raise JobFileError(f"{path}:1: column {name!r} has the type {kind!r}, which a loop cannot use")
        by_name.append(convert)
    return by_name


_ECSV_TYPES: tuple[tuple[str, Convert], ...] = (
    ("int", _to_integer),
    ("uint", _to_integer),
    ("float", _to_real),
    ("bool", _to_truth),
    ("string", _to_text),
)


def column_converters(path: Path) -> list[Convert]:
    """For each column the function from a cell's text to its value; ValueError for a cell that does not fit.

    Raises:
        JobFileError: The table cannot be read, or a row is bad; names the file and the line.
    """
    with open_table(path) as table:
        if table.ecsv is not None:
            return _declared(path, table.names, table.ecsv)
        return _inferred(path, table)
