"""Queues and workers: what waits, what runs, and who runs it."""

from __future__ import annotations

from eas_framework.plugins.database import Row
from eas_framework.task_database.queries import Queries


def queue_report(queries: Queries) -> list[Row]:
    """One row for each task type with work: what is ready, queued and running, and how long it has waited.

    Returns:
        Rows with ``task_type``, ``ready`` (tasks that the scheduler will queue), ``queued``, ``delayed`` (of
        the queued, those that wait before a repetition), ``running``, ``oldest_wait_s``.
    """
    rows: dict[str, Row] = {}
    for row in queries.rows("report_queues"):
        line = rows.setdefault(row["task_type"], _empty(row["task_type"]))
        line[row["state"]] = row["number"]
        if row["state"] == "queued":
            line["delayed"] = row["delayedNumber"]
            line["oldest_wait_s"] = max(0.0, row["now"] - row["oldest"])
    for row in queries.rows("report_ready_tasks"):
        rows.setdefault(row["task_type"], _empty(row["task_type"]))["ready"] = row["number"]
    return [rows[name] for name in sorted(rows)]


def worker_report(queries: Queries) -> list[Row]:
    """One row for each worker that has not stopped, the oldest first.

    Returns:
        Rows with ``worker``, ``host``, ``pid``, ``executors``, ``up_s``, ``heartbeat_age_s``.
    """
    return [
        {
            "worker": row["workerId"],
            "host": row["hostname"],
            "pid": row["processId"],
            "executors": row["executors"],
            "up_s": row["now"] - row["startedTime"],
            "heartbeat_age_s": row["now"] - row["heartbeatTime"],
        }
        for row in queries.rows("report_workers")
    ]


def _empty(task_type: str) -> Row:
    return {
        "task_type": task_type,
        "ready": 0,
        "queued": 0,
        "delayed": 0,
        "running": 0,
        "oldest_wait_s": None,
    }
