"""What only SQLite does: files, locks, and plans that use the indexes."""

import gzip
import sqlite3
import threading

import pytest
from eas_sqlite import backend as module
from eas_sqlite.backend import DatabaseInterfaceSqlite
from eas_sqlite.network_disk import network_file_system

from eas_framework.connect_db import DatabaseConnector
from eas_framework.errors import DatabaseConnectionError, DatabaseError, DatabaseExistsError
from eas_framework.plugins.manager import plugin_manager
from eas_framework.settings import load_configuration, use_configuration
from eas_framework.task_database.queries import Queries

pytest_plugins = ["eas_framework.testing.fixtures"]

NORMAL, FULL = 1, 2


@pytest.fixture
def database(tmp_path):
    made = DatabaseInterfaceSqlite(path=tmp_path / "tasks.db", connect=False)
    made.create_database()
    yield made
    made.close()


def test_the_plugin_supplies_the_backend_under_its_name(workspace):
    assert plugin_manager().database_backend("sqlite3") is DatabaseInterfaceSqlite
    connection = DatabaseConnector(db_database="other").interface(connect=False)
    assert connection.path == workspace / ".eas" / "local" / "sqlite3_other.db"
    assert not connection.is_connected


def test_commits_are_on_disk_and_foreign_keys_hold(database):
    pragmas = {name: database.query(f"PRAGMA {name}")[0][name] for name in ("journal_mode", "foreign_keys")}
    assert pragmas == {"journal_mode": "wal", "foreign_keys": 1}
    assert synchronous(database) == FULL


def synchronous(database):
    return database.query("PRAGMA synchronous")[0]["synchronous"]


def test_only_a_transaction_that_says_so_does_not_wait_for_the_disk(database):
    with database.transaction(durable=False):
        assert synchronous(database) == NORMAL
        with database.transaction():  # an inner one belongs to the outer
            assert synchronous(database) == NORMAL
    assert synchronous(database) == FULL
    with pytest.raises(KeyError), database.transaction(durable=False):
        raise KeyError
    assert synchronous(database) == FULL
    with database.transaction():
        assert synchronous(database) == FULL


def test_a_transaction_that_could_not_begin_leaves_the_next_one_durable(database, monkeypatch):
    monkeypatch.setattr(module, "BUSY_TIMEOUT_SECONDS", 0.05)
    other = DatabaseInterfaceSqlite(path=database.path)
    database.begin()
    with pytest.raises(DatabaseError, match="locked"), other.transaction(durable=False):
        pass
    database.rollback()
    assert synchronous(other) == FULL
    assert other.query("PRAGMA busy_timeout") == [{"timeout": 50}]
    other.close()


def test_a_rollback_journal_waits_for_the_disk_at_every_commit(tmp_path, workspace, monkeypatch):
    monkeypatch.setattr(module, "network_file_system", lambda folder: "nfs4")
    use_configuration(load_configuration(workspace=workspace, overrides={"accept_network_disk": "true"}))
    database = DatabaseInterfaceSqlite(path=tmp_path / "tasks.db")
    with database.transaction(durable=False):
        assert synchronous(database) == FULL
    database.close()


def test_programs_that_make_the_file_at_once_share_one_file(tmp_path):
    start = threading.Barrier(6)
    ends = []

    def make():
        connection = DatabaseInterfaceSqlite(path=tmp_path / "new" / "tasks.db", connect=False)
        start.wait()
        try:
            connection.create_database()
            ends.append("made")
        except DatabaseExistsError:
            connection.connect()
            ends.append("found")
        connection.execute("INSERT INTO eas_task_types (taskTypeName) VALUES (%s)", (str(id(connection)),))
        connection.close()

    threads = [threading.Thread(target=make) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ends) == ["found"] * 5 + ["made"]
    with DatabaseInterfaceSqlite(path=tmp_path / "new" / "tasks.db") as connection:
        assert connection.query("SELECT COUNT(*) AS n FROM eas_task_types") == [{"n": 6}]


