"""The life of a task: queueing, repetition, ends, what a person asks for; each step by hand."""

import json

import pytest

from eas_framework.errors import LeaseLostError, StateError, UsageError
from eas_framework.job_file import read_job
from eas_framework.pipeline import submit_job
from eas_framework.task_database import TaskDatabaseConnection
from eas_framework.task_database.tasks import NewTask
from eas_framework.task_objects import AttemptState
from eas_framework.task_queues import TaskScheduler
from eas_framework.testing.oracle import moment_faults
from eas_framework.testing.scenarios import Hand, submit, write_job

pytest_plugins = ["eas_framework.testing.fixtures"]

NULL = {"task_description": json.dumps({"task": "null"})}


@pytest.fixture
def hand(task_database):
    return Hand(task_database)


@pytest.fixture
def task_id(task_database):
    return task_database.task_register(task_type="null", metadata=NULL)


def states(database, task_id):
    return [str(attempt.state) for attempt in database.attempts.of_task(task_id)]


# ------------------------------------------------------------- repetition
def test_a_failure_worth_a_repetition_waits_for_its_turn(task_database, hand, task_id):
    task_database.lifecycle.queue_task(task_id)
    hand.end(hand.take(), AttemptState.FAILED, retry_delay_seconds=3600.0)
    assert states(task_database, task_id) == ["failed", "queued"]
    assert hand.claim() is None
    task_database.db_handle.execute("UPDATE eas_scheduling_attempt SET notBefore = 0")
    assert hand.take().task_id == task_id


def test_attempts_are_counted_down_and_the_last_failure_is_final(task_database, hand, task_id):
    task_database.lifecycle.queue_task(task_id)
    left = []
    for _ in range(3):
        left.append(task_database.tasks.row(task_id)["attemptsLeft"])
        hand.end(hand.take(), AttemptState.FAILED, retry_delay_seconds=0.0)
    assert left == [2, 1, 0]
    assert states(task_database, task_id) == ["failed"] * 3
    assert task_database.tasks.row(task_id)["state"] == "failed"


def test_a_failure_that_a_repetition_would_only_repeat_is_final(task_database, hand, task_id):
    task_database.lifecycle.queue_task(task_id)
    hand.end(hand.take(), AttemptState.FAILED)
    assert states(task_database, task_id) == ["failed"]


def test_a_worker_asked_to_stop_gives_its_task_back_without_the_loss_of_an_attempt(
    task_database, hand, task_id
):
    task_database.lifecycle.queue_task(task_id)
    claimed = hand.take()
    lost = task_database.lifecycle.lose_executor(claimed.claim, task_id, reason="stopped", is_repeat=True)
    assert lost
    assert states(task_database, task_id) == ["lost", "queued"]
    assert task_database.tasks.row(task_id)["attemptsLeft"] == 2
    assert not task_database.lifecycle.lose_executor(claimed.claim, task_id, reason="again")


# ------------------------------------------------------------- schedulers
def test_d6_rescheduling_leaves_queued_and_running_tasks_alone(task_database, hand, task_id):
    with TaskScheduler(database=task_database) as scheduler:
        assert scheduler.schedule_all_waiting_jobs() == 1
        for _ in range(3):
            assert scheduler.reschedule_all_unfinished_jobs() == 0
        hand.take()
        assert scheduler.reschedule_all_unfinished_jobs() == 0
    assert states(task_database, task_id) == ["running"]


def test_attempts_of_types_that_nobody_serves_keep_no_others_waiting(task_database):
    ids = {kind: task_database.catalogue.ensure_task_type(kind) for kind in ("unserved", "null")}
    for kind in ("unserved", "unserved", "null"):
        task_database.tasks.register(NewTask(type_id=ids[kind], unmet_dependencies=0))
    assert task_database.lifecycle.queue_ready(limit=2) == 2
    assert task_database.lifecycle.queue_ready(limit=2) == 0
    assert task_database.lifecycle.queue_ready(limit=2, served=[ids["null"]]) == 1


def test_two_schedulers_queue_a_task_once(task_database, task_id):
    with TaskScheduler() as one, TaskScheduler() as other:
        assert one.schedule_a_task(task_id) is not None
        assert other.schedule_a_task(task_id) is None
        assert other.schedule_all_waiting_jobs() == 0
    assert states(task_database, task_id) == ["queued"]


@pytest.mark.parametrize("criterion", ["1", "waiting", "x.isFinished  AND NOT x.errorFail", "unfinished"])
def test_the_criteria_of_the_scheduler_are_known_by_name_and_by_their_old_text(
    task_database, task_id, criterion
):
    with TaskScheduler(database=task_database) as scheduler:
        assert scheduler.schedule_jobs_based_on_criterion(criterion) == 1


