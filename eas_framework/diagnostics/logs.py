"""Log messages that tasks left."""

from __future__ import annotations

import logging

from eas_framework.plugins.database import Row
from eas_framework.task_database.queries import Queries
from eas_framework.task_objects import JobId, TaskId


def log_messages(
    queries: Queries,
    *,
    job_id: JobId | None = None,
    task_id: TaskId | None = None,
    level: int = logging.NOTSET,
    after: int = 0,
    limit: int = 200,
) -> list[Row]:
    """The newest messages of a task, of a job, or of all, oldest first.

    Args:
        queries: The database.
        job_id: Only messages of this job's tasks.
        task_id: Only messages of this task.
        level: Lowest severity, Python's number.
        after: Only messages with a greater ``message_id``, to follow a log.
        limit: At most so many.

    Returns:
        Rows with ``message_id``, ``time`` (unix seconds), ``level`` (name), ``task_id``, ``attempt``,
        ``message``.
    """
    bounds = {"level": level, "after": after, "limit": limit}
    if task_id is not None:
        found = queries.rows("report_logs_of_task", task_id=task_id, **bounds)
    elif job_id is not None:
        found = queries.rows("report_logs_of_job", job_id=job_id, **bounds)
    else:
        found = queries.rows("report_logs", **bounds)
    return [_as_row(row) for row in reversed(found)]


def _as_row(row: Row) -> Row:
    return {
        "message_id": row["messageId"],
        "time": row["timestamp"],
        "level": logging.getLevelName(row["severity"]).lower(),
        "task_id": row["taskId"],
        "attempt": row["attempt"],
        "message": row["message"],
    }
