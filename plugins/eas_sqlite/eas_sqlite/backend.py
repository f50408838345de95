"""`DatabaseInterfaceSqlite`: the task database in one SQLite file."""

from __future__ import annotations

import gzip
import sqlite3
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from eas_framework.errors import (
    DatabaseConnectionError,
    DatabaseError,
    DatabaseExistsError,
    IntegrityError,
)
from eas_framework.plugins.database import DatabaseInterface, Parameters, Row, to_qmark
from eas_framework.settings import configuration
from eas_sqlite.network_disk import network_file_system

BUSY_TIMEOUT_SECONDS = 30.0
FIRST_PAUSE_SECONDS, LAST_PAUSE_SECONDS = 5e-5, 5e-3
"""The pauses between two looks for the write lock."""
CHECKPOINT_PAGES = 4000
"""How long the write-ahead log grows (16 MB) until its pages, each once, are written into the database."""


class DatabaseInterfaceSqlite(DatabaseInterface):
    """SQLite: write-ahead log, foreign keys on, every durable commit on disk before it returns.

    The file is ``<local data folder>/sqlite3_<db_database>.db`` unless `path` is given. Folders on network
    file systems are refused, because SQLite's locks do not hold there, unless the setting
    ``accept_network_disk`` is on; then a rollback journal is used and only the host that made the database
    may open it.
    """

    engine_name: ClassVar[str] = "sqlite3"
    unix_time_sql: ClassVar[str] = "((julianday('now') - 2440587.5) * 86400.0)"
    auto_id_sql: ClassVar[str] = "INTEGER PRIMARY KEY AUTOINCREMENT"
    is_single_host: ClassVar[bool] = True
    has_partial_indexes: ClassVar[bool] = True
    synchronous: ClassVar[str] = "FULL"
    """How SQLite commits what must survive the death of the machine (its PRAGMA of that name)."""

    def __init__(
        self, db_database: str | None = None, connect: bool = True, *, path: Path | str | None = None
    ) -> None:
        super().__init__()
        self.path = Path(path) if path is not None else self._sqlite3_database_path(db_database)
        self.db: sqlite3.Connection | None = None
        self.db_cursor: sqlite3.Cursor | None = None
        self._rowcount = 0
        self._lastrowid = 0
        self._has_log = self._is_relaxed = False
        if connect:
            self.connect()

    @staticmethod
    def _sqlite3_database_path(db_database: str | None) -> Path:
        """Where the database of that name lies."""
        settings = configuration()
        return settings.local_data_path / f"sqlite3_{db_database or settings.db_database}.db"

    # ------------------------------------------------------------- connection
    def connect(self) -> None:
        """Open the file, closing it first if it is open; the file is made by the first statement."""
        self.close()
        is_on_network = self._refuse_network_disk()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.db = sqlite3.connect(
                self.path,
                timeout=BUSY_TIMEOUT_SECONDS,
                isolation_level=None,
                check_same_thread=False,  # threads may take turns, as those that write the log do
            )
            self.db.row_factory = _as_dict
            _set(self.db, foreign_keys="ON")
            _patiently(self.db, f"PRAGMA journal_mode = {'DELETE' if is_on_network else 'WAL'}")
            _set(self.db, synchronous=self.synchronous)
            _set(self.db, cache_size=-65536, wal_autocheckpoint=CHECKPOINT_PAGES)
            self._has_log = not is_on_network
        except (sqlite3.Error, OSError) as error:
            self.db = None
            raise DatabaseConnectionError(
                f"cannot open the SQLite database {self.path}: {error}; check the folder and its permissions"
            ) from error
        self.db_cursor = self.db.cursor()

    def _refuse_network_disk(self) -> bool:
        """Whether the folder is on a network disk that the settings accept; raises for one they do not."""
        folder = self.path.parent if self.path.parent.exists() else Path.cwd()
        kind = network_file_system(folder)
        if kind is None:
            return False
        if configuration().accept_network_disk:
            return True
        raise DatabaseConnectionError(
            f"{self.path.parent} is on a network file system ({kind}), where SQLite can lose data; use a "
            "workspace on a local disk (--workspace DIR), or MySQL, or set accept_network_disk for one host"
        )

    def close(self) -> None:
        """Close the file; harmless when it is closed."""
        if self.db is not None:
            self.db.close()
        self.db = self.db_cursor = None
        self._depth = 0

    @property
    def is_connected(self) -> bool:
        """Whether the file is open."""
        return self.db is not None

    @property
    def _connection(self) -> sqlite3.Connection:
        if self.db is None:
            raise DatabaseConnectionError(f"the connection to {self.path} is closed")
        return self.db

    def begin(self) -> None:
        """Begin a transaction that takes the write lock at once, so that it never fails half-way."""
        connection = self._connection
        with _translated("BEGIN IMMEDIATE"):
            self._is_relaxed = self._has_log and not self._is_durable
            if self._is_relaxed:
                _set(connection, synchronous="NORMAL")
            try:
                _patiently(connection, "BEGIN IMMEDIATE")
            except sqlite3.Error:
                self._be_strict(connection)
                raise

    def commit(self) -> None:
        """Make the open transaction permanent; harmless without one."""
        if self.db is not None and self.db.in_transaction:
            with _translated("COMMIT"):
                self.db.commit()
                self._be_strict(self.db)

    def rollback(self) -> None:
        """Undo the open transaction; harmless without one."""
        if self.db is not None and self.db.in_transaction:
            with _translated("ROLLBACK"):
                self.db.rollback()
                self._be_strict(self.db)

    def _be_strict(self, connection: sqlite3.Connection) -> None:
        """Have the disk hold every commit again, with those before it that did not wait for it."""
        if self._is_relaxed:
            _set(connection, synchronous=self.synchronous)
            self._is_relaxed = False

    # ------------------------------------------------------------- statements
    def _run(self, cursor: sqlite3.Cursor, sql: str, parameters: Parameters | None) -> sqlite3.Cursor:
        with _translated(sql):
            if parameters is None:
                cursor.execute(sql)
            else:
                cursor.execute(to_qmark(sql), parameters)
        self._rowcount = cursor.rowcount
        return cursor

    def execute(self, sql: str, parameters: Parameters | None = None) -> int:
        """Run one statement; return the number of rows changed."""
        cursor = self._run(self._connection.cursor(), sql, parameters)
        self._lastrowid = cursor.lastrowid or self._lastrowid
        return cursor.rowcount

    def execute_many(self, sql: str, parameters: Sequence[Parameters]) -> int:
        """Run one statement for each set of parameters; return the number of rows changed."""
        with _translated(sql), self.transaction():
            cursor = self._connection.executemany(to_qmark(sql), parameters)
        self._rowcount = cursor.rowcount
        return cursor.rowcount

    def query(self, sql: str, parameters: Parameters | None = None) -> list[Row]:
        """All rows of one statement."""
        with _translated(sql):
            return self._run(self._connection.cursor(), sql, parameters).fetchall()

    def iterate(self, sql: str, parameters: Parameters | None = None) -> Iterator[Row]:
        """The rows of one statement one after another, in constant memory."""
        with _translated(sql):
            yield from self._run(self._connection.cursor(), sql, parameters)

    def lastrowid(self) -> int:
        """The key of the row that the last INSERT of this connection made."""
        return self._lastrowid

    def rowcount(self) -> int:
        """The number of rows that the last statement changed."""
        return self._rowcount

    @property
    def _documented_cursor(self) -> sqlite3.Cursor:
        if self.db_cursor is None:
            raise DatabaseConnectionError(f"the connection to {self.path} is closed")
        return self.db_cursor

    def parameterised_query(
        self, sql: str, parameters: Parameters | None = None, allow_errors: bool = False
    ) -> None:
        """Run one statement whose rows `fetchone` and `fetchall` give."""
        try:
            cursor = self._run(self._documented_cursor, sql, parameters)
        except IntegrityError:
            if not allow_errors:
                raise
            return
        self._lastrowid = cursor.lastrowid or self._lastrowid

    def parameterised_query_many(self, sql: str, parameters: Sequence[Parameters] | None = None) -> None:
        """Run one statement for each set of parameters."""
        self.execute_many(sql, parameters or [])

    def fetchall(self) -> list[Row]:
        """The remaining rows of the last `parameterised_query`."""
        with _translated("fetchall"):
            return self._documented_cursor.fetchall()

    def fetchone(self) -> Row | None:
        """The next row of the last `parameterised_query`, None at the end."""
        with _translated("fetchone"):
            row: Row | None = self._documented_cursor.fetchone()
        return row

    # ------------------------------------------------------------- the database as a whole
    def test_database_exists(self) -> bool:
        """Whether the file is there."""
        return self.path.exists() and self.path.stat().st_size > 0

    def has_table(self, name: str) -> bool:
        """Whether the database holds a table of that name."""
        found = self.query("SELECT name FROM sqlite_master WHERE type = 'table' AND name = %s", (name,))
        return bool(found)

    def create_database(self, initialise_schema: bool = True, *, force: bool = False) -> None:
        """Make a new file, with the tables unless told otherwise; see `DatabaseInterface`."""
        from eas_framework.task_database.queries import schema_statements  # late: only here

        if force:
            self._remove_files()
        self.connect()
        with self.transaction():  # takes the write lock: of several at once, one makes the tables
            if self.query("SELECT name FROM sqlite_master"):
                raise DatabaseExistsError(
                    f"the database {self.path} exists; give force=True to destroy it and all its results"
                )
            if initialise_schema:
                for statement in schema_statements(self):
                    self.execute(statement)

    def _remove_files(self) -> None:
        self.close()
        for suffix in ("", "-wal", "-shm", "-journal"):
            Path(f"{self.path}{suffix}").unlink(missing_ok=True)

    def dump(self, output_filename: Path | str) -> None:
        """Write the database, as it is at one moment, as gzip-compressed SQL text."""
        source = sqlite3.connect(self.path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None)
        try:
            with (
                _translated("dump"),
                gzip.open(output_filename, "wt", encoding="utf-8", newline="\n") as stream,
            ):
                source.execute("BEGIN")
                stream.writelines(f"{line}\n" for line in source.iterdump())
        finally:
            source.close()

    def restore(self, input_filename: Path | str) -> None:
        """Replace the database by the contents of a dump; the old one stays until the new one is complete."""
        fresh = Path(f"{self.path}.restoring")
        fresh.unlink(missing_ok=True)
        connection = sqlite3.connect(fresh, isolation_level=None)
        try:
            for statement in _statements(Path(input_filename)):
                connection.execute(statement)
        except (sqlite3.Error, OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
            fresh.unlink(missing_ok=True)
            raise DatabaseError(f"{input_filename} is not a dump that can be restored: {error}") from error
        finally:
            connection.close()
        self.close()
        for suffix in ("-wal", "-shm"):
            Path(f"{self.path}{suffix}").unlink(missing_ok=True)
        fresh.replace(self.path)
        self.connect()

    def make_sql_login_config(self) -> None:
        """Save the name of the engine and database in the settings file of the local data folder."""
        _, settings_file = self.sql_login_config_path(self.engine_name)
        name = self.path.stem.removeprefix("sqlite3_")
        Path(settings_file).parent.mkdir(parents=True, exist_ok=True)
        Path(settings_file).write_text(
            f"db_engine: {self.engine_name}\ndb_database: {name}\n", encoding="utf-8"
        )

    def explain(self, sql: str, parameters: Parameters | None = None) -> None:
        """Let SQLite prepare the statement without running it."""
        with _translated(sql):
            self._connection.execute(f"EXPLAIN {to_qmark(sql)}", parameters or ())

    def check_integrity(self) -> list[str]:
        """What ``PRAGMA integrity_check`` and ``foreign_key_check`` find; empty when all is well."""
        messages = [str(row["integrity_check"]) for row in self.query("PRAGMA integrity_check")]
        broken = self.query("PRAGMA foreign_key_check")
        return [m for m in messages if m != "ok"] + [f"broken foreign key: {row}" for row in broken]


def _set(connection: sqlite3.Connection, **pragmas: str | int) -> None:
    """Set SQLite's own settings of a connection."""
    for name, value in pragmas.items():
        connection.execute(f"PRAGMA {name} = {value}")


def _patiently(connection: sqlite3.Connection, statement: str) -> None:
    """Run a statement that needs a lock which others hold for moments.

    SQLite itself looks for the write lock too rarely, and not again for the lock to change the journal.
    """
    pause, gives_up = FIRST_PAUSE_SECONDS, time.monotonic() + BUSY_TIMEOUT_SECONDS
    _set(connection, busy_timeout=0)
    try:
        while not _has_run(connection, statement, is_last_try=time.monotonic() > gives_up):
            time.sleep(pause)
            pause = min(1.5 * pause, LAST_PAUSE_SECONDS)
    finally:
        _set(connection, busy_timeout=round(BUSY_TIMEOUT_SECONDS * 1e3))


def _has_run(connection: sqlite3.Connection, statement: str, *, is_last_try: bool) -> bool:
    """Whether the statement got its lock; at the last try it is an error that another has it."""
    try:
        connection.execute(statement)
    except sqlite3.OperationalError as error:
        if is_last_try or error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True


def _as_dict(cursor: sqlite3.Cursor, row: tuple[Any, ...]) -> Row:
    """A row under its column names."""
    return {column[0]: value for column, value in zip(cursor.description, row, strict=True)}


def _statements(path: Path) -> Iterator[str]:
    """The statements of a dump one after another, however long it is."""
    lines: list[str] = []
    is_empty = True
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as stream:
        for line in stream:
            lines.append(line)
            if line.endswith(";\n") and sqlite3.complete_statement("".join(lines)):
                yield "".join(lines)
                lines.clear()
            is_empty = False
    if lines or is_empty:
        raise EOFError("it is empty" if is_empty else "it ends in the middle of a statement")


@contextmanager
def _translated(sql: str) -> Iterator[None]:
    """Errors of the driver as errors of the framework, with the statement."""
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise IntegrityError(f"{error} ({_one_line(sql)})") from error
    except (sqlite3.Error, OverflowError, UnicodeEncodeError) as error:
        raise DatabaseError(f"SQLite: {error} ({_one_line(sql)})") from error


def _one_line(sql: str) -> str:
    """The beginning of the statement, on one line."""
    return " ".join(sql.split())[:120]
