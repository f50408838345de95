"""Doing one attempt: verdicts, provenance, the log, and what a worker's time is spent on."""

import io
import json
import logging
import sqlite3
import threading
import time
from types import SimpleNamespace

import pytest

from eas_framework.errors import LeaseLostError, TaskFailed
from eas_framework.logging_database import EasLoggingHandler
from eas_framework.plugins import FileSlot, QcMetric, QcVerdict, TaskType
from eas_framework.task_database import TaskDatabaseConnection
from eas_framework.task_execution import TaskRunner, provenance
from eas_framework.task_heartbeat import TaskHeartbeat
from eas_framework.task_io import record_metadata, use_session, write_file
from eas_framework.task_objects import MetadataItem, Task
from eas_framework.task_timer import TaskTimer
from eas_framework.testing.scenarios import Hand

pytest_plugins = ["eas_framework.testing.fixtures"]

SOURCE = SimpleNamespace(package="eas-test", version="1.0")


class Plugins:
    """Task types and metrics of a test, in the place of installed ones."""

    def __init__(self, *task_types, metrics=()):
        self._types, self._metrics = {kind.name: kind for kind in task_types}, list(metrics)

    def task_types(self):
        return self._types

    def qc_metrics(self):
        return self._metrics

    def task_type_source(self, name):
        return SOURCE


@pytest.fixture
def do(task_database):
    """Does one attempt at a task of a given type, with that handler; the attempt as it is stored then."""
    handler = EasLoggingHandler()
    root = logging.getLogger()
    root.addHandler(handler)
    use_session(task_database)

    def do(task_type, *, metrics=(), outputs=(), **description):
        task_database.catalogue.ensure_task_type(task_type.name)
        names = {name: f"{name}.txt" for name in outputs}
        text = json.dumps({"task": task_type.name, "outputs": names, **description})
        task_id = task_database.task_register(
            task_type=task_type.name, working_directory="w", metadata={"task_description": text}
        )
        for name, filename in names.items():
            task_database.file_product_register(task_id, "w", filename, name)
        task_database.lifecycle.queue_task(task_id)
        claimed = Hand(task_database).take()
        TaskRunner(task_database, Plugins(task_type, metrics=metrics), handler).run(claimed)
        return task_database.attempts.of_task(task_id)[0]

    yield do
    use_session(None)
    root.removeHandler(handler)
    handler.close()


def kind(handler, **more):
    return TaskType(name="probe", handler=handler, **more)


def write(attempt, name, folder):
    path = folder / name
    path.write_text(name)
    write_file(attempt, name, path)


# ------------------------------------------------------------- verdicts
def test_a_required_output_that_was_not_written_rejects_the_attempt(do, tmp_path):
    slots = (FileSlot(name="a"), FileSlot(name="b"), FileSlot(name="c", required=False))
    attempt = do(kind(lambda attempt: write(attempt, "a", tmp_path), outputs=slots), outputs=("a", "b", "c"))
    assert str(attempt.state) == "failed"
    assert (attempt.all_products_passed_qc, attempt.error_fail) == (False, False)
    assert "'b'" in attempt.error_text
    assert "'c'" not in attempt.error_text


def test_the_type_s_own_verdict_decides_for_each_output(do, tmp_path):
    def handler(attempt):
        write(attempt, "a", tmp_path)
        write(attempt, "b", tmp_path)

    def judge(attempt):
        return QcVerdict(outputs={"a": True, "b": False}, reason="b is odd")

    attempt = do(kind(handler, quality_control=judge), outputs=("a", "b"))
    assert str(attempt.state) == "failed"
    assert "b is odd" in attempt.error_text
    assert {name: file.passed_qc for name, file in attempt.output_files.items()} == {"a": True, "b": False}


def test_d2_quality_control_is_not_asked_after_an_error(do):
    asked = []

    def fail(attempt):
        raise ValueError("no good")

    attempt = do(kind(fail, quality_control=lambda attempt: asked.append(attempt)))
    assert str(attempt.state) == "failed"
    assert asked == []
    assert "ValueError: no good" in attempt.error_text
    assert "in fail" in attempt.error_text  # the traceback of the task's own code


def test_a_quality_control_that_raises_fails_the_attempt(do):
    def judge(attempt):
        raise KeyError("outcome")

    attempt = do(kind(lambda attempt: None, quality_control=judge))
    assert (str(attempt.state), attempt.error_fail) == ("failed", True)