def test_d43_sql_from_outside_is_refused(task_database, task_id):
    with TaskScheduler(database=task_database) as scheduler, pytest.raises(UsageError, match="waiting"):
        scheduler.schedule_jobs_based_on_criterion("1); DROP TABLE eas_task; --")
    assert states(task_database, task_id) == []


# ------------------------------------------------------------- the attempt that is not queued yet
def test_an_attempt_registered_by_hand_runs_once_it_is_published(task_database, hand, task_id):
    attempt_id = task_database.execution_attempt_register(task_id)
    assert hand.claim(attempt_id) is None
    task_database.execution_attempt_update(attempt_id, is_queued=True)
    assert states(task_database, task_id) == ["queued"]
    assert hand.claim(attempt_id) is not None


def test_a_task_that_has_ended_takes_no_new_attempt(task_database, hand, task_id):
    task_database.lifecycle.queue_task(task_id)
    hand.end(hand.take())
    with pytest.raises(StateError, match="passed"):
        task_database.execution_attempt_register(task_id)


def test_a_late_or_double_message_finds_nothing_to_claim(task_database, hand, task_id):
    attempt_id = task_database.lifecycle.queue_task(task_id)
    claimed = hand.claim(attempt_id)
    assert hand.claim(attempt_id) is None
    hand.end(claimed)
    assert hand.claim(attempt_id) is None
    assert hand.claim(999) is None


# ------------------------------------------------------------- what a person asks for
def test_forcing_a_job_does_all_of_it_once_more_in_order(run_task, lightcurve_factory):
    binning = {"task": "binning", "cadence": 3600.0, "inputs": {"lightcurve": "star.npy"}}
    nothing = {"task": "execution_conditional", "name": "c", "criterion": "(1 > 2)", "task_list": []}
    outcome = run_task(
        {
            "job_name": "twice",
            "task_list": [
                nothing,
                {**binning, "outputs": {"lightcurve": "b.npy"}},
                {"task": "verify", "inputs": {"lightcurve": "b.npy"}, "requires_metadata_from": ["c"]},
            ],
        },
        {"star.npy": lightcurve_factory()},
    )
    assert outcome.passed, outcome.errors
    first = outcome.visible_files("binning")
    run_task.again(outcome)
    assert outcome.passed, outcome.errors
    assert [str(a.state) for a in outcome.attempts("verify")] == ["passed", "passed"]
    assert outcome.attempts("verify")[1].start_time >= outcome.attempts("binning")[1].end_time - 0.002
    assert outcome.visible_files("binning") != first
    assert moment_faults(outcome.database) == []


def test_d19_the_same_job_submitted_twice_is_one_job(task_database, workspace):
    path = write_job(workspace, [{"task": "null"}])
    first = submit_job(task_database, read_job(path))
    again = submit_job(task_database, read_job(path))
    assert (first.is_new, again.is_new) == (True, False)
    assert first.job_id == again.job_id
    assert len(task_database.jobs.list_all()) == 1


def test_a_cancelled_job_stays_cancelled_and_can_be_opened_again(task_database, hand, workspace):
    job_id = submit_job(task_database, read_job(write_job(workspace, [{"task": "null"}]))).job_id
    claimed = hand.take()
    assert task_database.lifecycle.cancel(job_id) == 1
    with pytest.raises(LeaseLostError):
        hand.end(claimed)
    assert hand.claim() is None
    assert moment_faults(task_database) == []
    assert task_database.lifecycle.retry(task_database.lifecycle.list_failed(job_id)) == 1
    assert task_database.jobs.state(job_id) == "running"
    hand.take()
    assert moment_faults(task_database) == []


# ------------------------------------------------------------- documented ways to make a job
def test_a_chain_made_by_hand_with_its_own_sql_is_counted_and_runs(task_database, hand):
    database = task_database
    chain = database.task_register(
        task_type="execution_chain",
        job_name="by hand",
        working_directory="w",
        metadata={"task_description": json.dumps({"task": "execution_chain", "task_list": []})},
    )
    maker = database.task_register(
        parent_id=chain, task_type="null", task_name="maker", fully_configured=False, metadata=NULL
    )
    reader = database.task_register(
        parent_id=chain, task_type="null", task_name="reader", fully_configured=False, metadata=NULL
    )
    product_id = database.file_product_register(maker, "w", "a.npy", "lightcurve")
    semantic = database.semantic_type_get_id("lightcurve")
    handle = database.db_handle
    handle.parameterised_query(
        "INSERT INTO eas_task_input (taskId, inputId, semanticType) VALUES (%s, %s, %s)",
        (reader, product_id, semantic),
    )
    handle.parameterised_query(
        "INSERT INTO eas_task_metadata_input (taskId, inputId) VALUES (%s, %s)", (reader, maker)
    )
    handle.parameterised_query(
        "UPDATE eas_task SET isFullyConfigured = 1 WHERE taskId IN (%s, %s)", (maker, reader)
    )
    handle.commit()
    with TaskScheduler(database=database) as scheduler:
        scheduler.schedule_all_waiting_jobs()
    rows = {row["taskName"]: row for row in database.tasks.children(chain)}
    assert (rows["maker"]["state"], rows["reader"]["state"]) == ("queued", "waiting")
    assert database.tasks.row(reader)["unmetDependencies"] == 2
    assert database.tasks.row(maker)["unmetDependencies"] == 0


