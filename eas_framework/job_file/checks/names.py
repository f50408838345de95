"""The names of a task that are needed before it starts: type, files, folder, whose metadata it wants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eas_framework.errors import ExpressionError
from eas_framework.expressions import compile_expression, is_expression
from eas_framework.job_file.checks.place import UNKNOWN, Place, static_value
from eas_framework.job_file.checks.report import Report
from eas_framework.job_file.document import KeyPath
from eas_framework.store_names import filename_fault, path_fault, title_fault


@dataclass(frozen=True, kw_only=True)
class Names:
    """The evaluated names; each may be UNKNOWN, which stands also for one with a mistake.

    `inputs` and `outputs` lead from the name in the job file to the file name.
    """

    task: Any
    name: Any
    directory: Any
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    requires: tuple[Any, ...]


class NameReader:
    """Reads the names of one task at one place, and reports what is wrong with them."""

    def __init__(self, task: Mapping[str, Any], path: KeyPath, place: Place, report: Report) -> None:
        self._task = task
        self._path = path
        self._place = place
        self._report = report

    def read(self) -> Names:
        """All names of the task."""
        given = self._path_name("working_directory", "working directory")
        self._title("job_name", "job name")
        return Names(
            task=self._task_type(),
            name=self._title("name", "task name") or "",
            directory=self._place.directory if given is None else given,
            inputs=self._files("inputs"),
            outputs=self._files("outputs"),
            requires=self._required(),
        )

    def _error(self, path: KeyPath, text: str) -> None:
        self._report.error(path, text + self._place.suffix, topic="value")

    def _value(self, value: Any, path: KeyPath) -> Any:
        """The value of a name, which must be known before the task starts."""
        try:
            result = static_value(value, self._place)
        except ExpressionError as error:
            self._error(path, str(error))
            return UNKNOWN
        if result is UNKNOWN and is_expression(value):
            self._explain_unknown(value, path)
        return result

    def _explain_unknown(self, value: str, path: KeyPath) -> None:
        uses = compile_expression(value).names
        if "requested_metadata" in uses:
            text = "requested_metadata is known only when the task starts, and this name is needed before"
            self._error(path, text)
        elif "random" in uses:
            self._report.warning(path, "a name with random numbers is not checked", topic="value")

    def _text(self, key: str) -> Any:
        """The text under a key; None where there is none."""
        if self._task.get(key) is None:
            return None
        path = (*self._path, key)
        value = self._value(self._task[key], path)
        if value is not UNKNOWN and not isinstance(value, str):
            self._error(path, f"{key} must be a text, not {value!r}")
            return UNKNOWN
        return value

    def _task_type(self) -> Any:
        if self._task.get("task") is None:
            hint = ' (the task type null is written "null", in quotes)' if "task" in self._task else ""
            self._report.error(self._path, f"a task needs the key task, its type{hint}", topic="task")
            return UNKNOWN
        return self._text("task")

    def _path_name(self, key: str, what: str) -> Any:
        value = self._text(key)
        if value is None or value is UNKNOWN:
            return value
        return self._without_fault(value, path_fault(value, what=what), (*self._path, key))

    def _title(self, key: str, what: str) -> Any:
        value = self._text(key)
        if value is None or value is UNKNOWN:
            return value
        return self._without_fault(value, title_fault(value, what=what), (*self._path, key))

    def _without_fault(self, value: Any, fault: str | None, path: KeyPath) -> Any:
        if fault is None:
            return value
        self._error(path, fault)
        return UNKNOWN

    def _files(self, key: str) -> dict[str, Any]:
        """File names under ``inputs`` or ``outputs``."""
        given = self._task.get(key)
        if given is None:
            return {}
        if not isinstance(given, dict):
            self._error((*self._path, key), f"{key} must be a table of names and file names, not {given!r}")
            return {}
        files = {}
        for raw_name, raw_file in given.items():
            path = (*self._path, key, raw_name)
            name, file = self._value(raw_name, path), self._value(raw_file, path)
            if not isinstance(name, str):
                self._error(path, f"the name of a file in {key} must be a text")
                continue
            files[name] = file if file is UNKNOWN else self._without_fault(file, filename_fault(file), path)
        return files

    def _required(self) -> tuple[Any, ...]:
        """Names under ``requires_metadata_from``."""
        key = "requires_metadata_from"
        given = self._task.get(key)
        if given is None:
            return ()
        if not isinstance(given, list):
            self._error((*self._path, key), f"{key} must be a list of task names, not {given!r}")
            return ()
        return tuple(self._value(item, (*self._path, key, index)) for index, item in enumerate(given))
