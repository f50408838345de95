"""The plugin to copy, `examples/eas_hello`, is sound as the manager sees it."""

import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import yaml

from eas_framework.plugins.hookspecs import PROJECT
from eas_framework.plugins.manager import PluginManager
from eas_framework.task_types import TaskTypeList, reconcile

FOLDER = Path(__file__).parents[2] / "examples" / "eas_hello"


@pytest.fixture
def manager(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    before = set(sys.modules)
    project = tomllib.loads((FOLDER / "pyproject.toml").read_text())["project"]
    points = [
        EntryPoint(name=name, value=module, group=PROJECT)
        for name, module in project["entry-points"][PROJECT].items()
    ]
    yield PluginManager(entry_points=points, strict=True)
    for name in [name for name in set(sys.modules) - before if name.startswith("eas_hello")]:
        del sys.modules[name]


def test_the_plugin_has_no_fault_and_supplies_one_task_and_one_metric(manager):
    (row,) = manager.report()
    assert (row["status"], row["problem"]) == ("ok", "")
    assert row["supplies"] == "task type flux_statistics; QC metric red_noise"


def test_its_job_is_read_and_names_tasks_that_it_and_the_registry_know(manager, bare_machine):
    types = reconcile(TaskTypeList.read_from_xml(), manager.task_types())
    job = yaml.safe_load((FOLDER / "job.yaml").read_text())
    for task in job["task_list"]:
        types.require_known(task["task"])
    assert types.containers_for_task("flux_statistics") == {"eas_base"}
