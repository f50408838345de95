"""Connections to the task database: called for real on SQLite."""

import functools
from pathlib import Path

import pytest
from database_calls import check_dump_and_restore, check_making, check_statements
from documented_api import calls

from eas_framework.connect_db import DatabaseConnector, DatabaseInterface, DatabaseInterfaceSqlite
from eas_framework.settings import load_configuration

pytest_plugins = ["eas_framework.testing.fixtures"]
calls = functools.partial(calls, of="connect_db")


def both(*names):
    """The entries of a call: of the base class and of the implementation."""
    return [f"{kind}.{name}" for kind in ("DatabaseInterface", "DatabaseInterfaceSqlite") for name in names]


@pytest.fixture
def database(workspace):
    """A connection to a database with tables."""
    with DatabaseInterfaceSqlite(db_database="parity", connect=False) as made:
        made.create_database()
        yield made


@calls("DatabaseConnector", "DatabaseConnector.interface", "DatabaseInterface", "DatabaseInterfaceSqlite")
def test_a_connector_gives_the_interface_of_the_engine(workspace):
    with DatabaseConnector(db_engine="sqlite3", db_database="parity") as connector:
        closed = connector.interface(connect=False)
        assert isinstance(closed, DatabaseInterfaceSqlite)
        assert isinstance(closed, DatabaseInterface)
        assert not closed.is_connected
        with connector.interface() as connection:
            assert connection.is_connected
        assert not connection.is_connected
    assert closed.path == workspace / ".eas" / "local" / "sqlite3_parity.db"
    with pytest.raises(ValueError, match="no_such_engine"):
        DatabaseConnector(db_engine="no_such_engine").interface()


@calls(*both("create_database", "test_database_exists", "connect"))
def test_a_database_is_made_once(workspace):
    with DatabaseInterfaceSqlite("parity", connect=False) as database:
        check_making(database)


@calls(*both("parameterised_query", "parameterised_query_many", "commit", "connect", "close"))
@calls("DatabaseInterface.fetchall", "DatabaseInterface.fetchone", "DatabaseInterface.lastrowid")
def test_statements_bind_their_values_and_rows_are_dicts(database):
    check_statements(database, DatabaseInterfaceSqlite("parity", connect=False))


@calls(*both("commit", "connect"))
def test_a_change_is_seen_by_others_once_it_is_committed(database):
    with DatabaseInterfaceSqlite("parity") as other:
        database.begin()
        database.parameterised_query("INSERT INTO eas_metadata_keys (name) VALUES ('a')")
        assert other.query("SELECT name FROM eas_metadata_keys") == []
        database.commit()
        assert other.query("SELECT name FROM eas_metadata_keys") == [{"name": "a"}]
    database.connect()  # closes the open connection first
    assert database.query("SELECT name FROM eas_metadata_keys") == [{"name": "a"}]


@calls(*both("dump", "restore"))
def test_a_dump_holds_the_whole_database(database, tmp_path):
    check_dump_and_restore(database, tmp_path)


@calls(*both("make_sql_login_config"), "DatabaseInterface.sql_login_config_path")
def test_the_login_is_saved_for_later_processes(database, workspace):
    client_file, settings_file = DatabaseInterface.sql_login_config_path(engine_name="sqlite3")
    assert Path(client_file).name == "sqlite3_sql_login.cfg"
    assert Path(settings_file) == workspace / ".eas" / "local" / "local_settings_sql.conf"
    database.make_sql_login_config()
    saved = Path(settings_file).read_text()
    assert "db_engine: sqlite3" in saved
    assert "db_database: parity" in saved
    assert load_configuration(workspace=workspace).db_database == "parity"
