"""How far jobs are: tasks counted by type and state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from eas_framework.plugins.database import Row
from eas_framework.task_database.queries import Queries
from eas_framework.task_objects import JobId, TaskState

STALLED = "stalled"
STATES = (
    TaskState.WAITING, TaskState.READY, TaskState.QUEUED, TaskState.RUNNING, STALLED,
    TaskState.PASSED, TaskState.FAILED, TaskState.BLOCKED, TaskState.CANCELLED,
)  # fmt: skip
"""Columns of counts."""
TOTAL = "total"
CONTROL_FLOW_PREFIX = "execution_"
_ENDED = (TaskState.PASSED, TaskState.FAILED, TaskState.BLOCKED, TaskState.CANCELLED)
_AS_ITS_CHILDREN = (TaskState.EXPANDED, TaskState.PASSED, TaskState.FAILED)


def progress_summary(
    queries: Queries, job_id: JobId | None = None, *, job_name: str | None = None
) -> list[Row]:
    """One row for each task type, by name: how many tasks are in each state, and in all.

    Each task counts once, whatever the number of attempts at it. A running task whose lease has run out is
    stalled, not running. A control-flow task that has registered its children is left out: it stands where
    they stand.

    Args:
        queries: The database.
        job_id: Count this job only; by default all tasks.
        job_name: Count only tasks that carry this job name.

    Returns:
        Rows with ``task_type``, a number for each of `STATES`, and ``total``.
    """
    rows: dict[str, Row] = {}
    for row in task_counts(queries, job_id, job_name=job_name):
        counts = rows.setdefault(row["task_type"], {"task_type": row["task_type"], **_no_tasks()})
        _add(counts, row)
    return list(rows.values())


def job_list(queries: Queries) -> list[Row]:
    """One row for each job, oldest first: what it is, where it stands, and how many tasks are in each state.

    Returns:
        Rows with ``job_id``, ``job``, ``state``, ``done_percent``, a number for each of `STATES`, ``total``,
        ``created`` and ``finished`` (unix seconds), ``file``, ``replaces``; counted as in `progress_summary`.
    """
    rows = {row["jobId"]: _job_row(row) for row in queries.rows("report_jobs")}
    for row in task_counts(queries):
        if row["jobId"] in rows:
            _add(rows[row["jobId"]], row)
    for row in rows.values():
        row["done_percent"] = done_percent(row)
    return list(rows.values())


def task_counts(
    queries: Queries, job_id: JobId | None = None, *, job_name: str | None = None
) -> Iterator[Row]:
    """How many tasks of a job (or a job's name) and type are in a state: rows with task_type, state, number.

    Rows have the jobId too unless the name was asked for. Stalled tasks come as rows of their own, each
    followed by one that takes them from the running ones.
    """

    def is_asked_for(row: Row) -> bool:
        return job_id in (None, row["jobId"]) and job_name in (None, row["jobName"])

    for row in _counted(queries, job_id, job_name):
        is_control_flow = row["task_type"].startswith(CONTROL_FLOW_PREFIX)
        if not (is_control_flow and row["state"] in _AS_ITS_CHILDREN):
            yield row
    for row in filter(is_asked_for, _failed_themselves(queries, job_id)):
        if row["task_type"].startswith(CONTROL_FLOW_PREFIX):
            yield {**row, "state": TaskState.FAILED}
    for row in filter(is_asked_for, queries.rows("report_stalled")):
        yield {**row, "state": STALLED}
        yield {**row, "state": TaskState.RUNNING, "number": -row["number"]}


def _counted(queries: Queries, job_id: JobId | None, job_name: str | None) -> list[Row]:
    if job_name is not None:
        return queries.rows("report_counts_of_name", job_name=job_name)
    if job_id is not None:
        return queries.rows("report_counts_of_job", job_id=job_id)
    return queries.rows("report_counts")


def _failed_themselves(queries: Queries, job_id: JobId | None) -> list[Row]:
    if job_id is not None:
        return queries.rows("report_failed_itself_of_job", job_id=job_id)
    return queries.rows("report_failed_itself")


def totals(rows: Iterable[Row]) -> Row:
    """The sums of the counts of some rows."""
    kept = list(rows)
    return {name: sum(row[name] for row in kept) for name in (*STATES, TOTAL)}


def done_percent(row: Row) -> float | None:
    """Share of tasks that have ended, in percent; None without tasks."""
    return 100.0 * sum(row[state] for state in _ENDED) / row[TOTAL] if row[TOTAL] else None


def _job_row(row: Row) -> Row:
    return {
        "job_id": row["jobId"],
        "job": row["jobName"],
        "state": row["state"],
        "done_percent": None,
        **_no_tasks(),
        "created": row["createdTime"],
        "finished": row["finishedTime"],
        "file": row["sourceFile"],
        "replaces": row["replaces"],
    }


def _no_tasks() -> dict[str, Any]:
    return dict.fromkeys((*map(str, STATES), TOTAL), 0)


def _add(counts: Row, row: Row) -> None:
    counts[row["state"]] += row["number"]
    counts[TOTAL] += row["number"]
