"""Rows of a table, and files of a folder, one by one in constant memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from eas_framework.errors import ExpressionError, JobFileError
from eas_framework.expressions import Expression, Scope, compile_expression, is_expression
from eas_framework.job_file.table_columns import Convert, column_converters
from eas_framework.job_file.table_text import open_table


def iterate_table(
    path: Path, *, where: str | None = None, metadata: Mapping[str, Any] | None = None
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Line number and typed values of each row of a CSV or ECSV file.

    The types of the columns (int, float, bool, text) come from the ECSV header, or from a first pass over the
    whole file. Missing numbers and truth values are None.

    Args:
        path: The table.
        where: Expression that selects rows; the columns are entries of ``metadata``.
        metadata: Further values that the expression may use.

    Raises:
        JobFileError: ``path:line: what is wrong`` with the table, a row, or the expression for a row.
    """
    keep = _row_filter(path, where, metadata or {})
    converters = column_converters(path)
    with open_table(path) as table:
        columns = list(zip(table.names, converters, strict=True))
        for line, cells in table.rows():
            row = _typed(cells, columns, path, line)
            if keep is None or keep(line, row):
                yield line, row


def _typed(cells: list[str], columns: list[tuple[str, Convert]], path: Path, line: int) -> dict[str, Any]:
    """The values of a row by column."""
    row = {}
    name = ""
    try:
        for (name, convert), cell in zip(columns, cells, strict=True):
            row[name] = convert(cell)
    except ValueError as error:
        raise JobFileError(f"{path}:{line}: column {name!r}: {error}") from error
    return row


class _RowFilter:
    """Whether a row is wanted."""

    def __init__(self, path: Path, expression: Expression, metadata: Mapping[str, Any]) -> None:
        self._path = path
        self._expression = expression
        self._metadata = metadata

    def __call__(self, line: int, row: Mapping[str, Any]) -> bool:
        try:
            return bool(self._expression.evaluate(Scope({**self._metadata, **row}, {})))
        except ExpressionError as error:
            raise JobFileError(f"{self._path}:{line}: where: {error}") from error


def _row_filter(path: Path, where: str | None, metadata: Mapping[str, Any]) -> _RowFilter | None:
    """The filter that the expression describes; None where there is none."""
    if where is None:
        return None
    if not is_expression(where):
        raise JobFileError(f"{path}: where: {where!r} is no expression; write (…)")
    expression = compile_expression(where)
    unknown = expression.names & {"random", "requested_metadata"}
    if unknown:
        raise JobFileError(f"{path}: where: a row filter cannot use {min(unknown)}")
    return _RowFilter(path, expression, metadata)


def iterate_files(pattern: str, root: Path) -> Iterator[Path]:
    """The files below `root` that the pattern selects, sorted by their path.

    Raises:
        JobFileError: The pattern, or a link, leaves the folder; or the folder does not exist.
    """
    parts = PurePosixPath(pattern).parts
    if not parts or "\x00" in pattern or pattern.startswith(("/", "~")) or ".." in parts:
        raise JobFileError(f"files: {pattern!r} must be a pattern of files below {root}, without '..'")
    if not root.is_dir():
        raise JobFileError(f"files: there is no folder {root}")
    inside = root.resolve()
    try:
        found = sorted(path for path in root.glob(pattern) if path.is_file())
    except ValueError as error:
        raise JobFileError(f"files: the pattern {pattern!r}: {error}") from error
    for path in found:
        if not path.resolve().is_relative_to(inside):
            raise JobFileError(f"files: {path} is a link that leaves {root}")
        yield path
