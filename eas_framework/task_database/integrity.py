"""Whether the counters of the task database say what its rows say."""

from __future__ import annotations

from collections.abc import Iterator

from eas_framework.plugins.database import Row
from eas_framework.task_database.queries import Queries

_CHECKS = {
    "check_unmet": (
        "unmet dependencies",
        "task {taskId} waits for {recorded} things by its counter, for {counted} by its rows",
    ),
    "check_missed_inputs": (
        "unmet dependencies",
        "task {taskId} still waits for {directoryName}/{filename}, whose task has passed",
    ),
    "check_missed_metadata": (
        "unmet dependencies",
        "task {taskId} still waits for metadata of task {source}, which has passed",
    ),
    "check_never_ready": ("unmet dependencies", "task {taskId} waits for nothing, and is not ready"),
    "check_children": (
        "children",
        "task {taskId} has {openRecorded} open and {failedRecorded} failed children by its counters, "
        "{openCounted} and {failedCounted} by its rows",
    ),
    "check_never_done": ("children", "task {taskId} has no open child, and is not done"),
    "check_open_attempts": ("attempts", "task {taskId} has {number} open attempts"),
    "check_unowned_attempts": (
        "attempts",
        "attempt {attempt} of task {taskId} is {state}, but not the open attempt of its task",
    ),
    "check_closed_attempts": ("attempts", "the open attempt {attempt} of task {taskId} is not open"),
    "check_job_states": ("jobs", "job {jobId} ({jobName}) is {state}, its root task {rootState}"),
}


def check_counters(queries: Queries) -> Iterator[Row]:
    """Recompute counters and states that are kept beside the rows they follow from.

    Each comparison is one statement, and so sees one moment, also while tasks run.

    Yields:
        A row for each fault: ``check`` and ``detail``; none when all is well.
    """
    for query, (check, text) in _CHECKS.items():
        for row in queries.rows(query):
            yield {"check": check, "detail": text.format_map(row)}


def check_database(queries: Queries) -> Iterator[Row]:
    """The faults that the engine finds in its own files, then those of `check_counters`."""
    for fault in queries.database.check_integrity():
        yield {"check": "engine", "detail": fault}
    yield from check_counters(queries)
