"""The JSON Schema of job files accepts what the checks accept."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field

from eas_framework.job_file.loader import read_document
from eas_framework.job_file.schema import job_schema
from eas_framework.plugins import FileSlot, TaskType
from eas_framework.plugins.manager import plugin_manager

JOBS = sorted((Path(__file__).parents[2] / "examples" / "jobs").glob("*.[jy]*"))


class Inner(BaseModel):
    period: float = Field(1, gt=0, description="Orbital period. [d]")
    pair: tuple[int, float] | None = None


class Parameters(BaseModel):
    specs: Inner = Inner()
    search_settings: Inner = Inner()
    count: int


TYPE = TaskType(
    name="thing",
    handler=lambda _: None,
    parameters=Parameters,
    inputs=(FileSlot(name="lightcurve"),),
    outputs=(FileSlot(name="lightcurve"), FileSlot(name="debugging", required=False)),
    summary="Does a thing.",
)
GOOD = {
    "task": "thing",
    "inputs": {"lightcurve": "a"},
    "outputs": {"lightcurve": "b"},
    "count": 3,
    "specs": {"period": "(1 + 1)", "pair": [1, "(2)"]},
    "search_settings": {"of_another": 1},
}


@pytest.fixture(scope="module")
def validator():
    schema = job_schema([TYPE, *plugin_manager().task_types().values()])
    Draft202012Validator.check_schema(schema)
    json.dumps(schema)
    return Draft202012Validator(schema)


def is_good(validator, task, **job):
    return validator.is_valid({"task_list": [task], **job})


@pytest.mark.parametrize("path", JOBS, ids=lambda path: path.name)
def test_the_example_jobs_are_valid(validator, path):
    assert [error.message for error in validator.iter_errors(read_document(path).value)] == []


def test_the_examples_of_all_task_types_are_valid(validator):
    for task_type in plugin_manager().task_types().values():
        example = task_type.example
        if example is not None:
            job = example if "task" not in example else {"task_list": [example]}
            assert [error.message for error in validator.iter_errors(job)] == [], task_type.name


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"count": "(metadata['n'])"},
        {"name": "x", "max_attempts": 2, "requires_metadata_from": ["a"]},
        {"outputs": {"lightcurve": "b", "unknown": "c"}},
        {"task": "'th{x}'.format(**metadata)"},
    ],
)
def test_good_tasks_are_valid(validator, change):
    assert is_good(validator, {**GOOD, **change})


@pytest.mark.parametrize(
    "change",
    [
        {"count": "many"},
        {"cuont": 1},
        {"specs": {"perod": 1}},
        {"specs": {"period": 0}},
        {"specs": {"pair": [1]}},
        {"inputs": {}},
        {"inputs": {"lightcurve": "a", "lightcurv": "b"}},
        {"outputs": {"debugging": "c"}},
        {"max_attempts": 0},
        {"max_attempts": "(3)"},
        {"task": "thng"},
        {"task": 3},
        {"task_list": []},
    ],
)
def test_wrong_tasks_are_not_valid(validator, change):
    assert not is_good(validator, {**GOOD, **change})
    inside = {"task": "execution_chain", "task_list": [{**GOOD, **change}]}
    assert not is_good(validator, inside)


def test_keys_of_the_job_are_checked(validator):
    assert is_good(validator, GOOD, job_name="('a' + 'b')", seed=1, defaults={"max_attempts": 1})
    assert not is_good(validator, GOOD, jobname="a")
    assert not is_good(validator, GOOD, defaults={"max_atempts": 1})
    assert not is_good(validator, GOOD, seed="(1)")
    assert not validator.is_valid({})
