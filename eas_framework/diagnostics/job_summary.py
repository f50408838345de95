"""Numbers that a run or a worker needs: failures so far, what was taken over, what is left to do.

Tasks that have registered children are left out: they stand where their children stand.
"""

from __future__ import annotations

from collections.abc import Sequence

from eas_framework.task_database.queries import Queries
from eas_framework.task_objects import JobId


def count_failed(queries: Queries, job_id: JobId) -> int:
    """How many tasks failed themselves, not through others."""
    return int(queries.value("job_failed_count", job_id=job_id))


def count_work(queries: Queries, job_id: JobId) -> tuple[int, int]:
    """How many tasks took over a result of the replaced job, and how many were done for this one."""
    taken_over = queries.value("job_tasks_taken_over", job_id=job_id)
    done = queries.value("job_tasks_run", job_id=job_id)
    return int(taken_over), int(done)


def has_work(queries: Queries, type_ids: Sequence[int]) -> bool:
    """Whether a task of these types can be done now, or is being done."""
    return bool(type_ids) and queries.one("task_to_do_of_types", type_ids=list(type_ids)) is not None
