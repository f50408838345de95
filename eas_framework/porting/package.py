"""The plugin package made of a folder of scripts, as texts by their paths."""

from __future__ import annotations

import keyword
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eas_framework.errors import UsageError
from eas_framework.plugins.manager import plugin_manager
from eas_framework.porting import package_tests, templates
from eas_framework.porting.examples import example_of
from eas_framework.porting.folder import QC_FOLDER, TASK_FOLDER, ScriptFolder, Task
from eas_framework.porting.further import FurtherPackage
from eas_framework.porting.rewriting import rewritten
from eas_framework.porting.routing import routing_xml
from eas_framework.porting.script import NEW_NAME, OLD_NAME, Script
from eas_framework.porting.traits import judges_unconditionally
from eas_framework.porting.usage import Use, uses_of

_NAME = re.compile(r"[a-z][a-z0-9_]{0,49}")


@dataclass(frozen=True, kw_only=True)
class PortedPackage:
    """A package to be written.

    Attributes:
        name: Its name, to be imported.
        files: The contents of each file, by its path below the project's folder.
        uses: What the scripts use.
        rivals: Task types that an installed plugin supplies too.
    """

    name: str
    files: Mapping[str, bytes]
    uses: tuple[Use, ...]
    rivals: tuple[str, ...]

    @property
    def attention(self) -> list[Use]:
        """What a person must look at."""
        return [use for use in self.uses if use.kind == "attention"]


def checked_name(name: str) -> str:
    """The name, if a package can have it.

    Raises:
        UsageError: It cannot; says why.
    """
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise UsageError(
            f"--name {name}: a package's name is lower case letters, digits and _, and begins with a letter; "
            "such as eas_my_group"
        )
    if name in sys.stdlib_module_names or name in (OLD_NAME, NEW_NAME, "eas"):
        raise UsageError(f"--name {name}: this name is taken; choose one such as eas_my_group")
    return name


def name_for(folder: Path) -> str:
    """A name made from the folder's."""
    stem = re.sub(r"[^a-z0-9]+", "_", folder.resolve().name.lower()).strip("_")
    return checked_name(stem if stem.startswith("eas_") else f"eas_{stem or 'tasks'}")


def make_package(folder: ScriptFolder, *, name: str, further: Sequence[FurtherPackage] = ()) -> PortedPackage:
    """The package of a folder's task types; nothing is written.

    Args:
        folder: The task types.
        name: Name of the package.
        further: Packages to take along.

    Raises:
        UsageError: The name cannot be a package's, or a further package has it.
        PortingError: A script has an import that cannot be rewritten; names file and line.
    """
    if name in (other.name for other in further):
        raise UsageError(f"--name {name}: a package given by --also has this name; choose another")
    package = _Package(folder, checked_name(name), further)
    return PortedPackage(
        name=name, files=dict(package.contents()), uses=tuple(package.uses), rivals=tuple(package.rivals)
    )


class _Package:
    def __init__(self, folder: ScriptFolder, name: str, further: Sequence[FurtherPackage]) -> None:
        self._folder, self._name, self._further = folder, name, further
        self._beside = {
            part: frozenset(script.path.stem for script in folder.helpers if script.path.parent.name == part)
            for part in (TASK_FOLDER, QC_FOLDER)
        }
        self.uses = [use for task in folder.tasks for use in self._uses_of_task(task)]
        self.uses += [use for script in folder.helpers for use in self._uses(script)]
        self.uses += [use for other in further for item in other.scripts.values() for use in uses_of(item)]
        installed = plugin_manager().task_types()
        self.rivals = [
            task.name
            for task in folder.tasks
            if task.name in installed and plugin_manager().task_type_source(task.name).plugin != name
        ]
        self._examples = {task.name: example_of(task, installed) for task in folder.tasks}

    def _scripts(self) -> Iterator[Script]:
        for task in self._folder.tasks:
            yield from task.scripts
        yield from self._folder.helpers

    def _uses(self, script: Script) -> list[Use]:
        return uses_of(script, neighbours=self._beside[script.path.parent.name])

    def _uses_of_task(self, task: Task) -> Iterator[Use]:
        for script in task.scripts:
            yield from self._uses(script)
        judge = task.quality_control
        if judge is None:
            note = "no script; good is every file that is complete and readable"
            yield Use(path=task.script.path, line=1, kind="verdict", what="default", note=note)
        elif judges_unconditionally(judge):
            note = "says that all is good; it is asked only where the task has not failed"
            yield Use(
                path=judge.path,
                line=judge.handlers[0].lineno,
                kind="verdict",
                what="unconditional",
                note=note,
            )

    def contents(self) -> Iterator[tuple[str, bytes]]:
        """Path and contents of each file."""
        name = self._name
        for script in self._scripts():
            part = script.path.parent.name
            text = rewritten(script, neighbours=self._beside[part], package=f"{name}.{part}")
            yield f"{name}/{part}/{script.path.name}", text.encode(script.encoding)
        for part, text in templates.PACKAGE_DOCSTRINGS.items():
            if part == TASK_FOLDER or any(task.quality_control for task in self._folder.tasks):
                yield f"{name}/{part}/__init__.py", text.encode()
        for other in self._further:
            for place, script in other.scripts.items():
                yield f"{other.name}/{place}", rewritten(script).encode(script.encoding)
            for place, data in other.others.items():
                yield f"{other.name}/{place}", data
        for path, text in self._texts():
            yield path, text.encode()

    def _texts(self) -> Iterator[tuple[str, str]]:
        name, tasks = self._name, self._folder.tasks
        containers = {task.name: self._container(task) for task in tasks}
        yield f"{name}/__init__.py", templates.hooks(name, tasks, containers, self._examples)
        yield (
            "pyproject.toml",
            templates.pyproject(name, self._packages(), [other.name for other in self._further]),
        )
        yield f"tests/test_{name}.py", package_tests.tests(name, tasks, self._examples, self.rivals)
        routing = routing_xml(tasks, self._folder.registry)
        if routing:
            yield f"{name}/task_type_registry.xml", routing
        attention = [str(use) for use in self.uses if use.kind == "attention"]
        yield "README.md", templates.readme(name, tasks, attention, self.rivals, has_routing=bool(routing))

    def _container(self, task: Task) -> str | None:
        """The container that the registry of the folder, or the script's place, names for a task type."""
        declared = sorted(self._folder.registry.tasks.get(task.name, frozenset()) - {"all"})
        return declared[0] if declared else task.container

    def _packages(self) -> list[str]:
        """Packages that the scripts import, other than those that come with the framework."""
        own = {NEW_NAME, self._name, "numpy", *(other.name for other in self._further)}
        return sorted({use.what for use in self.uses if use.kind == "package"} - own)