def test_metrics_add_metadata_and_a_broken_one_adds_nothing(do):
    def broken(attempt):
        raise ZeroDivisionError

    def double(attempt):
        return {"twice": 2 * attempt.metadata["x"].value}

    metrics = [
        QcMetric(name="m", task_types=frozenset({"probe"}), measure=double),
        QcMetric(name="broken", task_types=frozenset({"probe"}), measure=broken),
        QcMetric(name="other", task_types=frozenset({"another"}), measure=lambda a: {"other": 1.0}),
    ]
    attempt = do(kind(lambda attempt: record_metadata(attempt, x=21)), metrics=metrics)
    assert str(attempt.state) == "passed"
    assert {name: item.value for name, item in attempt.metadata.items()} == {"x": 21, "twice": 42}


@pytest.mark.parametrize(
    ("asked", "state"),
    [
        ({"all_products_passed_qc": True}, "passed"),
        ({"all_products_passed_qc": False}, "failed"),
        ({"error_fail": True, "error_text": "as I said"}, "failed"),
    ],
)
def test_a_verdict_given_by_a_documented_call_counts(do, task_database, asked, state):
    def handler(attempt):
        task_database.execution_attempt_update(attempt.attempt_id, **asked)

    attempt = do(kind(handler))
    assert str(attempt.state) == state
    assert asked.get("error_text", "") in (attempt.error_text or "")


def test_a_verdict_on_one_file_given_by_a_documented_call_counts(do, task_database, tmp_path):
    def handler(attempt):
        write(attempt, "a", tmp_path)
        write(attempt, "b", tmp_path)
        versions = task_database.execution_attempt_fetch_output_files(attempt.attempt_id)
        task_database.file_version_update(versions["b"].product_version_id, passed_qc=False)

    attempt = do(kind(handler), outputs=("a", "b"))
    assert str(attempt.state) == "failed"
    assert {name: file.passed_qc for name, file in attempt.output_files.items()} == {"a": True, "b": False}


# ------------------------------------------------------------- errors
@pytest.mark.parametrize(
    ("error", "is_repeated"),
    [
        (OSError("disk"), True),
        (ConnectionResetError(), True),
        (TaskFailed("bad input"), False),
        (FileNotFoundError("gone"), False),
        (ValueError("bug"), False),
    ],
)
def test_what_a_repetition_may_cure_is_repeated_and_nothing_else(do, task_database, error, is_repeated):
    def fail(attempt):
        raise error

    attempt = do(kind(fail))
    states = [str(a.state) for a in task_database.attempts.of_task(attempt.task_id)]
    assert states == (["failed", "queued"] if is_repeated else ["failed"])


def test_a_type_may_name_further_errors_worth_a_repetition(do, task_database):
    def fail(attempt):
        raise ValueError

    attempt = do(kind(fail, retry_on=(ValueError,)))
    assert len(task_database.attempts.of_task(attempt.task_id)) == 2


@pytest.mark.parametrize("text", ["\udc80 is no text", "nul \0", "x" * 100_000])
def test_an_error_and_a_log_with_any_text_are_recorded(do, text):
    def fail(attempt):
        logging.getLogger("probe").error("%s", text)
        raise TaskFailed(text)

    attempt = do(kind(fail))
    assert str(attempt.state) == "failed"
    assert "TaskFailed" in attempt.error_text


def test_an_exit_of_the_handler_fails_the_attempt(do):
    def leave(attempt):
        raise SystemExit(3)

    attempt = do(kind(leave))
    assert str(attempt.state) == "failed"


def test_a_handler_whose_task_was_taken_over_records_nothing(do, task_database):
    def handler(attempt):
        task_database.db_handle.execute(
            "UPDATE eas_scheduling_attempt SET claimToken = 'another' WHERE schedulingAttemptId = %s",
            (attempt.attempt_id,),
        )
        with pytest.raises(LeaseLostError):
            record_metadata(attempt, x=1)

    attempt = do(kind(handler))
    assert str(attempt.state) == "running"  # the new owner's
    assert attempt.metadata == {}


