"""The server as a process of its own, for the tests of the plugin."""

import socket
import subprocess
import sys

import pytest

from eas_framework.settings import configuration, load_configuration, use_configuration

pytest_plugins = ["eas_framework.testing.fixtures"]


@pytest.fixture(scope="session")
def server():
    """Host and port of a server that lives as long as the tests."""
    process = subprocess.Popen(
        [sys.executable, "-m", "eas_memory_queue.server", "--port", "0"], stdout=subprocess.PIPE, text=True
    )
    host, port = process.stdout.readline().split()[-1].split(":")
    yield host, int(port)
    process.terminate()
    process.wait()
    process.stdout.close()


@pytest.fixture
def engine_settings(server):
    """SQLite and the server."""
    host, port = server
    return {"db_engine": "sqlite3", "mq_host": host, "mq_port": str(port)}


@pytest.fixture
def nobody_listens(workspace):
    """The settings name a port that is held by a socket which does not listen."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        overrides = {"mq_host": "127.0.0.1", "mq_port": str(silent.getsockname()[1])}
        use_configuration(load_configuration(workspace=configuration().workspace, overrides=overrides))
        yield
