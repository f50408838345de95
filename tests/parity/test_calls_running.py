"""What a running task uses: times, heartbeat, log, the entry point, other programs: called for real."""

import json
import logging
import math
import sys
import time

import pytest
from documented_api import calls

from eas_framework.logging_database import EasLoggingHandler
from eas_framework.task_execution import (
    call_subprocess_and_catch_stdout,
    call_subprocess_and_log_output,
    do_pipeline_task,
    eas_pipeline_task,
)
from eas_framework.task_heartbeat import TaskHeartbeat
from eas_framework.task_objects import AttemptState, TaskExecutionAttempt, TaskState
from eas_framework.task_timer import TaskTimer
from eas_framework.testing.scenarios import Hand

pytest_plugins = ["eas_framework.testing.fixtures"]


def queue(database, **keys):
    """A queued attempt at a task of type null with this description."""
    description = json.dumps({"task": "null", **keys})
    task_id = database.task_register(task_type="null", metadata={"task_description": description})
    return database.lifecycle.queue_task(task_id)


@pytest.fixture
def attempt_id(task_database):
    """An attempt that this process is doing."""
    return Hand(task_database).claim(queue(task_database)).claim.attempt_id


def busy(seconds):
    """Use the processor for so long."""
    end = time.process_time() + seconds
    while time.process_time() < end:
        math.sqrt(2.0)


# ------------------------------------------------------------- times and heartbeat
@calls("TaskTimer", "TaskTimer.measure_time", of="task_timer")
def test_a_timer_records_the_times_of_a_block(task_database, attempt_id):
    before = TaskTimer.measure_time()
    with TaskTimer(task_attempt_id=attempt_id, is_qc_task=False) as timer:
        busy(0.05)
    after = TaskTimer.measure_time()
    assert set(before) == {"wall_clock", "cpu", "cpu_inc_children"}
    assert after["cpu"] - before["cpu"] >= 0.05
    attempt = task_database.attempts.get(attempt_id)
    assert attempt.run_time_cpu >= 0.05
    assert attempt.run_time_wall_clock == pytest.approx(
        timer.end_time["wall_clock"] - timer.start_time["wall_clock"]
    )
    assert before["wall_clock"] <= attempt.start_time <= attempt.end_time <= after["wall_clock"]


@calls("TaskTimer", of="task_timer")
def test_a_timer_of_quality_control_records_nothing(task_database, attempt_id):
    before = task_database.attempts.get(attempt_id)
    with TaskTimer(attempt_id, True) as timer:
        pass
    assert timer.end_time["wall_clock"] >= timer.start_time["wall_clock"]
    assert task_database.attempts.get(attempt_id) == before


@calls("TaskHeartbeat", of="task_heartbeat")
def test_a_heartbeat_renews_the_lease(task_database, attempt_id):
    def lease():
        (row,) = task_database.db_handle.query(
            "SELECT leaseUntil FROM eas_scheduling_attempt WHERE schedulingAttemptId = %s", (attempt_id,)
        )
        return row["leaseUntil"]

    task_database.db_handle.execute("UPDATE eas_scheduling_attempt SET leaseUntil = 1.0")
    deadline = time.monotonic() + 60
    with TaskHeartbeat(task_attempt_id=attempt_id, heartbeat_cadence=0.02):
        while lease() == 1.0 and time.monotonic() < deadline:
            time.sleep(0.01)
    assert lease() > 1e9
    with TaskHeartbeat() as nothing:
        assert nothing.process is None


# ------------------------------------------------------------- the log
@calls(
    "EasLoggingHandler",
    "EasLoggingHandler.emit",
    "EasLoggingHandler.set_task_attempt_id",
    of="logging_database",
)
def test_the_log_keeps_arguments_tracebacks_and_the_attempt(task_database, attempt_id):
    handler = EasLoggingHandler()
    log = logging.getLogger("parity")
    log.addHandler(handler)
    try:
        handler.set_task_attempt_id(attempt_id=attempt_id)
        log.warning("value %d of %s", 5, "x")
        log_an_exception(log)
        log.error("long %s", "x" * 10_000)
        wrong = logging.LogRecord("parity", logging.ERROR, "file", 1, "wrong %d", ("no number",), None)
        handler.emit(wrong)  # a record that cannot be formatted must not fail the task
        handler.set_task_attempt_id()
        log.error("of no attempt")
    finally:
        log.removeHandler(handler)
        handler.close()
    rows = task_database.db_handle.query(
        "SELECT generatedByTaskExecution AS attempt, severity, message FROM eas_log_messages "
        "ORDER BY timestamp"
    )
    by_attempt = [(row["attempt"], row["severity"]) for row in rows]
    assert by_attempt == [(attempt_id, 30), (attempt_id, 40), (attempt_id, 40), (None, 40)]
    messages = [row["message"] for row in rows]
    assert messages[0] == "value 5 of x"
    assert "ZeroDivisionError" in messages[1]
    assert (len(messages[2]), messages[2][-3:]) == (4096 - 5 + 3, "...")
    assert messages[3] == "of no attempt"


