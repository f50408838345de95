"""Expanding control-flow tasks: all or nothing, never twice, in batches; each attempt done by the runner."""

import json

import pytest

from eas_framework.errors import TaskFailed
from eas_framework.job_file import read_job
from eas_framework.logging_database import EasLoggingHandler
from eas_framework.pipeline import submit_job
from eas_framework.plugins.manager import plugin_manager
from eas_framework.task_database.expansion import ChildPlan
from eas_framework.task_execution import TaskRunner
from eas_framework.task_io import use_session
from eas_framework.task_objects import Task, TaskExecutionAttempt
from eas_framework.tasks import execution_do_while_loop
from eas_framework.tasks.subtasks import BATCH_SIZE
from eas_framework.testing.oracle import moment_faults
from eas_framework.testing.scenarios import Hand, write_job

pytest_plugins = ["eas_framework.testing.fixtures"]

COUNT = 2_500


@pytest.fixture
def runner(task_database):
    handler = EasLoggingHandler()
    use_session(task_database)
    yield TaskRunner(task_database, plugin_manager(), handler)
    use_session(None)
    handler.close()


@pytest.fixture
def hand(task_database):
    return Hand(task_database)


def start(database, folder, *tasks):
    """Store a job whose files nobody checks beforehand."""
    return submit_job(database, read_job(write_job(folder, list(tasks)))).job_id


def loop_of(values, **keys):
    return {
        "task": "execution_for_loop",
        "parameter": "n",
        "values": values,
        "task_list": [{"task": "null"}],
        **keys,
    }


def only_child(database, task_id):
    (row,) = database.tasks.children(task_id)
    return row["taskId"]


def test_a_loop_over_2500_values_is_expanded_in_batches_with_every_value_once(
    task_database, workspace, runner, hand
):
    start(task_database, workspace, loop_of(list(range(COUNT))))
    root = hand.take()
    runner.run(root)
    loop = hand.take()
    runner.run(loop)
    children = task_database.tasks.children(loop.task_id)
    assert [row["childIndex"] for row in children] == list(range(COUNT))
    values = {
        task_database.metadata_fetch_item("n", task_id=row["taskId"]).value
        for row in (children[0], children[BATCH_SIZE - 1], children[BATCH_SIZE], children[-1])
    }
    assert values == {0, BATCH_SIZE - 1, BATCH_SIZE, COUNT - 1}
    row = task_database.tasks.row(loop.task_id)
    assert (row["state"], row["openChildren"]) == ("expanded", COUNT)
    assert moment_faults(task_database) == []


def test_d19_an_expansion_that_is_repeated_makes_what_is_missing_and_nothing_twice(
    task_database, workspace, runner, hand
):
    start(task_database, workspace, loop_of(list(range(COUNT))))
    runner.run(hand.take())
    slow = Hand(task_database, lease_seconds=-1.0)
    loop = slow.take()
    plans = [
        ChildPlan(task_type="execution_chain", description="{}", label=f"turn#{n}") for n in range(BATCH_SIZE)
    ]
    task_database.expansion.register(loop.task_id, loop.claim.attempt_id, plans)
    assert task_database.lifecycle.reap() == 1
    task_database.db_handle.execute(
        "UPDATE eas_scheduling_attempt SET priority = -9 WHERE taskId = %s", (loop.task_id,)
    )
    again = hand.take()
    assert again.task_id == loop.task_id
    runner.run(again)
    children = task_database.tasks.children(loop.task_id)
    assert [row["childIndex"] for row in children] == list(range(COUNT))
    assert task_database.tasks.row(loop.task_id)["openChildren"] == COUNT
    assert moment_faults(task_database) == []


