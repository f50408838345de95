"""The records: what is set is kept, and JSON holds all of it."""

import json

import pytest

from eas_framework.task_objects import (
    FileProduct,
    FileProductVersion,
    MetadataItem,
    Task,
    TaskExecutionAttempt,
    plain_values,
)


def whole_task():
    version = FileProductVersion(product_version_id=4, product_id=3, file_size=10, passed_qc=True)
    version.set_metadata("binary", True)
    attempt = TaskExecutionAttempt(
        attempt_id=7, task_id=1, error_text="x", output_files={"lightcurve": version}
    )
    attempt.set_metadata("period", 3.5)
    task = Task(task_id=1, task_name="a", input_files={"lightcurve": FileProduct(product_id=2, filename="x")})
    task.configure(execution_attempts_passed=[attempt], metadata={"n": 1, "none": None})
    task.input_metadata = {"source": {"period": MetadataItem("period", 1.5, 10.0)}}
    task.task_description = {"task": "null", "inputs": {"lightcurve": "x"}}
    return task


def test_d47_a_task_survives_json_with_all_that_is_in_it():
    task = whole_task()
    again = Task.from_dict(json.loads(json.dumps(task.as_dict())))
    assert again == task
    assert again.as_dict() == task.as_dict()
    assert again.execution_attempts_passed[7].output_files["lightcurve"].metadata["binary"].value is True
    assert again.task_description == task.task_description


def test_d47_an_attempt_survives_json_with_and_without_its_task():
    attempt = TaskExecutionAttempt(attempt_id=7)
    assert TaskExecutionAttempt.from_dict(json.loads(json.dumps(attempt.as_dict()))) == attempt
    attempt.task_object = whole_task()
    assert TaskExecutionAttempt.from_dict(json.loads(json.dumps(attempt.as_dict()))) == attempt


@pytest.mark.parametrize("kind", [FileProduct, FileProductVersion, Task, TaskExecutionAttempt])
def test_configure_keeps_what_is_not_given_and_merges_metadata(kind):
    record = kind(metadata={"a": MetadataItem("a", 1)})
    before = record.as_dict()
    record.configure()
    assert record.as_dict() == before
    record.configure(metadata={"b": 2})
    assert plain_values(record.metadata) == {"a": 1, "b": 2}


def test_attempts_given_as_a_list_are_kept_by_their_ids():
    task = Task()
    task.configure(execution_attempts_incomplete=[TaskExecutionAttempt(attempt_id=n) for n in (2, 5)])
    task.configure(execution_attempts_incomplete=[TaskExecutionAttempt(attempt_id=9)])
    assert list(task.execution_attempts_incomplete) == [2, 5, 9]


def test_a_metadata_item_takes_the_keyword_under_which_it_is_set():
    task = Task()
    task.set_metadata("period", MetadataItem("other", 1.5, 10.0))
    assert task.metadata["period"] == MetadataItem("period", 1.5, 10.0)


def test_a_metadata_item_survives_json_and_keeps_its_time():
    item = MetadataItem("period", [1, None, "x"], 12.5)
    assert MetadataItem.from_dict(json.loads(json.dumps(item.as_dict()))) == item
