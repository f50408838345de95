"""Names by which the tasks of one list ask for one another's metadata."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from eas_framework.errors import ExpressionError
from eas_framework.expressions import compile_expression
from eas_framework.job_file.checks.flow import Flow, done
from eas_framework.job_file.checks.names import Names
from eas_framework.job_file.checks.place import UNKNOWN, Place, expressions_in, static_value
from eas_framework.job_file.checks.report import Report
from eas_framework.job_file.document import KeyPath
from eas_framework.plugins.task import TaskType
from eas_framework.suggestions import did_you_mean, nearest

_CRITERION = "repeat_criterion"
FindType = Callable[[Any], TaskType | None]


@dataclass
class Siblings:
    """The tasks of one list that were walked through, by name."""

    paths: dict[str, list[KeyPath]] = field(default_factory=dict)
    types: dict[str, Any] = field(default_factory=dict)
    is_complete: bool = True

    def add(self, names: Names, path: KeyPath) -> None:
        """Note a task of the list."""
        if names.name is UNKNOWN:
            self.is_complete = False
        elif names.name:
            self.paths.setdefault(names.name, []).append(path)
            self.types[names.name] = names.task


class MetadataCheck:
    """Whether the metadata that a task asks for can be there."""

    def __init__(self, report: Report, flow: Flow, find_type: FindType) -> None:
        self._report = report
        self._flow = flow
        self._find_type = find_type

    def required(
        self, names: Names, path: KeyPath, place: Place, siblings: Siblings, later: Sequence[Any]
    ) -> None:
        """Report required names that no earlier task of the list has."""
        for index, name in enumerate(names.requires):
            here = (*path, "requires_metadata_from", index)
            if not isinstance(name, str):
                if name is not UNKNOWN:
                    self._report.error(
                        here, f"the name of a task must be a text, not {name!r}", topic="sibling"
                    )
                continue
            found = siblings.paths.get(name, [])
            if len(found) == 1:
                self._flow.add_wait(path, done(found[0]))
            elif found:
                text = f"{len(found)} earlier tasks of this list have the name {name!r}"
                self._report.error(here, text + place.suffix, topic="sibling")
            elif siblings.is_complete:
                self._report_unknown(here, name, place, siblings, later)

    def _report_unknown(
        self, path: KeyPath, name: str, place: Place, siblings: Siblings, later: Sequence[Any]
    ) -> None:
        if name in [_later_name(task, place) for task in later]:
            text = f"the task {name!r} comes later in this list; only earlier ones can be asked"
        else:
            text = f"no earlier task of this list has the name {name!r}; {did_you_mean(name, siblings.paths)}"
        self._report.error(path, text + place.suffix, topic="sibling")

    # ------------------------------------------------------------- expressions
    def expressions(self, task: Mapping[str, Any], path: KeyPath, names: Names, siblings: Siblings) -> None:
        """Report expressions that do not compile, or that use metadata which were not asked for."""
        asked = set(names.requires)
        for here, text in expressions_in(task, path):
            try:
                expression = compile_expression(text)
            except ExpressionError as error:
                self._report.error(here, str(error), topic="value")
                continue
            if here[len(path)] != _CRITERION and UNKNOWN not in asked:
                for name, keyword in expression.requested_keys:
                    self._requested(here, name, keyword, asked, siblings)

    def _requested(
        self, path: KeyPath, name: str, keyword: str | None, asked: set[Any], siblings: Siblings
    ) -> None:
        if name not in asked:
            hint = f"did you mean {close!r}?" if (close := nearest(name, asked)) else "add it there"
            text = f"requested_metadata[{name!r}]: the task is not in requires_metadata_from; {hint}"
            self._report.error(path, text, topic=f"requested {name}")
            return
        if keyword is not None:
            self._keyword(path, keyword, self._find_type(siblings.types.get(name)))

    def _keyword(self, path: KeyPath, keyword: str, task_type: TaskType | None) -> None:
        """Warn of a keyword that looks like a misspelt one of those that the type records."""
        if task_type is None or not task_type.metadata or keyword in task_type.metadata:
            return
        close = nearest(keyword, task_type.metadata)
        if close is not None:
            text = f"{task_type.name} does not say that it records {keyword!r}; did you mean {close!r}?"
            self._report.warning(path, text, topic=f"keyword {keyword}")

    def criterion(self, task: Mapping[str, Any], path: KeyPath, place: Place, inside: Siblings) -> None:
        """Check the repeat criterion of a do-while loop against the tasks of its body."""
        key = "requires_metadata_from_child"
        given = task.get(key)
        asked = set()
        for index, item in enumerate(given if isinstance(given, list) else []):
            name = self._value(item, (*path, key, index), place)
            asked.add(name)
            if isinstance(name, str) and name not in inside.paths and inside.is_complete:
                hint = did_you_mean(name, inside.paths)
                text = f"no task of the loop's list has the name {name!r}; {hint}"
                self._report.error((*path, key, index), text, topic="child")
        self._value(task.get(_CRITERION), (*path, _CRITERION), place)
        self._criterion_names(task.get(_CRITERION), (*path, _CRITERION), asked)

    def _value(self, item: Any, path: KeyPath, place: Place) -> Any:
        try:
            return static_value(item, place)
        except ExpressionError as error:
            self._report.error(path, str(error), topic="value")
            return UNKNOWN

    def _criterion_names(self, criterion: Any, path: KeyPath, asked: set[Any]) -> None:
        for here, text in expressions_in(criterion, path):
            try:
                requested = compile_expression(text).requested_keys
            except ExpressionError:
                continue  # reported with the other expressions of the task
            for name in {name for name, _ in requested} - asked:
                hint = f"did you mean {close!r}?" if (close := nearest(name, asked)) else "add it there"
                text = (
                    f"requested_metadata[{name!r}]: the task is not in requires_metadata_from_child; {hint}"
                )
                self._report.error(here, text, topic=f"requested {name}")


def _later_name(task: Any, place: Place) -> Any:
    try:
        return static_value(task.get("name"), place) if isinstance(task, dict) else None
    except ExpressionError:
        return None