# The queries that run for each task or several times a second; a scan would cost more with every task stored.
EVERY_TIME = (
    "attempt_next_queued",
    "attempt_next_queued_of_types",
    "attempts_expired",
    "attempts_running_of_executors",
    "attempts_renew_of_executors",
    "attempt_claim",
    "attempt_end",
    "tasks_ready",
    "tasks_uncounted",
    "task_children",
    "task_last_child_index",
    "waiting_for_task",
    "inputs_mark_met",
    "metadata_inputs_mark_met",
    "tasks_lock",
    "late_inputs_awaiting",
    "product_by_filename",
    "product_visible_version",
    "versions_of_attempt",
    "version_visible_inputs",
    "metadata_of_attempt",
    "metadata_inherited_by_task",
    "task_metadata_sources",
    "attempt_with_content",
    "job_state",
)
GROWING = ("eas_task", "eas_scheduling_attempt", "eas_product", "eas_metadata_item", "eas_log_messages")


@pytest.mark.parametrize("name", EVERY_TIME)
def test_d51_what_runs_often_finds_its_rows_by_an_index(database, name, monkeypatch):
    queries = Queries(database)
    plans = []

    def explain(sql, parameters=None):
        plans.extend(row["detail"] for row in database.query(f"EXPLAIN QUERY PLAN {sql}", parameters))

    monkeypatch.setattr(database, "explain", explain)
    queries.prepare(name)
    scans = [plan for plan in plans if plan.startswith("SCAN") and "INDEX" not in plan]
    aliases = {"t", "a", "p", "v", "i", "l", "m", *GROWING}
    assert [scan for scan in scans if scan.split()[1] in aliases] == []


def test_rows_that_go_with_the_row_they_refer_to_are_found_by_an_index(database):
    tables = [row["name"] for row in database.query("SELECT name FROM sqlite_master WHERE type = 'table'")]
    references = {
        (table, row["from"])
        for table in tables
        for row in database.query(f"PRAGMA foreign_key_list({table})")
        if row["on_delete"] == "CASCADE"
    }
    indexes = [
        (table, row["name"]) for table in tables for row in database.query(f"PRAGMA index_list({table})")
    ]
    led = {(table, database.query(f"PRAGMA index_info({index})")[0]["name"]) for table, index in indexes}
    assert ("eas_task", "parentTask") in references
    assert references - led == set()


def assert_waits(work, *, until):
    """Work that another thread does is not done before `until` is called, and is done then."""
    done = threading.Event()

    def do():
        work()
        done.set()

    thread = threading.Thread(target=do)
    thread.start()
    assert not done.wait(0.1)
    until()
    thread.join()
    assert done.is_set()


def test_a_writer_waits_for_another_and_then_goes_on(database):
    other = DatabaseInterfaceSqlite(path=database.path)
    database.begin()
    database.execute("INSERT INTO eas_task_types (taskTypeName) VALUES ('one')")
    assert_waits(
        lambda: other.execute("INSERT INTO eas_task_types (taskTypeName) VALUES ('two')"),
        until=database.commit,
    )
    other.close()
    assert len(database.query("SELECT taskTypeName FROM eas_task_types")) == 2


def test_a_transaction_waits_for_another_and_then_goes_on(database):
    other = DatabaseInterfaceSqlite(path=database.path)
    database.begin()
    assert_waits(other.begin, until=database.commit)
    other.rollback()
    other.close()


def test_opening_a_file_in_which_another_program_writes_its_first_tables_waits_for_it(tmp_path):
    other = sqlite3.connect(tmp_path / "tasks.db", isolation_level=None)
    other.execute("CREATE TABLE one (a INTEGER)")
    other.execute("BEGIN IMMEDIATE")  # before the journal is a write-ahead log, which takes a lock, too
    assert_waits(lambda: DatabaseInterfaceSqlite(path=tmp_path / "tasks.db").close(), until=other.commit)
    other.close()


def test_the_metadata_of_one_entity_lie_in_one_index(database):
    indexes = database.query(
        "SELECT sql FROM sqlite_master WHERE tbl_name = 'eas_metadata_item' AND type = 'index'"
    )
    assert len(indexes) == 4
    assert all(row["sql"].endswith("IS NOT NULL") for row in indexes)


def test_a_database_that_stays_locked_is_an_error_of_ours(database, monkeypatch):
    monkeypatch.setattr(module, "BUSY_TIMEOUT_SECONDS", 0.05)
    other = DatabaseInterfaceSqlite(path=database.path)
    database.begin()
    with pytest.raises(DatabaseError, match="locked"):
        other.execute("INSERT INTO eas_task_types (taskTypeName) VALUES ('two')")
    other.close()
    database.rollback()


