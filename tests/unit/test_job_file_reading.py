"""From a job file to a job: name, folder, seed, overrides, and what identifies it."""

import hashlib
import json

import pytest

from eas_framework.errors import JobFileError
from eas_framework.job_file import read_job


@pytest.fixture
def job(tmp_path):
    def read(text, name="my_job.yaml", **options):
        path = tmp_path / name
        path.write_text(text)
        options.setdefault("input_folder", tmp_path / "input")
        return read_job(path, **options)

    return read


JOB = """task_list:
  - {task: null, name: a, specs: {n: 1}, list: [1, 2]}
  - task: execution_for_loop
    name: loop
    parameter: x
    values: [1, 2]
    task_list: [{task: null, name: a}]
"""


def test_what_a_file_leaves_out_comes_from_its_name(job):
    read = job(JOB)
    assert (read.name, read.working_directory, read.seed) == ("my_job", "my_job", 0)
    assert read.description["job_name"] == read.description["working_directory"] == "my_job"
    assert job(f"job_name: other\n{JOB}").working_directory == "other"
    assert job(f"job_name: \"('a' + 'b')\"\nworking_directory: w/x\n{JOB}").name == "ab"


def test_d33_the_name_and_folder_of_the_job_are_known_before_it_runs(job):
    read = job(f"job_name: n\nworking_directory: w\ndefaults: {{max_attempts: 2, time_limit_s: 1.5}}\n{JOB}")
    assert (read.name, read.working_directory) == ("n", "w")
    assert (read.defaults.max_attempts, read.defaults.time_limit_s, read.defaults.memory_gb) == (2, 1.5, None)


def test_the_digest_is_that_of_the_canonical_text_whatever_the_format(job):
    read = job(f"seed: 3\n{JOB}")
    assert read.digest == hashlib.sha256(read.canonical_text.encode()).hexdigest()
    assert json.loads(read.canonical_text) == read.description
    in_json = job(json.dumps({**read.description, "seed": 3}, indent=3), "my_job.json")
    assert in_json.digest == read.digest


def test_seed_overrides_and_name_are_part_of_the_identity(job):
    plain = job(JOB).digest
    assert job(JOB, seed=1).digest != plain
    assert job(JOB, seed=0).digest == plain
    assert job(JOB, overrides=["a.specs.n=2"]).digest != plain
    assert job(JOB, overrides=["a.specs.n=1", "job.seed=0"]).digest != plain  # the second a has specs now
    assert job(JOB, "other.yaml").digest != plain


def test_a_changed_table_is_another_job_and_its_path_becomes_absolute(job, tmp_path):
    text = "task_list: [{task: execution_for_loop, table: t.csv, task_list: []}]"
    table = tmp_path / "t.csv"
    table.write_text("a\n1\n")
    first = job(text)
    assert first.description["task_list"][0]["table"] == str(table)
    table.write_text("a\n1\n2\n")
    assert job(text).digest != first.digest
    table.write_text("a\n1\n")
    assert job(text).digest == first.digest


def test_a_table_that_is_not_beside_the_job_is_looked_for_in_the_input_folder(job, tmp_path):
    read = job("task_list: [{task: execution_for_loop, table: t.csv, task_list: []}]")
    assert read.description["task_list"][0]["table"] == str(tmp_path / "input" / "t.csv")


def test_a_new_file_for_a_loop_over_files_is_another_job(job, tmp_path):
    text = "task_list: [{task: execution_for_loop, parameter: f, files: '*.lc', task_list: []}]"
    first = job(text).digest
    (tmp_path / "input").mkdir()
    (tmp_path / "input" / "1.lc").touch()
    assert job(text).digest != first


# ------------------------------------------------------------- overrides
@pytest.mark.parametrize(
    ("override", "path", "value"),
    [
        ("a.specs.n=2.5", ("task_list", 0, "specs", "n"), 2.5),
        ("a.specs.new.deep=1e-3", ("task_list", 0, "specs", "new", "deep"), 1e-3),
        ("a.list.1=x", ("task_list", 0, "list", 1), "x"),
        ("a.task=error", ("task_list", 0, "task"), "error"),
        ("a.max_attempts=2", ("task_list", 2 - 1, "task_list", 0, "max_attempts"), 2),
        ("loop.values=[3, 4]", ("task_list", 1, "values"), [3, 4]),
        ('loop.parameter="012"', ("task_list", 1, "parameter"), "012"),
        ("job.working_directory=w", ("working_directory",), "w"),
        ("job.defaults.max_attempts=1", ("defaults", "max_attempts"), 1),
        ("a.specs.n=(1 + 1)", ("task_list", 0, "specs", "n"), "(1 + 1)"),
        ("a.specs.n=", ("task_list", 0, "specs", "n"), None),
        ("a.specs.n=a=b", ("task_list", 0, "specs", "n"), "a=b"),
    ],
)
def test_an_override_sets_one_value_of_every_task_of_that_name(job, override, path, value):
    found = job(JOB, overrides=[override]).description
    for step in path:
        found = found[step]
    assert found == value


def test_later_overrides_stand_over_earlier_ones(job):
    read = job(JOB, overrides=["a.specs.n=2", "a.specs.n=3"])
    assert read.description["task_list"][0]["specs"] == {"n": 3}


def test_all_overrides_that_cannot_be_applied_are_told_at_once(job):
    wrong = ["a=3", "b.x=1", "loop.values.7=1", "a.name=x", "a.specs.n=012", "a.task.x=1", "lop.values=[1"]
    with pytest.raises(JobFileError) as caught:
        job(JOB, overrides=wrong)
    expected = [
        "--set a=3: write NAME.KEY=VALUE",
        "--set b.x=1: no task has the name 'b'; known: a, job, loop",
        "--set loop.values.7=1: there is no '7' in a list of 2",
        "--set a.name=x: 'name' can be changed in the file only",
        "--set a.specs.n=012: the value cannot be read: 012 may mean 12",
        "--set a.task.x=1: there is no 'x' in 'null'",
        "--set lop.values=[1: the value cannot be read",
    ]
    assert len(caught.value.messages) == len(expected)
    for message, start in zip(caught.value.messages, expected, strict=True):
        assert message.startswith(start)


def test_a_job_that_is_no_table_is_refused(job):
    with pytest.raises(JobFileError, match=r"my_job\.yaml:1:1: a job is a table with the key task_list"):
        job("- task: null")
