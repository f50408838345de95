"""One job on a laptop and on a cluster: two workers on MariaDB and RabbitMQ make the same files as SQLite.

The grid is that of `examples/jobs/detection_grid.yaml`, with fewer sizes and periods unless the variable
EAS_TEST_FULL_GRID is set.
"""

import json
import os
import secrets
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from network_hosts import Network, server_on
from server_fixtures import unavailable
from services import ServiceError

pytestmark = [pytest.mark.service, pytest.mark.slow]
PATIENCE_SECONDS, LOOK_SECONDS = 900.0, 0.5
PROGRAM = Path(sys.executable).with_name("eas")
IS_FULL = "EAS_TEST_FULL_GRID" in os.environ
FIRST_TYPES = "execution_chain,execution_for_loop,synthesis_transit"
SECOND_TYPES = "multiply,transit_search_bls_reference,transit_search_tls"


@dataclass(frozen=True)
class Worker:
    """A workspace on one host of a cluster, and how commands are run there."""

    workspace: object
    on_host: object
    types: tuple = ()

    def run(self, *words, timeout=PATIENCE_SECONDS):
        """Standard output of a command that must succeed."""
        done = subprocess.run(
            self.on_host([PROGRAM, *words]), timeout=timeout, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False, **self._place,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self, log):
        """The worker, which goes on until it is told to stop."""
        return subprocess.Popen(
            self.on_host([PROGRAM, "worker", "-j", "1", *self.types]),
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, **self._place,
        )  # fmt: skip

    @property
    def _place(self):
        return {"cwd": self.workspace.folder, "env": self.workspace.environment}

    def files(self):
        """SHA-256 of the newest version of each file, by its name."""
        rows = json.loads(self.run("files", "ls", "detection_grid", "--format", "json"))
        return {row["file"]: row["sha256"] for row in rows if row["state"] == "stored"}


def put(workspace, settings):
    """Settings as the how-to says: in eas.yaml, and passwords in files of their own."""
    local = workspace.folder / ".eas" / "local"
    local.mkdir(parents=True)
    for name, key in (("sql", "db_password"), ("task_queue", "mq_password")):
        path = local / f"local_settings_{name}.conf"
        path.touch(mode=0o600)
        path.write_text(f"{key}: {settings[key]}\n")
    kept = {name: str(value) for name, value in settings.items() if not name.endswith("password")}
    workspace.write("eas.yaml", yaml.safe_dump(kept))


def grid(examples):
    """The job, whole or with two sizes and one period."""
    text = (examples / "detection_grid.yaml").read_text()
    if IS_FULL:
        return text
    smaller = text.replace("1.2, 6]", "1.2, 2]").replace("[1.7, 2.3, 3.2, 4.1]", "[4.1]")
    assert len(smaller) == len(text) - len("1.7, 2.3, 3.2, ")
    return smaller


@pytest.fixture
def laptop_files(new_workspace, examples):
    """What one executor makes of the grid on SQLite."""
    laptop = Worker(new_workspace("laptop"), list)
    laptop.workspace.write("grid.yaml", grid(examples))
    laptop.run("run", "grid.yaml", "-j", "1")
    return laptop.files()


@pytest.fixture
def cluster(new_workspace, examples, tmp_path):
    """Makes the two workers of a cluster."""

    def make(settings, hosts, types):
        shared = {"data_path": str(tmp_path / "shared" / "store"), **settings}
        workers = []
        for number, (on_host, own) in enumerate(zip(hosts, types, strict=True)):
            workspace = new_workspace(f"worker{number}")
            workspace.write("grid.yaml", grid(examples))
            put(workspace, shared)
            workers.append(Worker(workspace, on_host, own))
        return workers

    return make


def finish(workers, tmp_path):
    """Submit the grid to the first worker's workspace, and let both work until the job has passed."""
    workers[0].run("submit", "grid.yaml")
    logs = [(tmp_path / f"worker{number}.log").open("w+") for number in range(len(workers))]
    started = [worker.start(log) for worker, log in zip(workers, logs, strict=True)]
    try:
        gives_up = time.monotonic() + PATIENCE_SECONDS
        while (state := json.loads(workers[1].run("status", "--format", "json"))[0]["state"]) == "running":
            assert time.monotonic() < gives_up, workers[1].run("tree", "detection_grid")
            assert [process.poll() for process in started] == [None, None], "a worker ended"
            time.sleep(LOOK_SECONDS)
        assert state == "passed", workers[1].run("errors")
    finally:
        for process in started:
            process.terminate()
        codes = [process.wait(PATIENCE_SECONDS) for process in started]
        for log in logs:
            log.close()
    assert codes == [0, 0]


def test_two_workers_on_mariadb_and_rabbitmq_make_the_files_that_one_makes_on_sqlite(
    laptop_files, cluster, mysql_settings, amqp_settings, tmp_path
):
    workers = cluster({**mysql_settings, **amqp_settings}, [list, list], [(), ()])
    finish(workers, tmp_path)
    assert workers[1].files() == laptop_files
    assert len(laptop_files) == (49 if IS_FULL else 5)


@pytest.fixture
def network():
    """A host for servers and two for workers."""
    try:
        made = Network()
    except ServiceError as error:
        if os.geteuid() != 0:
            pytest.skip(str(error))
        unavailable(str(error))
    yield made
    made.close()


@pytest.fixture
def network_settings(network, tmp_path):
    """Settings of a database server and a broker on the servers' host."""
    started = []
    try:
        for name in ("mariadb", "rabbitmq"):
            started.append(server_on(network.server, name, tmp_path / "servers" / name))
            started[-1].start()
        database, broker = started
        yield {
            "db_engine": "mysql", "db_host": network.server.address, "db_port": database.port,
            "db_user": "root", "db_password": database.password, "db_database": "eas",
            "queue_implementation": "amqp", "mq_host": network.server.address, "mq_port": broker.port,
            "mq_user": "eas", "mq_password": broker.password, "mq_namespace": f"eas{secrets.token_hex(3)}",
        }  # fmt: skip
    finally:
        for server in started:
            server.stop()


def test_workers_on_two_hosts_share_the_grid_over_a_network(
    laptop_files, cluster, network, network_settings, tmp_path
):
    hosts = [host.command for host in network.workers]
    types = [("--task-types", FIRST_TYPES), ("--task-types", SECOND_TYPES)]
    workers = cluster(network_settings, hosts, types)
    finish(workers, tmp_path)
    assert workers[1].files() == laptop_files
    rows = json.loads(workers[0].run("files", "why", "detection_grid/injected_0_0.lc", "--format", "json"))
    made_by = {row["detail"]["task_type"]: row["detail"]["host"] for row in rows if row["kind"] == "attempt"}
    assert made_by == {"multiply": "worker-2", "synthesis_transit": "worker-1"}
