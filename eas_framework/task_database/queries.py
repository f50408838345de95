"""Named SQL: the ``.sql`` files beside the modules, in the words of the backend at hand."""

from __future__ import annotations

import importlib.resources
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Generic, TypeVar

from eas_framework.errors import DatabaseError
from eas_framework.plugins.database import DatabaseInterface, Row

PACKAGES = ("eas_framework.task_database", "eas_framework.diagnostics")
SCHEMA_VERSION = 2
_PARAMETER = re.compile(r"%\((\w+)\)s")
_LIST = re.compile(r"IN %\((\w+)\)s")
_INDEX_CONDITION = re.compile(r"^(CREATE (?:UNIQUE )?INDEX [^;]*?\))\s+WHERE [^;]*", re.MULTILINE)
_NAME_LINE = re.compile(r"^-- (\w+)$", re.MULTILINE)

Key = TypeVar("Key")
Value = TypeVar("Value")


@cache
def named_queries() -> Mapping[str, str]:
    """Every named query of the framework, name to SQL in the common tongue."""
    found: dict[str, str] = {}
    for package in PACKAGES:
        for file in sorted(importlib.resources.files(package).iterdir(), key=lambda entry: entry.name):
            if file.name.endswith(".sql") and file.name != "schema.sql":
                found |= read_blocks(file.read_text(encoding="utf-8"), file.name, known=found)
    return found


def read_blocks(text: str, filename: str, *, known: Collection[str] = ()) -> dict[str, str]:
    """The blocks of one file, each begun by a comment line that holds its name and nothing else.

    Raises:
        DatabaseError: A name stands twice in the file, or is known already.
    """
    found: dict[str, str] = {}
    pieces = _NAME_LINE.split(text)[1:]
    for name, sql in zip(pieces[::2], pieces[1::2], strict=True):
        if name in found or name in known:
            raise DatabaseError(f"{filename}: the query {name} is defined twice")
        found[name] = sql.strip().rstrip(";")
    return found


def statements(text: str, database: DatabaseInterface) -> list[str]:
    """The statements of a script that defines tables, in the words of this backend."""
    text = re.sub(r"^--.*$", "", text, flags=re.MULTILINE).replace("AUTO_ID", database.auto_id_sql)
    if not database.has_partial_indexes:
        text = _INDEX_CONDITION.sub(r"\1", text)
    return [statement.strip() for statement in text.split(";") if statement.strip()]


def schema_statements(database: DatabaseInterface) -> list[str]:
    """The statements that make all tables and indexes, for this backend."""
    text = importlib.resources.files(PACKAGES[0]).joinpath("schema.sql").read_text(encoding="utf-8")
    columns, values = "version, appliedTime", f"{SCHEMA_VERSION}, {database.unix_time_sql}"
    insert = f"INSERT INTO eas_schema_version ({columns}) VALUES ({values})"  # noqa: S608 - only our own constants
    return [*statements(text, database), insert]


class Remembered(Generic[Key, Value]):
    """Values that never change once committed; forgotten after a rollback, which may have undone some."""

    def __init__(self, database: DatabaseInterface) -> None:
        self._database = database
        self._values: dict[Key, Value] = {}
        self._rollbacks = database.rollbacks

    @property
    def values(self) -> dict[Key, Value]:
        """What is remembered, to be read and filled."""
        if self._rollbacks != self._database.rollbacks:
            self._rollbacks = self._database.rollbacks
            self._values.clear()
        return self._values


class Queries:
    """The named queries, run on one connection.

    Parameters are given by name. One that is a list or tuple fills an ``IN %(name)s`` and may not be empty.
    """

    def __init__(self, database: DatabaseInterface) -> None:
        overrides = database.query_overrides()
        unknown = sorted(set(overrides) - set(named_queries()))
        if unknown:
            raise DatabaseError(
                f"backend {database.engine_name} overrides unknown queries: {', '.join(unknown)}"
            )
        self.database = database
        self._sql = {
            name: sql.replace("CURRENT_UNIX_TIME", database.unix_time_sql)
            for name, sql in {**named_queries(), **overrides}.items()
        }

    def names(self) -> list[str]:
        """All names, for checks of a backend."""
        return sorted(self._sql)

    def sql(self, name: str) -> str:
        """The text of one query."""
        return self._sql[name]

    def prepare(self, name: str) -> None:
        """Let the engine prepare one query with values made up; raises `DatabaseError` on a mistake in it."""
        sql = self._sql[name]
        lists = set(_LIST.findall(sql))
        values = {key: [1, 2] if key in lists else 1 for key in _PARAMETER.findall(sql)}
        self.database.explain(*self._bound(name, values))

    def rows(self, query: str, /, **parameters: Any) -> list[Row]:
        """All rows."""
        return self.database.query(*self._bound(query, parameters))

    def iterate(self, query: str, /, **parameters: Any) -> Iterator[Row]:
        """The rows one after another, in constant memory."""
        return self.database.iterate(*self._bound(query, parameters))

    def one(self, query: str, /, **parameters: Any) -> Row | None:
        """The first row, or None."""
        rows = self.rows(query, **parameters)
        return rows[0] if rows else None

    def value(self, query: str, /, **parameters: Any) -> Any:
        """The first column of the first row, or None."""
        row = self.one(query, **parameters)
        return next(iter(row.values())) if row else None

    def run(self, query: str, /, **parameters: Any) -> int:
        """Run a statement; the number of rows changed."""
        return self.database.execute(*self._bound(query, parameters))

    def run_many(self, name: str, parameters: Sequence[Mapping[str, Any]]) -> int:
        """Run a statement for each set of parameters; the number of rows changed."""
        return self.database.execute_many(self._sql[name], parameters) if parameters else 0

    def insert(self, query: str, /, **parameters: Any) -> int:
        """Run an INSERT; the new row's key."""
        self.run(query, **parameters)
        return self.database.lastrowid()

    def _bound(self, name: str, parameters: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """The statement and its values, lists written out."""
        sql = self._sql[name]
        for key, value in list(parameters.items()):
            if isinstance(value, list | tuple):
                names = [f"{key}_{index}" for index in range(len(value))]
                sql = sql.replace(f"%({key})s", f"({', '.join(f'%({n})s' for n in names)})")
                parameters.update(zip(names, value, strict=True))
                del parameters[key]
        return sql, parameters
