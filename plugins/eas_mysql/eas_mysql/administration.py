"""What is done to the database as a whole: making it and its tables, checks, login files, watching."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from eas_framework.errors import (
    DatabaseConnectionError,
    DatabaseError,
    DatabaseExistsError,
    SettingsError,
)
from eas_framework.task_database.queries import schema_statements
from eas_mysql.faults import code_of, translated
from eas_mysql.session import (
    IDLE_TRANSACTION_SECONDS,
    UNKNOWN_DATABASE,
    Connection,
    Login,
    collation,
    is_mariadb,
    open_session,
)

if TYPE_CHECKING:
    from eas_mysql.backend import DatabaseInterfaceMySql

log = logging.getLogger(__name__)

TESTED_ON = "tested on MariaDB 10.11; MySQL not yet run"
MAKING_SECONDS = 60
_SOUND = ("OK", "Table is already up to date")
_DENIED = frozenset({1044, 1142, 1227})
_NO_SUCH_THREAD = frozenset({1094, 1095})


def quoted(name: str) -> str:
    """An identifier as SQL text, whatever it contains."""
    if not name or "\0" in name:
        raise SettingsError(f"{name!r} cannot be the name of a database")
    escaped = name.replace("`", "``")
    return f"`{escaped}`"


# ------------------------------------------------------------- making it
def database_exists(login: Login) -> bool:
    """Whether the server has the database; any other refusal is raised."""
    try:
        open_session(login).close()
    except DatabaseConnectionError as error:
        if code_of(error) == UNKNOWN_DATABASE:
            return False
        raise
    return True


def make_database(login: Login) -> None:
    """Make the database, without tables, where it is missing; one that stands is left as it is."""
    if database_exists(login):  # a user who may not make one has had it made
        return
    with contextlib.closing(open_session(login, database=False)) as connection:
        create = f"CREATE DATABASE IF NOT EXISTS {quoted(login.database)} {_character_set(connection)}"
        _run(connection, create, login)


def require_empty(database: DatabaseInterfaceMySql, *, force: bool) -> None:
    """Refuse a database with tables; with `force`, drop them.

    Raises:
        DatabaseExistsError: It has tables, and `force` was not given.
    """
    login = database.login
    if table_names(database) and not force:
        raise DatabaseExistsError(
            f"the database {login.database!r} of {login.server} exists; "
            "give force=True to destroy it and all its results"
        )
    drop_tables(database)
    if database.db is not None:
        with contextlib.suppress(DatabaseError):  # a user who may not alter it has had it made for this
            _run(database.db, f"ALTER DATABASE {quoted(login.database)} {_character_set(database.db)}", login)


def create_tables(database: DatabaseInterfaceMySql) -> None:
    """Make all tables and indexes in an empty database."""
    if database.db is None:
        raise DatabaseConnectionError(f"the connection to {database.login.server} is closed")
    options = f"ENGINE=InnoDB ROW_FORMAT=DYNAMIC {_character_set(database.db)}"
    for statement in schema_statements(database):
        is_table = statement.upper().startswith("CREATE TABLE")
        database.execute(f"{statement} {options}" if is_table else statement)


def drop_tables(database: DatabaseInterfaceMySql) -> None:
    """Drop all tables."""
    if database.db is not None:
        _drop(database.db, database.login, table_names(database))


@contextlib.contextmanager
def only_one_at_a_time(database: DatabaseInterfaceMySql) -> Iterator[None]:
    """Keep others from making the same tables meanwhile; the server lifts the lock of one that died."""
    name = f"eas_tables_{database.login.database}"[-64:]
    got = database.query("SELECT GET_LOCK(%s, %s) AS got", (name, MAKING_SECONDS))[0]["got"]
    if got != 1:
        raise DatabaseError(f"another process is making the tables of {database.login.database!r}; try again")
    try:
        yield
    finally:
        database.query("SELECT RELEASE_LOCK(%s) AS released", (name,))


def table_names(database: DatabaseInterfaceMySql) -> list[str]:
    """The tables of the database."""
    rows = database.query(
        "SELECT table_name AS name FROM information_schema.tables "
        "WHERE table_schema = %s AND table_type = 'BASE TABLE' ORDER BY table_name",
        (database.login.database,),
    )
    return [row["name"] for row in rows]


def check_tables(database: DatabaseInterfaceMySql) -> list[str]:
    """What the server finds wrong with the tables' files."""
    return [
        f"{row['Table']}: {row['Msg_text']}"
        for name in table_names(database)
        for row in database.query(f"CHECK TABLE {quoted(name)}")
        if row["Msg_text"] not in _SOUND
    ]


