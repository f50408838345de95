"""Task scripts in the prototype's form, started by hand, and as handlers of a discovered task type."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from contextlib import contextmanager

import pytest

from eas_framework.logging_database import EasLoggingHandler
from eas_framework.plugins import TaskType
from eas_framework.plugins.manager import plugin_manager
from eas_framework.task_execution import do_pipeline_task, eas_pipeline_task, verdict_of
from eas_framework.task_execution.doing import claim_here, do_here
from eas_framework.task_execution.sources import ScriptSource
from eas_framework.task_objects import AttemptState
from eas_framework.temporary_directory import TemporaryDirectory
from eas_framework.testing.scenarios import install_plugin

pytest_plugins = ["eas_framework.testing.fixtures"]

TASK = """
    import logging
    from eas_framework import task_database, task_execution, temporary_directory

    @task_execution.eas_pipeline_task
    def task_handler(execution_attempt: task_database.TaskExecutionAttempt):
        description = execution_attempt.task_object.task_description
        logging.info("number %d", description["number"])
        if "error" in description:
            raise ValueError(description["error"])
        with temporary_directory.TemporaryDirectory() as tmp_dir:
            path = f"{tmp_dir.tmp_dir}/made"
            with open(path, "w") as file:
                file.write("made")
            with task_database.TaskDatabaseConnection() as task_db:
                task_db.execution_attempt_register_output(
                    execution_attempt=execution_attempt, output_name="file", file_path=path,
                    preserve=False, file_metadata={"n": 1})
                task_db.execution_attempt_update(
                    attempt_id=execution_attempt.attempt_id, metadata={"number": description["number"]})

    if __name__ == "__main__":
        task_handler()
"""
UNCONDITIONAL = """
    from eas_framework import task_database, task_execution

    @task_execution.eas_pipeline_task
    def task_handler(execution_attempt: task_database.TaskExecutionAttempt):
        task_db = task_database.TaskDatabaseConnection()
        for file_product in execution_attempt.output_files.values():
            task_db.file_version_update(product_version_id=file_product.product_version_id, passed_qc=True)
        task_db.execution_attempt_update(attempt_id=execution_attempt.attempt_id, all_products_passed_qc=True)
        task_db.commit()
        task_db.close_db()

    if __name__ == "__main__":
        task_handler()
"""
SILENT = UNCONDITIONAL.replace("all_products_passed_qc=True", "metadata={}")
REJECTING = UNCONDITIONAL.replace("passed_qc=True", "passed_qc=False")
WAITING = """
    import pathlib, time
    from eas_framework import task_execution

    @task_execution.eas_pipeline_task
    def task_handler(execution_attempt):
        pathlib.Path("began").touch()
        time.sleep(600)

    if __name__ == "__main__":
        task_handler()
"""
NAME = "task_mine.py"


class Scripts:
    """Task scripts of type ``mine`` in a workspace, and tasks for them."""

    def __init__(self, database, folder):
        self.database, self.folder = database, folder
        database.catalogue.ensure_task_type("mine")
        self.write("task_implementations", TASK)

    def write(self, folder, text):
        path = self.folder / "code" / folder / NAME
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))

    def queue(self, **keys):
        """A queued attempt at a task that makes a file."""
        number = len(self.database.db_handle.query("SELECT taskId FROM eas_task"))
        description = {"task": "mine", "number": "(6 * 7)", "outputs": {"file": f"file_{number}"}, **keys}
        task_id = self.database.task_register(
            task_type="mine", working_directory="w", metadata={"task_description": json.dumps(description)}
        )
        self.database.file_product_register(task_id, "w", f"file_{number}", "file")
        return self.database.lifecycle.queue_task(task_id)

    def run(self, *arguments, folder="task_implementations", code=0, cwd=None):
        """Start a script as a process; what it said."""
        done = subprocess.run(
            [sys.executable, self.folder / "code" / folder / NAME, *map(str, arguments)],
            cwd=cwd or self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def attempt(self, attempt_id):
        return self.database.attempts.get(attempt_id)


@pytest.fixture
def scripts(task_database, workspace):
    return Scripts(task_database, workspace)


# ------------------------------------------------------------- as a process
def test_a_script_does_the_attempt_that_it_is_given(scripts, tmp_path):
    attempt_id = scripts.queue()
    said = scripts.run("--job-id", attempt_id, "--workspace", scripts.folder, cwd=tmp_path)
    attempt = scripts.attempt(attempt_id)
    assert (attempt.state, attempt.all_products_passed_qc) == (AttemptState.PASSED, True)
    assert attempt.metadata["number"].value == 42
    assert attempt.output_files["file"].passed_qc is True
    assert "number 42" in said
    logged = scripts.database.db_handle.query(
        "SELECT message FROM eas_log_messages WHERE generatedByTaskExecution = %s", (attempt_id,)
    )
    assert {"message": "number 42"} in logged
    assert "it passed" in scripts.run("--job-id", attempt_id, code=1)  # not twice


def test_d2_an_unconditional_quality_control_does_not_save_a_failed_task(scripts):
    scripts.write("task_qc_implementations", UNCONDITIONAL)
    bad, good = scripts.queue(error="no data"), scripts.queue()
    assert "ValueError: no data" in scripts.run("--job-id", bad, code=1)
    attempt = scripts.attempt(bad)
    assert (attempt.state, attempt.error_fail) == (AttemptState.FAILED, True)
    assert not attempt.all_products_passed_qc
    scripts.run("--job-id", bad, folder="task_qc_implementations", code=1)
    assert scripts.attempt(bad).state is AttemptState.FAILED
    scripts.run("--job-id", good)
    assert scripts.attempt(good).state is AttemptState.PASSED
    said = scripts.run("--job-id", good, folder="task_qc_implementations")
    assert "was judged when it ended: passed" in said


@pytest.mark.parametrize(
    ("text", "reason"), [(SILENT, "gives no verdict on the attempt"), (REJECTING, "rejects output 'file'")]
)
def test_quality_control_that_rejects_or_says_nothing_fails_the_attempt(scripts, text, reason):
    scripts.write("task_qc_implementations", text)
    attempt_id = scripts.queue()
    scripts.run("--job-id", attempt_id, code=1)
    attempt = scripts.attempt(attempt_id)
    assert (attempt.state, attempt.error_fail) == (AttemptState.FAILED, False)
    assert reason in attempt.error_text


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        ((), 2, "--job-id"),
        (("--job-id", "one"), 2, "invalid int"),
        (("--job-id", "99"), 1, "no execution attempt 99"),
    ],
)
def test_a_script_that_cannot_begin_says_why_in_one_line(scripts, arguments, code, text):
    said = scripts.run(*arguments, code=code)
    assert text in said
    assert "Traceback" not in said


def test_quality_control_started_before_its_task_is_refused(scripts):
    scripts.write("task_qc_implementations", UNCONDITIONAL)
    attempt_id = scripts.queue()
    said = scripts.run("--job-id", attempt_id, folder="task_qc_implementations", code=1)
    assert "start the task's own script" in said
    assert scripts.attempt(attempt_id).state is AttemptState.QUEUED


def test_without_a_database_a_script_says_so_and_makes_none(scripts, tmp_path, monkeypatch):
    install_plugin(tmp_path / "packages", "broken", "no_such_module")  # of which the log has something to say
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "packages"))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert "no task database yet" in scripts.run("--job-id", 1, cwd=elsewhere, code=1)
    assert list(elsewhere.iterdir()) == []


@contextmanager
def signals_reach_children():
    """Whoever started these tests in the background may have had them ignore what Ctrl-C sends."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_script_that_is_interrupted_gives_its_task_back(scripts):
    scripts.write("task_implementations", WAITING)
    attempt_id, began = scripts.queue(), scripts.folder / "began"
    path = scripts.folder / "code" / "task_implementations" / NAME
    with signals_reach_children():
        process = subprocess.Popen([sys.executable, path, "--job-id", str(attempt_id)], cwd=scripts.folder)
    deadline = time.monotonic() + 60
    while not began.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    first, second = scripts.database.attempts.of_task(scripts.attempt(attempt_id).task_id)
    assert (first.state, second.state) == (AttemptState.LOST, AttemptState.QUEUED)


