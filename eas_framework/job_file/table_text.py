"""The text of a CSV or ECSV table: its header, and its rows as texts with their line numbers."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from eas_framework.errors import JobFileError

MAX_COLUMN_NAME = 64

_ECSV_MARK = "%ECSV"
_UTF8_MARK = b"\xef\xbb\xbf"
_DELIMITERS = (",", ";", "\t", "|")


@dataclass(frozen=True, kw_only=True)
class EcsvHeader:
    """What the comment header of an ECSV file declares."""

    delimiter: str
    types: dict[str, str]


class TableText:
    """An open table.

    Attributes:
        names: Names of the columns.
        ecsv: What an ECSV header declares, or None for a plain CSV file.
    """

    def __init__(self, path: Path, stream: BinaryIO) -> None:
        self._path = path
        self._stream = stream
        self._line = 0
        comments, header = self._read_head()
        self.ecsv = _parse_ecsv_header(path, comments)
        delimiter = self.ecsv.delimiter if self.ecsv else _guess_delimiter(header)
        self._delimiter = delimiter
        self.names = self._check_names([name.strip() for name in self._cells(iter([header]))])

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Line number and cells of each row; blank lines are left out."""
        reader = csv.reader(self._lines(), delimiter=self._delimiter, strict=True)
        width = len(self.names)
        while True:
            first_line = self._line + 1
            try:
                cells = next(reader, None)
            except csv.Error as error:
                raise self._failure(first_line, str(error)) from error
            if cells is None:
                return
            if not cells or (len(cells) == 1 < width and not cells[0].strip()):
                continue
            if len(cells) != width:
                raise self._failure(first_line, f"{len(cells)} values, but there are {width} columns")
            yield first_line, cells

    # ------------------------------------------------------------- lines
    def _failure(self, line: int, text: str) -> JobFileError:
        return JobFileError(f"{self._path}:{line}: {text}")

    def _lines(self) -> Iterator[str]:
        """The remaining lines as text."""
        for data in self._stream:
            self._line += 1
            try:
                yield data.decode()
            except UnicodeDecodeError as error:
                byte = error.object[error.start]
                raise self._failure(self._line, f"the byte 0x{byte:02x} is not UTF-8") from error

    def _read_head(self) -> tuple[list[str], str]:
        """The comment lines, without their sign, and the line of column names."""
        comments = []
        for line in self._lines():
            text = line.removeprefix(_UTF8_MARK.decode()) if self._line == 1 else line
            if text.startswith("#"):
                comments.append(text[1:].rstrip("\r\n"))
            elif text.strip():
                return comments, text
        raise self._failure(max(self._line, 1), "the table has no line of column names")

    def _cells(self, lines: Iterator[str]) -> list[str]:
        try:
            return next(csv.reader(lines, delimiter=self._delimiter, strict=True))
        except csv.Error as error:
            raise self._failure(self._line, str(error)) from error

    def _check_names(self, names: Sequence[str]) -> Sequence[str]:
        """The column names; each must be one that metadata can have."""
        for number, name in enumerate(names, start=1):
            if not name:
                raise self._failure(self._line, f"column {number} has no name")
            if names.index(name) != number - 1:
                raise self._failure(self._line, f"two columns have the name {name!r}")
            if len(name) > MAX_COLUMN_NAME:
                raise self._failure(
                    self._line, f"the name {name!r} is longer than {MAX_COLUMN_NAME} characters"
                )
        return names


def _guess_delimiter(header: str) -> str:
    """The sign between columns: the first usual one that the line of names has."""
    return next((sign for sign in _DELIMITERS if sign in header), ",")


def _parse_ecsv_header(path: Path, comments: Sequence[str]) -> EcsvHeader | None:
    """The declarations of an ECSV file; None for comments of another kind."""
    if not comments or not comments[0].strip().startswith(_ECSV_MARK):
        return None
    import yaml  # late: most tables are plain CSV

    text = "\n".join(comment.removeprefix(" ") for comment in comments[1:])
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise JobFileError(f"{path}:1: the ECSV header cannot be read: {error}") from error
    declared = _entries(root)
    delimiter = getattr(declared.get("delimiter"), "value", " ")
    columns = getattr(declared.get("datatype"), "value", [])
    types = {}
    for column in columns:
        entries = _entries(column)
        name = getattr(entries.get("name"), "value", "")
        if "subtype" in entries:
            raise JobFileError(f"{path}:1: column {name!r} holds arrays or objects, which a loop cannot use")
        types[name] = getattr(entries.get("datatype"), "value", "")
    if delimiter not in (" ", ","):
        raise JobFileError(
            f"{path}:1: the delimiter of an ECSV file is a blank or a comma, not {delimiter!r}"
        )
    return EcsvHeader(delimiter=delimiter, types=types)


def _entries(node: Any) -> dict[str, Any]:
    """The entries of a YAML table by key; tags are not looked at, so that nothing is built from them."""
    pairs = node.value if getattr(node, "id", "") == "mapping" else []
    return {key.value: value for key, value in pairs if isinstance(key.value, str)}


@contextmanager
def open_table(path: Path) -> Iterator[TableText]:
    """The table, its head read.

    Raises:
        JobFileError: It cannot be opened, or has no usable head; names the file and the line.
    """
    try:
        stream = path.open("rb")
    except OSError as error:
        raise JobFileError(f"{path}: the table cannot be read: {error.strerror or error}") from error
    with stream:
        yield TableText(path, stream)
