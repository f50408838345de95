"""The texts of a ported package, beside its scripts."""

from __future__ import annotations

import pprint
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import packages_distributions
from typing import Any

from eas_framework.porting.folder import QC_FOLDER, TASK_FOLDER, Task
from eas_framework.porting.traits import is_control_flow, makes_undeclared_outputs

PACKAGE_DOCSTRINGS = {
    TASK_FOLDER: '"""The scripts that do the tasks."""\n',
    QC_FOLDER: '"""The scripts that judge what the tasks made."""\n',
}
MARK = "[tool.eas_port]"
"""Stands in the project file of a package that the command made, and that it may replace."""
Examples = Mapping[str, Mapping[str, Any] | None]

_HOOKS = '''\
"""Task types that were scripts of plato_wp36."""

from __future__ import annotations

from functools import cache

from eas_framework.plugins import TaskType, hookimpl


@hookimpl
def eas_task_types() -> list[TaskType]:
    """The task types of this package."""
    return list(task_types().values())


@cache
def task_types() -> dict[str, TaskType]:
    """The task types by name; the scripts are imported when these are first asked for."""
{imports}

    found = [
{types}
    ]
    return {{task_type.name: task_type for task_type in found}}
'''


def hooks(name: str, tasks: Sequence[Task], containers: Mapping[str, str | None], examples: Examples) -> str:
    """The module with the hook."""
    imports = [f"from {name}.{TASK_FOLDER} import {task.script.path.stem}" for task in tasks]
    judged = [task for task in tasks if task.quality_control is not None]
    imports += [f"from {name}.{QC_FOLDER} import task_{task.name} as qc_{task.name}" for task in judged]
    if judged:
        imports.insert(0, "from eas_framework.task_execution import verdict_of\n")
    types = [line for task in tasks for line in _task_type(task, containers[task.name], examples[task.name])]
    return _HOOKS.format(imports=_indented("\n".join(imports), 4), types=_indented("\n".join(types), 8))


def _task_type(task: Task, container: str | None, example: Mapping[str, Any] | None) -> Iterator[str]:
    yield "TaskType("
    yield f"    name={task.name!r},"
    yield f"    handler={task.script.path.stem}.{task.script.handlers[0].name},"
    if task.quality_control is not None:
        yield f"    quality_control=verdict_of(qc_{task.name}.{task.quality_control.handlers[0].name}),"
    if container:
        yield f"    container={container!r},"
    if is_control_flow(task.script):
        yield "    is_control_flow=True,"
    elif makes_undeclared_outputs(task.script):
        yield "    makes_undeclared_outputs=True,"
    yield f"    summary={(task.script.summary or f'Task {task.name}.')!r},"
    if example is not None:
        shown = pprint.pformat(dict(example), width=80, sort_dicts=False)
        yield f"    example={_indented(shown, 4).lstrip()},"
    yield "),"


def _indented(text: str, blanks: int) -> str:
    return "\n".join(f"{'':{blanks}}{line}" if line else line for line in text.split("\n"))


# ------------------------------------------------------------- the project
_PROJECT = """\
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "{distribution}"
version = "0.1.0"
description = "Task types of eas-framework that were scripts of plato_wp36."
readme = "README.md"
requires-python = ">=3.11"
{note}dependencies = [
{dependencies}
]

[project.optional-dependencies]
testing = ["eas-framework[testing]>=1.0.0.dev0,<2"]

[project.entry-points.eas_framework]
{name} = "{name}"

[tool.setuptools.packages.find]
include = [{include}]

[tool.setuptools.package-data]
"*" = ["*.xml"]
{data}
{mark}
# `eas port --force` replaces a project that has this table.
from = "plato_wp36"
"""


def pyproject(name: str, packages: Iterable[str], further: Sequence[str] = ()) -> str:
    """The project file; it needs the distributions that supply what the scripts import.

    Args:
        name: The package.
        packages: Names that the scripts import.
        further: Packages beside it in the project.
    """
    supplied = packages_distributions()
    found = {package: supplied[package][0] for package in packages if package in supplied}
    unknown = sorted(set(packages) - found.keys())
    note = f"# The scripts import {', '.join(unknown)} too: add what supplies them.\n" if unknown else ""
    needed = ["eas-framework>=1.0.0.dev0,<2", "numpy>=1.26", *sorted(set(found.values()))]
    return _PROJECT.format(
        name=name,
        distribution=name.replace("_", "-"),
        note=note,
        include=", ".join(f'"{item}*"' for item in (name, *further)),
        data="".join(f'"{item}" = ["**/*"]\n' for item in further),
        dependencies="\n".join(f'    "{item}",' for item in needed),
        mark=MARK,
    )


# ------------------------------------------------------------- for people
_README = """\
# {name}

Task types of [eas-framework] that were scripts of plato_wp36. Install, look, test:

```
pip install --no-build-isolation --editable .
eas plugins
python -m pytest
```

| task type | script | quality control |
|---|---|---|
{rows}
{parts}
"""


def readme(
    name: str, tasks: Iterable[Task], attention: Sequence[str], rivals: Sequence[str], *, has_routing: bool
) -> str:
    """The page of the package: its types, what to do, and what to look at."""
    rows = [
        f"| `{task.name}` | `{task.script.path.name}` "
        f"| {'its own script' if task.quality_control else 'the default: every file complete and readable'} |"
        for task in tasks
    ]
    parts = []
    if rivals:
        parts += [
            "",
            "Others supply some of these types too. Say in `eas.yaml` which are meant:",
            "",
            "```yaml",
            "task_type_sources:",
            *(f"  {task}: {name}" for task in rivals),
            "```",
        ]
    if has_routing:
        parts += [
            "",
            f"Where the types may run stands in `{name}/task_type_registry.xml`; the setting "
            "`task_type_registry` names that file.",
        ]
    if attention:
        parts += ["", "## To look at", "", *(f"* `{line}`" for line in attention)]
    page = _README.replace("[eas-framework]", "eas-framework")
    return page.format(name=name, rows="\n".join(rows), parts="\n".join(parts)).rstrip() + "\n"
