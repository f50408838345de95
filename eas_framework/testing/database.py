"""The contract of a database backend: statements, transactions, dump, restore; see `mechanics`, `growth`."""

from __future__ import annotations

import copy
import importlib.resources
import math
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from eas_framework.errors import (
    DatabaseConnectionError,
    DatabaseError,
    DatabaseExistsError,
    IntegrityError,
)
from eas_framework.plugins.database import DatabaseInterface
from eas_framework.task_database.queries import SCHEMA_VERSION, Queries, statements
from eas_framework.task_database.schema_version import (
    apply_migration,
    pending_migrations,
    require_current_schema,
)
from eas_framework.testing.growth import GrowthChecks

Connect = Callable[[], DatabaseInterface]

TEXTS = [
    "it's",
    'say "so"',
    "back\\slash",
    "100 %",
    "%s %(name)s %%",
    "π ≠ Ω, 恒星, 🪐",
    "line\nbreak\ttab",
    "",
    " blanks ",
    "NULL",
    "--; DROP TABLE eas_task",
]
FLOATS = [0.0, -0.1, 1 / 3, 1e-300, 1.7976931348623157e308, 5e-324, 2**53 + 2.0, 1234567.000001]
BIG_INTEGERS = [0, -1, 2**31, 2**53 + 1, 2**63 - 1, -(2**63)]
MANY = 400
SEVERAL = 6
ITERATION_BYTES = 4_000_000
CLOCK_SECONDS = 60.0


