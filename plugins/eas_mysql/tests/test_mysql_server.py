"""What only a server can do: refuse users, break connections, deadlock, outlive a silent worker."""

import stat
import threading
from pathlib import Path

import pymysql
import pytest
from eas_mysql.administration import end_idle_transactions
from eas_mysql.backend import DatabaseInterfaceMySql
from faulty_network import Proxy

from eas_framework.errors import (
    CommitUnknownError,
    DatabaseConnectionError,
    DatabaseError,
    IntegrityError,
    LeaseLostError,
    SettingsError,
)
from eas_framework.pipeline import open_workspace
from eas_framework.task_database import TaskDatabaseConnection
from eas_framework.task_database.tasks import NewTask
from eas_framework.testing.scenarios import Hand

pytestmark = pytest.mark.service
MARKER = "marker-9d41-password"


@pytest.fixture
def login(mysql_address, mysql_database):
    return {
        "db_user": mysql_address.user,
        "db_passwd": mysql_address.password,
        "db_host": mysql_address.host,
        "db_port": mysql_address.port,
        "db_database": mysql_database,
    }


@pytest.fixture
def connect(workspace, login):
    """Opens connections to a private database with its tables."""
    opened = [DatabaseInterfaceMySql(**login, connect=False)]
    opened[0].create_database()

    def open_one(**other):
        opened.append(DatabaseInterfaceMySql(**{**login, **other}))
        return opened[-1]

    yield open_one
    for connection in opened:
        connection.close()


@pytest.fixture
def proxy(mysql_address):
    made = Proxy(mysql_address.host, mysql_address.port)
    yield made
    made.close()


def rows(connection):
    return [
        row["taskTypeName"] for row in connection.query("SELECT taskTypeName FROM eas_task_types ORDER BY 1")
    ]


def add(connection, name):
    connection.execute("INSERT INTO eas_task_types (taskTypeName) VALUES (%s)", (name,))


# ------------------------------------------------------------- connections that break
def test_work_is_done_again_over_a_new_connection_and_counts_once(connect):
    connection, other = connect(), connect()
    tries = []

    def work():
        tries.append(connection.query("SELECT CONNECTION_ID() AS id")[0]["id"])
        add(connection, f"try {len(tries)}")
        if len(tries) == 1:
            other.execute(f"KILL {tries[0]}")
        return connection.query("SELECT 1 AS one")

    assert connection.retried(work) == [{"one": 1}]
    assert len(set(tries)) == 2
    assert rows(other) == ["try 2"]


def test_a_connection_lost_within_a_transaction_is_never_mended_halfway(connect):
    connection, other = connect(), connect()

    def break_in_the_middle():
        add(connection, "lost")
        other.execute(f"KILL {connection.query('SELECT CONNECTION_ID() AS id')[0]['id']}")
        add(connection, "never")

    with pytest.raises(DatabaseConnectionError), connection.transaction():
        break_in_the_middle()
    assert rows(other) == []


def test_a_connection_lost_between_statements_is_made_anew_by_the_next_but_one(connect):
    connection, other = connect(), connect()
    other.execute(f"KILL {connection.query('SELECT CONNECTION_ID() AS id')[0]['id']}")
    with pytest.raises(DatabaseConnectionError):
        connection.query("SELECT 1 AS one")
    assert connection.query("SELECT 1 AS one") == [{"one": 1}]


def test_a_commit_whose_answer_is_lost_is_reported_as_unknown_and_not_repeated(connect, proxy):
    connection, other = connect(db_host="127.0.0.1", db_port=proxy.port), connect()
    proxy.cut_after = b"COMMIT"
    with pytest.raises(CommitUnknownError):
        connection.retried(lambda: add(connection, "once"))
    assert rows(other) == ["once"]


@pytest.mark.parametrize("word", [b"COMMIT", b"UPDATE eas_scheduling_attempt"])
def test_an_attempt_ends_once_when_the_connection_breaks_in_its_last_transaction(
    connect, proxy, tmp_path, word
):
    near = TaskDatabaseConnection(tmp_path, database=connect())
    far = TaskDatabaseConnection(tmp_path, database=connect(db_host="127.0.0.1", db_port=proxy.port))
    type_id = near.catalogue.ensure_task_type("null")
    task = near.tasks.register(NewTask(type_id=type_id, description="{}", unmet_dependencies=0))
    near.lifecycle.queue_task(task)
    hand = Hand(far)
    claimed = hand.take()
    proxy.cut_after = word
    hand.end(claimed)
    assert proxy.cut_after is None
    assert near.tasks.row(task)["state"] == "passed"
    assert [attempt.state for attempt in near.attempts.of_task(task)] == ["passed"]
    with pytest.raises(LeaseLostError):
        hand.end(claimed)