@pytest.mark.parametrize("link", ["file", "metadata"])
@pytest.mark.parametrize("end", [AttemptState.FAILED, AttemptState.PASSED])
def test_a_task_linked_by_hand_to_one_that_has_ended_does_not_wait_for_ever(task_database, hand, link, end):
    database = task_database
    chain = {"task_description": json.dumps({"task": "execution_chain", "task_list": []})}
    root = database.task_register(task_type="execution_chain", working_directory="w", metadata=chain)
    given = {"parent_id": root, "task_type": "null", "fully_configured": False, "metadata": NULL}
    maker, reader, after = (database.task_register(**given) for _ in range(3))
    product_id = database.file_product_register(maker, "w", "never.npy", "lightcurve")
    database.tasks.mark_configured(maker)
    with TaskScheduler(database=database) as scheduler:
        scheduler.schedule_all_waiting_jobs()
        claimed = next(work for work in (hand.take(), hand.take()) if work.task_id == maker)
        hand.end(claimed, end)
        if link == "file":
            database.tasks.add_input(reader, product_id, "lightcurve", is_met=False)
        else:
            database.tasks.add_metadata_source(reader, maker, is_met=False)
        database.tasks.add_metadata_source(after, reader, is_met=False)
        database.tasks.mark_configured(reader)
        database.tasks.mark_configured(after)
        scheduler.schedule_all_waiting_jobs()
    found = [database.tasks.row(task_id) for task_id in (reader, after)]
    if link == "metadata" and end is AttemptState.PASSED:
        assert [row["state"] for row in found] == ["queued", "waiting"]
        return
    assert [(row["state"], row["blockedBy"]) for row in found] == [("blocked", maker), ("blocked", maker)]
    reason = "passed without writing w/never.npy" if end is AttemptState.PASSED else "failed"
    assert found[0]["blockedReason"] == f"task {maker} {reason}"
    assert database.tasks.counters(root)["openChildren"] == 0


def test_a_root_registered_by_hand_becomes_a_job_when_it_is_scheduled(run_task, task_database):
    chain = {"task": "execution_chain", "task_list": [{"task": "null", "name": "a"}]}
    root = task_database.task_register(
        task_type="execution_chain",
        job_name="by hand",
        working_directory="w",
        metadata={"task_description": json.dumps(chain)},
        fully_configured=False,
    )
    task_database.db_handle.parameterised_query(
        "UPDATE eas_task SET isFullyConfigured = 1 WHERE taskId = %s", (root,)
    )
    with TaskScheduler() as scheduler:
        assert scheduler.schedule_all_waiting_jobs() == 1
    (job,) = task_database.jobs.list_by_name("by hand")
    assert job.root_task == root
    hand = Hand(task_database)
    claimed = hand.take()
    assert claimed.task_id == root


def test_a_root_registered_by_hand_and_configured_at_once_becomes_a_job_too(task_database):
    chain = {"task": "execution_chain", "task_list": []}
    root = task_database.task_register(
        task_type="execution_chain",
        job_name="at once",
        metadata={"task_description": json.dumps(chain)},
    )
    with TaskScheduler() as scheduler:
        assert scheduler.schedule_all_waiting_jobs() == 1
    (job,) = task_database.jobs.list_all()
    assert (job.name, job.root_task, job.state) == ("at once", root, "running")
    child = task_database.task_register(parent_id=root, task_type="null", metadata=NULL)
    assert task_database.tasks.row(child)["jobId"] == job.job_id


def test_the_connection_of_a_scheduler_is_its_own(task_database):
    with TaskScheduler() as scheduler:
        scheduler.run_pass()
    with TaskDatabaseConnection() as database:
        assert database.db_handle.is_connected


def test_the_number_of_attempts_that_a_job_sets_holds_for_its_root_too(task_database, workspace):
    job = {"job_name": "job", "defaults": {"max_attempts": 7}, "task_list": [{"task": "null"}]}
    root = task_database.jobs.get(submit(task_database, workspace, job)).root_task
    assert task_database.tasks.row(root)["maxAttempts"] == 7