@pytest.mark.parametrize("name", ["none/such.db/tasks.db", "folder"])
def test_a_file_that_cannot_be_opened_is_named(tmp_path, workspace, name):
    (tmp_path / "none").write_text("a file where a folder is needed")
    (tmp_path / "folder").mkdir()
    with pytest.raises(DatabaseConnectionError, match=name.split("/")[-1]):
        DatabaseInterfaceSqlite(path=tmp_path / name)


def test_a_file_that_is_no_database_is_refused(tmp_path, workspace):
    path = tmp_path / "tasks.db"
    path.write_text("this is no database " * 100)
    with pytest.raises(DatabaseError, match="not a database"):
        DatabaseInterfaceSqlite(path=path).query("SELECT 1 FROM eas_task")


@pytest.mark.parametrize(
    "contents",
    [b"", gzip.compress(b"SELECT nonsense FROM nowhere;\n"), gzip.compress(b"BEGIN;\nCREATE TABLE x (")],
)
def test_a_broken_dump_destroys_nothing(database, tmp_path, contents):
    database.execute("INSERT INTO eas_task_types (taskTypeName) VALUES ('kept')")
    dump = tmp_path / "dump.gz"
    dump.write_bytes(contents)
    with pytest.raises(DatabaseError, match=r"dump\.gz"):
        database.restore(dump)
    assert database.query("SELECT taskTypeName FROM eas_task_types") == [{"taskTypeName": "kept"}]
    assert not list(tmp_path.glob("*.restoring"))


def test_a_dump_that_was_cut_off_destroys_nothing(database, tmp_path):
    database.execute("INSERT INTO eas_task_types (taskTypeName) VALUES ('kept')")
    dump = tmp_path / "dump.gz"
    database.dump(dump)
    dump.write_bytes(dump.read_bytes()[:-20])
    with pytest.raises(DatabaseError, match=r"dump\.gz"):
        database.restore(dump)
    assert len(database.query("SELECT taskTypeName FROM eas_task_types")) == 1


# ------------------------------------------------------------- network disks
@pytest.fixture
def mounts(tmp_path):
    path = tmp_path / "mounts"
    path.write_text(
        "/dev/sda1 / ext4 rw 0 0\nserver:/home /home nfs4 rw 0 0\n/dev/sdb1 /home/local ext4 rw 0 0\n"
        "x /mnt/cluster fuse.juicefs rw 0 0\noverlay /containers fuse.overlayfs rw 0 0\n"
    )
    return path


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/var", None),
        ("/home/user/work", "nfs4"),
        ("/home/local/work", None),
        ("/mnt/cluster", "fuse.juicefs"),
        ("/containers/x", None),
    ],
)
def test_the_file_system_that_holds_a_folder_is_the_nearest_mount(mounts, tmp_path, folder, kind):
    assert network_file_system(tmp_path.__class__(folder), mounts=mounts) == kind


def test_a_network_disk_is_refused_with_the_ways_on(tmp_path, workspace, monkeypatch):
    monkeypatch.setattr(module, "network_file_system", lambda folder: "nfs4")
    with pytest.raises(DatabaseConnectionError, match="--workspace") as caught:
        DatabaseInterfaceSqlite(path=tmp_path / "tasks.db")
    assert "MySQL" in str(caught.value)
    assert "accept_network_disk" in str(caught.value)


def test_an_accepted_network_disk_gets_a_rollback_journal(tmp_path, workspace, monkeypatch):
    monkeypatch.setattr(module, "network_file_system", lambda folder: "nfs4")
    use_configuration(load_configuration(workspace=workspace, overrides={"accept_network_disk": "true"}))
    database = DatabaseInterfaceSqlite(path=tmp_path / "tasks.db")
    assert database.query("PRAGMA journal_mode")[0]["journal_mode"] == "delete"
    database.close()


def test_a_file_without_tables_is_made_into_a_database_and_one_with_tables_is_not(tmp_path):
    backend = DatabaseInterfaceSqlite(path=tmp_path / "tasks.db")  # opening it makes the file
    assert backend.test_database_exists()
    backend.create_database(initialise_schema=False)
    backend.execute("CREATE TABLE of_somebody_else (a INTEGER)")
    with pytest.raises(DatabaseError, match="force=True"):
        backend.create_database()
    assert backend.has_table("of_somebody_else")
    backend.create_database(force=True)
    assert backend.has_table("eas_task")
    backend.close()
