"""Tasks, attempts, names, metadata and the registry in the task database: called for real."""

import functools
import json
import time

import numpy as np
import pytest
from documented_api import calls

from eas_framework.errors import StateError, UnknownTaskTypeError, UsageError
from eas_framework.task_database import TaskDatabaseConnection
from eas_framework.task_objects import AttemptState, FileProduct, MetadataItem
from eas_framework.task_types import TaskTypeList
from eas_framework.testing.scenarios import Hand

pytest_plugins = ["eas_framework.testing.fixtures"]
module_calls = calls
calls = functools.partial(calls, of="task_database.TaskDatabaseConnection")


def register(database, **keys):
    """A task of type null that does nothing."""
    metadata = {"task_description": json.dumps({"task": "null"}), **keys.pop("metadata", {})}
    return database.task_register(task_type="null", metadata=metadata, **keys)


@pytest.fixture
def claimed(task_database):
    """An attempt that this process is doing, at a task named ``source``."""
    task_database.lifecycle.queue_task(register(task_database, task_name="source", working_directory="w"))
    return Hand(task_database).take()


# ------------------------------------------------------------- the connection
@module_calls("TaskDatabaseConnection", of="task_database")
@calls("commit", "close_db")
def test_a_connection_commits_and_closes(task_database, workspace, tmp_path):
    with TaskDatabaseConnection(file_store_path=str(tmp_path)) as database:
        assert database.file_store_path == tmp_path
        database.db_handle.begin()
        database.db_handle.parameterised_query("INSERT INTO eas_semantic_type (name) VALUES ('new')")
        database.commit()
        assert task_database.db_handle.query("SELECT name FROM eas_semantic_type") == [{"name": "new"}]
        database.close_db()
        assert not database.db_handle.is_connected
        database.close_db()
    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    assert len(task_database.db_handle.query("SELECT name FROM eas_semantic_type")) == 1
    with TaskDatabaseConnection() as database:
        assert database.file_store_path == workspace / ".eas" / "store"


def write_and_fail():
    with TaskDatabaseConnection() as database:
        database.db_handle.begin()
        database.db_handle.parameterised_query("INSERT INTO eas_semantic_type (name) VALUES ('undone')")
        raise ZeroDivisionError  # the prototype committed what was half done


# ------------------------------------------------------------- tasks
@calls("task_register", "task_lookup", "task_exists_in_db", "task_update")
def test_a_task_is_registered_looked_up_and_updated(task_database):
    parent = task_database.task_register(
        task_type="execution_chain", job_name="job", working_directory="w", fully_configured=False
    )
    child = task_database.task_register(
        parent_id=parent, created_time=12.5, fully_configured=False, task_type="null", task_name="child",
        metadata={"i": 3, "item": MetadataItem("x", "text")},
    )  # fmt: skip
    assert task_database.task_exists_in_db(task_id=child)
    assert not task_database.task_exists_in_db(child + 1)
    assert task_database.task_lookup(task_id=child + 1) is None
    task_database.task_update(task_id=child, metadata={"i": 4, "more": True})
    task = task_database.task_lookup(child)
    assert (task.parent_id, task.created_time, task.task_type) == (parent, 12.5, "null")
    assert (task.job_name, task.working_directory, task.task_name) == ("job", "w", "child")
    values = {key: item.value for key, item in task.metadata.items()}
    assert {key: values[key] for key in ("i", "item", "more")} == {"i": 4, "item": "text", "more": True}
    with pytest.raises(AssertionError):  # as the prototype raised; the text names the nearest
        task_database.task_register(task_type="nul")


@calls("task_register", "task_fetch_file_inputs", "task_fetch_file_products")
def test_the_files_of_a_task_are_known_by_their_names(task_database):
    maker = register(task_database, working_directory="w")
    product = task_database.file_product_register(maker, "w", "a.gz", "lightcurve")
    user = register(
        task_database, working_directory="w", input_files={"curve": FileProduct(product_id=product)}
    )
    assert task_database.task_fetch_file_products(task_id=maker)["lightcurve"].filename == "a.gz"
    assert task_database.task_fetch_file_inputs(task_id=user)["curve"].product_id == product
    assert task_database.task_fetch_file_inputs(maker) == {}
    assert list(task_database.task_lookup(user).input_files) == ["curve"]
    assert list(task_database.task_lookup(maker).output_files) == ["lightcurve"]