class DatabaseBackendContract(GrowthChecks):
    """What every database backend must do. A subclass supplies the fixture `backend`.

    `backend` gives the backend's object for a database that does not exist yet or is empty; connected or not.
    """

    @pytest.fixture
    def backend(self) -> DatabaseInterface:
        """To be overridden."""
        pytest.fail(
            f"{type(self).__name__} must define a pytest fixture `backend` that returns a DatabaseInterface "
            "for an empty database, for example: return DatabaseInterfaceSqlite(path=tmp_path / 'tasks.db')"
        )

    @pytest.fixture
    def connect(self, backend: DatabaseInterface, workspace: Path) -> Iterator[Connect]:
        """Opens connections to the same database, which has its tables and is otherwise empty."""
        backend.create_database(force=True)
        backend.close()
        opened: list[DatabaseInterface] = []

        def open_one() -> DatabaseInterface:
            connection = copy.copy(backend)  # a closed backend holds no handle that two could share
            connection.connect()
            opened.append(connection)
            return connection

        yield open_one
        for connection in opened:
            connection.close()

    @pytest.fixture
    def database(self, connect: Connect) -> DatabaseInterface:
        """A connection with a scratch table: id, text that is unique, number, and a parent."""
        connection = connect()
        connection.execute(
            f"CREATE TABLE scratch (id {connection.auto_id_sql}, label VARCHAR(255) UNIQUE, amount DOUBLE, "
            "whole BIGINT, parent INTEGER, FOREIGN KEY (parent) REFERENCES scratch (id) ON DELETE CASCADE)"
        )
        return connection

    # ------------------------------------------------------------- the database as a whole
    def test_an_empty_database_appears_and_is_recognised(
        self, backend: DatabaseInterface, workspace: Path
    ) -> None:
        backend.create_database(force=True)
        assert backend.test_database_exists()
        assert backend.has_table("eas_task")
        assert not backend.has_table("eas_no_such_table")
        assert backend.query("SELECT COUNT(*) AS n FROM eas_task") == [{"n": 0}]

    def test_a_database_without_tables_can_be_made_for_a_restore(
        self, backend: DatabaseInterface, workspace: Path
    ) -> None:
        backend.create_database(initialise_schema=False, force=True)
        assert not backend.has_table("eas_task")

    def test_a_database_with_tables_is_not_destroyed_unless_told_so(self, connect: Connect) -> None:
        connection = connect()
        connection.execute("INSERT INTO eas_task_types (taskTypeName) VALUES ('kept')")
        with pytest.raises(DatabaseExistsError):
            connection.create_database()
        assert connect().query("SELECT taskTypeName FROM eas_task_types") == [{"taskTypeName": "kept"}]

    def test_an_empty_database_is_used_as_it_is(self, backend: DatabaseInterface, workspace: Path) -> None:
        backend.create_database(initialise_schema=False, force=True)
        backend.create_database()
        assert backend.has_table("eas_task")

    def test_of_several_that_make_it_at_once_one_does_and_the_others_find_it_whole(
        self, backend: DatabaseInterface, workspace: Path
    ) -> None:
        backend.create_database(initialise_schema=False, force=True)
        backend.close()
        start = threading.Barrier(SEVERAL)
        ends: list[str] = []

        def make(connection: DatabaseInterface) -> None:
            start.wait()
            try:
                connection.create_database()
                ends.append("made")
            except DatabaseExistsError:
                connection.connect()
                ends.append("found")
            versions = connection.query("SELECT version FROM eas_schema_version")
            ends.append(f"{len(versions)} version")
            connection.close()

        threads = [threading.Thread(target=make, args=(copy.copy(backend),)) for _ in range(SEVERAL)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert ends.count("made") >= 1
        assert ends.count("1 version") == SEVERAL

    def test_the_schema_has_a_version(self, connect: Connect) -> None:
        versions = connect().query("SELECT version FROM eas_schema_version")
        assert [row["version"] for row in versions] == [SCHEMA_VERSION]

    def test_what_was_dumped_can_be_restored(self, connect: Connect, tmp_path: Path) -> None:
        connection = connect()
        for text in TEXTS:
            connection.execute("INSERT INTO eas_task_types (taskTypeName) VALUES (%s)", (text,))
        before = connection.query("SELECT taskTypeId, taskTypeName FROM eas_task_types ORDER BY taskTypeId")
        connection.dump(tmp_path / "dump.gz")
        connection.execute("DELETE FROM eas_task_types")
        connection.execute("INSERT INTO eas_task_types (taskTypeName) VALUES ('not in the dump')")
        connection.restore(tmp_path / "dump.gz")
        again = connection.query("SELECT taskTypeId, taskTypeName FROM eas_task_types ORDER BY taskTypeId")
        assert again == before
        assert connection.check_integrity() == []

    def test_a_dump_is_restored_over_a_connection_that_is_not_open(
        self, connect: Connect, tmp_path: Path
    ) -> None:
        connection = connect()
        connection.execute("INSERT INTO eas_task_types (taskTypeName) VALUES ('kept')")
        connection.dump(tmp_path / "dump.gz")
        connection.close()
        connection.restore(tmp_path / "dump.gz")
        assert connection.query("SELECT taskTypeName FROM eas_task_types") == [{"taskTypeName": "kept"}]

    def test_a_file_that_is_no_dump_leaves_the_database_as_it_is(
        self, connect: Connect, tmp_path: Path
    ) -> None:
        connection = connect()
        connection.execute("INSERT INTO eas_task_types (taskTypeName) VALUES ('kept')")
        (tmp_path / "not_a_dump.gz").write_bytes(b"this is not gzip")
        with pytest.raises(DatabaseError):
            connection.restore(tmp_path / "not_a_dump.gz")
        assert connection.query("SELECT taskTypeName FROM eas_task_types") == [{"taskTypeName": "kept"}]

    def test_a_sound_database_has_no_faults(self, connect: Connect) -> None:
        assert connect().check_integrity() == []

    # ------------------------------------------------------------- connection
    def test_closing_twice_is_harmless_and_connecting_opens_again(self, connect: Connect) -> None:
        connection = connect()
        assert connection.is_connected
        connection.close()
        connection.close()
        assert not connection.is_connected
        connection.commit()
        connection.rollback()
        connection.connect()
        assert connection.query("SELECT 1 AS one") == [{"one": 1}]

    def test_threads_may_take_turns_with_a_connection(self, connect: Connect) -> None:
        connection = connect()
        seen: list[object] = []
        thread = threading.Thread(target=lambda: seen.extend(connection.query("SELECT 1 AS one")))
        thread.start()
        thread.join()
        connection.close()
        assert seen == [{"one": 1}]

    def test_a_statement_on_a_closed_connection_says_so(self, connect: Connect) -> None:
        connection = connect()
        connection.close()
        with pytest.raises(DatabaseConnectionError):
            connection.execute("SELECT 1 AS one")

    def test_the_settings_of_a_connection_are_saved_where_only_the_workspace_sees_them(
        self, connect: Connect, workspace: Path
    ) -> None:
        connection = connect()
        connection.make_sql_login_config()
        saved = [Path(path) for path in connection.sql_login_config_path(connection.engine_name)]
        assert all(path.is_relative_to(workspace) for path in saved)
        assert f"db_engine: {connection.engine_name}" in saved[1].read_text()

    # ------------------------------------------------------------- statements
    def test_rows_are_tables_under_their_aliases(self, database: DatabaseInterface) -> None:
        rows = database.query("SELECT 1 AS one, 'x' AS letter, NULL AS no_value")
        assert rows == [{"one": 1, "letter": "x", "no_value": None}]

    def test_both_kinds_of_placeholder_and_the_percent_sign_work(self, database: DatabaseInterface) -> None:
        positional = database.query("SELECT %s AS a, %s AS b, '5 %%' AS c", (1, "x"))
        assert positional == [{"a": 1, "b": "x", "c": "5 %"}]
        named = database.query(
            "SELECT %(a)s AS a, %(b)s AS b, %(a)s + 1 AS c, 7 %% 4 AS d", {"a": 1, "b": "x"}
        )
        assert named == [{"a": 1, "b": "x", "c": 2, "d": 3}]

    def test_a_placeholder_in_a_quoted_text_is_text(self, database: DatabaseInterface) -> None:
        database.execute("INSERT INTO scratch (label) VALUES ('abc')")
        found = database.query("SELECT label FROM scratch WHERE label LIKE '%%b%%' AND id >= %s", (0,))
        assert found == [{"label": "abc"}]

    @pytest.mark.parametrize("text", TEXTS)
    def test_text_survives_as_it_is(self, database: DatabaseInterface, text: str) -> None:
        database.execute("INSERT INTO scratch (label) VALUES (%s)", (text,))
        assert database.query("SELECT label FROM scratch WHERE label = %(label)s", {"label": text}) == [
            {"label": text}
        ]

    def test_a_nul_character_survives_or_is_refused(self, database: DatabaseInterface) -> None:
        try:
            database.execute("INSERT INTO scratch (label) VALUES (%s)", ("a\0b",))
        except DatabaseError:
            return
        assert database.query("SELECT label FROM scratch") == [{"label": "a\0b"}]

    def test_text_compares_with_case_and_accents(self, database: DatabaseInterface) -> None:
        for label in ("Kepler", "kepler", "képler", "kepler "):
            database.execute("INSERT INTO scratch (label) VALUES (%s)", (label,))
        assert database.query("SELECT label FROM scratch WHERE label = 'kepler'") == [{"label": "kepler"}]

    @pytest.mark.parametrize("number", FLOATS)
    def test_floats_survive_to_the_last_bit(self, database: DatabaseInterface, number: float) -> None:
        database.execute("INSERT INTO scratch (amount) VALUES (%s)", (number,))
        (row,) = database.query("SELECT amount FROM scratch")
        assert row["amount"] == number
        assert math.copysign(1, row["amount"]) == math.copysign(1, number)

    @pytest.mark.parametrize("number", BIG_INTEGERS)
    def test_integers_of_64_bits_survive(self, database: DatabaseInterface, number: float) -> None:
        database.execute("INSERT INTO scratch (whole) VALUES (%s)", (number,))
        assert database.query("SELECT whole FROM scratch") == [{"whole": number}]

    def test_lastrowid_and_rowcount_tell_of_the_last_statement(self, database: DatabaseInterface) -> None:
        assert database.execute("INSERT INTO scratch (label) VALUES ('a')") == 1
        first = database.lastrowid()
        database.execute("INSERT INTO scratch (label) VALUES ('b')")
        assert database.lastrowid() == first + 1
        assert database.execute("UPDATE scratch SET amount = 1") == 2
        assert database.rowcount() == 2
        assert database.execute("UPDATE scratch SET amount = 2 WHERE label = 'none'") == 0
        assert database.execute("DELETE FROM scratch WHERE label = 'a'") == 1

    def test_rowcount_counts_matched_rows_also_where_nothing_changes(
        self, database: DatabaseInterface
    ) -> None:
        database.execute("INSERT INTO scratch (label, amount) VALUES ('a', 1)")
        assert database.execute("UPDATE scratch SET amount = 1 WHERE label = 'a'") == 1

    def test_many_rows_go_in_together_or_not_at_all(self, database: DatabaseInterface) -> None:
        assert database.execute_many("INSERT INTO scratch (label) VALUES (%s)", [("a",), ("b",)]) == 2
        with pytest.raises(IntegrityError):
            database.execute_many(
                "INSERT INTO scratch (label) VALUES (%(label)s)", [{"label": "c"}, {"label": "a"}]
            )
        rows = database.query("SELECT label FROM scratch ORDER BY label")
        assert [row["label"] for row in rows] == ["a", "b"]

    def test_rows_come_one_by_one_in_constant_memory(self, database: DatabaseInterface) -> None:
        values = [(f"label {number}", float(number)) for number in range(MANY)]
        database.execute_many("INSERT INTO scratch (label, amount) VALUES (%s, %s)", values)
        tracemalloc.start()
        try:
            rows = database.iterate("SELECT a.label AS x, b.label AS y FROM scratch a CROSS JOIN scratch b")
            count = sum(1 for _ in rows)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert count == MANY**2
        assert peak < ITERATION_BYTES

    # ------------------------------------------------------------- the documented calls
    def test_the_documented_calls_give_rows_one_by_one_and_together(
        self, database: DatabaseInterface
    ) -> None:
        database.parameterised_query_many("INSERT INTO scratch (label) VALUES (%s)", [("a",), ("b",), ("c",)])
        database.parameterised_query("SELECT label FROM scratch WHERE label <> %s ORDER BY label", ("b",))
        assert database.fetchone() == {"label": "a"}
        assert database.fetchall() == [{"label": "c"}]
        assert database.fetchone() is None
        database.parameterised_query("INSERT INTO scratch (label) VALUES (%s)", ("d",))
        new = database.lastrowid()
        assert database.query("SELECT label FROM scratch WHERE id = %s", (new,)) == [{"label": "d"}]

    def test_allow_errors_forgives_broken_rules_and_nothing_else(self, database: DatabaseInterface) -> None:
        insert = "INSERT INTO scratch (label, parent) VALUES (%s, %s)"
        database.parameterised_query(insert, ("a", None))
        database.parameterised_query(insert, ("a", None), allow_errors=True)
        database.parameterised_query(insert, ("b", 999), allow_errors=True)
        assert database.query("SELECT COUNT(*) AS n FROM scratch") == [{"n": 1}]
        with pytest.raises(DatabaseError):
            database.parameterised_query("SELECT nonsense FROM nowhere", allow_errors=True)
        with pytest.raises(IntegrityError):
            database.parameterised_query(insert, ("a", None))

    def test_errors_are_the_framework_s_own_and_name_the_statement(self, database: DatabaseInterface) -> None:
        with pytest.raises(DatabaseError, match="no_such_table"):
            database.query("SELECT 1 FROM no_such_table")
        with pytest.raises(DatabaseError, match="scratch"):
            database.execute("INSERT INTO scratch (nonsense) VALUES (1)")

    @pytest.mark.parametrize("value", ["\udc80", 2**64])
    def test_a_value_that_cannot_be_stored_is_an_error_of_the_database(
        self, database: DatabaseInterface, value: object
    ) -> None:
        column = "label" if isinstance(value, str) else "whole"
        with pytest.raises(DatabaseError):
            database.execute(f"INSERT INTO scratch ({column}) VALUES (%s)", (value,))  # noqa: S608 - two known names
        with pytest.raises(DatabaseError):
            database.execute_many(f"INSERT INTO scratch ({column}) VALUES (%s)", [(value,)])  # noqa: S608
        assert database.query("SELECT COUNT(*) AS n FROM scratch") == [{"n": 0}]

    # ------------------------------------------------------------- transactions
    def test_a_statement_outside_a_transaction_is_seen_by_others_at_once(
        self, database: DatabaseInterface, connect: Connect
    ) -> None:
        database.execute("INSERT INTO scratch (label) VALUES ('a')")
        assert connect().query("SELECT label FROM scratch") == [{"label": "a"}]

    def test_others_see_a_transaction_when_it_is_committed(
        self, database: DatabaseInterface, connect: Connect
    ) -> None:
        other = connect()
        with database.transaction():
            database.execute("INSERT INTO scratch (label) VALUES ('a')")
            assert other.query("SELECT label FROM scratch") == []
        assert other.query("SELECT label FROM scratch") == [{"label": "a"}]

    def test_d32_nothing_remains_of_a_transaction_that_ends_in_an_exception(
        self, database: DatabaseInterface, connect: Connect
    ) -> None:
        with pytest.raises(KeyError), database.transaction():  # noqa: PT012 - the exception ends the block
            database.execute("INSERT INTO scratch (label) VALUES ('a')")
            raise KeyError
        assert connect().query("SELECT label FROM scratch") == []
        with pytest.raises(KeyError), connect() as connection:  # noqa: PT012 - the exception ends the block
            connection.begin()
            connection.execute("INSERT INTO scratch (label) VALUES ('b')")
            raise KeyError
        assert connect().query("SELECT label FROM scratch") == []

    def test_an_inner_transaction_belongs_to_the_outer(
        self, database: DatabaseInterface, connect: Connect
    ) -> None:
        with pytest.raises(KeyError), database.transaction():  # noqa: PT012 - the exception ends the block
            with database.transaction():
                database.execute("INSERT INTO scratch (label) VALUES ('a')")
            raise KeyError
        assert connect().query("SELECT label FROM scratch") == []

    def test_a_transaction_that_need_not_be_durable_is_whole_all_the_same(
        self, database: DatabaseInterface, connect: Connect
    ) -> None:
        other = connect()
        with pytest.raises(KeyError), database.transaction(durable=False):  # noqa: PT012 - the exception ends it
            database.execute("INSERT INTO scratch (label) VALUES ('a')")
            raise KeyError
        with database.transaction(durable=False):
            database.execute("INSERT INTO scratch (label) VALUES ('b')")
            assert other.query("SELECT label FROM scratch") == []
        assert other.query("SELECT label FROM scratch") == [{"label": "b"}]
        assert database.retried(lambda: database.execute("DELETE FROM scratch"), durable=False) == 1
        assert other.query("SELECT label FROM scratch") == []

    def test_a_transaction_survives_a_statement_that_broke_a_rule(
        self, database: DatabaseInterface, connect: Connect
    ) -> None:
        with database.transaction():
            database.execute("INSERT INTO scratch (label) VALUES ('a')")
            with pytest.raises(IntegrityError):
                database.execute("INSERT INTO scratch (label) VALUES ('a')")
            database.execute("INSERT INTO scratch (label) VALUES ('b')")
        assert connect().query("SELECT COUNT(*) AS n FROM scratch") == [{"n": 2}]

    def test_retried_work_is_done_once_and_gives_its_result(
        self, database: DatabaseInterface, connect: Connect
    ) -> None:
        def work() -> int:
            return database.execute("INSERT INTO scratch (label) VALUES ('a')")

        assert database.retried(work) == 1
        assert connect().query("SELECT COUNT(*) AS n FROM scratch") == [{"n": 1}]

    # ------------------------------------------------------------- rules, clock, named queries
    def test_d24_deleting_a_row_deletes_what_hangs_on_it(self, database: DatabaseInterface) -> None:
        database.execute("INSERT INTO scratch (label) VALUES ('parent')")
        parent = database.lastrowid()
        database.execute("INSERT INTO scratch (label, parent) VALUES ('child', %s)", (parent,))
        database.execute("DELETE FROM scratch WHERE id = %s", (parent,))
        assert database.query("SELECT COUNT(*) AS n FROM scratch") == [{"n": 0}]

    def test_a_reference_to_nothing_is_refused(self, database: DatabaseInterface) -> None:
        with pytest.raises(IntegrityError):
            database.execute("INSERT INTO scratch (label, parent) VALUES ('orphan', 999)")

    def test_the_clock_counts_seconds_with_fractions(self, database: DatabaseInterface) -> None:
        ask = f"SELECT {database.unix_time_sql} AS now"
        readings = [float(database.query(ask, {})[0]["now"]) for _ in range(20)]
        assert readings == sorted(readings)
        assert abs(readings[-1] - time.time()) < CLOCK_SECONDS
        assert any(reading != int(reading) for reading in readings)

    def test_every_named_query_prepares(self, connect: Connect) -> None:
        assert list(_unprepared(Queries(connect()))) == []

    def test_tables_of_the_first_version_become_those_of_today(self, connect: Connect) -> None:
        database = connect()
        database.create_database(initialise_schema=False, force=True)
        database.connect()
        first = importlib.resources.files(__package__).joinpath("schema_1.sql").read_text(encoding="utf-8")
        for statement in statements(first, database):
            database.execute(statement)
        queries = Queries(database)
        queries.run("schema_version_insert", version=1)
        with pytest.raises(DatabaseError, match="eas db migrate"):
            require_current_schema(queries)
        for migration in pending_migrations(queries):
            apply_migration(queries, migration)
        require_current_schema(queries)
        assert list(_unprepared(queries)) == []


def _unprepared(queries: Queries) -> Iterator[str]:
    """The named queries that do not fit the tables, and why."""
    for name in queries.names():
        try:
            queries.prepare(name)
        except DatabaseError as error:
            yield f"{name}: {error}"
