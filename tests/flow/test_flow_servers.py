"""The same jobs on every pair of database and queue, on real servers: same states, same files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.service
PAIRS = [("sqlite3", "sql"), ("sqlite3", "amqp"), ("mysql", "sql"), ("mysql", "amqp")]
RUN_SECONDS = 100
JOB = {
    "job_name": "pairs",
    "task_list": [
        {
            "task": "execution_for_loop",
            "parameter": "i",
            "linear_range": [0, 4, 5],
            "task_list": [
                {"task": "null", "name": "first"},
                {"task": "null", "name": "second", "requires_metadata_from": ["first"]},
                {"task": "null", "name": "third", "requires_metadata_from": ["second"]},
            ],
        }
    ],
}


@pytest.fixture(params=PAIRS, ids="-".join)
def pair(request):
    return request.param


@pytest.fixture
def settings(pair, request) -> dict[str, str]:
    """Settings of the pair; a server is started only for a pair that has it."""
    database, queue = pair
    chosen = {"db_engine": database, "queue_implementation": queue}
    if database == "mysql":
        chosen |= request.getfixturevalue("mysql_settings")
    if queue == "amqp":
        chosen |= request.getfixturevalue("amqp_settings")
    return chosen


@pytest.fixture
def eas(tmp_path, settings):
    """Runs a command as a process of its own in a fresh workspace; gives its standard output."""
    (tmp_path / "job.json").write_text(json.dumps(JOB))
    clean = {name: value for name, value in os.environ.items() if not name.startswith("EAS_")}
    variables = {f"EAS_{name.upper()}": value for name, value in settings.items()}
    program = Path(sys.executable).with_name("eas")

    def run(*arguments: str, code: int | None = 0, **more: str) -> str:
        done = subprocess.run(
            [str(program), *arguments],
            cwd=tmp_path,
            env={**clean, "XDG_CONFIG_HOME": str(tmp_path / "none"), **variables, **more},
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
            check=False,
        )
        assert code is None or done.returncode == code, done.stderr
        assert variables.get("EAS_DB_PASSWORD", "no password") not in done.stdout + done.stderr
        return done.stdout

    return run


def test_a_job_runs_to_its_end_on_every_pair(eas):
    eas("run", "job.json")
    (status,) = json.loads(eas("status", "--format", "json"))
    assert (status["state"], status["passed"], status["total"]) == ("passed", 15, 15)


@pytest.mark.parametrize("pair", [pair for pair in PAIRS if pair[1] == "amqp"], indirect=True, ids="-".join)
@pytest.mark.parametrize("label", ["after_commit_before_publish", "after_publish_before_tick"])
def test_f8_a_publisher_that_dies_loses_no_task(eas, tmp_path, label):
    mark = tmp_path / "crashed"
    eas("run", "job.json", code=None, EAS_CRASH_AT=label, EAS_CRASH_MARK=str(mark))
    assert mark.exists(), f"{label} was never reached"
    eas("run", "job.json")
    (status,) = json.loads(eas("status", "--format", "json"))
    assert (status["state"], status["passed"], status["total"]) == ("passed", 15, 15)