@calls("task_fetch_metadata_inputs", "task_fetch_execution_attempts")
def test_requested_metadata_come_from_the_newest_attempt_that_passed(task_database, claimed):
    hand = Hand(task_database)
    user = register(task_database, fully_configured=False)
    task_database.db_handle.parameterised_query(
        "INSERT INTO eas_task_metadata_input (taskId, inputId) VALUES (%s, %s)", (user, claimed.task_id)
    )
    assert task_database.task_fetch_metadata_inputs(task_id=user) == {}
    attempt_id = claimed.claim.attempt_id
    task_database.execution_attempt_update(attempt_id=attempt_id, metadata={"period": 12.5})
    assert list(task_database.task_fetch_execution_attempts(claimed.task_id, successful=False)) == [
        attempt_id
    ]
    hand.end(claimed)
    found = task_database.task_fetch_metadata_inputs(user)
    assert found["source"]["period"].value == 12.5
    by_verdict = {
        successful: list(task_database.task_fetch_execution_attempts(claimed.task_id, successful=successful))
        for successful in (True, False, None)
    }
    assert by_verdict == {True: [attempt_id], False: [], None: [attempt_id]}


@calls("task_delete")
def test_a_task_goes_with_its_attempts_and_files(task_database, tmp_path):
    task_id = register(task_database, working_directory="w")
    task_database.file_product_register(task_id, "w", "a", "a")
    task_database.lifecycle.queue_task(task_id)
    hand = Hand(task_database)
    done = hand.take()
    (tmp_path / "a").write_text("x")
    version = hand.write(done, "a", tmp_path / "a", directory="w")
    hand.end(done)
    path = task_database.versions.path(version)
    assert path.is_file()
    task_database.task_delete(task_id=task_id)
    assert not task_database.task_exists_in_db(task_id)
    assert not task_database.execution_attempt_exists_in_db(done.claim.attempt_id)
    assert not task_database.file_version_exists_in_db(version)
    assert task_database.file_product_by_filename("w", "a") == []  # the name is free again
    assert not path.exists()


# ------------------------------------------------------------- attempts
@calls("execution_attempt_register", "execution_attempt_exists_in_db", "execution_attempt_lookup")
def test_an_attempt_is_registered_and_looked_up_with_its_task(task_database):
    task_id = register(task_database, fully_configured=False)
    attempt_id = task_database.execution_attempt_register(
        task_id=task_id, queued_time=99.0, metadata={"try": 1}
    )
    assert task_database.execution_attempt_exists_in_db(attempt_id=attempt_id)
    assert not task_database.execution_attempt_exists_in_db(attempt_id + 1)
    bare = task_database.execution_attempt_lookup(attempt_id=attempt_id)
    assert (bare.task_id, bare.queued_time, bare.metadata["try"].value) == (task_id, 99.0, 1)
    assert bare.task_object is None
    whole = task_database.execution_attempt_lookup(attempt_id, embed_task_object=True)
    assert whole.task_object.task_id == task_id
    assert task_database.execution_attempt_lookup(attempt_id + 1) is None


@calls("execution_attempt_update")
def test_an_update_sets_times_and_metadata_and_notes_the_verdict(task_database, claimed):
    attempt_id = claimed.claim.attempt_id
    task_database.execution_attempt_update(
        attempt_id=attempt_id, queued_time=1.0, start_time=2.0, latest_heartbeat_time=3.0, end_time=4.0,
        run_time_wall_clock=5.0, run_time_cpu=6.0, run_time_cpu_inc_children=7.0, is_queued=False,
        is_running=True, is_finished=False, error_text="note", metadata={"n": np.float64(1.5), "ok": True},
    )  # fmt: skip
    attempt = task_database.execution_attempt_lookup(attempt_id)
    times = (attempt.queued_time, attempt.start_time, attempt.latest_heartbeat_time, attempt.end_time)
    assert times == (1.0, 2.0, 3.0, 4.0)
    spent = (attempt.run_time_wall_clock, attempt.run_time_cpu, attempt.run_time_cpu_inc_children)
    assert spent == (5.0, 6.0, 7.0)
    assert {key: item.value for key, item in attempt.metadata.items()} == {"n": 1.5, "ok": True}
    task_database.execution_attempt_update(attempt_id, all_products_passed_qc=False, error_fail=True)
    asked = task_database.attempts.requests(attempt_id)
    assert (asked.passed_qc, asked.error_fail, asked.error_text) == (False, True, "note")


@calls("execution_attempt_update")
def test_a_state_that_may_not_follow_is_refused(task_database, claimed):
    attempt_id = claimed.claim.attempt_id
    with pytest.raises(StateError, match="is_finished=True is not an allowed move"):
        task_database.execution_attempt_update(attempt_id, is_finished=True)
    assert task_database.execution_attempt_lookup(attempt_id).state is AttemptState.RUNNING


@calls("execution_attempt_update", "execution_attempt_register")
def test_a_registered_attempt_is_queued_on_request(task_database):
    attempt_id = task_database.execution_attempt_register(register(task_database))
    task_database.execution_attempt_update(attempt_id, is_queued=True)
    assert Hand(task_database).take().claim.attempt_id == attempt_id


