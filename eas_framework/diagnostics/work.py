"""Tasks that do work, with the parameters that they inherit: the ground of the wide tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from eas_framework.plugins.database import Row
from eas_framework.task_database.metadata import decode_value
from eas_framework.task_database.queries import Queries
from eas_framework.task_objects import JobId, TaskId

CONTROL_FLOW_PREFIX = "execution_"
PARAMETER, RECORDED = "parameter", "result"
Metadata = dict[str, Any]


class Work:
    """The tasks of a job, or all, that are not control flow; read at once, a few queries in all."""

    def __init__(self, queries: Queries, job_id: JobId | None) -> None:
        self._tasks = {row["taskId"]: row for row in queries.rows("report_work_tasks", job_id=job_id)}
        self._own = _metadata_by(queries.rows("report_task_metadata", job_id=job_id), "taskId")
        self._inherited: dict[int, Metadata] = {}

    def tasks(self) -> Iterator[Row]:
        """Their rows, by id: taskId, taskName, task_type, jobId, jobName."""
        for row in self._tasks.values():
            if not row["task_type"].startswith(CONTROL_FLOW_PREFIX):
                yield row

    def find(self, task_id: TaskId) -> Row | None:
        """The row of a task that is not control flow, or None."""
        row = self._tasks.get(task_id)
        return None if row is None or row["task_type"].startswith(CONTROL_FLOW_PREFIX) else row

    def parameters(self, task_id: TaskId) -> Metadata:
        """The metadata of a task and of those above it; the nearer one wins."""
        parent = self._tasks[task_id]["parentTask"]
        return {**self._of_parent(parent), **self._own.get(task_id, {})}

    def _of_parent(self, task_id: int | None) -> Metadata:
        """What the children of a task inherit; remembered, since siblings share it."""
        line = []
        while task_id is not None and task_id in self._tasks and task_id not in self._inherited:
            line.append(task_id)
            task_id = self._tasks[task_id]["parentTask"]
        found = self._inherited.get(task_id or 0, {})
        for current in reversed(line):
            found = {**found, **self._own.get(current, {})}
            self._inherited[current] = found
        return found


def recorded_metadata(queries: Queries, job_id: JobId | None) -> dict[int, Metadata]:
    """What each attempt recorded, by the attempt's id."""
    return _metadata_by(queries.rows("report_attempt_metadata", job_id=job_id), "attempt")


def _metadata_by(rows: Iterable[Row], key: str) -> dict[int, Metadata]:
    found: dict[int, Metadata] = {}
    for row in rows:
        found.setdefault(row[key], {})[row["name"]] = decode_value(row)
    return found


def wide_rows(parts: Iterable[tuple[Row, Metadata, Mapping[str, Any]]]) -> list[Row]:
    """Rows of fixed columns, parameters and results, each column under a name that is only its own.

    A parameter that has the name of a fixed column or of a result is called ``parameter.NAME`` in every row,
    a result that has the name of a fixed column ``result.NAME``.

    Args:
        parts: For each row its fixed columns, its parameters and its results.
    """
    kept = list(parts)
    fixed = {name for row, _, _ in kept for name in row}
    results = {name for _, _, recorded in kept for name in recorded}
    return [
        {
            **row,
            **_renamed(parameters, PARAMETER, fixed | results),
            **_renamed(recorded, RECORDED, fixed),
        }
        for row, parameters, recorded in kept
    ]


def _renamed(values: Mapping[str, Any], prefix: str, taken: set[str]) -> Metadata:
    return {f"{prefix}.{name}" if name in taken else name: value for name, value in values.items()}
