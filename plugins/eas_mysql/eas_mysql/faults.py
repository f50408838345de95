"""What the driver's errors mean: which are ours to raise, which pass when the work is done again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pymysql

from eas_framework.errors import DatabaseConnectionError, DatabaseError, IntegrityError

DEADLOCKS = frozenset({1020, 1205, 1213})
"""Record changed, lock wait timed out, deadlock: the transaction may be begun again."""
DUPLICATES = frozenset({1062})
LOST = frozenset({0, 1053, 1077, 1079, 1158, 1159, 1160, 1161, 1927, 2006, 2013, 2055, 4031})
"""The connection is gone, by the server's end, a time-out, or a KILL."""
UNREACHABLE = frozenset({1040, 1129, 1203, 1226, 2002, 2003, 2005})
TABLE_FULL = frozenset({1021, 1114, 3100})


def code_of(error: BaseException | None) -> int | None:
    """The server's or client's number of an error, or of the error that it was made from."""
    if isinstance(error, DatabaseError):
        error = error.__cause__
    if not isinstance(error, pymysql.err.Error) or not error.args:
        return None
    return error.args[0] if isinstance(error.args[0], int) else None


def is_lost(error: BaseException | None) -> bool:
    """Whether the error says that the connection is gone."""
    return isinstance(error, DatabaseConnectionError) or code_of(error) in LOST


@contextmanager
def translated(sql: str, server: str) -> Iterator[None]:
    """Errors of the driver as errors of the framework, with the statement and never with its values."""
    try:
        yield
    except pymysql.err.IntegrityError as error:
        raise IntegrityError(f"{_text(error)} ({_one_line(sql)})") from error
    except pymysql.err.Error as error:
        if code_of(error) in LOST | UNREACHABLE:
            raise DatabaseConnectionError(f"the connection to {server} is lost: {_text(error)}") from error
        raise DatabaseError(f"{server}: {_text(error)} ({_one_line(sql)})") from error
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as error:
        raise DatabaseError(f"values that do not fit the statement: {error} ({_one_line(sql)})") from error
    except OSError as error:
        raise DatabaseConnectionError(f"the connection to {server} is lost: {error}") from error


def _text(error: pymysql.err.Error) -> str:
    return f"{error.args[1]} [{error.args[0]}]" if len(error.args) > 1 else str(error) or type(error).__name__


def _one_line(sql: str) -> str:
    """The beginning of the statement, on one line."""
    return " ".join(sql.split())[:120]