@calls("execution_attempt_delete")
def test_an_attempt_goes_and_its_task_stays(task_database, claimed):
    Hand(task_database).end(claimed)
    task_database.execution_attempt_delete(attempt_id=claimed.claim.attempt_id)
    assert not task_database.execution_attempt_exists_in_db(claimed.claim.attempt_id)
    assert task_database.task_exists_in_db(claimed.task_id)


# ------------------------------------------------------------- metadata of the four kinds of entity
@calls("metadata_register", "metadata_fetch_all", "metadata_fetch_item")
def test_metadata_of_all_four_kinds_keep_their_types(task_database, claimed, tmp_path):
    product = task_database.file_product_register(claimed.task_id, "w", "a", "a")
    (tmp_path / "a").write_text("x")
    version = task_database.file_version_register(product, claimed.claim.attempt_id, tmp_path / "a")
    owners = {
        "task_id": claimed.task_id,
        "scheduling_attempt_id": claimed.claim.attempt_id,
        "product_id": product,
        "product_version_id": version,
    }
    values = {"i": 0, "x": 0.5, "yes": True, "text": "007", "none": None, "list": [1, [2, "b"]]}
    for number, (kind, owner) in enumerate(owners.items()):
        task_database.metadata_register({**values, "kind": kind}, **{kind: owner})
        task_database.metadata_register(metadata={"i": number}, **{kind: owner})  # replaces
        found = {key: item.value for key, item in task_database.metadata_fetch_all(**{kind: owner}).items()}
        found.pop("task_description", None)
        assert found == {**values, "kind": kind, "i": number}
        assert all(type(found[key]) is type(value) for key, value in values.items())
        item = task_database.metadata_fetch_item("kind", **{kind: owner})
        assert (item.keyword, item.value) == ("kind", kind)
        assert abs(item.timestamp - time.time()) < 600
        assert task_database.metadata_fetch_item(keyword="unknown", **{kind: owner}) is None
    with pytest.raises(UsageError, match="exactly one"):
        task_database.metadata_register({"a": 1}, task_id=1, product_id=1)
    with pytest.raises(UsageError, match="cannot be stored"):
        task_database.metadata_register({"a": object()}, task_id=claimed.task_id)


@calls("metadata_register", "metadata_fetch_item")
def test_what_is_no_finite_number_is_kept(task_database, claimed):
    task_database.metadata_register({"inf": np.inf}, task_id=claimed.task_id)
    assert task_database.metadata_fetch_item("inf", task_id=claimed.task_id).value == np.inf


# ------------------------------------------------------------- names
@calls("hostname_get_id", "metadata_keyword_id", "semantic_type_get_id")
def test_a_name_has_one_id_for_all_connections(task_database):
    for call in ("hostname_get_id", "semantic_type_get_id", "metadata_keyword_id"):
        first = getattr(task_database, call)("a name")
        with TaskDatabaseConnection() as other:
            assert getattr(other, call)("a name") == first
            assert getattr(other, call)("another") != first
    assert task_database.semantic_type_get_id(name="a name") == task_database.semantic_type_get_id("a name")
    with pytest.raises(UsageError):
        task_database.metadata_keyword_id(keyword="k" * 65)


# ------------------------------------------------------------- the registry
@calls("task_type_list_to_db", "task_type_list_from_db", "task_type_list_fetch_id")
def test_the_registry_goes_into_the_database_and_comes_back(task_database):
    registry = TaskTypeList.build(
        containers={"small": {"cpu": 1.0, "gpu": 0.0, "memory_gb": 8.0}}, tasks={"mine": ["all"]}
    )
    task_database.task_type_list_to_db(task_list=registry)
    stored = task_database.task_type_list_from_db()
    assert stored.worker_containers == registry.worker_containers
    assert stored.tasks_for_container("small") == {"mine"}
    type_id = task_database.task_type_list_fetch_id(task_type_name="mine")
    row = task_database.db_handle.query(
        "SELECT taskTypeName FROM eas_task_types WHERE taskTypeId = %s", (type_id,)
    )
    assert row == [{"taskTypeName": "mine"}]
    with pytest.raises(UnknownTaskTypeError, match="'none'"):
        task_database.task_type_list_fetch_id("none")


@calls("container_get_resource_assignment", "container_set_resource_assignment")
def test_each_resource_of_a_container_is_its_own(task_database):
    task_database.container_set_resource_assignment(
        container_name="eas_worker_tls", cpu=4, gpu=1, memory_gb=7.5
    )
    assigned = task_database.container_get_resource_assignment(container_name="eas_worker_tls")
    assert assigned == {"cpu": 4, "gpu": 1, "memory_gb": 7.5}  # the prototype gave cpu for gpu
    with pytest.raises(AssertionError):
        task_database.container_get_resource_assignment("no such container")
