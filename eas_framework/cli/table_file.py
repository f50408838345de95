"""Rows into a file: CSV, JSON, or ECSV, which astropy and TOPCAT read with types."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Iterable, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import IO, Any

from eas_framework.cli.output import Format, Row, as_json, write
from eas_framework.errors import EasError, UsageError

Writer = Callable[[list[Row], Sequence[str]], None]
_FORMATS: dict[str, Format] = {".csv": "csv", ".json": "json"}
_ECSV = ".ecsv"


class OutputFileError(EasError, OSError):
    """A file that cannot be written."""


def table_writer(path: Path) -> Writer:
    """What writes rows to the file, by its ending; `UsageError` for an unknown one.

    The file appears under its name when it is complete.
    """
    ending = path.suffix.lower()
    if ending != _ECSV and ending not in _FORMATS:
        raise UsageError(f"{path}: unknown kind of file {ending!r}; there are .csv, .json and .ecsv")

    def write_file(rows: list[Row], columns: Sequence[str]) -> None:
        draft = path.with_name(f".{path.name}.part")
        try:
            with draft.open("w", encoding="utf-8", newline="") as stream:
                _write(stream, rows, columns, ending)
            draft.replace(path)
        except OSError as error:
            raise OutputFileError(error.errno, f"cannot write {path}: {error.strerror}") from error

    return write_file


def _write(stream: IO[str], rows: list[Row], columns: Sequence[str], ending: str) -> None:
    if ending == _ECSV:
        stream.writelines(ecsv_lines(rows, columns))
        return
    with redirect_stdout(stream):
        write(rows, _FORMATS[ending], columns=columns)


def ecsv_lines(rows: list[Row], columns: Sequence[str]) -> Iterable[str]:
    """The lines of an ECSV 1.0 table; a column of mixed types is text, a missing value is empty."""
    types = {name: _ecsv_type([row.get(name) for row in rows]) for name in columns}
    yield "# %ECSV 1.0\n# ---\n# delimiter: ','\n# datatype:\n"
    for name in columns:
        described = {"name": name, **types[name]}
        yield f"# - {json.dumps(described)}\n"
    yield _csv_line(columns)
    for row in rows:
        yield _csv_line([_ecsv_text(row.get(name), types[name]) for name in columns])


def _ecsv_type(values: list[Any]) -> dict[str, str]:
    kinds = {type(value) for value in values if value is not None}
    if kinds == {bool}:
        return {"datatype": "bool"}
    if kinds == {int} and all(abs(value) < 2**63 for value in values if value is not None):
        return {"datatype": "int64"}
    if kinds and kinds <= {int, float}:
        return {"datatype": "float64"}
    if kinds and kinds <= {list, dict}:
        return {"datatype": "string", "subtype": "json"}
    return {"datatype": "string"}


def _ecsv_text(value: Any, kind: dict[str, str]) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else str(value)
    if isinstance(value, list | dict):
        return json.dumps(as_json(value))
    return str(value)


def _csv_line(values: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(values)
    return text.getvalue()
