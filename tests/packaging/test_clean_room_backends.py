"""What an environment with few packages needs and says, and what the queue backend to copy adds to one."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from build_wheels import build_wheel
from source_code import ROOT

pytestmark = pytest.mark.slow
HELLO = ROOT / "examples" / "jobs" / "hello.json"
MEMORY_QUEUE = ROOT / "examples" / "eas_memory_queue"
DRIVERS = ("pymysql", "pika", "eas_mysql", "eas_rabbitmq")
# Python runs this module when it starts: it notes every try to import a driver, installed or not.
WATCHMAN = f"""
import sys
def note(event, arguments):
    if event == "import" and arguments[0].partition(".")[0] in {DRIVERS!r}:
        with open("NOTES", "a") as notes:
            notes.write(arguments[0] + "\\n")
sys.addaudithook(note)
"""


@pytest.fixture(scope="module")
def laptop(bare_laptop):
    """An environment with eas-framework and eas-sqlite alone, which notes tries to import drivers."""
    room = bare_laptop
    (packages,) = (room.environment / "lib").glob("python3*/site-packages")
    notes = room.folder / "imports_of_drivers"
    (packages / "note_imports.py").write_text(WATCHMAN.replace("NOTES", str(notes)))
    (packages / "note_imports.pth").write_text("import note_imports\n")  # sitecustomize may be the system's
    shutil.copy(HELLO, room.folder)
    return room, notes


def test_a_laptop_runs_jobs_and_never_imports_a_driver_of_a_server(laptop):
    room, notes = laptop
    room.run_well("eas-run", "hello.json")
    (row,) = json.loads(room.run_well("eas", "status", "--format", "json"))
    assert row["state"] == "passed"
    room.run_well("eas", "results", row["job"])
    room.run_well("eas", "doctor")
    room.run_well("eas", "worker", "--once")
    assert not notes.exists(), notes.read_text()
    assert room.run("python", "-c", "import pymysql").returncode == 1
    assert notes.read_text() == "pymysql\n"  # the watchman was awake
    notes.unlink()


MYSQL, AMQP = ("db_engine: mysql", "eas-mysql"), ("queue_implementation: amqp", "eas-rabbitmq")
RUN, WORK, LOOK = ("eas-run", "hello.json"), ("eas", "worker", "--once"), ("eas", "status")


@pytest.mark.parametrize(
    ("words", "missing"), [(RUN, MYSQL), (WORK, MYSQL), (LOOK, MYSQL), (RUN, AMQP), (WORK, AMQP)]
)
def test_a_setting_that_names_a_server_without_its_plugin_says_what_to_install(
    laptop, tmp_path: Path, words: tuple[str, ...], missing: tuple[str, str]
):
    room, notes = laptop
    setting, package = missing
    (tmp_path / "eas.yaml").write_text(setting + "\n")
    shutil.copy(HELLO, tmp_path)
    done = room.run(*words, "--workspace", str(tmp_path))
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert f"install the package {package}" in done.stderr.strip().splitlines()[-1]
    assert not notes.exists()


@pytest.fixture
def memory_queue(everything, tmp_path: Path) -> Iterator[str]:
    """The queue backend to copy, built and installed, with its server; gives the server's port."""
    source = tmp_path / "eas_memory_queue"
    shutil.copytree(MEMORY_QUEUE, source, ignore=shutil.ignore_patterns("*.egg-info", "build"))
    everything.install(build_wheel(source, folder=tmp_path), options=["--no-deps"])
    shutil.copytree(MEMORY_QUEUE / "tests", everything.folder / "queue_tests")
    program = everything.environment / "bin" / "eas-memory-queue"
    with subprocess.Popen([program, "--port", "0"], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield server.stdout.readline().strip().rpartition(":")[2]
        server.terminate()
    everything.run_well("python", "-m", "pip", "uninstall", "--yes", "eas-memory-queue")


def test_the_queue_to_copy_is_built_installed_tested_and_carries_a_job(everything, memory_queue, tmp_path):
    contract = "queue_tests/test_memory_queue_contract.py"
    everything.run_well("python", "-m", "pytest", "--import-mode=importlib", "-q", contract)
    (tmp_path / "eas.yaml").write_text(f"queue_implementation: memory\nmq_port: {memory_queue}\n")
    shutil.copy(HELLO, tmp_path)
    place = ("--workspace", str(tmp_path))
    everything.run_well("eas-run", str(tmp_path / "hello.json"), *place)
    rows = json.loads(everything.run_well("eas", "doctor", "--format", "json", *place))
    assert ("ok", "memory: connected") in [(row["state"], row["detail"]) for row in rows]
