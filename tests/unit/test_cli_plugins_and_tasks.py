"""``eas plugins`` and ``eas tasks``: what is installed, and what each task type takes and gives."""

import json
from typing import Literal

import pytest
from pydantic import BaseModel, Field

from eas_framework.cli.main import execute
from eas_framework.plugins import FileSlot, Resources, TaskType
from eas_framework.plugins import manager as manager_module
from eas_framework.plugins.loading import LoadedPlugin, PluginSource
from eas_framework.plugins.manager import PluginManager
from eas_framework.settings import Configuration, configuration, use_configuration
from eas_framework.task_types.describe import describe, parameters

SOURCE = PluginSource(plugin="hello", package="eas-hello", version="0.1")


class Inner(BaseModel):
    """A table within the parameters."""

    period_min: float = Field(0.5, gt=0, description="Shortest period [d].")
    levels: list[int] = Field(default_factory=list, description="Levels.")


class Parameters(BaseModel):
    """The parameters of the example."""

    window: float = Field(gt=0, le=9, description="Width of the window [d]; of the whole curve.")
    method: Literal["mean", "median"] = "mean"
    clip: float | None = None
    inner: Inner = Field(default_factory=Inner)


SMOOTH = TaskType(
    name="smooth",
    handler=print,
    parameters=Parameters,
    inputs=(FileSlot(name="lightcurve", summary="The curve."),),
    outputs=(FileSlot(name="plot", kind="file", required=False),),
    metadata={"scatter": "Standard deviation [ppm] of the result."},
    time_limit_s=60,
    summary="Smooth a curve.",
    example={"job_name": "try", "task_list": [{"task": "smooth", "window": 1.0}]},
)


@pytest.fixture
def eas(bare_machine, capsys, monkeypatch):
    """Run a command line in a process where one plugin supplies `smooth` and one is broken."""
    manager = PluginManager(entry_points=())
    good = LoadedPlugin(source=SOURCE, values={"eas_task_types": [("smooth", SMOOTH)]})
    broken = LoadedPlugin(source=PluginSource(plugin="bad", package="eas-bad", version="2"))
    manager.plugins = [good, broken.refuse("failed", "ImportError: no driver")]

    def run(*words, **settings):
        use_configuration(Configuration(workspace=bare_machine, **settings))
        monkeypatch.setattr(manager_module, "_managers", [(configuration(), manager)])
        code = execute(words, program="eas")
        return code, *capsys.readouterr()

    return run


# ---------------------------------------------------------------- eas plugins
def test_plugins_are_listed_with_what_they_supply_and_what_went_wrong(eas):
    code, out, _ = eas("plugins", "--format", "json")
    good, bad = json.loads(out)
    assert code == 0
    assert good == {
        "plugin": "hello",
        "package": "eas-hello",
        "version": "0.1",
        "status": "ok",
        "supplies": "task type smooth",
        "problem": "",
    }
    assert (bad["status"], bad["problem"]) == ("failed", "ImportError: no driver")


def test_in_strict_mode_plugins_are_listed_and_a_fault_is_exit_3(eas):
    code, out, _ = eas("plugins", strict_plugins=True)
    assert code == 3
    assert "ImportError: no driver" in out


# ---------------------------------------------------------------- eas tasks list
def test_task_types_are_listed_with_place_and_source(eas):
    _, out, _ = eas("tasks", "list", "--format", "json")
    rows = {row["name"]: row for row in json.loads(out)}
    assert rows["smooth"] == {
        "name": "smooth",
        "here": True,
        "containers": "eas_base",
        "plugin": "hello",
        "package": "eas-hello",
        "version": "0.1",
        "summary": "Smooth a curve.",
    }
    assert (rows["null"]["here"], rows["null"]["containers"], rows["null"]["plugin"]) == (False, "all", None)


def test_only_what_runs_here_is_listed_when_asked(eas):
    _, out, _ = eas("tasks", "list", "--here", "--format", "csv")
    assert [line.split(",")[0] for line in out.splitlines()] == ["name", "smooth"]


# ---------------------------------------------------------------- eas tasks show
def test_a_task_type_is_shown_with_units_types_defaults_and_an_example(eas):
    code, out, _ = eas("tasks", "show", "smooth")
    assert code == 0
    head, *lines = out.splitlines()
    assert head == "smooth: Smooth a curve.  [plugin hello (eas-hello 0.1)]"
    window = next(line for line in lines if " window " in line)
    assert all(
        part in window for part in ("number > 0 <= 9", " d ", "yes", "Width of the window; of the whole")
    )
    example = out[out.index("Example job:\n") + len("Example job:\n") :]
    assert json.loads(example) == SMOOTH.example


def test_the_rows_of_a_task_type_are_the_same_in_json(eas):
    _, out, _ = eas("tasks", "show", "smooth", "--format", "json")
    rows = {(row["section"], row["name"]): row for row in json.loads(out)}
    assert rows["input", "lightcurve"]["required"] is True
    assert (rows["output", "plot"]["type"], rows["output", "plot"]["required"]) == ("file", False)
    assert rows["metadata", "scatter"]["unit"] == "ppm"
    assert rows["metadata", "scatter"]["meaning"] == "Standard deviation of the result."
    assert rows["resource", "memory_gb"]["default"] == 8.0
    assert rows["resource", "time_limit_s"]["default"] == 60
    assert rows["example", "job"]["default"] == SMOOTH.example


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("smoth", "unknown task type 'smoth'; did you mean 'smooth'?"),
        (
            "transit_search_tls",
            "declared but no installed plugin can run it; install the package eas-tasks-tda",
        ),
    ],
)
def test_a_type_that_cannot_be_shown_is_exit_2_with_a_reason(eas, name, message):
    code, out, err = eas("tasks", "show", name)
    assert (code, out) == (2, "")
    assert message in err


# ---------------------------------------------------------------- the rows
def test_parameters_come_with_type_bounds_default_and_those_of_tables_by_path():
    found = {row["name"]: row for row in parameters(SMOOTH)}
    assert list(found) == ["window", "method", "clip", "inner.period_min", "inner.levels"]
    assert (found["window"]["required"], found["method"]["required"]) == (True, False)
    assert found["method"]["type"] == "'mean' or 'median'"
    assert found["clip"]["type"] == "number or null"
    assert (found["inner.period_min"]["unit"], found["inner.period_min"]["default"]) == ("d", 0.5)
    assert found["inner.levels"]["type"] == "list of integer"


def test_a_type_without_declarations_takes_any_name():
    rows = describe(TaskType(name="free", handler=print), resources=Resources())
    assert [(row["section"], row["name"]) for row in rows[:2]] == [
        ("input", "(any name)"),
        ("output", "(any name)"),
    ]
    assert not any(row["section"] in ("parameter", "example", "metadata") for row in rows)
