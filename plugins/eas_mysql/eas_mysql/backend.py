"""`DatabaseInterfaceMySql`: the task database on a MySQL or MariaDB server."""

from __future__ import annotations

import contextlib
import logging
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from pymysql.cursors import DictCursor

from eas_framework.errors import (
    CommitUnknownError,
    DatabaseConnectionError,
    DatabaseError,
    IntegrityError,
)
from eas_framework.plugins.database import DatabaseInterface, Parameters, Row
from eas_framework.settings import configuration
from eas_framework.settings.values import Secret
from eas_mysql import administration, dump
from eas_mysql.dialect import overrides
from eas_mysql.faults import DEADLOCKS, DUPLICATES, code_of, is_lost, translated
from eas_mysql.session import Connection, Login, open_session

log = logging.getLogger(__name__)
T = TypeVar("T")

DEADLOCK_TRIES = 30
DUPLICATE_TRIES = 3
FIRST_PAUSE_SECONDS, LAST_PAUSE_SECONDS = 0.004, 2.0
RECONNECT_SECONDS = 60.0
STALE_SECONDS = 20.0


class DatabaseInterfaceMySql(DatabaseInterface):
    """MySQL or MariaDB: any number of hosts and workers, every commit on disk before it returns.

    Arguments that are None are taken from the settings. A password belongs into the environment
    (``EAS_DB_PASSWORD``) or a file that only its owner may read; it is shown nowhere.

    The connection is made anew when it was lost, but never within a transaction: its statements are gone,
    so the whole transaction is begun again (`retried`), as after a deadlock.
    """

    engine_name: ClassVar[str] = "mysql"
    unix_time_sql: ClassVar[str] = "(UNIX_TIMESTAMP(NOW(6)) + 0e0)"
    auto_id_sql: ClassVar[str] = "INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT"
    locks_rows: ClassVar[bool] = True

    def __init__(
        self,
        db_user: str | None = None,
        db_passwd: str | None = None,
        db_host: str | None = None,
        db_port: int | None = None,
        db_database: str | None = None,
        connect: bool = True,
    ) -> None:
        super().__init__()
        config = configuration()
        self.login = Login(
            host=config.db_host if db_host is None else db_host,
            port=config.db_port if db_port is None else int(db_port),
            user=config.db_user if db_user is None else db_user,
            password=config.db_password if db_passwd is None else Secret(db_passwd),
            database=config.db_database if db_database is None else db_database,
            tls_ca=config.db_tls_ca,
            tls_cert=config.db_tls_cert,
            tls_key=config.db_tls_key,
        )
        self.db: Connection | None = None
        self.db_cursor: DictCursor | None = None
        self._is_wanted = False  # from `connect` to `close`, whether or not the server was there
        self._is_in_transaction = False
        self._rowcount = self._lastrowid = 0
        self._last_used = 0.0
        if connect:
            self.connect()

    # ------------------------------------------------------------- connection
    def connect(self) -> None:
        """Open the connection, closing one that is open.

        Raises:
            DatabaseConnectionError: Names server and user, and says what to check.
        """
        self.close()
        self._is_wanted = True
        self.db = open_session(self.login)
        self.db_cursor = self.db.cursor()
        self._last_used = time.monotonic()

    def close(self) -> None:
        """Close the connection; harmless when it is closed."""
        if self.db is not None:
            with contextlib.suppress(Exception):  # one that is broken already need not be closed well
                self.db.close()
        self.db = self.db_cursor = None
        self._is_wanted = False
        self._is_in_transaction = False
        self._depth = 0

    @property
    def is_connected(self) -> bool:
        """Whether the connection is open."""
        return self.db is not None

    def _connection(self) -> Connection:
        """The open connection; one that broke or idled for long is tried, and made anew where it was lost."""
        if self.db is None:
            if not self._is_wanted:
                raise DatabaseConnectionError(f"the connection to {self.login.server} is closed")
            self.connect()
        elif not self._is_in_transaction and self._is_broken(self.db):
            self.connect()
        if self.db is None:
            raise DatabaseConnectionError(f"{self.login.server} is away")
        self._last_used = time.monotonic()
        return self.db

    def _is_broken(self, connection: Connection) -> bool:
        """Whether the connection is broken, as one may be that idled for long."""
        if connection.open and time.monotonic() - self._last_used < STALE_SECONDS:
            return False
        try:
            connection.ping(reconnect=False)
        except Exception:  # whatever the driver says, the connection is of no use
            return True
        return False

    def begin(self) -> None:
        """Begin a transaction; rows that it changes are locked one by one."""
        connection = self._connection()
        with translated("START TRANSACTION", self.login.server):
            connection.begin()
        self._is_in_transaction = True

    def commit(self) -> None:
        """Make the open transaction permanent; harmless without one.

        Raises:
            CommitUnknownError: The connection broke while the server was committing.
        """
        if self.db is None or not self._is_in_transaction:
            return
        self._is_in_transaction = False
        try:
            with translated("COMMIT", self.login.server):
                self.db.commit()
        except DatabaseError as error:
            if not is_lost(error):
                raise
            raise CommitUnknownError(
                f"{error}; whether the last transaction is stored is not known"
            ) from error

    def rollback(self) -> None:
        """Undo the open transaction; harmless without one, and without a connection that could."""
        if self.db is None or not self._is_in_transaction:
            return
        self._is_in_transaction = False
        try:
            self.db.rollback()
        except Exception as error:  # the server undoes what a lost connection left open
            log.debug("the connection was gone before its transaction could be undone: %s", error)

    # ------------------------------------------------------------- doing it again
    def is_transient(self, error: DatabaseError) -> bool:
        """Whether the transaction may be begun again: deadlocks, lock waits, and lost connections."""
        if isinstance(error, CommitUnknownError):
            return False
        return code_of(error) in DEADLOCKS or is_lost(error)

    def retried(self, work: Callable[[], T], *, durable: bool = True) -> T:
        """The result of `work` inside one transaction, begun again after deadlocks and lost connections.

        A row that another connection was quicker to insert also begins the transaction again, so that it is
        found the second time. Within an outer transaction nothing is repeated: that is for whoever began it.
        """
        if self._depth:
            return work()
        tries, gives_up = 0, time.monotonic() + RECONNECT_SECONDS
        while True:
            tries += 1
            try:
                with self.transaction(durable=durable):
                    return work()
            except DatabaseError as error:
                if not self._is_worth_repeating(error, tries) or time.monotonic() > gives_up:
                    raise
                if is_lost(error):
                    self._reconnect(gives_up)
                else:
                    log.debug("the transaction is begun again: %s", error)
                    time.sleep(_pause(tries))

    def _is_worth_repeating(self, error: DatabaseError, tries: int) -> bool:
        if isinstance(error, IntegrityError):
            return code_of(error) in DUPLICATES and tries < DUPLICATE_TRIES
        return self.is_transient(error) and tries < DEADLOCK_TRIES

    def _reconnect(self, gives_up: float) -> None:
        """Connect again, with growing pauses; the last refusal is raised when the time is over."""
        for number in range(1, 1000):
            try:
                return self.connect()
            except DatabaseConnectionError:
                if time.monotonic() > gives_up:
                    raise
                time.sleep(_pause(number + 3))
        return None

    # ------------------------------------------------------------- statements
    def _run(self, cursor: DictCursor, sql: str, parameters: Parameters | None) -> DictCursor:
        with translated(sql, self.login.server):
            self._rowcount = cursor.execute(sql, parameters)
        if cursor.lastrowid:
            self._lastrowid = cursor.lastrowid
        return cursor

    def execute(self, sql: str, parameters: Parameters | None = None) -> int:
        """Run one statement; return the number of rows matched, changed by it or not."""
        with self._connection().cursor() as cursor:
            self._run(cursor, sql, parameters)
        return self._rowcount

    def execute_many(self, sql: str, parameters: Sequence[Parameters]) -> int:
        """Run one statement for each set of parameters; an INSERT sends many rows at once."""
        if not parameters:
            return 0
        with self.transaction(), self._connection().cursor() as cursor, translated(sql, self.login.server):
            self._rowcount = cursor.executemany(sql, parameters) or 0
        return self._rowcount

    def query(self, sql: str, parameters: Parameters | None = None) -> list[Row]:
        """All rows of one statement."""
        with self._connection().cursor() as cursor:
            return list(self._run(cursor, sql, parameters).fetchall())

    def iterate(self, sql: str, parameters: Parameters | None = None) -> Iterator[Row]:
        """The rows of one statement one after another, in constant memory.

        They come over a connection of their own, so that this one stays free; within a transaction, whose
        rows no other connection sees, they are read at once.
        """
        if self._is_in_transaction:
            yield from self.query(sql, parameters)
            return
        own = open_session(self.login, streaming=True)
        try:
            with translated(sql, self.login.server):
                cursor = own.cursor()
                cursor.execute(sql, parameters)
                yield from cursor
        finally:
            own.close()

    def lastrowid(self) -> int:
        """The key of the row that the last INSERT of this connection made."""
        return self._lastrowid

    def rowcount(self) -> int:
        """The number of rows that the last statement matched."""
        return self._rowcount

    def _documented_cursor(self) -> DictCursor:
        connection = self._connection()
        if self.db_cursor is None:
            self.db_cursor = connection.cursor()
        return self.db_cursor

    def parameterised_query(
        self, sql: str, parameters: Parameters | None = None, allow_errors: bool = False
    ) -> None:
        """Run one statement whose rows `fetchone` and `fetchall` give."""
        try:
            self._run(self._documented_cursor(), sql, parameters)
        except IntegrityError:
            if not allow_errors:
                raise

    def parameterised_query_many(self, sql: str, parameters: Sequence[Parameters] | None = None) -> None:
        """Run one statement for each set of parameters."""
        self.execute_many(sql, parameters or [])

    def fetchall(self) -> list[Row]:
        """The remaining rows of the last `parameterised_query`."""
        return list(self._documented_cursor().fetchall())

    def fetchone(self) -> Row | None:
        """The next row of the last `parameterised_query`, None at the end."""
        row: Row | None = self._documented_cursor().fetchone()
        return row

    # ------------------------------------------------------------- the database as a whole
    def test_database_exists(self) -> bool:
        """Whether the server has the configured database, and lets this user see it."""
        return administration.database_exists(self.login)

    def create_database(self, initialise_schema: bool = True, *, force: bool = False) -> None:
        """Make the database, with the tables unless told otherwise; see `DatabaseInterface`."""
        administration.make_database(self.login)
        self.connect()
        with administration.only_one_at_a_time(self):
            administration.require_empty(self, force=force)
            if initialise_schema:
                administration.create_tables(self)

    def has_table(self, name: str) -> bool:
        """Whether the database holds a table of that name."""
        return name in administration.table_names(self)

    def dump(self, output_filename: Path | str) -> None:
        """Write the rows of all tables, as they stand at one moment, to a gzip-compressed file."""
        dump.write_dump(self.login, Path(output_filename))

    def restore(self, input_filename: Path | str) -> None:
        """Replace the contents by those of a dump, which is read to its end before anything is dropped."""
        path = Path(input_filename)
        dump.check_dump(path)
        if self.db is None and not self.test_database_exists():
            self.create_database(initialise_schema=False)
        elif self.db is None:
            self.connect()
        self._connection()
        administration.drop_tables(self)
        administration.create_tables(self)
        dump.load_dump(self, path)

    def make_sql_login_config(self) -> None:
        """Save the connection details in two files that only their owner may read."""
        administration.write_login_files(self.login, self.sql_login_config_path(self.engine_name))

    # ------------------------------------------------------------- for the engine
    def query_overrides(self) -> Mapping[str, str]:
        """The named queries that MySQL says otherwise; see ``dialect.sql``."""
        return overrides()

    def check_integrity(self) -> list[str]:
        """What ``CHECK TABLE`` finds; empty when all is well."""
        return administration.check_tables(self)

    def end_idle_transactions(self) -> int:
        """End transactions of this database in which a worker fell silent, where the server does not.

        MariaDB ends them by a time-out of the session; MySQL has none, so that any scheduler does it.
        """
        return administration.end_idle_transactions(self)

    def describe_server(self) -> str:
        """Name and version of the server, and on which the tests ran."""
        rows: list[dict[str, Any]] = self.query("SELECT VERSION() AS version")
        return f"{rows[0]['version']}; {administration.TESTED_ON}"


def _pause(number: int) -> float:
    """Seconds before the next try: growing, and different for each worker, so that they do not meet again."""
    longest = min(LAST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** min(number, 20))
    return random.uniform(longest / 4, longest)  # noqa: S311 - only a pause