def _drop(connection: Connection, login: Login, names: list[str]) -> None:
    if not names:
        return
    listed = ", ".join(f"{quoted(login.database)}.{quoted(name)}" for name in names)
    _run(connection, "SET SESSION foreign_key_checks = 0", login)
    try:
        _run(connection, f"DROP TABLE IF EXISTS {listed}", login)
    finally:
        _run(connection, "SET SESSION foreign_key_checks = 1", login)


def _run(connection: Connection, sql: str, login: Login) -> None:
    with translated(sql, login.server), connection.cursor() as cursor:
        cursor.execute(sql)


def _character_set(connection: Connection) -> str:
    return f"CHARACTER SET utf8mb4 COLLATE {collation(connection)}"


# ------------------------------------------------------------- silent transactions
def end_idle_transactions(database: DatabaseInterfaceMySql, *, after_seconds: float | None = None) -> int:
    """Kill connections to this database that hold a transaction open and do nothing; how many.

    Args:
        database: An open connection of a user with the privilege PROCESS.
        after_seconds: How long a transaction may be silent; None leaves it to a server that looks.
    """
    if database.db is None or (after_seconds is None and is_mariadb(database.db)):
        return 0
    limit = 2.0 * IDLE_TRANSACTION_SECONDS if after_seconds is None else after_seconds
    try:
        rows = database.query(
            "SELECT t.trx_mysql_thread_id AS id FROM information_schema.innodb_trx t "
            "JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id "
            "WHERE p.db = %s AND p.command = 'Sleep' AND p.time >= %s AND p.id <> CONNECTION_ID()",
            (database.login.database, limit),
        )
    except DatabaseError as error:
        if code_of(error) not in _DENIED:
            raise
        log.debug("silent transactions are not looked for: the user lacks the privilege PROCESS")
        return 0
    return sum(_kill(database, row["id"]) for row in rows)


def _kill(database: DatabaseInterfaceMySql, thread_id: int) -> bool:
    try:
        database.execute(f"KILL {int(thread_id)}")
    except DatabaseError as error:
        if code_of(error) not in _NO_SUCH_THREAD:
            raise
        return False
    log.warning("connection %d was silent in the middle of a transaction and was ended", thread_id)
    return True


# ------------------------------------------------------------- login files
def write_login_files(login: Login, paths: tuple[str, str]) -> None:
    """Save the login for the server's own client, and for later processes of the framework."""
    password = login.password.reveal()
    if "\n" in f"{login.user}{password}{login.host}{login.database}":
        raise SettingsError(
            "user, password, host and database must have no line breaks to be saved in a file"
        )
    escaped = password.replace("\\", "\\\\").replace('"', '\\"')
    client = f'[client]\nuser = "{login.user}"\npassword = "{escaped}"\n{_client_address(login)}'
    settings = (
        f"db_engine: mysql\ndb_host: {login.host}\ndb_port: {login.port}\ndb_user: {login.user}\n"
        f"db_password: {password}\ndb_database: {login.database}\n"
    )
    for path, text in zip(paths, (client, settings), strict=True):
        _write_private(Path(path), text)


def _client_address(login: Login) -> str:
    if login.host.startswith("/"):
        return f"socket = {login.host}\n"
    return f"host = {login.host}\nport = {login.port}\n"


def _write_private(path: Path, text: str) -> None:
    """Write a file that was never readable by others, whatever stood there before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:  # noqa: PTH123 - a descriptor, so that the mode holds from the start
        stream.write(text)
    fresh.rename(path)
