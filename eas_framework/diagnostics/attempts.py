"""How many attempts at each task wait, run, have stalled, and are done."""

from __future__ import annotations

from collections.abc import Mapping

from eas_framework.plugins.database import Row
from eas_framework.task_database.queries import Queries

NO_ATTEMPTS: Mapping[str, int] = {"queued": 0, "running": 0, "stalled": 0, "done": 0}


def attempt_counts(queries: Queries) -> dict[int, Row]:
    """The attempts at each task that has any, counted, by the task's id.

    Returns:
        Rows with ``queued``, ``running``, ``stalled`` (ended by an error, or the lease has run out), ``done``
        (ended without an error), and ``ended_s`` (seconds since the last one ended, or None).
    """
    return {
        row["taskId"]: {
            **{name: int(row[name]) for name in NO_ATTEMPTS},
            "ended_s": None if row["lastEnd"] is None else row["now"] - row["lastEnd"],
        }
        for row in queries.rows("report_attempt_counts")
    }


def running_tasks(counts: Mapping[int, Row], *, ended_within_s: float | None = None) -> set[int]:
    """The tasks that run now, and those whose last attempt ended within so many seconds.

    Args:
        counts: From `attempt_counts`.
        ended_within_s: None leaves out all that do not run.
    """
    return {task for task, row in counts.items() if row["running"] or _has_just_ended(row, ended_within_s)}


def _has_just_ended(row: Row, ended_within_s: float | None) -> bool:
    return ended_within_s is not None and row["ended_s"] is not None and row["ended_s"] <= ended_within_s
