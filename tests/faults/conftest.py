"""A workspace with the task types of `fault_tasks`; real commands run its job on any pair of backends."""

import os
import sys
from pathlib import Path

import pytest
from server_fixtures import Address

from eas_framework.pipeline import open_workspace
from eas_framework.testing.scenarios import install_plugin

HERE = Path(__file__).parent
LEASE_SECONDS = {"sqlite3": 1.0, "mysql": 3.0}
"""SQLite spares the leases of workers that live; a server's leases are renewed in time, or lost."""
sys.path.insert(0, str(HERE))

from fault_processes import Pipeline  # noqa: E402 - beside this file
from fault_report import write_report  # noqa: E402 - beside this file


def pytest_terminal_summary(terminalreporter):
    """Print what the tests counted; `make faults` also keeps it in a file."""
    write_report(terminalreporter, os.environ.get("FAULTS_REPORT"))


# ------------------------------------------------------------- servers that may be killed
@pytest.fixture(scope="session")
def own_mariadb(own_server):
    return own_server("mariadb")


@pytest.fixture(scope="session")
def own_rabbitmq(own_server):
    return own_server("rabbitmq")


@pytest.fixture(scope="session")
def mysql_address(own_mariadb):
    return Address.of(own_mariadb.url)


@pytest.fixture(scope="session")
def amqp_address(own_rabbitmq):
    return Address.of(own_rabbitmq.url)


@pytest.fixture
def mariadb(own_mariadb):
    """The database server, which runs again after the test."""
    yield own_mariadb
    _bring_back(own_mariadb)


@pytest.fixture
def rabbitmq(own_rabbitmq):
    """The broker, which runs again after the test."""
    yield own_rabbitmq
    _bring_back(own_rabbitmq)


def _bring_back(server):
    if not server.answers():
        server.kill()
        server.start()


# ------------------------------------------------------------- the pair of backends
@pytest.fixture
def pair():
    """Database and queue; tests for more than one pair are parametrised by `fault_pairs`."""
    return "sqlite3", "sql"


@pytest.fixture
def engine_settings(pair, request):
    """Settings of the pair; only the servers that it needs are started."""
    database, queue = pair
    chosen = {"db_engine": database, "queue_implementation": queue}
    if database == "mysql":
        chosen |= request.getfixturevalue("mysql_settings")
    if queue == "amqp":
        chosen |= request.getfixturevalue("amqp_settings")
    return chosen


@pytest.fixture
def pipeline(workspace, monkeypatch, pair, engine_settings):
    packages = workspace / "packages"
    install_plugin(packages, "fault_tasks", "fault_tasks")
    monkeypatch.setenv("PYTHONPATH", f"{packages}{os.pathsep}{HERE}")
    monkeypatch.setenv("EAS_LEASE_SECONDS", str(LEASE_SECONDS[pair[0]]))
    monkeypatch.setenv("EAS_WORKSPACE", str(workspace))
    for name, value in engine_settings.items():
        monkeypatch.setenv(f"EAS_{name.upper()}", value)
    monkeypatch.syspath_prepend(str(packages))
    monkeypatch.syspath_prepend(str(HERE))
    database, _ = open_workspace()
    made = Pipeline(workspace, database)
    yield made
    made.clean_up()
    database.close_db()
