"""The entries that need a server, called for real on one."""

import stat
from pathlib import Path

import pytest
from database_calls import check_dump_and_restore, check_making, check_statements
from documented_api import ENTRIES, SERVER_FREE, calls
from queue_calls import check_queue

from eas_framework.connect_db import DatabaseInterface, DatabaseInterfaceMySql
from eas_framework.settings import configuration, load_configuration, use_configuration
from eas_framework.task_queues import TaskQueueAmqp, TaskQueueConnector

pytest_plugins = ["eas_framework.testing.fixtures"]
pytestmark = pytest.mark.service


def entries_of(name):
    """A class of a server and all its methods."""
    module = name.rpartition(".")[0]
    return calls(
        *(e.removeprefix(f"{module}.") for e in ENTRIES if f"{e}.".startswith(f"{name}.")), of=module
    )


@pytest.fixture
def login(workspace, mysql_settings):
    """Arguments that lead to a private database, which does not exist yet."""
    given = {name: value for name, value in mysql_settings.items() if name != "db_engine"}
    password = given.pop("db_password")
    return {**given, "db_port": int(given["db_port"]), "db_passwd": password}


@entries_of("connect_db.DatabaseInterfaceMySql")
def test_a_database_on_a_server(login, tmp_path):
    database = DatabaseInterfaceMySql(**login, connect=False)
    check_making(database)
    check_statements(database, DatabaseInterfaceMySql(**login, connect=False))
    check_dump_and_restore(database, tmp_path)
    database.make_sql_login_config()
    client, settings = map(Path, DatabaseInterface.sql_login_config_path("mysql"))
    assert f"port = {login['db_port']}" in client.read_text()
    assert f"db_database: {login['db_database']}" in settings.read_text()
    for path in (client, settings):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    database.connect()
    database.commit()
    database.close()
    database.close()


@entries_of("task_queues.TaskQueueAmqp")
def test_a_queue_on_a_broker(workspace, task_database, amqp_settings):
    use_configuration(load_configuration(workspace=workspace, overrides=amqp_settings))
    assert configuration().queue_implementation == "amqp"
    with TaskQueueConnector(debugging=False).interface(database=task_database) as queue:
        assert isinstance(queue, TaskQueueAmqp)
        check_queue(task_database, queue)
    own = TaskQueueAmqp(debugging=False)
    assert own.queue_length("null") == 1
    own.close()


def test_all_eighteen_are_called_here():
    marks = [*test_a_database_on_a_server.pytestmark, *test_a_queue_on_a_broker.pytestmark]
    marked = {name for mark in marks if mark.name == "calls" for name in mark.args}
    assert marked == set(ENTRIES) - SERVER_FREE
    assert len(marked) == 18
