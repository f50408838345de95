"""One connection of the driver, set up so that every server behaves alike."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import pymysql
from pymysql.constants import CLIENT, FIELD_TYPE
from pymysql.converters import conversions
from pymysql.cursors import DictCursor, SSDictCursor

from eas_framework.errors import DatabaseConnectionError
from eas_framework.settings import Secret, tls_context
from eas_mysql.faults import code_of

CONNECT_SECONDS = 10
ANSWER_SECONDS = 120
LOCK_WAIT_SECONDS = 5
IDLE_TRANSACTION_SECONDS = 10
IDLE_CONNECTION_SECONDS = 7 * 86400
SQL_MODE = "STRICT_ALL_TABLES,ONLY_FULL_GROUP_BY,NO_ENGINE_SUBSTITUTION,PIPES_AS_CONCAT"
UNKNOWN_DATABASE = 1049
_DENIED = (1044, 1045)

Connection: TypeAlias = "pymysql.Connection[Any]"


@dataclass(frozen=True, kw_only=True)
class Login:
    """Where the server is and who asks; no way of printing it shows the password.

    A host that begins with a slash is the path of a socket.
    """

    host: str
    port: int
    user: str
    password: Secret = field(repr=False)
    database: str
    tls_ca: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None

    @property
    def server(self) -> str:
        """The server in the words of an error message: host and port, or socket."""
        where = self.host if self.host.startswith("/") else f"{self.host}:{self.port}"
        return f"the database server {where}"


def open_session(login: Login, *, database: bool = True, streaming: bool = False) -> Connection:
    """A connection in autocommit mode, READ COMMITTED, in UTC, with time-outs.

    Args:
        login: Server, user and database.
        database: Whether to select the database; False to look whether it exists.
        streaming: Rows come from the server as they are fetched, instead of all at once.

    Raises:
        DatabaseConnectionError: The server cannot be reached, or refuses the user or database.
        SettingsError: A file of TLS is missing or unfit.
    """
    try:
        connection: Connection = pymysql.connect(
            user=login.user,
            password=login.password.reveal(),
            database=login.database if database else None,
            charset="utf8mb4",
            cursorclass=SSDictCursor if streaming else DictCursor,
            client_flag=CLIENT.FOUND_ROWS,
            autocommit=True,
            connect_timeout=CONNECT_SECONDS,
            read_timeout=ANSWER_SECONDS,
            write_timeout=ANSWER_SECONDS,
            conv=_CONVERSIONS,
            **_address(login),
        )
        _set_up(connection)
    except (pymysql.err.Error, OSError, RuntimeError) as error:
        raise DatabaseConnectionError(_refusal(login, error)) from error
    return connection


def is_mariadb(connection: Connection) -> bool:
    """Whether the server is MariaDB, not MySQL."""
    text: str = connection.get_server_info()  # type: ignore[no-untyped-call] # the stubs leave it out
    return "mariadb" in text.lower()


def collation(connection: Connection) -> str:
    """The collation that compares text byte by byte, blanks at the end included."""
    return "utf8mb4_nopad_bin" if is_mariadb(connection) else "utf8mb4_0900_bin"


def _address(login: Login) -> dict[str, Any]:
    """Host or socket, and what TLS needs; over TLS the server's certificate and name are checked."""
    if login.host.startswith("/"):
        return {"unix_socket": login.host}
    address: dict[str, Any] = {"host": login.host, "port": login.port}
    context = tls_context("db_tls", ca=login.tls_ca, certificate=login.tls_cert, key=login.tls_key)
    return address if context is None else {**address, "ssl": context}


def _set_up(connection: Connection) -> None:
    values: dict[str, Any] = {
        "sql_mode": SQL_MODE,
        "time_zone": "+00:00",
        "innodb_lock_wait_timeout": LOCK_WAIT_SECONDS,
        "wait_timeout": IDLE_CONNECTION_SECONDS,
    }
    if is_mariadb(connection):
        values["idle_write_transaction_timeout"] = IDLE_TRANSACTION_SECONDS
    settings = ", ".join(f"SESSION {name} = %({name})s" for name in values)
    with connection.cursor() as cursor:
        cursor.execute(f"SET NAMES utf8mb4 COLLATE {collation(connection)}")
        cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
        cursor.execute(f"SET {settings}", values)


def _refusal(login: Login, error: BaseException) -> str:
    code, text = code_of(error), str(error.args[-1]) if error.args else str(error)
    if code == UNKNOWN_DATABASE:
        return f"{login.server} has no database {login.database!r}; make it with `eas db init`"
    return f"cannot connect to {login.server} as {login.user!r}: {text}; {_advice(code, text)}"


def _advice(code: int | None, text: str) -> str:
    if code in _DENIED:
        return "check db_user and db_password, and db_tls_cert where the user must show a certificate"
    return "check db_tls_ca" if "SSL" in text else "check db_host and db_port"


def _number(text: str) -> int | float:
    """A DECIMAL, which sums are, as the number that other engines give."""
    return float(text) if "." in text else int(text)


_CONVERSIONS: dict[Any, Any] = {**conversions, FIELD_TYPE.DECIMAL: _number, FIELD_TYPE.NEWDECIMAL: _number}
