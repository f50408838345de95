"""Workers and schedulers as services: how they are, what they log, how they end, and what repairs find."""

import json
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

PATIENCE_SECONDS = 90.0
IS_RUNNING = "SELECT 1 FROM eas_task WHERE taskName = ? AND state = 'running'"
HAS_PASSED = "SELECT 1 FROM eas_task WHERE taskName = ? AND state = 'passed'"
CHAIN = {
    "task_list": [
        {"task": "null", "name": "first", "duration_seconds": 2},
        {"task": "null", "name": "second", "requires_metadata_from": ["first"]},
    ]
}
LONG = {"task_list": [{"task": "null", "name": "long", "duration_seconds": 300}]}


@pytest.fixture
def start(workspace, tmp_path):
    """Starts a service whose standard error goes to a file; all are gone at the end."""
    started = []

    def run(*words):
        log = tmp_path / f"log{len(started)}"
        with log.open("w") as stream:
            service = workspace.start(*words, stderr=stream)
        service.log = log
        started.append(service)
        return service

    yield run
    for service in started:
        if service.poll() is None:
            service.kill()
        service.communicate(timeout=60)


@pytest.fixture
def wait_until(workspace):
    """Asks a command again and again until it ends with a code; what it printed."""

    def wait(*words, code=0):
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return workspace.run(*words, code=code).stdout
            except AssertionError:
                if time.monotonic() > end:
                    raise

    return wait


def ended(service):
    service.communicate(timeout=PATIENCE_SECONDS)
    return service.returncode


@pytest.mark.parametrize("kind", ["worker", "scheduler"])
def test_a_service_says_when_it_is_ready_and_when_it_is_gone(workspace, start, wait_until, kind):
    assert "no worker runs here" in workspace.run("worker", "--check", code=1).stdout
    service = start(kind, "--name", "main")
    assert "ready" in wait_until(kind, "--name", "main", "--check")
    workspace.run(kind, "--check", "live")
    assert "no " in workspace.run(kind, "--name", "other", "--check", code=1).stdout
    again = workspace.run(kind, "--name", "main", code=2)
    assert "give this one another --name" in again.stderr
    service.terminate()
    assert ended(service) == 0
    workspace.run(kind, "--name", "main", "--check", "live", code=1)


def test_a_service_that_was_killed_is_not_taken_for_a_living_one(workspace, start, wait_until):
    service = start("scheduler", "--name", "main")
    wait_until("scheduler", "--check")
    service.kill()
    ended(service)
    workspace.run("scheduler", "--check", "live", code=1)
    start("scheduler", "--name", "main")
    wait_until("scheduler", "--name", "main", "--check")


@pytest.mark.parametrize("name", ["../x", "a b", "x" * 65, "a\nb"])
def test_a_name_that_can_be_no_file_name_is_refused(workspace, name):
    assert "must be 1 to 64" in workspace.run("scheduler", "--name", name, code=2).stderr


def test_the_log_of_a_service_is_one_json_object_per_line(workspace, start, wait_until):
    workspace.run("submit", workspace.write("job.json", CHAIN))
    worker = start("worker", "-j", 1, "--name", "main", "--log-format", "json")
    workspace.wait_for(HAS_PASSED, "second")
    worker.terminate()
    assert ended(worker) == 0
    lines = [json.loads(line) for line in worker.log.read_text().splitlines()]
    assert all({"time", "level", "logger", "message"} <= set(line) for line in lines)
    events = [(line["event"], line["task_type"]) for line in lines if line.get("event") == "started"]
    assert events == [("started", "execution_chain"), ("started", "null"), ("started", "null")]
    assert not any("token" in line for line in lines)


def test_the_setting_log_format_is_the_default_of_the_option(workspace, start, wait_until):
    (workspace.folder / "eas.yaml").write_text("log_format: json\n")
    scheduler = start("scheduler")
    wait_until("scheduler", "--check")
    scheduler.terminate()
    assert ended(scheduler) == 0
    assert [json.loads(line) for line in scheduler.log.read_text().splitlines()]