# ------------------------------------------------------------- provenance
def fields(**changes):
    kind_ = kind(print, uses_seed=changes.pop("uses_seed", False))
    task = Task(seed=changes.pop("seed", 1))
    task.input_metadata = {"a": {"x": MetadataItem("x", changes.pop("x", 1))}}
    description = {"task": "probe", "specs": {"noise": changes.pop("noise", 1)}, **changes.pop("keys", {})}
    inputs = {"lightcurve": changes.pop("sha", "0" * 64)}
    external = {"raw.csv": changes.pop("raw", "0" * 64)}
    source = {"package": "p", "version": changes.pop("version", "1.0")}
    assert not changes
    return provenance.content_fields(
        task, description, inputs, external=external, task_type=kind_, source=source
    )


def key(**changes):
    return provenance.content_key(provenance.canonical_json(fields(**changes)))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"noise": 2}, "description.specs.noise"),
        ({"noise": 1.0}, "description.specs.noise"),
        ({"sha": "1" * 64}, "inputs.lightcurve"),
        ({"raw": "1" * 64}, "external_inputs.raw.csv"),
        ({"version": "1.1"}, "version"),
        ({"x": 2}, "requested_metadata.a.x"),
        ({"seed": 2}, None),
        ({"keys": {"max_attempts": 9, "time_limit_s": 3}}, None),
    ],
)
def test_the_content_key_changes_with_all_that_a_result_depends_on(changes, named):
    assert provenance.first_difference(fields(), fields(**changes)) == named
    if named is not None:
        assert key() != key(**changes)


def test_the_seed_belongs_to_the_content_of_types_that_use_it():
    assert key(seed=1) == key(seed=2)
    assert key(seed=1, uses_seed=True) != key(seed=2, uses_seed=True)


# ------------------------------------------------------------- cost
def test_d49_d50_a_task_costs_few_statements_and_no_connection(do, task_database, monkeypatch):
    opened = []
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: opened.append(a) or pytest.fail("a connection"))
    quick = kind(lambda attempt: None)
    do(quick)  # the first one fills what is remembered
    statements = []
    task_database.db_handle.db.set_trace_callback(statements.append)
    do(quick)
    task_database.db_handle.db.set_trace_callback(None)
    assert opened == []
    assert (
        len(statements) <= 45
    )  # the prototype's: 53, on 28 connections; here with the registration of the task


# ------------------------------------------------------------- the log
@pytest.fixture
def logger(workspace, task_database):
    handler = EasLoggingHandler()
    logger = logging.getLogger("of this test")
    logger.propagate = False
    logger.addHandler(handler)
    yield SimpleNamespace(logger=logger, handler=handler)
    logger.removeHandler(handler)
    handler.close()


def stored(database):
    return database.db_handle.query(
        "SELECT generatedByTaskExecution AS attempt, severity, message, timestamp "
        "FROM eas_log_messages ORDER BY messageId"
    )


def test_d22_arguments_are_merged_and_a_traceback_is_kept(logger, task_database):
    logger.logger.warning("value %d %s", 5, "x")
    try:
        int("the cause")
    except ValueError:
        logger.logger.exception("it failed")
    logger.handler.flush()
    first, second = stored(task_database)
    assert (first["message"], first["severity"]) == ("value 5 x", logging.WARNING)
    assert abs(first["timestamp"] - time.time()) < 60
    assert "it failed" in second["message"]
    assert "ValueError: invalid literal" in second["message"]
    assert "Traceback" in second["message"]


def test_records_belong_to_the_attempt_that_was_set(logger, task_database):
    task_id = task_database.task_register(task_type="null", metadata={"task_description": "{}"})
    attempt_id = task_database.lifecycle.queue_task(task_id)
    logger.handler.set_task_attempt_id(attempt_id)
    logger.logger.warning("within")
    logger.handler.set_task_attempt_id(None)
    logger.logger.warning("without")
    logger.handler.flush()
    assert [row["attempt"] for row in stored(task_database)] == [attempt_id, None]


def test_d23_a_write_that_fails_fails_no_task_and_loses_no_record(logger, task_database):
    said = io.StringIO()
    logger.handler.setStream(said)
    handle = task_database.db_handle
    handle.execute("ALTER TABLE eas_log_messages RENAME TO away")
    for number in range(150):
        logger.logger.warning("record %d", number)
    logger.handler.flush()
    handle.execute("ALTER TABLE away RENAME TO eas_log_messages")
    logger.handler.flush()
    assert [row["message"] for row in stored(task_database)] == [f"record {n}" for n in range(150)]
    assert said.getvalue().count("could not be stored") == 1


