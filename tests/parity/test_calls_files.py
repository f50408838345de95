"""File products, their versions, and the inputs and outputs of running tasks: called for real."""

import functools
import hashlib
import json
import re
import time
from pathlib import Path

import pytest
from documented_api import calls

from eas_framework.errors import FileStoreError, NotFoundError, UsageError
from eas_framework.task_objects import AttemptState, TaskExecutionAttempt
from eas_framework.temporary_directory import TemporaryDirectory
from eas_framework.testing.scenarios import Hand

pytest_plugins = ["eas_framework.testing.fixtures"]
calls = functools.partial(calls, of="task_database.TaskDatabaseConnection")


class Running:
    """A task with a declared output, and the attempt at it that this process is doing."""

    def __init__(self, database):
        self.database, self.hand = database, Hand(database)
        description = {"task": "null", "outputs": {"lc": "a.gz"}, "inputs": {"lc": "a.gz"}}
        self.task_id = database.task_register(
            task_type="null", working_directory="w", metadata={"task_description": json.dumps(description)}
        )
        self.product_id = database.file_product_register(
            generator_task=self.task_id, directory="w", filename="a.gz", semantic_type="lc",
            planned_time=5.0, mime_type="text/plain", metadata={"p": 1},
        )  # fmt: skip
        self.start()
        self.task = database.task_lookup(self.task_id)
        self.task.task_description = description

    def start(self):
        self.database.lifecycle.queue_task(self.task_id)
        self.claimed = self.hand.take()
        self.attempt_id = self.claimed.claim.attempt_id


@pytest.fixture
def running(task_database):
    return Running(task_database)


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "made.gz"
    path.write_bytes(b"contents")
    return path


# ------------------------------------------------------------- products
@calls(
    "file_product_register", "file_product_lookup", "file_product_exists_in_db", "file_product_by_filename"
)
def test_a_product_is_declared_and_found_by_its_name(task_database, running):
    product = task_database.file_product_lookup(product_id=running.product_id)
    assert (product.directory, product.filename, product.semantic_type) == ("w", "a.gz", "lc")
    assert (product.planned_time, product.mime_type, product.metadata["p"].value) == (5.0, "text/plain", 1)
    assert product.generator_task == running.task_id
    assert task_database.file_product_by_filename(directory="w", filename="a.gz") == [running.product_id]
    assert task_database.file_product_by_filename("w", "b.gz") == []
    assert task_database.file_product_exists_in_db(product_id=running.product_id)
    assert not task_database.file_product_exists_in_db(running.product_id + 1)
    assert task_database.file_product_lookup(running.product_id + 1) is None
    with pytest.raises(ValueError, match="already made"):
        task_database.file_product_register(running.task_id, "w", "a.gz", "other")
    with pytest.raises(ValueError, match="directory"):
        task_database.file_product_register(running.task_id, "../../outside", "b.gz", "other")


@calls("file_product_update")
def test_a_product_is_updated(task_database, running):
    task_database.file_product_update(
        product_id=running.product_id, planned_time=9.0, mime_type="x/y", metadata={"q": 2}
    )
    task_database.file_product_update(running.product_id)
    product = task_database.file_product_lookup(running.product_id)
    assert (product.planned_time, product.mime_type) == (9.0, "x/y")
    assert {key: item.value for key, item in product.metadata.items()} == {"p": 1, "q": 2}


@calls("file_product_has_been_created", "file_product_has_passed_qc")
def test_a_product_passes_when_the_attempt_that_made_it_does(task_database, running, source):
    asked = (task_database.file_product_has_been_created, task_database.file_product_has_passed_qc)
    assert [ask(product_id=running.product_id) for ask in asked] == [False, False]
    task_database.file_version_register(running.product_id, running.attempt_id, source)
    assert [ask(running.product_id) for ask in asked] == [True, False]
    running.hand.end(running.claimed)
    assert [ask(running.product_id) for ask in asked] == [True, True]


@calls("file_product_delete")
def test_a_product_goes_with_its_versions_and_files(task_database, running, source):
    version = task_database.file_version_register(running.product_id, running.attempt_id, source)
    path = task_database.versions.path(version)
    task_database.file_product_delete(product_id=running.product_id)
    assert not task_database.file_product_exists_in_db(running.product_id)
    assert not task_database.file_version_exists_in_db(version)
    assert not path.exists()


# ------------------------------------------------------------- versions
@calls("file_version_register", "file_version_lookup", "file_version_exists_in_db")
@calls("file_version_exists_in_file_system", "file_version_path_for_id", "file_version_get_md5_hash")
def test_a_version_is_stored_with_its_checksum(task_database, running, source):
    version_id = task_database.file_version_register(
        product_id=running.product_id, generated_by_task_execution=running.attempt_id,
        file_path_input=str(source), preserve=True, created_time=7.0, modified_time=8.0, passed_qc=None,
        metadata={"v": 1},
    )  # fmt: skip
    version = task_database.file_version_lookup(product_version_id=version_id)
    assert source.exists()
    assert (version.created_time, version.modified_time, version.file_size) == (7.0, 8.0, 8)
    assert version.file_md5 == hashlib.md5(b"contents", usedforsecurity=False).hexdigest()
    assert version.file_md5 == task_database.file_version_get_md5_hash(file_path=str(source))
    assert (version.metadata["v"].value, version.passed_qc) == (1, None)
    path = task_database.file_version_path_for_id(product_version_id=version_id)
    relative = task_database.file_version_path_for_id(version_id, full_path=False)
    assert path == str(task_database.file_store_path / relative)
    assert task_database.file_version_exists_in_db(product_version_id=version_id)
    assert task_database.file_version_exists_in_file_system(product_version_id=version_id)
    task_database.versions.path(version_id).unlink()
    assert not task_database.file_version_exists_in_file_system(version_id)
    assert task_database.file_version_path_for_id(version_id, must_exist=True) is None
    assert task_database.file_version_path_for_id(version_id + 1) is None
    assert not task_database.file_version_exists_in_db(version_id + 1)
    assert task_database.file_version_lookup(version_id + 1) is None
    with pytest.raises(ValueError, match="no file"):
        task_database.file_version_register(running.product_id, running.attempt_id, "no such file")