def test_a_worker_that_drains_ends_its_task_and_begins_no_other(workspace, start):
    workspace.run("submit", workspace.write("job.json", CHAIN))
    worker = start("worker", "-j", 1)
    workspace.wait_for(IS_RUNNING, "first")
    worker.terminate()
    assert ended(worker) == 0
    assert workspace.states() == {"first": "passed", "second": "queued"}
    assert workspace.query("SELECT COUNT(*) FROM eas_scheduling_attempt WHERE state = 'running'") == [(0,)]
    assert workspace.query("SELECT attemptsLeft FROM eas_task WHERE taskName = 'second'") == [(2,)]
    workspace.run("worker", "--once", "-j", 1)
    assert workspace.attempts() == {"first": 1, "second": 1}


def test_schedulers_side_by_side_queue_each_task_once(workspace, start, wait_until):
    names = ["one", "two", "three"]
    for name in names:
        start("scheduler", "--name", name)
    for name in names:
        wait_until("scheduler", "--name", name, "--check")
    loop = {"task": "execution_for_loop", "parameter": "i", "values": list(range(20))}
    tasks = [{"task": "null", "name": "'t{i}'.format(**metadata)"}]
    workspace.run("submit", workspace.write("job.json", {"task_list": [{**loop, "task_list": tasks}]}))
    workspace.run("worker", "--once", "-j", 2)
    assert workspace.attempts() == {f"t{number}": 1 for number in range(20)}


def test_a_repair_takes_over_what_a_dead_worker_held(workspace, start):
    workspace.run("submit", workspace.write("job.json", LONG))
    worker = start("worker", "-j", 1)
    workspace.wait_for(IS_RUNNING, "long")
    worker.send_signal(signal.SIGKILL)
    ended(worker)
    assert "agree" in workspace.run("queue", "check").stdout
    workspace.execute("UPDATE eas_scheduling_attempt SET leaseUntil = 0 WHERE state = 'running'")
    assert "lease expired" in workspace.run("queue", "check", code=1).stdout
    (row,) = json.loads(workspace.run("queue", "repair", "--dry-run", "--format", "json").stdout)
    assert (row["problem"], row["task_type"], row["number"]) == ("lease expired", "null", 1)
    assert workspace.states() == {"long": "running"}
    doctor = json.loads(workspace.run("doctor", "--format", "json").stdout)
    (agreement,) = [check for check in doctor if check["check"] == "queue agreement"]
    assert agreement["state"] == "warning"
    assert "eas queue repair" in agreement["detail"]
    workspace.run("queue", "repair")
    assert workspace.states() == {"long": "queued"}
    assert "agree" in workspace.run("queue", "check").stdout


# ---------------------------------------------------------------- the how-to
HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "run-as-a-service.md"
COMMANDS = re.findall(r"^\$ eas (.*)$", HOW_TO.read_text(encoding="utf-8"), re.MULTILINE)
UNITS = re.findall(r"^```ini\n(.*?)^```$", HOW_TO.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def is_service(command):
    return command.startswith(("worker", "scheduler")) and "--check" not in command


def test_every_command_of_the_how_to_works(start, workspace, wait_until):
    services = [command for command in COMMANDS if is_service(command)]
    assert len(services) == 2
    for command in services:
        start(*command.split())
    for command in services:
        wait_until(command.split()[0], "--name", "main", "--check")
    for command in COMMANDS:
        if not is_service(command):
            workspace.run(*command.split())


@pytest.mark.parametrize("unit", UNITS, ids=["worker", "scheduler"])
def test_a_unit_of_the_how_to_tells_systemd_how_it_is(unit, start, workspace, tmp_path):
    (command,) = re.findall(r"^ExecStart=\S+/eas (.*)$", unit, re.MULTILINE)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "n"))
        systemd.settimeout(PATIENCE_SECONDS)
        workspace.environment["NOTIFY_SOCKET"] = str(tmp_path / "n")
        service = start(*command.replace("%i", "main").split())

        def told(what):
            while what not in (lines := systemd.recv(4096).decode().splitlines()):
                assert "WATCHDOG=1" in lines

        told("READY=1")
        service.terminate()
        told("STOPPING=1")
        assert ended(service) == 0


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_understands_the_units(tmp_path):
    for name, unit in zip(("eas-worker@.service", "eas-scheduler.service"), UNITS, strict=True):
        text = unit.replace("/srv/eas/.venv/bin/eas", "/bin/true").replace("User=eas\n", "")
        (tmp_path / name).write_text(text)
        done = subprocess.run(
            ["systemd-analyze", "verify", str(tmp_path / name)], capture_output=True, text=True, check=False
        )
        assert str(tmp_path / name) not in done.stderr, done.stderr
        assert name not in done.stderr, done.stderr
