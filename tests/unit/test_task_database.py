"""The documented calls of the task database, on SQLite."""

import threading

import pytest

from eas_framework.errors import (
    EasError,
    FileStoreError,
    IntegrityError,
    LeaseLostError,
    NotFoundError,
    StateError,
    UnknownTaskTypeError,
    UsageError,
)
from eas_framework.task_database import TaskDatabaseConnection
from eas_framework.task_database.file_store import new_repository_id
from eas_framework.task_objects import MetadataItem, plain_values
from eas_framework.task_types import TaskTypeList
from eas_framework.temporary_directory import TemporaryDirectory
from eas_framework.testing.scenarios import Hand, store_file

pytest_plugins = ["eas_framework.testing.fixtures"]

DESCRIPTION = '{"task": "null", "inputs": {"lightcurve": "a.npy"}, "outputs": {"lightcurve": "b.npy"}}'


@pytest.fixture
def task_id(task_database):
    return task_database.task_register(
        task_type="null", working_directory="work", metadata={"task_description": DESCRIPTION}
    )


@pytest.fixture
def running(task_database, task_id):
    """A running attempt at a task with a declared output, and the task."""
    task_database.file_product_register(task_id, "work", "b.npy", "lightcurve")
    attempt_id = task_database.execution_attempt_register(task_id)
    task_database.lifecycle.publish(attempt_id)
    return Hand(task_database).claim(attempt_id)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "made"
    path.write_bytes(b"contents")
    return path


# ------------------------------------------------------------- tasks
def test_a_registered_task_can_be_looked_up_whole(task_database, task_id):
    task = task_database.task_lookup(task_id)
    assert (task.task_type, task.working_directory, task.state) == ("null", "work", "ready")
    assert task.metadata["task_description"].value == DESCRIPTION
    assert task_database.task_exists_in_db(task_id)
    assert task_database.task_lookup(999) is None
    assert not task_database.task_exists_in_db(999)


def test_an_unknown_task_type_is_refused_by_name(task_database):
    with pytest.raises(UnknownTaskTypeError, match="nul"):
        task_database.task_register(task_type="nul")
    with pytest.raises(AssertionError):  # what the prototype raised
        task_database.task_type_list_fetch_id("nul")


def test_children_inherit_job_and_folder(task_database):
    parent = task_database.task_register(
        task_type="execution_chain", job_name="j", working_directory="w", metadata={"m": 1}
    )
    child = task_database.task_lookup(task_database.task_register(parent_id=parent, task_type="null"))
    assert (child.job_name, child.working_directory, child.metadata["m"].value) == ("j", "w", 1)


def test_d32_a_block_that_ends_in_an_exception_leaves_nothing(task_database):
    def register_and_fail():
        with TaskDatabaseConnection() as database, database.transaction():
            database.task_register(task_type="null")
            raise KeyError

    with pytest.raises(KeyError):
        register_and_fail()
    assert task_database.db_handle.query("SELECT COUNT(*) AS n FROM eas_task") == [{"n": 0}]


def test_d33_name_and_folder_of_a_submitted_job_are_those_of_its_root(run_task):
    outcome = run_task({"job_name": "named", "working_directory": "folder", "task_list": [{"task": "null"}]})
    root = outcome.tasks[0]
    assert (root.job_name, root.working_directory) == ("named", "folder")


# ------------------------------------------------------------- attempts
def test_d48_attempts_that_did_not_pass_are_listed_as_incomplete(task_database, running):
    assert list(task_database.task_lookup(running.task_id).execution_attempts_incomplete) == [
        running.claim.attempt_id
    ]
    Hand(task_database).end(running)
    task = task_database.task_lookup(running.task_id)
    assert list(task.execution_attempts_passed) == [running.claim.attempt_id]
    assert task.execution_attempts_incomplete == {}
    assert task_database.task_fetch_execution_attempts(running.task_id, successful=False) == {}


def test_flags_that_ask_for_a_move_of_state_are_refused(task_database, running):
    attempt_id = running.claim.attempt_id
    task_database.execution_attempt_update(attempt_id, is_running=True, is_queued=False, is_finished=False)
    with pytest.raises(ValueError, match="is_finished"):
        task_database.execution_attempt_update(attempt_id, is_finished=True)
    assert task_database.attempts.get(attempt_id).state == "running"


def test_a_verdict_on_an_attempt_of_somebody_else_is_refused(task_database, running):
    Hand(task_database).end(running)
    with pytest.raises(StateError):
        task_database.execution_attempt_update(running.claim.attempt_id, all_products_passed_qc=True)


def test_times_and_metadata_of_an_attempt_can_be_updated_in_one_call(task_database, running):
    attempt_id = running.claim.attempt_id
    task_database.execution_attempt_update(attempt_id, run_time_cpu=1.5, metadata={"period": 2})
    attempt = task_database.execution_attempt_lookup(attempt_id, embed_task_object=True)
    assert (attempt.run_time_cpu, attempt.metadata["period"].value) == (1.5, 2)
    assert attempt.task_object.task_id == running.task_id