@calls("file_version_by_product", "file_version_register")
def test_the_versions_of_a_product_come_oldest_first(task_database, running, source):
    first = task_database.file_version_register(running.product_id, running.attempt_id, source, preserve=True)
    first_attempt = running.attempt_id
    running.hand.end(running.claimed, AttemptState.FAILED)
    task_database.lifecycle.retry([running.task_id])
    running.start()
    second = task_database.file_version_register(running.product_id, running.attempt_id, source)
    running.hand.end(running.claimed)
    assert not source.exists()  # moved
    by_product = functools.partial(task_database.file_version_by_product, product_id=running.product_id)
    assert by_product() == [first, second]
    assert by_product(attempt_id=first_attempt) == [first]
    assert by_product(must_have_passed_qc=True) == [second]


@calls("file_version_update")
def test_a_version_is_updated_with_another_file(task_database, running, source, tmp_path):
    version_id = task_database.file_version_register(running.product_id, running.attempt_id, source)
    old_path = task_database.versions.path(version_id)
    (tmp_path / "new").write_bytes(b"other")
    task_database.file_version_update(
        product_version_id=version_id, file_path_input=str(tmp_path / "new"), preserve=True,
        modified_time=11.0, passed_qc=False, metadata={"v": 2},
    )  # fmt: skip
    version = task_database.file_version_lookup(version_id)
    assert (version.file_size, version.modified_time, version.metadata["v"].value) == (5, 11.0, 2)
    assert task_database.versions.path(version_id).read_bytes() == b"other"
    assert not old_path.exists()
    assert task_database.attempts.requests(running.attempt_id).versions == {version_id: False}


@calls("file_version_delete")
def test_a_version_goes_even_where_its_file_is_missing(task_database, running, source):
    version_id = task_database.file_version_register(running.product_id, running.attempt_id, source)
    task_database.versions.path(version_id).unlink()
    task_database.file_version_delete(product_version_id=version_id)
    assert not task_database.file_version_exists_in_db(version_id)
    assert task_database.file_product_exists_in_db(running.product_id)


@calls("file_version_get_hash")
def test_a_repository_id_has_the_prototype_s_form(task_database):
    name = task_database.file_version_get_hash(0.0, "curve.fits.gz", 12, time.time())
    assert re.fullmatch(r"19700101_000000_[0-9a-f]{13}\.gz", name)
    assert len(task_database.file_version_get_hash(timestamp=1e9, filename="no extension")) == 32


# ------------------------------------------------------------- running tasks
@calls("execution_attempt_register_output", "execution_attempt_fetch_output_files")
def test_an_output_is_stored_under_the_name_that_the_task_gives_it(task_database, running, source):
    attempt = TaskExecutionAttempt(attempt_id=running.attempt_id, task_object=running.task)
    version_id = task_database.execution_attempt_register_output(
        execution_attempt=attempt, output_name="lc", file_path=source, preserve=True, file_metadata={"n": 5}
    )
    files = task_database.execution_attempt_fetch_output_files(attempt_id=running.attempt_id)
    assert {name: version.product_version_id for name, version in files.items()} == {"lc": version_id}
    assert files["lc"].metadata["n"].value == 5
    assert source.exists()
    with pytest.raises(UsageError, match="'curve'"):
        task_database.execution_attempt_register_output(attempt, "curve", source, {})


@calls("task_open_file_input")
def test_an_input_is_the_newest_version_that_passed(task_database, running, source):
    version_id = task_database.file_version_register(
        running.product_id, running.attempt_id, source, metadata={"n": 6}
    )
    open_input = functools.partial(task_database.task_open_file_input, task=running.task, input_name="lc")
    with TemporaryDirectory() as folder:
        with pytest.raises(NotFoundError, match="not there"):
            open_input(tmp_dir=folder)  # nothing has passed yet
        path, metadata = open_input(tmp_dir=folder, must_have_passed_qc=False)
        assert (Path(path).read_bytes(), metadata["n"].value) == (b"contents", 6)
        running.hand.end(running.claimed)
        path, _ = open_input(tmp_dir=folder.tmp_dir, execution_id=running.attempt_id)
        assert path == f"{folder.tmp_dir}/a.gz"
        task_database.versions.path(version_id).write_bytes(b"CONTENTS")  # damaged on disk
        with pytest.raises(FileStoreError, match="differs from what was stored"):
            open_input(tmp_dir=folder)
        with pytest.raises(UsageError, match="names no 'curve'"):
            task_database.task_open_file_input(running.task, "curve", folder)
