"""The contract of a database backend: `DatabaseInterface`."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

from eas_framework.errors import DatabaseError

Row = dict[str, Any]
Parameters = Sequence[Any] | Mapping[str, Any]
T = TypeVar("T")

# A quoted literal, or one of the three things that a percent sign can begin.
_PLACEHOLDER = re.compile(r"""('(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`)|%\((\w+)\)s|%(s)|%(%)""")


@lru_cache(maxsize=2048)
def to_qmark(sql: str) -> str:
    """The statement with ``%s`` as ``?``, ``%(name)s`` as ``:name`` and ``%%`` as ``%``.

    For drivers such as sqlite3 that do not speak the common placeholders. Quoted text keeps ``%s`` as it is,
    but ``%%`` is a percent sign there too.
    """

    def replace(match: re.Match[str]) -> str:
        quoted, name, positional, _ = match.groups()
        if quoted is not None:
            return str(quoted).replace("%%", "%")
        if name is not None:
            return f":{name}"
        return "?" if positional else "%"

    return _PLACEHOLDER.sub(replace, sql)


class DatabaseInterface(ABC):
    """One connection to the database that holds the tasks, the same for every engine.

    Rows come back as dicts keyed by column name. Placeholders are ``%s`` or ``%(name)s``, a literal percent
    sign is ``%%``. A statement outside `transaction` commits at once. In a with-block the connection is
    closed at the end, after a rollback where the block ended in an exception.

    Backends set the class attributes, implement the abstract methods, and raise only errors of
    `eas_framework.errors`: `IntegrityError` for broken uniqueness or foreign keys, `DatabaseConnectionError`
    where the server cannot be reached, `CommitUnknownError` where it was lost while it committed,
    `DatabaseError` for the rest.
    """

    engine_name: ClassVar[str]
    unix_time_sql: ClassVar[str]
    """SQL expression for the database clock's unix time in seconds, with fractions."""
    auto_id_sql: ClassVar[str]
    """SQL type of a primary key that counts by itself."""
    is_single_host: ClassVar[bool] = False
    """Whether all connections come from one host, so that a worker's process can be looked at."""
    locks_rows: ClassVar[bool] = False
    """Whether writing transactions run side by side, so that rows must be locked before they are changed."""
    has_partial_indexes: ClassVar[bool] = False
    """Whether an index may be limited by a condition; elsewhere the schema's ``WHERE`` is left out."""

    def __init__(self) -> None:
        self._depth = 0
        self._is_durable = True
        """What `begin` may look at: whether the transaction must survive the death of the machine."""
        self.rollbacks = 0
        """How many transactions were undone; what was remembered of rows made in them is wrong."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, error_type: type[BaseException] | None, *_: object) -> None:
        if error_type is not None:
            self.rollback()
        else:
            self.commit()
        self.close()

    # ------------------------------------------------------------- connection
    @abstractmethod
    def connect(self) -> None:
        """Open the connection, closing one that is open."""

    @abstractmethod
    def close(self) -> None:
        """Close the connection; harmless when it is closed."""

    @property
    @abstractmethod
    def is_connected(self) -> bool:
        """Whether the connection is open."""

    @abstractmethod
    def begin(self) -> None:
        """Begin a transaction that may write."""

    @abstractmethod
    def commit(self) -> None:
        """Make the open transaction permanent; harmless without one."""

    @abstractmethod
    def rollback(self) -> None:
        """Undo the open transaction; harmless without one."""

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[None]:
        """One unit of work: all of the block is committed, or nothing of it. An inner one joins the outer.

        Args:
            durable: The commit is on disk before it returns. Without, a backend may save that wait: the death
                of the process loses nothing, that of the machine may undo the transaction with those after
                it, never one before it and never a durable one. For what counts only once a later durable
                transaction says so, as all that a running attempt writes.
        """
        if self._depth:
            yield
            return
        self._is_durable = durable
        self.begin()
        self._depth = 1
        try:
            yield
        except BaseException:
            self.rollbacks += 1
            self.rollback()
            raise
        else:
            self.commit()
        finally:
            self._depth = 0
            self._is_durable = True

    def is_transient(self, error: DatabaseError) -> bool:
        """Whether the whole transaction may be tried again, as after a deadlock."""
        return False

    def retried(self, work: Callable[[], T], *, durable: bool = True) -> T:
        """The result of `work` inside one `transaction`, begun again while the error is transient."""
        with self.transaction(durable=durable):
            return work()

    # ------------------------------------------------------------- statements
    @abstractmethod
    def execute(self, sql: str, parameters: Parameters | None = None) -> int:
        """Run one statement; return the number of rows changed."""

    @abstractmethod
    def execute_many(self, sql: str, parameters: Sequence[Parameters]) -> int:
        """Run one statement for each set of parameters; return the number of rows changed."""

    @abstractmethod
    def query(self, sql: str, parameters: Parameters | None = None) -> list[Row]:
        """All rows of one statement."""

    @abstractmethod
    def iterate(self, sql: str, parameters: Parameters | None = None) -> Iterator[Row]:
        """The rows of one statement one after another, in constant memory."""

    @abstractmethod
    def lastrowid(self) -> int:
        """The key of the row that the last INSERT of this connection made."""

    @abstractmethod
    def rowcount(self) -> int:
        """The number of rows that the last statement changed."""

    @abstractmethod
    def parameterised_query(
        self, sql: str, parameters: Parameters | None = None, allow_errors: bool = False
    ) -> None:
        """Run one statement whose rows `fetchone` and `fetchall` give.

        Args:
            sql: Statement with placeholders.
            parameters: Values to bind.
            allow_errors: Forgive a broken uniqueness or foreign-key rule, and nothing else.
        """

    @abstractmethod
    def parameterised_query_many(self, sql: str, parameters: Sequence[Parameters] | None = None) -> None:
        """Run one statement for each set of parameters."""

    @abstractmethod
    def fetchall(self) -> list[Row]:
        """The remaining rows of the last `parameterised_query`."""

    @abstractmethod
    def fetchone(self) -> Row | None:
        """The next row of the last `parameterised_query`, None at the end."""

    # ------------------------------------------------------------- the database as a whole
    @abstractmethod
    def test_database_exists(self) -> bool:
        """Whether the configured database is there (its tables may not be)."""

    @abstractmethod
    def create_database(self, initialise_schema: bool = True, *, force: bool = False) -> None:
        """Make the configured database, with the tables unless told otherwise; an empty one is used as it is.

        Of several that try at once one makes the tables; the others wait for it, and find them whole.

        Raises:
            DatabaseExistsError: One with tables exists and `force` was not given.
        """

    @abstractmethod
    def has_table(self, name: str) -> bool:
        """Whether the database holds a table of that name."""

    @abstractmethod
    def dump(self, output_filename: Path | str) -> None:
        """Write the whole database to a gzip-compressed file that `restore` reads."""

    @abstractmethod
    def restore(self, input_filename: Path | str) -> None:
        """Replace the contents of the database by those of a file that `dump` wrote."""

    @abstractmethod
    def make_sql_login_config(self) -> None:
        """Save the connection details so that later connections need no arguments."""

    @staticmethod
    def sql_login_config_path(engine_name: str) -> tuple[str, str]:
        """Paths of the engine client's login file and of the saved settings, in the local data folder."""
        from eas_framework.settings import configuration  # late: settings read files

        folder = configuration().local_data_path
        return str(folder / f"{engine_name}_sql_login.cfg"), str(folder / "local_settings_sql.conf")

    def query_overrides(self) -> Mapping[str, str]:
        """Named queries that this engine says otherwise, name to SQL; an unknown name is an error."""
        return {}

    def explain(self, sql: str, parameters: Parameters | None = None) -> None:
        """Let the engine prepare the statement without running it; raises `DatabaseError` on a mistake."""
        self.query(f"EXPLAIN {sql}", parameters)

    def end_idle_transactions(self) -> int:
        """End transactions whose worker fell silent within them, where the server does not; how many."""
        return 0

    def describe_server(self) -> str:
        """Name and version of the server and what is known of it, for `eas doctor`; empty without one."""
        return ""

    def check_integrity(self) -> list[str]:
        """Faults that the engine finds in its own files; empty when all is well."""
        return []