def test_a_loop_that_fails_half_way_leaves_nothing_that_runs(task_database, workspace, runner, hand):
    rows = "\n".join(["x", *(str(n) for n in range(1_500)), "bad,row"])
    (workspace / "table.csv").write_text(rows)
    job_id = start(
        task_database,
        workspace,
        {"task": "execution_for_loop", "table": "table.csv", "task_list": [{"task": "null"}]},
    )
    runner.run(hand.take())
    loop = hand.take()
    runner.run(loop)
    (attempt,) = task_database.attempts.of_task(loop.task_id)
    assert "table.csv" in attempt.error_text
    assert "1502" in attempt.error_text  # the line of the bad row; the first line is the header
    assert task_database.jobs.state(job_id) == "failed"
    assert {str(row["state"]) for row in task_database.tasks.children(loop.task_id)} <= {"cancelled"}
    assert hand.claim() is None
    assert moment_faults(task_database) == []


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"task": "null", "inputs": {"lightcurve": "nobody_makes_it"}}, "nobody_makes_it"),
        ({"task": "null", "requires_metadata_from": ["nobody"]}, "nobody"),
        ({"task": "null", "outputs": {"lightcurve": "a.npy"}}, "a.npy"),
        ({"task": "null", "outputs": {"lightcurve": "../../x"}}, "file name"),
        ("no table", "key 'task'"),
    ],
)
def test_d19_a_list_with_a_bad_entry_registers_nothing_of_it(
    task_database, workspace, runner, hand, bad, message
):
    good = {"task": "null", "name": "good", "outputs": {"lightcurve": "a.npy"}}
    job_id = start(task_database, workspace, good, bad)
    root = hand.take()
    runner.run(root)
    (attempt,) = task_database.attempts.of_task(root.task_id)
    assert message in attempt.error_text
    assert task_database.tasks.children(root.task_id) == []
    assert task_database.file_product_by_filename("test", "a.npy") == []
    assert task_database.jobs.state(job_id) == "failed"


def test_a_do_while_loop_that_never_ends_is_ended(task_database, hand):
    description = {
        "task": "execution_do_while_loop",
        "iteration_name": "turn",
        "repeat_criterion": "(True)",
        "task_list": [],
    }
    task_id = task_database.task_register(task_type="execution_do_while_loop")
    attempt_id = task_database.lifecycle.queue_task(task_id)
    hand.claim(attempt_id)
    task = Task(task_id=task_id, task_description=description)
    task.set_metadata("turn_index", 1_000)
    attempt = TaskExecutionAttempt(attempt_id=attempt_id, task_id=task_id, task_object=task)
    with pytest.raises(TaskFailed, match="1000 turns"):
        execution_do_while_loop.handler(attempt)


def test_children_hang_on_limits_of_task_job_and_type(task_database, workspace, runner, hand):
    path = write_job(
        workspace,
        {
            "job_name": "limits",
            "defaults": {"max_attempts": 5, "time_limit_s": 7.5, "memory_gb": 2.0},
            "task_list": [
                {"task": "null", "name": "own", "max_attempts": 1},
                {"task": "null", "name": "job's"},
            ],
        },
    )
    submit_job(task_database, read_job(path))
    root = hand.take()
    runner.run(root)
    rows = [task_database.tasks.row(row["taskId"]) for row in task_database.tasks.children(root.task_id)]
    assert [row["maxAttempts"] for row in rows] == [1, 5]
    assert [row["timeLimit"] for row in rows] == [7.5, 7.5]
    assert [row["memoryLimit"] for row in rows] == [2.0, 2.0]


def test_the_seed_of_a_task_follows_from_its_place_alone(task_database, workspace, runner, hand):
    def seeds(tasks, name):
        path = write_job(workspace, {"job_name": name, "seed": 3, "task_list": tasks})
        submit_job(task_database, read_job(path))
        root = hand.take()
        runner.run(root)
        rows = task_database.tasks.children(root.task_id)
        found = {row["taskName"]: task_database.tasks.row(row["taskId"])["seed"] for row in rows}
        while claimed := hand.claim():
            runner.run(claimed)
        return found

    one = seeds([{"task": "null", "name": "a"}, {"task": "null", "name": "b"}], "one")
    other = seeds([{"task": "null", "name": "b"}, {"task": "null", "name": "a"}], "other")
    assert one == other
    assert one["a"] != one["b"]


def test_d15_a_name_that_needs_what_is_not_known_yet_fails_with_the_expression(
    task_database, workspace, runner, hand
):
    name = "(requested_metadata['a']['x'])"
    start(task_database, workspace, {"task": "null", "outputs": {"lightcurve": name}})
    root = hand.take()
    runner.run(root)
    (attempt,) = task_database.attempts.of_task(root.task_id)
    assert name in attempt.error_text
    assert json.loads(json.dumps(attempt.as_dict()))["state"] == "failed"
