"""Walk through a job as it would be expanded: loops at their first value, then each at its other values."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eas_framework.errors import ExpressionError
from eas_framework.job_file.checks.flow import Flow, done
from eas_framework.job_file.checks.names import NameReader, Names
from eas_framework.job_file.checks.parameters import ParameterCheck
from eas_framework.job_file.checks.place import UNKNOWN, Place, static_value
from eas_framework.job_file.checks.report import Report
from eas_framework.job_file.checks.siblings import MetadataCheck, Siblings
from eas_framework.job_file.checks.turns import LoopTurns, TurnFinder
from eas_framework.job_file.document import KeyPath
from eas_framework.job_file.loops import Iteration
from eas_framework.plugins.task import TaskType
from eas_framework.suggestions import did_you_mean


@dataclass
class TaskCount:
    """How many tasks a part of the job has: its own, and `turns` times those inside."""

    own: int = 1
    turns: int = 1
    inside: list[TaskCount] = field(default_factory=list)

    def total(self) -> int:
        """The number of tasks."""
        return self.own + self.turns * sum(part.total() for part in self.inside)


@dataclass(frozen=True, kw_only=True)
class OpenLoop:
    """A loop whose further turns are still to be walked through; `inner` is the place of its first turn."""

    turns: LoopTurns
    body: Any
    outer: Place
    inner: Place
    count: TaskCount


@dataclass(frozen=True, kw_only=True)
class TypesKnown:
    """Task types: those that can run here, and further names that the registry declares."""

    installed: Mapping[str, TaskType]
    declared: Collection[str]


class Walk:
    """One walk through a job."""

    def __init__(
        self, types: TypesKnown, report: Report, flow: Flow, *, input_folder: Callable[[], Path]
    ) -> None:
        self._types = types
        self._report = report
        self._flow = flow
        self._turns = TurnFinder(report, input_folder=input_folder)
        self._metadata_check = MetadataCheck(report, flow, types.installed.get)
        self._checked: set[tuple[KeyPath, str]] = set()
        self.open_loops: list[OpenLoop] = []
        self.used_types: set[str] = set()

    def tasks(self, tasks: Any, path: KeyPath, place: Place, count: TaskCount) -> Siblings:
        """Walk through a list of tasks."""
        siblings = Siblings()
        if not isinstance(tasks, list):
            if tasks is not None:
                self._report.error(path, f"a list of tasks is needed, not {tasks!r}", topic="value")
            return siblings
        for index, task in enumerate(tasks):
            here = (*path, index)
            if isinstance(task, dict):
                part = TaskCount()
                count.inside.append(part)
                names = self._task(task, here, place, siblings, tasks[index + 1 :], part)
                siblings.add(names, here)
            else:
                self._report.error(here, f"a task is a table with the key task, not {task!r}")
        return siblings

    def _task(
        self,
        task: Mapping[str, Any],
        path: KeyPath,
        place: Place,
        siblings: Siblings,
        later: list[Any],
        count: TaskCount,
    ) -> Names:
        """Walk through one task and what is inside it."""
        names = NameReader(task, path, place, self._report).read()
        task_type = self._task_type(names.task, (*path, "task"), place)
        self._flow.add_task(
            names, path, place, makes_undeclared=task_type is not None and task_type.makes_undeclared_outputs
        )
        self._metadata_check.required(names, path, place, siblings, later)
        if not place.turn:
            self._metadata_check.expressions(task, path, names, siblings)
        if task_type is not None and (path, task_type.name) not in self._checked:
            self._checked.add((path, task_type.name))
            ParameterCheck(task, path, task_type, self._report).check(names, place)
        self._inside(task, path, names, place, count)
        return names

    def _task_type(self, name: Any, path: KeyPath, place: Place) -> TaskType | None:
        """The task type of that name, if it can run here."""
        if not isinstance(name, str):
            return None
        self.used_types.add(name)
        task_type = self._types.installed.get(name)
        if task_type is not None:
            return task_type
        if name in self._types.declared:
            text = f"the task type {name!r} is declared, but no package installed here supplies it"
            self._report.warning(path, text, topic=f"type {name}")
        else:
            known = [*self._types.installed, *self._types.declared]
            text = f"unknown task type {name!r}; {did_you_mean(name, known)}"
            self._report.error(path, text + place.suffix, topic=f"type {name}")
        return None

    # ------------------------------------------------------------- control flow
    def _inside(
        self, task: Mapping[str, Any], path: KeyPath, names: Names, place: Place, count: TaskCount
    ) -> None:
        """Walk through the lists inside a task."""
        inner = place.inside(directory=names.directory)
        if names.task == "execution_for_loop":
            self._for_loop(task, path, inner, count)
        elif names.task == "execution_do_while_loop":
            self._do_while_loop(task, path, inner, count)
        elif names.task == "execution_conditional":
            self._conditional(task, path, inner, count)
        elif "task_list" in task:
            self._body(task, path, inner, count)
        elif not place.turn:
            self._flow.add_wait(done(path), path)

    def _body(
        self, task: Mapping[str, Any], path: KeyPath, place: Place, count: TaskCount, key: str = "task_list"
    ) -> Siblings:
        """Walk through a list inside a task; the task is done when all of the list is."""
        siblings = self.tasks(task.get(key), (*path, key), place, count)
        if not place.turn:
            self._flow.add_wait(done(path), path)
            items = task.get(key)
            for index in range(len(items) if isinstance(items, list) else 0):
                child = (*path, key, index)
                self._flow.add_wait(child, path)
                self._flow.add_wait(done(path), done(child))
        return siblings

    def _conditional(self, task: Mapping[str, Any], path: KeyPath, place: Place, count: TaskCount) -> None:
        chosen = []
        for key in ("task_list", "else_task_list"):
            if task.get(key) is not None:
                branch = TaskCount()
                self._body(task, path, place.inside(branches=(*place.branches, (path, key))), branch, key)
                chosen.append(branch)
        count.inside.extend(sorted(chosen, key=TaskCount.total)[-1:])

    def _do_while_loop(self, task: Mapping[str, Any], path: KeyPath, place: Place, count: TaskCount) -> None:
        name = self._iteration_name(task, path, place)
        index = f"{name}_index"
        if name is not UNKNOWN and index in (place.metadata or {}):
            self._report_clash((*path, "iteration_name"), index)
        more = None if name is UNKNOWN else {index: 1}
        inner = place.inside(
            metadata=place.with_metadata(more),
            loops=(*place.loops, path),
            repeated=(*place.repeated, path),
        )
        body = TaskCount()
        count.inside.append(body)
        count.own = 2  # the loop, and its look at the criterion behind the last turn
        siblings = self._body(task, path, inner, body)
        if not place.turn:
            self._metadata_check.criterion(task, path, inner, siblings)
            self._note_second_turn(task, path, place, inner, index)

    def _note_second_turn(
        self, task: Mapping[str, Any], path: KeyPath, outer: Place, inner: Place, index: str
    ) -> None:
        """Have a do-while loop walked through once more: would it make its files again?"""
        second = Iteration(metadata={index: 2}, label=f"{index} = 2")
        turns = LoopTurns(path=path, source="task", is_known=True, others=iter([second]))
        body = task.get("task_list")
        self.open_loops.append(OpenLoop(turns=turns, body=body, outer=outer, inner=inner, count=TaskCount()))

    def _iteration_name(self, task: Mapping[str, Any], path: KeyPath, place: Place) -> Any:
        try:
            name = static_value(task.get("iteration_name"), place)
        except ExpressionError:
            return UNKNOWN  # reported with the parameters
        return name if isinstance(name, str) and name else UNKNOWN

    def _report_clash(self, path: KeyPath, variable: str) -> None:
        text = f"the loop variable {variable!r} is used by a loop around this one; choose another"
        self._report.error(path, text, topic="clash")

    # ------------------------------------------------------------- for loops
    def _for_loop(self, task: Mapping[str, Any], path: KeyPath, place: Place, count: TaskCount) -> None:
        """Walk through the first turn; note the loop for the others."""
        turns = self._turns.find(task, path, place)
        first = turns.first
        if not place.turn:
            self._first_turn_checks(task, place, turns)
        inner = place.inside(
            metadata=place.with_metadata(first.metadata if first else None), loops=(*place.loops, path)
        )
        chain = TaskCount()
        count.inside.append(chain)
        self._body(task, path, inner, chain)
        if turns.is_known and first is None:
            count.turns = 0
        elif not place.turn:
            body = task.get("task_list")
            self.open_loops.append(OpenLoop(turns=turns, body=body, outer=place, inner=inner, count=count))

    def _first_turn_checks(self, task: Mapping[str, Any], place: Place, turns: LoopTurns) -> None:
        """Report a loop without turns, and variables that a loop around it has too."""
        if turns.first is None:
            if turns.is_known:
                self._report.warning(
                    (*turns.path, turns.source), "the loop has no turns: nothing is selected"
                )
            return
        key = "parameter" if "parameter" in task else turns.source
        for variable in sorted(turns.first.metadata.keys() & (place.metadata or {}).keys()):
            self._report_clash((*turns.path, key), variable)

    def next_turn(self, loop: OpenLoop) -> Iteration | None:
        """The next turn of an open loop."""
        return self._turns.next(loop.turns)

    def further_turn(self, loop: OpenLoop, turn: Iteration) -> None:
        """Walk through a further turn of a loop, with the loops inside it at their first value."""
        inner = loop.inner.inside(metadata=loop.outer.with_metadata(turn.metadata), turn=turn.label)
        self.tasks(loop.body, (*loop.turns.path, "task_list"), inner, TaskCount())
