"""A stored file that the reading host does not see yet, as on a network file system: it is waited for."""

import pytest
from fault_pairs import MYSQL_AMQP, SQLITE, on
from fault_processes import wait_until

pytest_plugins = ["eas_framework.testing.fixtures"]

TASKS = [
    {"task": "fault_work", "name": "maker", "outputs": {"file": "a"}},
    {"task": "fault_work", "name": "user", "until": "go", "inputs": {"file": "a"}, "outputs": {"file": "b"}},
]


@pytest.fixture
def hidden(pipeline):
    """The job while its second task runs and the file of the first is hidden from it."""
    pipeline.write_job(TASKS)
    run = pipeline.start()
    pipeline.wait_for("running", task_type="fault_work")
    pipeline.wait_for("passed", task_type="fault_work")
    stored = wait_until(lambda: pipeline.outcome.visible_files("maker"))["file"]
    pipeline.wait_for("running", task_type="fault_work")
    place = stored.with_name("out_of_sight")
    stored.rename(place)
    (pipeline.workspace / "go").touch()
    return run, stored, place


def has_looked(pipeline):
    return pipeline.ask("SELECT 1 FROM eas_log_messages WHERE message LIKE '%%not visible%%' LIMIT 1")


@on(SQLITE, MYSQL_AMQP, always=[SQLITE])
def test_a_file_that_is_not_visible_yet_is_waited_for(pipeline, hidden):
    run, stored, place = hidden
    wait_until(lambda: has_looked(pipeline))
    place.rename(stored)
    status, said = run.end()
    assert status == 0, said
    assert all("is not there" not in error for error in pipeline.outcome.errors)
    assert pipeline.faults() == []


@on(SQLITE)
def test_a_file_that_never_becomes_visible_fails_the_task_with_its_path(pipeline, hidden):
    run, stored, place = hidden
    status, said = run.end()
    assert status == 1, said
    attempts = pipeline.outcome.attempts("user")
    assert [str(attempt.state) for attempt in attempts] == ["failed"] * 3
    assert all(f"{stored} is missing from the store" in attempt.error_text for attempt in attempts)
    place.rename(stored)
    assert pipeline.faults() == []
