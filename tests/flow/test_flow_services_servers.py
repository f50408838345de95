"""Services and repairs on real servers: a database that goes away and comes back, messages that are wrong."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pika
import pymysql
import pytest

pytestmark = pytest.mark.service
PROGRAM = Path(sys.executable).with_name("eas-run")
PATIENCE_SECONDS = 120.0
JOB = {"job_name": "one", "task_list": [{"task": "null", "name": "only"}]}
TYPE = "execution_chain"


class Program:
    """`eas-run` in a workspace with settings of its own, as processes of their own."""

    def __init__(self, folder, settings):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("EAS_")}
        given = {f"EAS_{name.upper()}": str(value) for name, value in settings.items()}
        self.folder, self.settings = folder, settings
        self.environment = {**kept, "XDG_CONFIG_HOME": str(folder / "none"), "NO_COLOR": "1", **given}
        (folder / "job.json").write_text(json.dumps(JOB))

    def run(self, *words, code=0):
        done = subprocess.run(
            [PROGRAM, *words],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert code is None or done.returncode == code, f"{words}\n{done.stdout}\n{done.stderr}"
        return done

    def start(self, *words):
        with (self.folder / "log").open("w") as log:
            return subprocess.Popen([PROGRAM, *words], cwd=self.folder, env=self.environment, stderr=log)

    def wait_until(self, *words, code=0, says=""):
        """Ask again and again until the command ends so and says so."""
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            done = self.run(*words, code=None)
            if done.returncode == code and says in done.stdout:
                return
            time.sleep(0.1)
        raise AssertionError(f"{words} gave {done.returncode}:\n{done.stdout}\n{done.stderr}")

    def expect(self, problems):
        """Wait until `eas queue check` finds these problems: the broker counts messages a moment later."""
        end = time.monotonic() + PATIENCE_SECONDS
        while (found := self._problems()) != problems:
            assert time.monotonic() < end, f"found {found}, not {problems}"

    def _problems(self):
        """Problem to number of messages or attempts."""
        rows = json.loads(self.run("queue", "check", "--format", "json", code=None).stdout)
        return {row["problem"]: row["number"] for row in rows}


class Messages:
    """The broker's queue of one task type, behind the framework's back."""

    def __init__(self, settings):
        login = pika.PlainCredentials(settings["mq_user"], settings["mq_password"])
        address = {"host": settings["mq_host"], "port": int(settings["mq_port"])}
        self._connection = pika.BlockingConnection(pika.ConnectionParameters(credentials=login, **address))
        self._channel = self._connection.channel()
        self._channel.confirm_delivery()
        self._name = f"{settings['mq_namespace']}.{TYPE}"

    def count(self):
        return self._channel.queue_declare(self._name, passive=True).method.message_count

    def wait_for(self, number):
        """Wait until so many messages wait; a quorum queue counts them a moment later."""
        end = time.monotonic() + PATIENCE_SECONDS
        while (found := self.count()) != number:
            assert time.monotonic() < end, f"{found} messages, not {number}"
            time.sleep(0.05)

    def purge(self):
        self._channel.queue_purge(self._name)

    def send(self, *bodies):
        for body in bodies:
            self._channel.basic_publish("", self._name, body)

    def close(self):
        self._connection.close()


def about(attempt):
    return json.dumps({"version": 1, "attempt": attempt}).encode()


def make_older(settings):
    """Let what is queued have been so for long."""
    connection = pymysql.connect(
        host=settings["db_host"],
        port=int(settings["db_port"]),
        user=settings["db_user"],
        password=settings["db_password"],
        database=settings["db_database"],
        autocommit=True,
    )
    with connection.cursor() as cursor:
        cursor.execute("UPDATE eas_scheduling_attempt SET queuedTime = queuedTime - 100, notBefore = 0")
    connection.close()


@pytest.fixture
def program(tmp_path, mysql_settings, amqp_settings):
    settings = {"db_engine": "mysql", "queue_implementation": "amqp", **mysql_settings, **amqp_settings}
    return Program(tmp_path, settings)


@pytest.fixture
def messages(program):
    program.run("submit", "job.json")
    program.run("queue", "check", code=None)  # declares the queues
    messages = Messages(program.settings)
    yield messages
    messages.close()


def test_one_look_of_a_scheduler_publishes_before_it_ends(program, messages):
    assert messages.count() == 0
    program.run("scheduler", "--once")
    messages.wait_for(1)
    program.expect({})


def test_a_lost_message_is_explained_and_made_again(program, messages):
    make_older(program.settings)
    program.run("scheduler", "--once")
    messages.wait_for(1)
    messages.purge()
    messages.wait_for(0)
    program.expect({"no message": 1})
    rows = json.loads(program.run("queue", "repair", "--dry-run", "--format", "json").stdout)
    assert [(row["problem"], row["task_type"], row["number"]) for row in rows] == [("no message", TYPE, 1)]
    assert messages.count() == 0
    program.run("queue", "repair")
    messages.wait_for(1)
    program.expect({})


def test_messages_that_mean_nothing_are_taken_out_and_the_others_stay(program, messages):
    program.run("scheduler", "--once")
    messages.wait_for(1)
    messages.send(about(1), about(10**12))
    messages.wait_for(3)
    program.run("queue", "repair", "--dry-run")
    messages.wait_for(3)
    rows = json.loads(program.run("queue", "repair", "--format", "json").stdout)
    assert {row["problem"]: row["number"] for row in rows} == {"double message": 1, "unknown attempt": 1}
    messages.wait_for(1)
    program.expect({"dead letters": 1})
    assert "1 dead letters removed" in program.run("queue", "repair", "--empty-dead-letters").stderr
    program.expect({})
    program.run("worker", "--once", "-j", "1")
    messages.wait_for(0)
    messages.send(about(1))
    messages.wait_for(1)
    program.expect({"stale message": 1})
    program.run("queue", "repair")
    messages.wait_for(0)
    program.expect({})
    (status,) = json.loads(program.run("status", "--format", "json").stdout)
    assert status["state"] == "passed"


def test_a_worker_waits_for_a_database_that_went_away_and_comes_back(tmp_path, own_server, amqp_settings):
    server = own_server("mariadb")
    database = {
        "db_engine": "mysql",
        "db_host": "127.0.0.1",
        "db_port": server.port,
        "db_user": "root",
        "db_password": server.password,
    }
    program = Program(tmp_path, {**database, "queue_implementation": "amqp", **amqp_settings})
    program.run("db", "init")
    worker = program.start("worker", "-j", "1", "--name", "main", "--log-format", "json")
    scheduler = program.start("scheduler", "--name", "main")
    try:
        for kind in ("worker", "scheduler"):
            program.wait_until(kind, "--name", "main", "--check")
        server.kill()
        for kind in ("worker", "scheduler"):
            program.wait_until(kind, "--name", "main", "--check", code=1, says="waiting")
            program.run(kind, "--name", "main", "--check", "live")
        server.start()
        for kind in ("worker", "scheduler"):
            program.wait_until(kind, "--name", "main", "--check")
        program.run("submit", "job.json")
        program.wait_until("status", "--format", "json", says='"state": "passed"')
        worker.terminate()
        scheduler.terminate()
        assert worker.wait(PATIENCE_SECONDS) == 0
        assert scheduler.wait(PATIENCE_SECONDS) == 0
    finally:
        for process in (worker, scheduler):
            process.kill()
            process.wait()
