"""The tests of a ported package: it loads without fault, and its types keep the contract."""

from __future__ import annotations

import pprint
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from eas_framework.porting.examples import keys_of
from eas_framework.porting.folder import Task
from eas_framework.porting.traits import always_fails

_HEAD = '''\
"""The ported tasks load, and keep the contract of task types; the package must be installed."""

import {name}
import pytest

from eas_framework.plugins.manager import plugin_manager
from eas_framework.testing import TaskTypeContract

pytest_plugins = ["eas_framework.testing.fixtures"]


@pytest.fixture
def engine_settings():
    """SQLite, and this package where another plugin supplies one of its types too."""
    sources = {sources}
    return {{"db_engine": "sqlite3", "queue_implementation": "sql", "task_type_sources": sources}}


def test_every_script_is_a_task_type():
    assert sorted({name}.task_types()) == {types}


def test_the_plugin_has_no_fault(workspace):
    (row,) = [row for row in plugin_manager().report() if row["plugin"] == {name!r}]
    assert row["problem"] == ""
'''

_CONTRACT = """\
class Test{title}(TaskTypeContract):
    @pytest.fixture
    def task_type(self):
        return {name}.task_types()[{task!r}]
"""

_FAILING = """\
def test_{task}_fails_and_shows_no_file(run_task):
    outcome = run_task({{"task": {task!r}}})
    assert outcome.failed
    assert outcome.errors
    assert not any(version.passed_qc for version in outcome.versions)
"""


def tests(
    name: str,
    tasks: Sequence[Task],
    examples: Mapping[str, Mapping[str, Any] | None],
    rivals: Sequence[str],
) -> str:
    """The module with the tests."""
    sources = pprint.pformat(dict.fromkeys(rivals, name), width=90).replace("\n", "\n    ")
    types = pprint.pformat(sorted(task.name for task in tasks), width=90).replace("\n", "\n    ")
    head = _HEAD.format(name=name, sources=sources, types=types)
    return "\n\n".join([head, *(part for task in tasks for part in _of(name, task, examples[task.name]))])


def _of(name: str, task: Task, example: Mapping[str, Any] | None) -> Iterator[str]:
    if always_fails(task.script):
        yield _FAILING.format(task=task.name)
        return
    title = "".join(part.capitalize() for part in task.name.split("_"))
    text = _CONTRACT.format(title=title, name=name, task=task.name)
    if example is None:
        asked = ", ".join(keys_of(task.script)) or "input files of its own"
        reason = f"give {task.name} an example in {name}/__init__.py that runs as it is; it asks for {asked}"
        text = f"@pytest.mark.skip({reason!r})\n{text}"
    yield text
