"""The documented names for trees of tasks: doors to `task_tree`, on the workspace's database."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from eas_framework.diagnostics.attempts import NO_ATTEMPTS, attempt_counts, running_tasks
from eas_framework.diagnostics.opening import open_database
from eas_framework.diagnostics.tree import task_tree
from eas_framework.plugins.database import Row
from eas_framework.task_database.queries import Queries
from eas_framework.task_objects import TaskId

UNTITLED = "<untitled>"
_RECENT_SECONDS = 5.0


def fetch_job_tree(
    job_name: str | None = None, parent_id: int | None = None, max_depth: int | None = 5
) -> list[Row]:
    """The tasks of the workspace as a tree, depth first, with the number of attempts at each.

    Args:
        job_name: Only tasks that carry this job name; those whose parent does not are at level 0.
        parent_id: Only what is below this task; its children are at level 0.
        max_depth: The deepest level shown; None shows all.

    Returns:
        Rows with ``level``, ``job_name``, ``task_type_name``, ``task_id``, the numbers of attempts ``w``
        (queued), ``r`` (running), ``s`` (stalled: ended by an error, or the lease has run out) and ``d``
        (done: ended without an error), and ``tree_truncated`` (there are deeper tasks that are not shown).

    Raises:
        DatabaseError: The workspace has no task database.
        NotFoundError: There is no task `parent_id`.
    """
    with open_database() as database:
        if parent_id is not None:
            rows = _tree_below(database.queries, TaskId(parent_id), job_name, max_depth)
        else:
            rows = task_tree(database.queries, job_name=job_name, max_depth=max_depth, fold=False)
        return _as_documented(rows, attempt_counts(database.queries))


def fetch_running_job_tree(
    job_name: str | None = None, include_recently_finished: bool = False, max_depth: int | None = 20
) -> list[Row]:
    """The rows of `fetch_job_tree` on the branches from the roots to the tasks that are running now.

    Args:
        job_name: As in `fetch_job_tree`.
        include_recently_finished: Show branches to tasks too whose last attempt ended within 5 s.
        max_depth: The deepest level shown; None shows all.

    Raises:
        DatabaseError: The workspace has no task database.
    """
    recent = _RECENT_SECONDS if include_recently_finished else None
    with open_database() as database:
        attempts = attempt_counts(database.queries)
        only = running_tasks(attempts, ended_within_s=recent)
        rows = task_tree(database.queries, job_name=job_name, only=only, max_depth=max_depth, fold=False)
    return _as_documented(rows, attempts)


def _tree_below(
    queries: Queries, parent_id: TaskId, job_name: str | None, max_depth: int | None
) -> list[Row]:
    deepest = None if max_depth is None else max_depth + 1
    below = task_tree(queries, task_id=parent_id, max_depth=deepest, fold=False)[1:]
    return [{**row, "depth": row["depth"] - 1} for row in below if job_name in (None, row["job"])]


def _as_documented(rows: Collection[Row], attempts: Mapping[int, Mapping[str, Any]]) -> list[Row]:
    return [_documented_row(row, attempts.get(row["task_id"], NO_ATTEMPTS)) for row in rows]


def _documented_row(row: Row, attempts: Mapping[str, Any]) -> Row:
    return {
        "level": row["depth"],
        "job_name": row["job"] or UNTITLED,
        "task_type_name": row["task_type"],
        "task_id": row["task_id"],
        "w": attempts["queued"],
        "r": attempts["running"],
        "s": attempts["stalled"],
        "d": attempts["done"],
        "tree_truncated": row["is_truncated"],
    }
