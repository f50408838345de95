"""Dump and restore without the server's own programs: gzip-compressed lines of JSON, one for each row.

The first line says what the file is; a line with a table's name and columns stands before its rows; the last
line has the number of rows of all tables, so that a file that was cut off is known as such.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import itertools
import json
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eas_framework.errors import DatabaseError
from eas_mysql.administration import quoted
from eas_mysql.faults import translated
from eas_mysql.session import Login, open_session

if TYPE_CHECKING:
    from eas_mysql.backend import DatabaseInterfaceMySql

FORMAT = "eas-mysql-dump"
FORMAT_VERSION = 1
_ROWS_AT_ONCE = 500
_COLUMNS_SQL = (
    "SELECT table_name AS tableName, column_name AS columnName FROM information_schema.columns "
    "WHERE table_schema = %s AND extra NOT LIKE '%%GENERATED%%' ORDER BY table_name, ordinal_position"
)


def write_dump(login: Login, path: Path) -> None:
    """Write all rows as they stand at one moment; the file appears under its name when it is complete."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with gzip.open(fresh, "wt", encoding="utf-8") as stream:
            for line in _dump_lines(login):
                stream.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
        fresh.rename(path)
    finally:
        fresh.unlink(missing_ok=True)


def _dump_lines(login: Login) -> Iterator[Any]:
    with (
        contextlib.closing(open_session(login)) as plain,
        contextlib.closing(open_session(login, streaming=True)) as streaming,
        translated("dump", login.server),
        streaming.cursor() as cursor,
    ):
        yield {"format": FORMAT, "version": FORMAT_VERSION}
        cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT")
        count = 0
        for table, names in _columns(plain, login).items():
            yield {"table": table, "columns": names}
            for row in _table_rows(cursor, table, names):
                yield row
                count += 1
        yield {"rows": count}


def _table_rows(cursor: Any, table: str, names: list[str]) -> Iterator[list[Any]]:
    listed = ", ".join(quoted(name) for name in names)
    cursor.execute(f"SELECT {listed} FROM {quoted(table)}")  # noqa: S608 - quoted names of tables and columns
    for row in cursor:
        yield [_plain(row[name]) for name in names]


def _columns(connection: Any, login: Login) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS_SQL, (login.database,))
        for row in cursor.fetchall():
            found.setdefault(row["tableName"], []).append(row["columnName"])
    return found


def _plain(value: Any) -> Any:
    return {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def _value(value: Any) -> Any:
    return base64.b64decode(value["base64"]) if isinstance(value, dict) else value


# ------------------------------------------------------------- reading
def check_dump(path: Path) -> None:
    """Read a dump to its end; raises `DatabaseError` for one that is none, or not whole."""
    for _ in _read(path):
        pass


def load_dump(database: DatabaseInterfaceMySql, path: Path) -> None:
    """Fill the empty tables of a database; rows that the tables began with give way to those of the dump."""
    database.execute("SET SESSION foreign_key_checks = 0")
    try:
        for table, names, rows in _read(path):
            if not rows:
                database.execute(f"DELETE FROM {quoted(table)}")  # noqa: S608 - quoted names of tables and columns
                continue
            marks = ", ".join(["%s"] * len(names))
            listed = ", ".join(quoted(name) for name in names)
            database.execute_many(f"INSERT INTO {quoted(table)} ({listed}) VALUES ({marks})", rows)  # noqa: S608 - quoted names of tables and columns
    finally:
        database.execute("SET SESSION foreign_key_checks = 1")


def _read(path: Path) -> Iterator[tuple[str, list[str], list[list[Any]]]]:
    """Table, columns and some hundred rows at a time; no rows at the beginning of a table."""
    try:
        with gzip.open(path, "rt", encoding="utf-8") as stream:
            yield from _read_lines(json.loads(line) for line in stream)
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError) as error:
        raise DatabaseError(f"{path} is not a dump that can be restored: {error}") from error


def _read_lines(lines: Iterator[Any]) -> Iterator[tuple[str, list[str], list[list[Any]]]]:
    if next(lines, None) != {"format": FORMAT, "version": FORMAT_VERSION}:
        raise ValueError(f"it does not begin as a dump of version {FORMAT_VERSION} does")
    count, end = 0, None
    table: str = ""
    names: list[str] = []
    for is_row, group in itertools.groupby(lines, key=lambda line: isinstance(line, list)):
        while is_row and (rows := list(itertools.islice(group, _ROWS_AT_ONCE))):
            count += len(rows)
            yield table, names, [[_value(value) for value in row] for row in rows]
        for line in group:
            if end is not None:
                raise ValueError("it goes on after its end")
            end = line.get("rows")
            if end is None:
                table, names = line["table"], line["columns"]
                yield table, names, []
    if end != count:
        raise ValueError(f"it has {count} rows and not {'an end' if end is None else end}")