def test_deadlocks_are_retried_until_all_have_done_their_work(connect):
    first = connect()
    for name in ("a", "b"):
        first.execute(
            "INSERT INTO eas_worker_containers (containerName, requestedCpus, requestedGpus, requestedRam, "
            "assignedCpus, assignedGpus, assignedRam) VALUES (%s, 0, 0, 0, 0, 0, 0)",
            (name,),
        )
    barrier = threading.Barrier(2)

    def count(order):
        connection = connect()
        barrier.wait(timeout=30)
        for _ in range(30):
            connection.retried(lambda: [_increase(connection, name) for name in order])

    threads = [threading.Thread(target=count, args=(order,)) for order in ("ab", "ba")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    counts = first.query("SELECT assignedCpus FROM eas_worker_containers")
    assert [row["assignedCpus"] for row in counts] == [60, 60]


def _increase(connection, name):
    connection.execute(
        "UPDATE eas_worker_containers SET assignedCpus = assignedCpus + 1 WHERE containerName = %s", (name,)
    )


def test_a_row_that_others_inserted_meanwhile_is_found_the_second_time(connect):
    connection, other = connect(), connect()
    tries = []

    def work():
        tries.append(rows(connection))
        if len(tries) == 1:
            add(other, "theirs")
        if "theirs" not in tries[-1]:
            add(connection, "theirs")

    connection.retried(work)
    assert tries == [[], ["theirs"]]
    with pytest.raises(IntegrityError):
        connection.retried(lambda: add(connection, "theirs"))


# ------------------------------------------------------------- silent workers
def test_a_silent_transaction_is_ended_and_its_locks_are_free(connect):
    silent, watchman = connect(), connect()
    silent.begin()
    add(silent, "locked")
    (thread,) = silent.query("SELECT CONNECTION_ID() AS id")
    deadline_rows = 0
    while not deadline_rows:
        deadline_rows = end_idle_transactions(watchman, after_seconds=0)
    assert deadline_rows == 1
    add(watchman, "locked")
    with pytest.raises(DatabaseError):
        add(silent, "more")
    alive = watchman.query("SELECT id FROM information_schema.processlist WHERE id = %s", (thread["id"],))
    assert alive == []


def test_mariadb_ends_silent_transactions_by_itself(connect):
    connection = connect()
    if "MariaDB" not in connection.describe_server():
        pytest.skip("MySQL has no such time-out; schedulers look for silent transactions")
    ask = "SELECT @@idle_write_transaction_timeout AS idle_s, @@innodb_lock_wait_timeout AS wait_s"
    assert connection.query(ask) == [{"idle_s": 10, "wait_s": 5}]
    assert connection.end_idle_transactions() == 0


# ------------------------------------------------------------- users and passwords
def test_a_user_with_rights_on_one_database_alone_can_do_all_work(
    mysql_address, mysql_database, workspace, run_as
):
    name, password = run_as
    login = {
        "db_user": name,
        "db_passwd": password,
        "db_host": mysql_address.host,
        "db_port": mysql_address.port,
        "db_database": mysql_database,
    }
    connection = DatabaseInterfaceMySql(**login)
    connection.create_database()
    add(connection, "kept")
    connection.dump(workspace / "dump.gz")
    connection.restore(workspace / "dump.gz")
    assert rows(connection) == ["kept"]
    assert connection.check_integrity() == []
    assert connection.end_idle_transactions() == 0
    with pytest.raises(DatabaseError):
        connection.query("SELECT user FROM mysql.user")
    connection.close()


@pytest.fixture
def run_as(mysql_address, mysql_database):
    """A user with the rights that the README names, on an empty database that an administrator made."""
    name = mysql_database[-30:]
    admin = pymysql.connect(
        host=mysql_address.host,
        port=mysql_address.port,
        user=mysql_address.user,
        password=mysql_address.password,
        autocommit=True,
    )
    rights = "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, INDEX, ALTER, REFERENCES, CREATE TEMPORARY TABLES"
    with admin.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE `{mysql_database}`")
        cursor.execute(f"CREATE USER '{name}'@'%' IDENTIFIED BY '{MARKER}'")
        cursor.execute(f"GRANT {rights} ON `{mysql_database}`.* TO '{name}'@'%'")
        yield name, MARKER
        cursor.execute(f"DROP USER '{name}'@'%'")
    admin.close()


def test_an_empty_database_that_an_administrator_made_gets_its_tables(engine, workspace):
    database, _ = open_workspace()
    assert database.db_handle.has_table("eas_task")
    database.close_db()


@pytest.fixture
def engine_settings(mysql_settings):
    return mysql_settings


@pytest.fixture
def engine(mysql_settings, workspace):
    with (
        pymysql.connect(
            host=mysql_settings["db_host"],
            port=int(mysql_settings["db_port"]),
            user=mysql_settings["db_user"],
            password=mysql_settings["db_password"],
        ) as admin,
        admin.cursor() as cursor,
    ):
        cursor.execute(f"CREATE DATABASE `{mysql_settings['db_database']}`")


def test_d41_no_error_and_no_representation_shows_the_password(mysql_address, workspace):
    address = {"db_host": mysql_address.host, "db_port": mysql_address.port, "db_database": "x"}
    with pytest.raises(DatabaseConnectionError) as refused:
        DatabaseInterfaceMySql(db_user="eas_nobody", db_passwd=MARKER, **address)
    idle = DatabaseInterfaceMySql(db_user="eas_nobody", db_passwd=MARKER, connect=False, **address)
    shown = f"{refused.value} {refused.value.__cause__} {idle!r} {idle.login!r} {vars(idle)}"
    assert MARKER not in shown
    assert f"{mysql_address.host}:{mysql_address.port}" in shown


def test_d41_login_files_are_readable_by_their_owner_alone(connect, workspace):
    connection = connect()
    connection.make_sql_login_config()
    for path in map(Path, connection.sql_login_config_path("mysql")):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_d42_a_login_that_could_smuggle_lines_into_a_file_is_refused(workspace):
    backend = DatabaseInterfaceMySql(db_user="a\nhost = evil", db_passwd=MARKER, connect=False)
    with pytest.raises(SettingsError):
        backend.make_sql_login_config()


@pytest.mark.parametrize("name", ["eas_test_`; DROP TABLE x; --`", "eas_test_a b", "eas_test_'π'"])
def test_d43_a_hostile_name_of_a_database_is_a_name(login, workspace, name):
    backend = DatabaseInterfaceMySql(**{**login, "db_database": name}, connect=False)
    try:
        backend.create_database()
        assert backend.has_table("eas_task")
    finally:
        escaped = name.replace("`", "``")
        backend.execute(f"DROP DATABASE `{escaped}`")
        backend.close()


def test_a_dump_without_its_end_leaves_the_database_as_it_is(connect, tmp_path):
    import gzip

    connection = connect()
    add(connection, "kept")
    connection.dump(tmp_path / "whole.gz")
    lines = gzip.decompress((tmp_path / "whole.gz").read_bytes()).splitlines(keepends=True)
    (tmp_path / "cut.gz").write_bytes(gzip.compress(b"".join(lines[:-1])))
    with pytest.raises(DatabaseError, match="has 2 rows and not an end"):
        connection.restore(tmp_path / "cut.gz")
    assert rows(connection) == ["kept"]


def test_a_dump_makes_the_database_where_there_is_none(connect, login, tmp_path):
    connection = connect()
    add(connection, "kept")
    connection.dump(tmp_path / "whole.gz")
    connection.execute(f"DROP DATABASE `{login['db_database']}`")
    fresh = DatabaseInterfaceMySql(**login, connect=False)
    fresh.restore(tmp_path / "whole.gz")
    assert rows(fresh) == ["kept"]
    fresh.close()


def test_tables_and_names_have_a_collation_that_tells_case_and_blanks(connect):
    found = connect().query(
        "SELECT DISTINCT table_collation AS name FROM information_schema.tables "
        "WHERE table_schema = DATABASE()"
    )
    assert [row["name"] for row in found] in (["utf8mb4_nopad_bin"], ["utf8mb4_0900_bin"])


def test_a_connection_is_made_anew_once_the_server_is_there_again(connect, proxy):
    connection = connect(db_host="127.0.0.1", db_port=proxy.port)
    proxy.refuse(True)
    proxy.cut()
    for _ in range(3):
        with pytest.raises(DatabaseConnectionError, match=f":{proxy.port}"):
            connection.query("SELECT 1 AS one")
    proxy.refuse(False)
    assert connection.query("SELECT 1 AS one") == [{"one": 1}]
    connection.close()
    with pytest.raises(DatabaseConnectionError, match="is closed"):
        connection.query("SELECT 1 AS one")