def test_a_second_attempt_at_a_task_is_refused_while_one_is_open(task_database, running):
    with pytest.raises(StateError):
        task_database.execution_attempt_register(running.task_id)


# ------------------------------------------------------------- files
def test_an_output_is_stored_moved_and_visible_when_its_attempt_has_passed(task_database, running, file):
    hand = Hand(task_database)
    version_id = hand.write(running, "b.npy", file, directory="work", binary=True)
    (product_id,) = task_database.file_product_by_filename("work", "b.npy")
    assert file.exists()  # a copy was asked for
    assert not task_database.file_product_has_passed_qc(product_id)
    hand.end(running)
    assert task_database.file_product_has_passed_qc(product_id)
    version = task_database.file_version_lookup(version_id)
    assert (version.file_size, version.passed_qc, version.metadata["binary"].value) == (8, True, True)
    assert version.file_md5 == "98bf7d8c15784f0a3d63204441e1e2aa"  # echo -n contents | md5sum
    assert task_database.file_version_by_product(product_id, must_have_passed_qc=True) == [version_id]
    path = task_database.file_version_path_for_id(version_id, must_exist=True)
    relative = task_database.file_version_path_for_id(version_id, full_path=False)
    assert path == str(task_database.file_store_path / relative)


def test_an_output_moves_into_the_store_unless_it_shall_be_kept(task_database, running, file):
    (product_id,) = task_database.file_product_by_filename("work", "b.npy")
    task_database.file_version_register(product_id, running.claim.attempt_id, file)
    assert not file.exists()


@pytest.mark.parametrize("name", ["a.b/c", "../x", "/x", "", ".", "x\0y", "x" * 256])
def test_d46_a_file_name_that_is_no_plain_name_is_refused(task_database, task_id, name):
    with pytest.raises(UsageError):
        task_database.file_product_register(task_id, "work", name, "lightcurve")


@pytest.mark.parametrize("directory", ["../../verify", "/tmp/x", "a/../../b", "a\0b", "x" * 513, ".staging"])  # noqa: S108 - refused
def test_d44_a_folder_outside_the_store_is_refused(task_database, task_id, directory):
    with pytest.raises(UsageError):
        task_database.file_product_register(task_id, directory, "x", "lightcurve")


def test_d44_a_link_inside_the_store_leads_nowhere_else(task_database, running, file, tmp_path):
    task_database.file_store_path.mkdir(exist_ok=True)
    (task_database.file_store_path / "work").symlink_to(tmp_path)
    with pytest.raises(FileStoreError, match="leads out"):
        Hand(task_database).write(running, "b.npy", file, directory="work")


@pytest.mark.parametrize("name", ["x", "x.extension_of_many_characters", "x.", ".hidden", "ü.ö"])
def test_d46_two_files_of_one_moment_have_two_short_names(name):
    first, second = new_repository_id(name, now=0.0), new_repository_id(name, now=0.0)
    assert first != second
    assert max(len(first), len(second)) <= 64
    assert first.isascii()


def test_d46_a_file_that_changed_on_disk_is_not_served(task_database, file, tmp_path):
    store_file(task_database, file, directory="work", filename="a.npy")
    (product_id,) = task_database.file_product_by_filename("work", "a.npy")
    reader = task_database.task_lookup(
        task_database.task_register(task_type="null", working_directory="work")
    )
    reader.task_description = {"inputs": {"lightcurve": "a.npy"}}
    with TemporaryDirectory() as folder:
        path, _ = task_database.task_open_file_input(reader, "lightcurve", folder)
        with open(path, "rb") as stream:  # noqa: PTH123 - the documented call gives text
            assert stream.read() == b"contents"
    stored = task_database.versions.checked_path(task_database.products.visible_version(product_id))
    stored.write_bytes(b"c0ntents")
    with TemporaryDirectory() as folder, pytest.raises(FileStoreError, match="SHA-256"):
        task_database.task_open_file_input(reader, "lightcurve", folder)
    stored.unlink()
    with TemporaryDirectory() as folder, pytest.raises(FileStoreError, match="missing"):
        task_database.task_open_file_input(reader, "lightcurve", folder)


def test_d46_a_file_that_cannot_be_stored_leaves_no_record(task_database, running, tmp_path):
    (product_id,) = task_database.file_product_by_filename("work", "b.npy")
    with pytest.raises(UsageError, match="no file"):
        task_database.file_version_register(product_id, running.claim.attempt_id, tmp_path / "none")
    assert task_database.file_version_by_product(product_id) == []


def test_a_file_of_a_worker_that_lost_its_task_is_removed(task_database, running, file):
    Hand(task_database).end(running)
    with pytest.raises(LeaseLostError):
        Hand(task_database).write(running, "b.npy", file, directory="work")
    assert [path for _, path in task_database.files.files()] == []


def test_one_attempt_makes_one_version_of_a_product(task_database, running, file):
    Hand(task_database).write(running, "b.npy", file, directory="work")
    with pytest.raises(IntegrityError):
        Hand(task_database).write(running, "b.npy", file, directory="work")
    assert len([path for _, path in task_database.files.files()]) == 1


