"""Queues and the scheduler: called for real on the queue inside the database."""

import functools
import json
import stat
from pathlib import Path

import pytest
from documented_api import calls
from queue_calls import check_queue, register_attempt

from eas_framework.settings import load_configuration
from eas_framework.task_objects import AttemptState
from eas_framework.task_queues import TaskQueue, TaskQueueConnector, TaskQueueSQL, TaskScheduler
from eas_framework.testing.scenarios import Hand

pytest_plugins = ["eas_framework.testing.fixtures"]
calls = functools.partial(calls, of="task_queues")
METHODS = [
    "close",
    *(f"queue_{name}" for name in ["declare", "fetch_and_acknowledge", "fetch_list", "length", "publish"]),
]


@calls(
    "TaskQueue",
    "TaskQueueSQL",
    *(f"{kind}.{name}" for kind in ("TaskQueue", "TaskQueueSQL") for name in METHODS),
)
def test_the_queue_inside_the_database(task_database):
    check_queue(task_database, TaskQueueSQL())


@calls("TaskQueueConnector", "TaskQueueConnector.interface")
def test_a_connector_gives_the_queue_of_the_engine(task_database):
    with TaskQueueConnector(queue_engine="sql", debugging=True) as connector, connector.interface() as queue:
        assert isinstance(queue, TaskQueueSQL)
        assert isinstance(queue, TaskQueue)
        attempt_id = register_attempt(task_database)
        queue.queue_publish("null", attempt_id)
        assert queue.queue_fetch_list("null") == [attempt_id]
    assert TaskQueueConnector().queue_engine == "sql"
    with pytest.raises(ValueError, match="carrier_pigeon"):
        TaskQueueConnector("carrier_pigeon").interface()


@calls("TaskQueueConnector.make_task_queue_config", "TaskQueueConnector.task_queue_config_path")
def test_the_login_of_the_broker_is_saved_where_only_its_owner_reads_it(workspace):
    path = Path(TaskQueueConnector.task_queue_config_path())
    assert path == workspace / ".eas" / "local" / "local_settings_task_queue.conf"
    login = {"mq_user": "me", "mq_passwd": "a#b:c", "mq_host": "broker", "mq_port": 1234}
    TaskQueueConnector.make_task_queue_config(queue_implementation="amqp", **login)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    saved = load_configuration(workspace=workspace)
    assert (saved.queue_implementation, saved.mq_user, saved.mq_host) == ("amqp", "me", "broker")
    assert (saved.mq_password.reveal(), saved.mq_port) == ("a#b:c", 1234)


# ------------------------------------------------------------- the scheduler
def register(database, **keys):
    return database.task_register(
        task_type="null", metadata={"task_description": json.dumps({"task": "null"})}, **keys
    )


def attempts_of(database, task_id):
    return [attempt.state for attempt in database.attempts.of_task(task_id)]


@calls("TaskScheduler", "TaskScheduler.schedule_a_task")
def test_one_task_is_queued_once(task_database):
    task_id = register(task_database)
    with TaskScheduler(queue_implementation="sql") as scheduler:
        attempt_id = scheduler.schedule_a_task(task_id=task_id)
        assert scheduler.schedule_a_task(task_id) is None  # it has an open attempt
    assert task_database.attempts.get(attempt_id).task_id == task_id
    assert attempts_of(task_database, task_id) == [AttemptState.QUEUED]


@calls("TaskScheduler.schedule_all_waiting_jobs")
def test_what_waits_for_nothing_is_queued(task_database):
    first, second = register(task_database), register(task_database, fully_configured=False)
    with TaskScheduler() as scheduler:
        scheduler.schedule_all_waiting_jobs()
        assert attempts_of(task_database, first) == [AttemptState.QUEUED]
        assert attempts_of(task_database, second) == []
        task_database.db_handle.parameterised_query(
            "UPDATE eas_task SET isFullyConfigured = 1 WHERE taskId = %s", (second,)
        )
        scheduler.schedule_all_waiting_jobs()
    assert attempts_of(task_database, first) == [AttemptState.QUEUED]
    assert attempts_of(task_database, second) == [AttemptState.QUEUED]


@pytest.mark.parametrize("criterion", [None, "x.isFinished AND NOT x.errorFail"])
@calls("TaskScheduler.reschedule_all_unfinished_jobs", "TaskScheduler.schedule_jobs_based_on_criterion")
def test_what_failed_is_queued_again_and_what_runs_is_left_alone(task_database, criterion):
    job = task_database.task_register(
        task_type="execution_chain", metadata={"task_description": json.dumps({"task_list": []})}
    )
    hand = Hand(task_database)
    with TaskScheduler() as scheduler:
        assert scheduler.schedule_jobs_based_on_criterion(task_selection_criteria="1") == 1
        hand.end(hand.take(), AttemptState.FAILED)
        running = register(task_database)
        scheduler.schedule_a_task(running)
        hand.take()
        if criterion is not None:
            scheduler.schedule_jobs_based_on_criterion(criterion)
        scheduler.reschedule_all_unfinished_jobs()
        with pytest.raises(ValueError, match="unknown criterion"):
            scheduler.schedule_jobs_based_on_criterion("1 OR 1 = 1; DROP TABLE eas_task")
    assert attempts_of(task_database, job) == [AttemptState.FAILED, AttemptState.QUEUED]
    assert attempts_of(task_database, running) == [AttemptState.RUNNING]
