"""A folder of scripts: which task types it does, by which scripts, in which containers."""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from eas_framework.errors import RegistryError
from eas_framework.porting.script import PortingError, Script, handler_faults, read_script
from eas_framework.task_types.registry_file import Declaration, read_registry

TASK_FOLDER, QC_FOLDER = "task_implementations", "task_qc_implementations"
REGISTRY = "task_type_registry.xml"
PREFIX = "task_"
BASE_TASKS = (
    "binning",
    "error",
    "execution_chain",
    "execution_conditional",
    "execution_do_while_loop",
    "execution_for_loop",
    "ingest_external_lcs",
    "multiply",
    "null",
    "verify",
)
"""The task types of the prototype that the framework itself does."""
_TYPE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


@dataclass(frozen=True, kw_only=True)
class Task:
    """A task type: its script, and the one that judges what it made, where there is one."""

    name: str
    script: Script
    quality_control: Script | None
    container: str | None

    @property
    def scripts(self) -> list[Script]:
        """One or two."""
        return [self.script, *([self.quality_control] if self.quality_control else [])]


@dataclass(frozen=True, kw_only=True)
class ScriptFolder:
    """What a folder holds.

    Attributes:
        path: The folder.
        tasks: Its task types, by name.
        helpers: Further modules beside the task scripts, which these import by their name alone.
        left_out: Names of the base tasks that the framework does itself.
        registry: What its ``task_type_registry.xml`` declares.
    """

    path: Path
    tasks: tuple[Task, ...]
    helpers: tuple[Script, ...] = ()
    left_out: tuple[str, ...] = ()
    registry: Declaration = field(default_factory=lambda: Declaration(containers={}, tasks={}, places={}))


def read_folder(path: Path, *, with_base_tasks: bool = False, without: Collection[str] = ()) -> ScriptFolder:
    """The task types of a folder with ``task_implementations`` and ``task_qc_implementations``.

    Both may also lie one level deeper, in a folder for each worker container.

    Args:
        path: The folder; nothing in it is changed.
        with_base_tasks: Take scripts for the base tasks too, which the framework does itself.
        without: Names of task types to leave out.

    Raises:
        PortingError: All that stands in the way, each with file and line.
    """
    parts = [part for part in (path, *_folders_in(path)) if (part / TASK_FOLDER).is_dir()]
    if not parts:
        raise PortingError(f"{path}: there is no folder {TASK_FOLDER} in it, nor one level deeper")
    problems: list[str] = []
    skipped = {*without, *([] if with_base_tasks else BASE_TASKS)}
    files = _Files(path, parts, skipped, problems)
    registry = _registry(path, problems)
    tasks = [
        Task(
            name=name,
            script=script,
            quality_control=files.judges.get(name),
            container=files.containers.get(name),
        )
        for name, script in sorted(files.tasks.items())
    ]
    unknown = sorted(set(without) - files.left_out - files.tasks.keys())
    problems += [f"{path}: there is no script for the task type {name!r}" for name in unknown]
    if not tasks and not problems:
        problems.append(f"{path}: no script is left to port; --with-base-tasks takes those of the base tasks")
    if problems:
        raise PortingError(*problems)
    return ScriptFolder(
        path=path,
        tasks=tuple(tasks),
        helpers=tuple(files.helpers),
        left_out=tuple(sorted(files.left_out)),
        registry=registry,
    )


def _folders_in(path: Path) -> list[Path]:
    try:
        return sorted(part for part in path.iterdir() if part.is_dir())
    except OSError as error:
        raise PortingError(f"{path}: cannot be read: {error.strerror or error}") from error


def _registry(path: Path, problems: list[str]) -> Declaration:
    file = path / REGISTRY
    if file.is_file():
        try:
            return read_registry(file)
        except RegistryError as error:
            problems.append(str(error))
    return Declaration(containers={}, tasks={}, places={})


class _Files:
    """The scripts of several folders by task type; what is wrong with them is added to `problems`."""

    def __init__(self, top: Path, parts: list[Path], skipped: Collection[str], problems: list[str]) -> None:
        self._skipped, self._problems = skipped, problems
        self.tasks: dict[str, Script] = {}
        self.judges: dict[str, Script] = {}
        self._task_helpers: dict[str, Script] = {}
        self._judge_helpers: dict[str, Script] = {}
        self.containers: dict[str, str] = {}
        self.left_out: set[str] = set()
        for part in parts:
            names = self._collect(part / TASK_FOLDER, self.tasks, self._task_helpers)
            if part != top:
                self.containers |= dict.fromkeys(names, part.name)
            self._collect(part / QC_FOLDER, self.judges, self._judge_helpers)
        for name in sorted(self.judges.keys() - self.tasks.keys()):
            self._note(self.judges[name].path, f"quality control of {name!r}, which no script does")

    def _note(self, path: Path, text: str) -> None:
        self._problems.append(f"{path}:1: {text}")

    @property
    def helpers(self) -> list[Script]:
        """The modules beside the scripts."""
        return [*self._task_helpers.values(), *self._judge_helpers.values()]

    def _collect(self, folder: Path, found: dict[str, Script], helpers: dict[str, Script]) -> list[str]:
        """Read the scripts of one folder; the task types that were taken."""
        taken = []
        for path in sorted(folder.glob("*.py")):
            name = path.stem.removeprefix(PREFIX)
            if not path.stem.startswith(PREFIX):
                self._take(path, path.stem, helpers, lambda script: ())
            elif name in self._skipped:
                self.left_out.add(name)
            elif self._take(path, name, found, handler_faults):
                taken.append(name)
        return taken

    def _take(
        self,
        path: Path,
        name: str,
        found: dict[str, Script],
        faults: Callable[[Script], Iterable[str]],
    ) -> bool:
        """Read one script; whether it can be ported."""
        if path.stem == "__init__":
            return False
        if not _TYPE_NAME.fullmatch(name) or keyword.iskeyword(path.stem):
            self._note(path, f"{name!r} is no name of a module; rename the script (letters, digits and _)")
            return False
        other = found.get(name)
        if other is not None:
            if other.path.resolve() != path.resolve():
                self._note(path, f"a second script for {name!r}; the first is {other.path}")
            return False
        try:
            script = read_script(path)
        except PortingError as error:
            self._problems += error.messages
            return False
        wrong = list(faults(script))
        self._problems += wrong
        if not wrong:
            found[name] = script
        return not wrong