def test_two_tasks_cannot_make_one_file(task_database, running):
    other = task_database.task_register(task_type="null", working_directory="work")
    with pytest.raises(IntegrityError, match=r"b\.npy"):
        task_database.file_product_register(other, "work", "b.npy", "lightcurve")


def test_an_output_that_nobody_declared_is_refused_by_name(task_database, running, file):
    attempt = task_database.execution_attempt_lookup(running.claim.attempt_id, embed_task_object=True)
    attempt.task_object.task_description = {"outputs": {"other": "c.npy"}}
    with pytest.raises(NotFoundError, match=r"c\.npy"):
        task_database.execution_attempt_register_output(attempt, "other", file, {})
    with pytest.raises(UsageError, match="lightcurve"):
        task_database.execution_attempt_register_output(attempt, "lightcurve", file, {})


def test_d24_a_deleted_version_is_gone_and_a_missing_file_no_error(task_database, running, file):
    version_id = Hand(task_database).write(running, "b.npy", file, directory="work")
    task_database.versions.path(version_id).unlink()
    task_database.file_version_delete(version_id)
    assert not task_database.file_version_exists_in_db(version_id)


# ------------------------------------------------------------- metadata and names
def test_d21_metadata_keep_the_time_at_which_they_were_set(task_database, task_id):
    task_database.metadata_register({"period": MetadataItem("period", 1.5, 1000.25)}, task_id=task_id)
    assert task_database.metadata_fetch_item("period", task_id=task_id).timestamp == 1000.25
    assert TaskDatabaseConnection().metadata_fetch_item("period", task_id=task_id).timestamp == 1000.25


def test_d20_none_and_lists_replace_other_values(task_database, task_id):
    for value in (1, None, [1, [2]], "x", None):
        task_database.task_update(task_id, {"keyword": value})
        assert plain_values(task_database.metadata_fetch_all(task_id=task_id))["keyword"] == value


@pytest.mark.parametrize("value", [object(), {1, 2}, b"bytes", 1j])
def test_a_value_that_has_no_form_in_the_database_is_refused_by_name(task_database, task_id, value):
    with pytest.raises(UsageError, match="keyword"):
        task_database.task_update(task_id, {"keyword": value})


def test_metadata_belong_to_exactly_one_thing(task_database, task_id):
    with pytest.raises(UsageError):
        task_database.metadata_register({"a": 1})
    with pytest.raises(UsageError):
        task_database.metadata_register({"a": 1}, task_id=task_id, product_id=1)


def test_reading_metadata_makes_no_keyword(task_database, task_id):
    assert task_database.metadata_fetch_item("never set", task_id=task_id) is None
    rows = task_database.db_handle.query("SELECT name FROM eas_metadata_keys WHERE name = 'never set'")
    assert rows == []


def test_a_host_has_one_id_however_many_ask_for_it(task_database):
    found = []

    def ask():
        with TaskDatabaseConnection() as database:
            found.append(database.hostname_get_id("new host"))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(found)) == 1


def test_names_made_in_a_transaction_that_failed_are_not_remembered(task_database):
    def fail():
        with task_database.transaction():
            task_database.semantic_type_get_id("undone")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with TaskDatabaseConnection() as other:
        taken = other.semantic_type_get_id("something else")
    assert task_database.semantic_type_get_id("undone") != taken


# ------------------------------------------------------------- the catalogue
def test_d29_resources_of_a_container_are_its_own_and_numbers(task_database):
    (name, *_) = task_database.task_type_list_from_db().worker_containers
    task_database.container_set_resource_assignment(name, cpu=4, gpu=1, memory_gb=2.5)
    assert task_database.container_get_resource_assignment(name) == {"cpu": 4, "gpu": 1, "memory_gb": 2.5}
    with pytest.raises(EasError, match="no_such"):
        task_database.container_get_resource_assignment("no_such")


def test_d29_the_stored_registry_follows_the_one_that_is_stored_next(task_database):
    registry = task_database.task_type_list_from_db()
    (gone, *_) = registry.worker_containers
    registry.worker_containers["new"] = {"cpu": 1.0, "gpu": 0.0, "memory_gb": 3.0}
    registry.container_capabilities["new"] = {"null"}
    registry.task_list["null"] = {"new"}
    task_database.task_type_list_to_db(registry)
    again = TaskDatabaseConnection().task_type_list_from_db()
    assert again.task_list["null"] == {"new"}
    assert again.worker_containers["new"]["memory_gb"] == 3.0
    assert gone in again.worker_containers


def test_a_registry_that_another_program_stores_meanwhile_is_read_without_an_error(task_database):
    whole, stop = task_database.task_type_list_from_db(), threading.Event()

    def store_and_take_away():
        with TaskDatabaseConnection() as other:
            while not stop.is_set():
                other.task_type_list_to_db(TaskTypeList())
                other.task_type_list_to_db(whole)

    thread = threading.Thread(target=store_and_take_away)
    thread.start()
    try:
        found = [task_database.task_type_list_from_db() for _ in range(300)]
    finally:
        stop.set()
        thread.join()
    names = set(whole.task_list)
    assert all(set(registry.task_list) <= names for registry in found)
    assert task_database.task_type_list_from_db().task_list == whole.task_list