# ------------------------------------------------------------- in this process
def do(scripts, task_type, **keys):
    """The attempt at a task of that type, done here."""
    attempt_id = scripts.queue(**keys)
    claimed = claim_here(scripts.database, attempt_id)
    source = ScriptSource(plugin_manager(), "mine", task_type.handler, task_type.quality_control)
    do_here(scripts.database, claimed, source, EasLoggingHandler())
    return scripts.attempt(attempt_id)


def write_output(attempt, database):
    with TemporaryDirectory() as folder:
        path = os.path.join(folder.tmp_dir, "made")  # noqa: PTH118 - as task code of the prototype does
        with open(path, "w") as file:  # noqa: PTH123 - as above
            file.write("made")
        database.execution_attempt_register_output(attempt, "file", path, {})


@pytest.mark.parametrize(
    ("of_task", "of_qc", "passes"), [(False, True, False), (True, True, True), (None, True, True)]
)
def test_what_the_task_itself_rejected_stays_rejected(scripts, of_task, of_qc, passes):
    database = scripts.database

    def handler(attempt):
        write_output(attempt, database)
        database.execution_attempt_update(attempt.attempt_id, all_products_passed_qc=of_task)

    def judge(attempt):
        for version in attempt.output_files.values():
            database.file_version_update(version.product_version_id, passed_qc=True)
        database.execution_attempt_update(attempt.attempt_id, all_products_passed_qc=of_qc)

    done = do(
        scripts, TaskType(name="mine", handler=eas_pipeline_task(handler), quality_control=verdict_of(judge))
    )
    assert (done.state is AttemptState.PASSED) is passes


def test_quality_control_sees_the_metadata_that_the_task_recorded(scripts):
    seen = {}

    def handler(attempt):
        scripts.database.execution_attempt_update(attempt_id=attempt.attempt_id, metadata={"period": 12.5})

    def judge(attempt):
        seen.update({keyword: item.value for keyword, item in attempt.metadata.items()})
        scripts.database.execution_attempt_update(attempt.attempt_id, all_products_passed_qc=True)

    do(scripts, TaskType(name="mine", handler=handler, quality_control=verdict_of(judge)))
    assert seen == {"period": 12.5}


def test_an_attempt_in_progress_may_be_judged_by_its_own_process(scripts):
    called = []

    def judge(attempt):
        called.append((attempt.attempt_id, attempt.task_object.task_type))

    def handler(attempt):
        do_pipeline_task(attempt.attempt_id, True, judge, EasLoggingHandler())

    done = do(scripts, TaskType(name="mine", handler=handler))
    assert called == [(done.attempt_id, "mine")]


def test_what_a_script_made_names_the_script_and_its_version(scripts):
    attempt_id = scripts.queue()
    scripts.run("--job-id", attempt_id)
    (row,) = scripts.database.db_handle.query(
        "SELECT contentFields FROM eas_scheduling_attempt WHERE schedulingAttemptId = %s", (attempt_id,)
    )
    fields = json.loads(row["contentFields"])
    assert fields["package"] == NAME
    assert len(fields["version"]) == 12
