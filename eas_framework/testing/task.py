"""The contract of a task type."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from eas_framework.errors import UnknownTaskTypeError
from eas_framework.plugins import TaskType
from eas_framework.plugins.manager import plugin_manager
from eas_framework.settings import configuration, load_configuration, use_configuration
from eas_framework.task_database import TaskDatabaseConnection
from eas_framework.testing import failing_plugin
from eas_framework.testing.outcome import Outcome
from eas_framework.testing.scenarios import LightcurveFactory, RunTask, as_job, install_plugin

Inputs = Mapping[str, Any]


class TaskTypeContract:
    """What every task type must do. A subclass supplies the fixture `task_type`; its package is installed.

    The type's example, a task or a whole job, is run by real executors in a fresh workspace. Light curves
    that the example wants are made; a subclass overrides `inputs` for other files, and `files` where the
    example reads files of the workspace.

    Attributes:
        optional_metadata: Declared metadata that the example need not record.
    """

    optional_metadata: ClassVar[frozenset[str]] = frozenset()

    @pytest.fixture
    def task_type(self) -> TaskType:
        """To be overridden."""
        pytest.fail(f"{type(self).__name__} must define a pytest fixture `task_type` that returns a TaskType")

    @pytest.fixture
    def files(self, workspace: Path) -> None:
        """Override it to write the files that the example reads from the workspace."""

    @pytest.fixture
    def inputs(self, task_type: TaskType, lightcurve_factory: LightcurveFactory) -> Inputs:
        """What the store holds before the example runs: a light curve for each input that is one."""
        wanted = (task_type.example or {}).get("inputs", {})
        kinds = {slot.name: slot.kind for slot in task_type.inputs or ()}
        strange = [name for name in wanted if kinds.get(name, "lightcurve") != "lightcurve"]
        if strange:
            pytest.fail(
                f"{type(self).__name__} must define a pytest fixture `inputs` that returns a table from the "
                f"example's file names to light curves or paths; the example wants {', '.join(strange)}"
            )
        return {filename: lightcurve_factory() for filename in wanted.values()}

    # ------------------------------------------------------------- what it says of itself
    def test_its_name_is_an_identifier(self, task_type: TaskType) -> None:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", task_type.name), "a name is lower case, digits, underscores"

    def test_it_says_in_one_line_what_it_does(self, task_type: TaskType) -> None:
        assert task_type.summary, "give the task type a summary of one line"
        assert "\n" not in task_type.summary

    def test_its_parameters_files_and_results_are_documented(self, task_type: TaskType) -> None:
        fields = task_type.parameters.model_fields if task_type.parameters else {}
        silent = [f"parameter {name}" for name, field in fields.items() if not field.description]
        slots = [*(task_type.inputs or ()), *(task_type.outputs or ())]
        silent += [f"file {slot.name}" for slot in slots if not slot.summary]
        silent += [f"metadata {name}" for name, meaning in task_type.metadata.items() if not meaning]
        assert silent == [], "these have no description"

    def test_it_is_installed_under_its_name(self, task_type: TaskType, workspace: Path) -> None:
        try:
            source = plugin_manager().task_type_source(task_type.name)
        except UnknownTaskTypeError as error:
            pytest.fail(f"install the package first, so that executors find the task type: {error}")
        assert plugin_manager().task_types()[task_type.name] == task_type, f"{source} supplies another one"

    # ------------------------------------------------------------- what it does
    def test_its_example_runs_and_leaves_what_it_declares_each_time(
        self, task_type: TaskType, run_task: RunTask, inputs: Inputs, files: None
    ) -> None:
        outcome = run_task(self._example(task_type), inputs)
        assert outcome.passed, outcome.errors
        first = self._visible(outcome, task_type)
        run_task.again(outcome)
        assert outcome.passed, outcome.errors
        second = self._visible(outcome, task_type)
        assert first.keys() == second.keys()
        assert all(first[name] != second[name] for name in first), "a repetition makes new versions"

    def test_a_raised_error_fails_the_task_and_shows_none_of_its_files(
        self,
        task_type: TaskType,
        task_database: TaskDatabaseConnection,
        run_task: RunTask,
        inputs: Inputs,
        files: None,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        self._let_it_fail(task_type, run_task.folder, monkeypatch)
        outcome = run_task(self._example(task_type), inputs)
        assert outcome.failed
        assert any(failing_plugin.TEXT in text for text in outcome.errors), outcome.errors
        tasks = outcome.named(task_type.name)
        assert tasks[0].state == "failed"
        for task in tasks:
            made = task_database.task_fetch_file_products(task.task_id)  # type: ignore[arg-type] # stored tasks have an id
            assert not any(
                task_database.file_product_has_passed_qc(product.product_id)  # type: ignore[arg-type] # stored
                for product in made.values()
            )

    @staticmethod
    def _example(task_type: TaskType) -> Mapping[str, Any]:
        if task_type.example is None:
            pytest.fail(f"give the task type {task_type.name} an example: a task or job that runs as it is")
        return task_type.example

    def _visible(self, outcome: Outcome, task_type: TaskType) -> dict[str, Path]:
        """The files of the example's first task of the type, which has recorded what it declares."""
        task = outcome.named(task_type.name)[0]
        found = outcome.visible_files(task)
        asked = self._asked_for(task_type)
        required = {slot.name for slot in task_type.outputs or () if slot.required and slot.name in asked}
        assert required <= found.keys(), "required outputs were not written"
        missing = task_type.metadata.keys() - self.optional_metadata - outcome.metadata(task).keys()
        assert not missing, "declared metadata were not recorded; see optional_metadata"
        return found

    def _asked_for(self, task_type: TaskType) -> Mapping[str, str]:
        for task in as_job(self._example(task_type))["task_list"]:
            if task["task"] == task_type.name:
                outputs: Mapping[str, str] = task.get("outputs", {})
                return outputs
        return {}

    @staticmethod
    def _let_it_fail(task_type: TaskType, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Have the executors take the type from `failing_plugin`."""
        packages = workspace / "failing_plugin"
        install_plugin(packages, failing_plugin.PLUGIN, failing_plugin.__name__)
        monkeypatch.syspath_prepend(str(packages))
        monkeypatch.setenv("PYTHONPATH", str(packages), prepend=":")
        monkeypatch.setenv(failing_plugin.VARIABLE, task_type.name)
        source = plugin_manager().task_type_source(task_type.name).plugin
        monkeypatch.setenv(failing_plugin.SOURCE_VARIABLE, source)
        config = configuration()
        given = {key: getattr(config, key) for key in config.origins if key != "workspace"}
        sources = {**config.task_type_sources, task_type.name: failing_plugin.PLUGIN}
        use_configuration(
            load_configuration(workspace=config.workspace, overrides={**given, "task_type_sources": sources})
        )
        assert sys.path[0] == str(packages)
