"""The oracle can fail: copies of the framework without one of its safeguards lose tasks, or do them twice.

Each copy is the package with some lines replaced, used by the processes that these tests start.
"""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from fault_pairs import MYSQL, SQLITE, SQLITE_AMQP, on
from fault_processes import wait_until

import eas_framework
from eas_framework.testing.oracle import faults

pytest_plugins = ["eas_framework.testing.fixtures"]

LOSS, DOUBLE = "a task is not at its end", "a task passed twice"
WIDTH = 5

NO_SWEEP = ("task_queues/relay.py", "if self._queue.hint_count(name) == 0", "if False")
NO_LOOK = ("worker/work_source.py", "now < self._next_look", "True")
NO_FALLBACK = (  # a broker that is slow to answer would be taken for one that is away
    "worker/work_source.py",
    "            if queue is None:\n                return super().claim()\n",
    "            if queue is None:\n                return None\n",
)
HINTS_ALONE = (NO_SWEEP, NO_LOOK, NO_FALLBACK)
FORGET_BEFORE_PUBLISHING = (
    "task_queues/relay.py",
    'crash_point("after_commit_before_publish")\n',
    "hints = outbox.hints(ids)\n        outbox.tick(ids)\n"
    '        crash_point("after_commit_before_publish")\n',
)
PUBLISH_REMEMBERED = ("task_queues/relay.py", "publish_hints(outbox.hints(ids))", "publish_hints(hints)")
NO_TOKEN_AT_THE_END = (
    "task_database/attempts.sql",
    "environmentId = %(environment_id)s\n"
    "WHERE schedulingAttemptId = %(attempt_id)s AND state = 'running' AND claimToken = %(token)s;",
    "environmentId = %(environment_id)s\nWHERE schedulingAttemptId = %(attempt_id)s;",
)
NO_TOKEN_FOR_WRITING = (
    "task_database/attempts.sql",
    "WHERE schedulingAttemptId = %(attempt_id)s\n"
    "    AND ((state = 'running' AND claimToken = %(token)s) "
    "OR (claimToken IS NULL AND state IN ('created', 'queued')));",
    "WHERE schedulingAttemptId = %(attempt_id)s;",
)
CRASH_BEFORE_CLAIM = (
    "worker/work_source.py",
    "        claimed = self.claim_one(attempt_id) if is_ours else None\n",
    "        from eas_framework.crash_points import crash_point\n"
    '        crash_point("before_claim")\n'
    "        claimed = self.claim_one(attempt_id) if is_ours else None\n",
)
ACKNOWLEDGE_FIRST = (
    "worker/work_source.py",
    "        attempt_id = AttemptId(hint.attempt_id)\n        is_known",
    "        queue.acknowledge(hint)\n        attempt_id = AttemptId(hint.attempt_id)\n        is_known",
)
NOT_LATER = ("worker/work_source.py", "                queue.acknowledge(hint)\n", "                pass\n")


@pytest.fixture
def copy_with(pipeline, tmp_path):
    """Makes a copy of the framework with some lines replaced; the variable that has processes use it."""

    def make(*edits):
        package = tmp_path / "copy" / "eas_framework"
        shutil.copytree(Path(eas_framework.__file__).parent, package)
        for name, old, new in edits:
            text = (package / name).read_text()
            assert text.count(old) == 1, f"{name} has no such line any more: {old}"
            (package / name).write_text(text.replace(old, new))
        variable = {"PYTHONPATH": f"{package.parent}{os.pathsep}{os.environ['PYTHONPATH']}"}
        ask = [sys.executable, "-c", "import eas_framework; print(eas_framework.__file__)"]
        used = subprocess.run(ask, env={**os.environ, **variable}, capture_output=True, text=True, check=True)
        assert Path(used.stdout.strip()).parent == package
        return variable

    return make


def submit(pipeline, name):
    tasks = [{"task": "fault_work", "outputs": {"file": f"{name}{number}"}} for number in range(WIDTH)]
    pipeline.write_job(tasks, job_name=name)
    status, said = pipeline.run("submit", "job.json")
    assert status == 0, said