def test_d23_a_closed_stream_and_an_unwritable_log_fail_no_task(logger, task_database):
    gone = io.StringIO()
    gone.close()
    logger.handler.setStream(gone)
    task_database.db_handle.execute("ALTER TABLE eas_log_messages RENAME TO away")
    logger.logger.warning("waits")
    logger.handler.flush()
    task_database.db_handle.execute("ALTER TABLE away RENAME TO eas_log_messages")
    logger.handler.flush()
    assert [row["message"] for row in stored(task_database)] == ["waits"]


def test_d23_a_record_that_cannot_be_formatted_fails_no_task(capsys, logger, task_database):
    logger.handler.handle(logging.makeLogRecord({"msg": "%d", "args": ("not a number",)}))
    logger.logger.warning("good")
    logger.handler.flush()
    assert [row["message"] for row in stored(task_database)] == ["good"]


def test_d50_records_are_written_together_over_one_connection(logger, task_database):
    for number in range(99):
        logger.logger.warning("%d", number)
    assert stored(task_database) == []
    logger.logger.warning("the hundredth")
    assert len(stored(task_database)) == 100


def test_threads_may_log_and_flush_side_by_side(logger, task_database):
    def work(name):
        for number in range(120):
            logger.logger.warning("%s %d", name, number)
            if number % 7 == 0:
                logger.handler.flush()

    threads = [threading.Thread(target=work, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    logger.handler.flush()
    messages = [row["message"] for row in stored(task_database)]
    assert sorted(messages) == sorted(f"{name} {number}" for name in "abc" for number in range(120))


def test_a_long_message_is_cut(logger, task_database):
    logger.logger.warning("x" * 10_000)
    logger.handler.flush()
    assert len(stored(task_database)[0]["message"]) <= 4096


# ------------------------------------------------------------- timer and heartbeat
@pytest.fixture
def running(task_database):
    task_id = task_database.task_register(task_type="null", metadata={"task_description": "{}"})
    task_database.lifecycle.queue_task(task_id)
    return Hand(task_database, lease_seconds=-1.0).take()


def test_d37_a_timer_records_what_its_block_took(task_database, running):
    attempt_id = running.claim.attempt_id
    with TaskTimer(attempt_id, is_qc_task=False):
        sum(range(200_000))
    attempt = task_database.attempts.get(attempt_id)
    assert 0 < attempt.run_time_cpu <= attempt.run_time_wall_clock + 0.05
    assert attempt.run_time_cpu_inc_children == pytest.approx(attempt.run_time_cpu, abs=0.05)
    assert attempt.start_time <= attempt.end_time
    assert str(attempt.state) == "running"  # the timer moves no state


def test_a_timer_of_quality_control_records_nothing(task_database, running):
    before = task_database.attempts.get(running.claim.attempt_id).as_dict()
    with TaskTimer(running.claim.attempt_id, is_qc_task=True):
        pass
    assert task_database.attempts.get(running.claim.attempt_id).as_dict() == before


def test_a_heartbeat_renews_the_lease_and_ends_with_its_block(task_database, running):
    with TaskHeartbeat(running.claim.attempt_id, heartbeat_cadence=0.01) as heartbeat:
        deadline = time.monotonic() + 30
        while task_database.attempts.expired() and time.monotonic() < deadline:
            time.sleep(0.005)
        assert task_database.attempts.expired() == []
        assert heartbeat.process is None
    assert not any(thread.name == "heartbeat" for thread in threading.enumerate())


def test_a_heartbeat_cannot_bring_back_a_lost_attempt(task_database, running):
    assert task_database.lifecycle.reap() == 1
    assert not task_database.attempts.beat(running.claim.attempt_id, lease_seconds=60)
    assert str(task_database.attempts.get(running.claim.attempt_id).state) == "lost"


def test_handlers_may_use_connections_of_their_own(do, workspace):
    def handler(attempt):
        with TaskDatabaseConnection() as database:
            database.execution_attempt_update(attempt.attempt_id, metadata={"own": 1})

    assert do(kind(handler)).metadata["own"].value == 1
