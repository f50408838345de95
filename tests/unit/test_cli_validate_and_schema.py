"""``eas validate`` and ``eas schema``."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from eas_framework.cli.main import execute
from eas_framework.pipeline.workspace import open_workspace

EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "jobs").glob("*.[jy]*"))
WRONG = "task_list:\n  - {task: nul}\n  - {task: null, duration_secs: 1}\n"


@pytest.fixture
def eas(bare_machine, capsys):
    def run(*words):
        code = execute([str(word) for word in words], program="eas")
        return code, capsys.readouterr()

    return run


def test_the_example_jobs_are_good(eas):
    code, told = eas("validate", *EXAMPLES)
    assert code == 0, told.out
    assert len(EXAMPLES) == 10
    assert all(": good; " in line for line in told.out.splitlines())


def test_mistakes_are_printed_with_their_place_and_end_with_2(eas, bare_machine):
    (bare_machine / "job.yaml").write_text(WRONG)
    code, told = eas("validate", "job.yaml")
    assert code == 2
    first, second, last = told.out.splitlines()
    assert first.startswith("job.yaml:2:12: unknown task type 'nul'; did you mean 'null'?")
    assert second.startswith(
        "job.yaml:3:18: null: unknown parameter 'duration_secs'; did you mean 'duration_seconds'?"
    )
    assert last == "job.yaml: 2 errors, 0 warnings"
    assert list(bare_machine.iterdir()) == [bare_machine / "job.yaml"]  # nothing was stored


def test_json_rows_hold_place_severity_and_message(eas, bare_machine):
    (bare_machine / "job.yaml").write_text(WRONG)
    (bare_machine / "broken.json").write_text('{"a": 1,}')
    code, told = eas("validate", "job.yaml", "broken.json", "missing.json", "--format", "json")
    assert code == 2
    rows = json.loads(told.out)
    assert [(row["file"], row["line"], row["column"], row["severity"]) for row in rows] == [
        ("job.yaml", 2, 12, "error"),
        ("job.yaml", 3, 18, "error"),
        ("broken.json", 1, 8, "error"),
        ("missing.json", None, None, "error"),
    ]
    assert rows[2]["message"] == "remove this comma: a } follows"


def test_values_can_be_changed_for_the_check(eas, bare_machine):
    (bare_machine / "job.yaml").write_text("task_list:\n  - {task: nul, name: a}\n")
    assert eas("validate", "job.yaml")[0] == 2
    assert eas("validate", "job.yaml", "--set", "a.task=error")[0] == 0


def test_warnings_are_marked_and_do_not_fail(eas, bare_machine):
    (bare_machine / "job.yaml").write_text("task_list:\n  - {task: null, outputs: {x: y}}\n")
    code, told = eas("validate", "job.yaml")
    assert code == 0
    assert told.out.startswith("job.yaml:2:28: warning: null: unknown output 'x'")
    assert "good, 1 warning; 2 tasks of 1 type" in told.out


def test_an_input_that_an_earlier_job_declared_is_good(eas, bare_machine):
    (bare_machine / "job.yaml").write_text(
        "working_directory: w\ntask_list:\n  - {task: verify, inputs: {lightcurve: a.lc}}\n"
    )
    assert eas("validate", "job.yaml")[0] == 2
    database, _ = open_workspace()
    with database:
        task = database.task_register(task_type="null")
        database.file_product_register(
            generator_task=task, directory="w", filename="a.lc", semantic_type="lightcurve", planned_time=0.0
        )
    code, told = eas("validate", "job.yaml")
    assert code == 0, told.out


def test_the_schema_is_printed_or_written(eas, bare_machine):
    code, told = eas("schema")
    assert code == 0
    schema = json.loads(told.out)
    Draft202012Validator.check_schema(schema)
    assert Draft202012Validator(schema).is_valid({"task_list": [{"task": "null"}]})
    assert eas("schema", "--output", "s.json")[0] == 0
    assert json.loads((bare_machine / "s.json").read_text()) == schema
    code, told = eas("schema", "--output", "none/s.json")
    assert code == 2
    assert "cannot be written" in told.err
