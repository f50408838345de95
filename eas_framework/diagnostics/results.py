"""Wide tables of a job: what its tasks recorded, whether they passed their criteria, how long they took."""

from __future__ import annotations

import math
from typing import Any

from eas_framework.diagnostics.work import Metadata, Work, recorded_metadata, wide_rows
from eas_framework.plugins.database import Row
from eas_framework.task_database.queries import Queries
from eas_framework.task_objects import JobId

OUTCOME = "outcome"
TASK_COLUMNS = ("job", "task", "task_id", "task_type")
TIME_COLUMNS = ("wall_clock_s", "cpu_s", "cpu_inc_children_s", "max_memory_gb")


def results(queries: Queries, job_id: JobId | None = None) -> list[Row]:
    """One row for each task whose newest passed attempt recorded metadata: parameters, and what it recorded.

    Control-flow tasks are left out. Columns differ with the tasks; see `wide_rows` on names that occur
    twice.

    Returns:
        Rows with ``job``, ``task``, ``task_id``, ``task_type``, ``attempt``, the inherited parameters, and
        the recorded metadata.
    """
    work = Work(queries, job_id)
    return wide_rows(
        ({**_fixed(task), "attempt": attempt}, work.parameters(task["taskId"]), recorded)
        for task, attempt, recorded in _passed(queries, work, job_id)
        if recorded
    )


def pass_fail_table(
    queries: Queries, job_id: JobId | None = None, *, task_type: str | None = None
) -> list[Row]:
    """One row for each passed task that recorded an outcome: its parameters, and 1 for PASS, else 0.

    Sorted by job, type and parameters; values of any types and missing ones may stand in one column.

    Returns:
        Rows with ``job``, ``task``, ``task_id``, ``task_type``, the parameters, ``outcome`` (the word) and
        ``passed`` (1 or 0).
    """
    work = Work(queries, job_id)
    parts = [
        (task, recorded)
        for task, _, recorded in _passed(queries, work, job_id)
        if OUTCOME in recorded and task_type in (None, task["task_type"])
    ]
    rows = wide_rows(
        (
            _fixed(task),
            work.parameters(task["taskId"]),
            {OUTCOME: recorded[OUTCOME], "passed": int(recorded[OUTCOME] == "PASS")},
        )
        for task, recorded in parts
    )
    return _sorted(rows)


def timings_table(
    queries: Queries, job_id: JobId | None = None, *, task_type: str | None = None
) -> list[Row]:
    """One row for each attempt that was started: parameters, state, and the times it took (None: not known).

    Returns:
        Rows with ``job``, ``task``, ``task_id``, ``task_type``, ``attempt``, ``state``, ``start`` and ``end``
        (unix seconds), the parameters, ``wall_clock_s``, ``cpu_s``, ``cpu_inc_children_s`` (seconds) and
        ``max_memory_gb``; sorted as in `pass_fail_table`.
    """
    work = Work(queries, job_id)
    parts = []
    for attempt in queries.rows("report_attempt_times", job_id=job_id):
        task = work.find(attempt["taskId"])
        if task is not None and task_type in (None, task["task_type"]):
            parts.append(
                ({**_fixed(task), **_life(attempt)}, work.parameters(task["taskId"]), _times(attempt))
            )
    return _sorted(wide_rows(parts))


def _passed(queries: Queries, work: Work, job_id: JobId | None) -> list[tuple[Row, int, Metadata]]:
    """For each task with a passed attempt: its row, the newest such attempt, and what that recorded."""
    recorded = recorded_metadata(queries, job_id)
    found = []
    for row in queries.rows("report_attempts_passed", job_id=job_id):
        task = work.find(row["taskId"])
        if task is not None:
            found.append((task, row["attempt"], recorded.get(row["attempt"], {})))
    return found


def _fixed(task: Row) -> Row:
    return {
        "job": task["jobName"],
        "task": task["taskName"],
        "task_id": task["taskId"],
        "task_type": task["task_type"],
    }


def _life(attempt: Row) -> Row:
    return {
        "attempt": attempt["attempt"],
        "state": attempt["state"],
        "start": attempt["startTime"],
        "end": attempt["endTime"],
    }


def _times(attempt: Row) -> Row:
    names = ("runTimeWallClock", "runTimeCpu", "runTimeCpuIncChildren", "maxMemory")
    return {column: attempt[name] for column, name in zip(TIME_COLUMNS, names, strict=True)}


def _sorted(rows: list[Row]) -> list[Row]:
    """By job, type, and then the values of the other columns from left to right."""
    columns = list(dict.fromkeys(name for row in rows for name in row if name not in TASK_COLUMNS))
    order = ("job", "task_type", *columns, "task_id")
    return sorted(rows, key=lambda row: [sort_key(row.get(name)) for name in order])


def sort_key(value: Any) -> tuple[int, float, str]:
    """A key that orders values of any types: nothing, then numbers, NaN, then texts and what is left."""
    if value is None:
        return 0, 0.0, ""
    if isinstance(value, int | float):
        return (2, 0.0, "") if isinstance(value, float) and math.isnan(value) else (1, value, "")
    return 3, 0.0, str(value)