def has_ended(pipeline, name):
    rows = pipeline.ask("SELECT state FROM eas_job WHERE jobName = %s", (name,))
    return rows[0]["state"] != "running"


def is_stuck(pipeline):
    """Whether attempts are queued, and nobody does or announces any."""
    busy = pipeline.ask("SELECT COUNT(*) AS n FROM eas_outbox")[0]["n"] + pipeline.count("running")
    return pipeline.count("queued") > 0 and not busy


def check_loss(pipeline):
    """The job is stuck although work that comes later is done: the oracle says so."""
    wait_until(lambda: is_stuck(pipeline))
    submit(pipeline, "later")
    wait_until(lambda: has_ended(pipeline, "later"))
    assert not has_ended(pipeline, "job")
    assert any(fault.startswith(LOSS) for fault in faults(pipeline.database))


def crash_a_publisher(pipeline, variable):
    """A worker whose relay dies between database and broker; then one that lives."""
    submit(pipeline, "job")
    mark = pipeline.workspace / "mark"
    crash = {"EAS_CRASH_AT": "after_commit_before_publish", "EAS_CRASH_MARK": mark}
    first = pipeline.start("worker", "-j", "1", **variable, **crash)
    first.process.wait(60)
    assert mark.exists()
    pipeline.start("worker", "-j", "1", **variable)


@on(SQLITE_AMQP)
def test_without_an_outbox_a_publisher_that_dies_loses_tasks_and_the_oracle_says_so(pipeline, copy_with):
    crash_a_publisher(pipeline, copy_with(*HINTS_ALONE, FORGET_BEFORE_PUBLISHING, PUBLISH_REMEMBERED))
    check_loss(pipeline)


@on(SQLITE_AMQP)
def test_with_the_outbox_a_publisher_that_dies_loses_nothing_even_without_the_sweep(pipeline, copy_with):
    crash_a_publisher(pipeline, copy_with(*HINTS_ALONE))
    wait_until(lambda: has_ended(pipeline, "job"))
    assert pipeline.faults() == []


def crash_before_the_claim(pipeline, variable):
    submit(pipeline, "job")
    mark = pipeline.workspace / "mark"
    crash = {"EAS_CRASH_AT": "before_claim", "EAS_CRASH_MARK": mark}
    pipeline.start("worker", "-j", "1", **variable, **crash)
    wait_until(mark.exists)


@on(SQLITE_AMQP)
def test_an_acknowledgement_before_the_claim_loses_tasks_and_the_oracle_says_so(pipeline, copy_with):
    edits = (*HINTS_ALONE, CRASH_BEFORE_CLAIM, NOT_LATER, ACKNOWLEDGE_FIRST)
    crash_before_the_claim(pipeline, copy_with(*edits))
    check_loss(pipeline)


@on(SQLITE_AMQP)
def test_an_acknowledgement_after_the_claim_loses_nothing_even_without_the_sweep(pipeline, copy_with):
    crash_before_the_claim(pipeline, copy_with(*HINTS_ALONE, CRASH_BEFORE_CLAIM))
    wait_until(lambda: has_ended(pipeline, "job"))
    assert pipeline.faults() == []


@on(SQLITE, MYSQL, always=[SQLITE])
def test_without_tokens_a_worker_that_wakes_does_its_task_twice_and_the_oracle_says_so(pipeline, copy_with):
    variable = copy_with(NO_TOKEN_AT_THE_END, NO_TOKEN_FOR_WRITING)
    pipeline.write_job([{"task": "fault_work", "until": "go", "outputs": {"file": "a"}}])
    sleeper = pipeline.start(**variable)
    pipeline.wait_for("running", task_type="fault_work")
    (executor,) = sleeper.executors
    sleeper.stop()
    other = pipeline.start(**variable)
    pipeline.wait_for("lost")
    pipeline.wait_for("running", task_type="fault_work")
    (pipeline.workspace / "go").touch()
    executor.send_signal(signal.SIGCONT)  # its supervisor, which would end it, goes on sleeping
    pipeline.wait_for("passed", 2, task_type="fault_work")
    sleeper.kill()
    other.end()
    assert any(fault.startswith(DOUBLE) for fault in faults(pipeline.database))