def log_an_exception(log):
    try:
        _ = 1 / 0
    except ZeroDivisionError:
        log.exception("it failed")


# ------------------------------------------------------------- the entry point
@calls("do_pipeline_task", of="task_execution")
def test_an_attempt_is_done_with_its_expressions_evaluated(task_database):
    attempt_id = queue(task_database, answer="(6 * 7)")
    seen = {}

    def task_handler(execution_attempt):
        seen["answer"] = execution_attempt.task_object.task_description["answer"]
        task_database.execution_attempt_update(
            attempt_id=execution_attempt.attempt_id, metadata={"answer": seen["answer"]}
        )

    state = do_pipeline_task(
        job_id=attempt_id, is_qc_task=False, task_handler=task_handler, eas_logger=EasLoggingHandler()
    )
    attempt = task_database.attempts.get(attempt_id)
    assert (state, attempt.state, seen) == (TaskState.PASSED, AttemptState.PASSED, {"answer": 42})
    assert (attempt.metadata["answer"].value, attempt.all_products_passed_qc) == (42, True)
    assert attempt.run_time_wall_clock > 0


@calls("do_pipeline_task", of="task_execution")
def test_an_error_is_recorded_and_fails_the_attempt(task_database):
    attempt_id = queue(task_database)

    def task_handler(execution_attempt):
        raise ValueError("no good")

    state = do_pipeline_task(attempt_id, False, task_handler, EasLoggingHandler())
    attempt = task_database.attempts.get(attempt_id)
    assert (state, attempt.state, attempt.error_fail) == (TaskState.FAILED, AttemptState.FAILED, True)
    assert "ValueError: no good" in attempt.error_text
    assert attempt.all_products_passed_qc is False or attempt.all_products_passed_qc is None
    with pytest.raises(ValueError, match="has ended"):
        do_pipeline_task(attempt_id, False, task_handler, EasLoggingHandler())


@calls("eas_pipeline_task", of="task_execution")
def test_a_decorated_function_is_called_with_an_attempt(task_database, monkeypatch):
    seen = []

    @eas_pipeline_task
    def task_handler(execution_attempt):
        """What it does."""
        seen.append(execution_attempt)

    attempt = TaskExecutionAttempt(attempt_id=1)
    task_handler(attempt)
    assert seen == [attempt]
    assert (task_handler.__name__, task_handler.__doc__) == ("task_handler", "What it does.")


@calls("eas_pipeline_task", "do_pipeline_task", of="task_execution")
def test_a_decorated_function_called_without_reads_the_command_line(task_database, monkeypatch):
    attempt_id = queue(task_database)
    seen = []

    @eas_pipeline_task
    def task_handler(execution_attempt):
        seen.append(execution_attempt.attempt_id)

    monkeypatch.setattr(sys, "argv", ["task_null.py", "--job-id", str(attempt_id)])
    task_handler()
    assert seen == [attempt_id]
    assert task_database.attempts.get(attempt_id).state is AttemptState.PASSED
    with pytest.raises(SystemExit) as ended:  # it has ended, and cannot be done again
        task_handler()
    assert ended.value.code == 1


# ------------------------------------------------------------- other programs
@calls("call_subprocess_and_catch_stdout", of="task_execution")
def test_the_output_of_a_program_comes_back(caplog):
    code = "import sys; sys.stdout.buffer.write(b'2 \\xff'); sys.stderr.write('beware')"
    assert call_subprocess_and_catch_stdout(arguments=[sys.executable, "-c", code]) == (True, b"2 \xff")
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "beware" in caplog.text
    assert call_subprocess_and_catch_stdout("printf a | tr a b", True) == (True, b"b")


@calls("call_subprocess_and_log_output", of="task_execution")
def test_the_output_of_a_program_is_printed(capfd, caplog):
    assert call_subprocess_and_log_output(arguments=("echo", "one two"), shell=None) is True
    assert capfd.readouterr().out == "one two\n"
    assert call_subprocess_and_log_output(("false",)) is False
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
