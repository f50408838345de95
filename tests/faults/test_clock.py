"""F14: workers whose clocks are an hour ahead or behind; the clock of the database alone counts."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fault_pairs import MYSQL, MYSQL_AMQP, on
from fault_processes import wait_until
from server_fixtures import unavailable
from services import ServiceError, require_program

pytest_plugins = ["eas_framework.testing.fixtures"]

CHAINS = 6
HOUR = 3600.0
SLEEP = Path(__file__).parent / "faketime"
RENEWALS = 4
"""More than enough for a lease that is compared with a wrong clock to look expired."""


@pytest.fixture(scope="session")
def clock():
    """Gives the environment of a process whose clock is shifted, by words such as ``+1h``."""
    try:
        program = require_program("faketime", "faketime")
    except ServiceError as error:
        unavailable(str(error))
    asked = [program, "-f", "+1h", "printenv", "LD_PRELOAD"]
    library = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()

    def shifted(shift):
        path = f"{SLEEP}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
        fake = {"LD_PRELOAD": library, "FAKETIME": shift, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        return {**fake, "PYTHONPATH": path}

    told = [sys.executable, "-c", "import time; print(time.time())"]
    ahead = subprocess.run(told, env={**os.environ, **shifted("+1h")}, capture_output=True, check=True)
    assert float(ahead.stdout) > time.time() + HOUR / 2
    return shifted


def chains():
    """Pairs of tasks, the second of which needs the file of the first; these wait for the file ``go``."""
    for number in range(CHAINS):
        yield {"task": "fault_work", "until": "go", "outputs": {"file": f"a{number}"}}
        yield {"task": "fault_work", "inputs": {"file": f"a{number}"}, "outputs": {"file": f"b{number}"}}


def leases(pipeline):
    """The ends of the leases of what runs now."""
    ask = "SELECT leaseUntil FROM eas_scheduling_attempt WHERE state = 'running'"
    return {row["leaseUntil"] for row in pipeline.ask(ask)}


@on(MYSQL, MYSQL_AMQP)
@pytest.mark.parametrize("shifts", [("+1h", "-1h"), ("-1h", "+1h")])
def test_f14_workers_two_hours_apart_spare_what_lives_and_take_over_what_died(pipeline, clock, shifts):
    first, second = (clock(shift) for shift in shifts)
    pipeline.write_job(list(chains()))
    assert pipeline.run("submit", "job.json", **first)[0] == 0
    mortal = pipeline.start("worker", "-j", "1", **first)
    pipeline.wait_for("running", task_type="fault_work")
    pipeline.start("worker", "-j", "1", **second)
    pipeline.wait_for("running", 2, task_type="fault_work")
    for _ in range(RENEWALS):
        seen = leases(pipeline)
        wait_until(lambda old=seen: not old & leases(pipeline))
    assert pipeline.count("lost") == 0
    mortal.kill()
    pipeline.wait_for("lost")
    (pipeline.workspace / "go").touch()
    wait_until(lambda: pipeline.ask("SELECT state FROM eas_job") == [{"state": "passed"}])
    assert pipeline.count("passed", task_type="fault_work") == 2 * CHAINS
    assert pipeline.count("lost") == 1
    assert pipeline.faults() == []
