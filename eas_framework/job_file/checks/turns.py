"""The turns of the for loops of a job, as far as they are known before it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eas_framework.errors import ExpressionError, JobFileError
from eas_framework.job_file.checks.place import UNKNOWN, Fault, Place, static_structure
from eas_framework.job_file.checks.report import Report
from eas_framework.job_file.document import KeyPath
from eas_framework.job_file.loops import SOURCES, Iteration, LoopError, iterate_loop
from eas_framework.job_file.model import ForLoopKeys, TaskKeys
from eas_framework.suggestions import nearest

_STREAMED = ("table", "files")
_OTHER_KEYS = ForLoopKeys.model_fields.keys() | TaskKeys.model_fields.keys()


@dataclass(kw_only=True)
class LoopTurns:
    """The turns of one loop: the first, and an iterator over the others.

    Attributes:
        path: Where the loop stands.
        source: The key that says over what it runs.
        is_known: Whether the turns could be found out; a mistake in the definition makes them unknown.
        first: The first turn; None where there is none.
        others: The turns after it.
    """

    path: KeyPath
    source: str
    is_known: bool
    first: Iteration | None = None
    others: Iterator[Iteration] = field(default_factory=lambda: iter(()))


class TurnFinder:
    """Finds the turns of loops, and reports what is wrong with their definitions."""

    def __init__(self, report: Report, *, input_folder: Callable[[], Path]) -> None:
        self._report = report
        self._input_folder = input_folder
        self._streamed: dict[KeyPath, LoopTurns] = {}

    def find(self, task: Mapping[str, Any], path: KeyPath, place: Place) -> LoopTurns:
        """The turns of the loop; a table is read once, whatever the turn of the loops around it."""
        if place.turn and path in self._streamed:
            return self._streamed[path]
        source = next((key for key in SOURCES if task.get(key) is not None), "task")
        iterations = self._iterations(task, path, place)
        turns = LoopTurns(
            path=path, source=source, is_known=iterations is not None, others=iterations or iter(())
        )
        turns.first = self.next(turns)
        if source in _STREAMED:
            self._streamed[path] = turns
        return turns

    def next(self, turns: LoopTurns) -> Iteration | None:
        """The next turn; None at the end, or at a row that cannot be read, which is reported."""
        try:
            return next(turns.others, None)
        except ExpressionError as error:
            self._report.error((*turns.path, "where"), str(error), topic="value")
        except JobFileError as error:
            self._report.error((*turns.path, turns.source), str(error), topic="loop")
        turns.is_known = False
        return None

    def _iterations(self, task: Mapping[str, Any], path: KeyPath, place: Place) -> Iterator[Iteration] | None:
        """The iterations that the task would make; None where they are not known."""
        keys = {key: task[key] for key in ("parameter", "limit", *SOURCES) if key in task}
        faults: list[Fault] = []
        evaluated = static_structure(keys, place, path, faults)
        if place.metadata is None or faults or holds_unknown(list(evaluated.values())):
            return None
        folder = self._input_folder() if any(key in evaluated for key in _STREAMED) else Path()
        evaluated |= {key: task.get(key) for key in ("where", "limit")}
        try:
            return iterate_loop(evaluated, metadata=place.metadata, input_folder=folder)
        except LoopError as error:
            if error.key == "task" and any(nearest(key, SOURCES) for key in task.keys() - _OTHER_KEYS):
                return None  # a misspelt key is reported with the parameters
            self._report.error((*path, error.key), str(error), topic="loop", of_key=True)
        return None


def holds_unknown(value: Any) -> bool:
    """Whether the value, or one inside it, is known only at run time."""
    if isinstance(value, dict):
        return any(map(holds_unknown, value.values()))
    if isinstance(value, list):
        return any(map(holds_unknown, value))
    return value is UNKNOWN
