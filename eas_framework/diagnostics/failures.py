"""What failed, equal errors together, and what is blocked by it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from eas_framework.plugins.database import Row
from eas_framework.task_database.queries import Queries
from eas_framework.task_objects import JobId

_NUMBERS = re.compile(r"0x[0-9a-f]+|\b[0-9a-f]*\d[0-9a-f]*(?:\.\d+)?(?:e[+-]?\d+)?", re.IGNORECASE)
_TRACEBACK = "Traceback (most recent call last):"


def failures(queries: Queries, job_id: JobId | None = None) -> list[Row]:
    """One row for each task that has failed, in the order in which they failed, with its last error.

    Returns:
        Rows with ``task_id``, ``task``, ``task_type``, ``job_id``, ``job``, ``attempt``, ``state`` (of the
        attempt: failed or lost), ``time``, ``error`` (one line) and ``text`` (all of it, a traceback maybe).
    """
    return [
        {
            **_task(row),
            "attempt": row["attempt"],
            "state": row["state"],
            "time": row["endTime"],
            "error": error_line(row["errorText"] or "no error was recorded"),
            "text": row["errorText"],
        }
        for row in queries.rows("report_failures", job_id=job_id)
    ]


def grouped_failures(rows: Iterable[Row]) -> list[Row]:
    """Failures of one task type whose errors are equal but for numbers, together; the most frequent first.

    Args:
        rows: From `failures`.

    Returns:
        Rows with ``count``, ``error`` (that of the first), ``task_type``, ``first_task`` (id), ``job``.
    """
    groups: dict[tuple[str, str], Row] = {}
    for row in rows:
        key = row["task_type"], _NUMBERS.sub("#", row["error"])
        group = groups.setdefault(
            key,
            {
                "count": 0,
                "error": row["error"],
                "task_type": row["task_type"],
                "first_task": row["task_id"],
                "job": row["job"],
            },
        )
        group["count"] += 1
    return sorted(groups.values(), key=lambda group: -group["count"])


def blocked_tasks(queries: Queries, job_id: JobId | None = None) -> list[Row]:
    """One row for each blocked task: which task is the cause, and why.

    Returns:
        Rows with ``task_id``, ``task``, ``task_type``, ``job_id``, ``job``, ``blocked_by`` (id), ``cause``
        (name or type of that task), ``reason``.
    """
    return [
        {
            **_task(row),
            "blocked_by": row["blockedBy"],
            "cause": row["causeName"] or row["causeType"],
            "reason": row["blockedReason"],
        }
        for row in queries.rows("report_blocked", job_id=job_id)
    ]


def _task(row: Row) -> Row:
    return {
        "task_id": row["taskId"],
        "task": row["taskName"],
        "task_type": row["task_type"],
        "job_id": row["jobId"],
        "job": row["jobName"],
    }


def error_line(text: str) -> str:
    """The line of an error text that says what happened: of a traceback, the exception."""
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        return "an error without text"
    if _TRACEBACK not in lines:
        return lines[0].strip()
    start = len(lines) - 1 - lines[::-1].index(_TRACEBACK)
    after = (line for line in lines[start + 1 :] if not line.startswith(" "))
    return next(after, lines[-1]).strip()
