"""Intermediate files of jobs that keep only their final ones: which can go, and how they go.

A file is intermediate when tasks of its own job alone read it. It goes when its task, all its readers and the
chain that it stands in have passed. Its record stays, and says when the file went. A task that needs it later
has it made again; see `Lifecycle.have_made_again`.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from fnmatch import fnmatchcase

from eas_framework.crash_points import crash_point
from eas_framework.plugins.database import Row
from eas_framework.task_database.facade import TaskDatabaseConnection
from eas_framework.task_objects import JobId

log = logging.getLogger(__name__)

BATCH = 500
RECENT_SECONDS = 3600.0
"""How long after its end a job is looked at without being named."""


def drop_intermediate_files(
    database: TaskDatabaseConnection, job_id: JobId | None = None
) -> Iterator[tuple[int, int]]:
    """Delete the intermediate files that nothing will need, some at a time; how many, and their bytes.

    Args:
        database: The connection.
        job_id: The job; None takes those that run or have ended lately.
    """
    if not database.queries.value("jobs_that_drop"):
        return
    rows = database.queries.rows("products_to_drop", job_id=job_id, recent=RECENT_SECONDS)
    wanted = [row["productId"] for row in rows if not _is_kept(row)]
    for start in range(0, len(wanted), BATCH):
        yield _drop(database, wanted[start : start + BATCH])


def _is_kept(row: Row) -> bool:
    """Whether the job keeps the file by its name."""
    return any(fnmatchcase(row["filename"], pattern) for pattern in json.loads(row["keptFiles"]))


def _drop(database: TaskDatabaseConnection, product_ids: list[int]) -> tuple[int, int]:
    """Record that the files are gone, then delete them: a crash between leaves what `eas db prune` finds."""

    def work() -> list[Row]:
        rows = database.queries.rows("versions_to_drop", product_ids=product_ids)
        if rows:
            version_ids = [row["productVersionId"] for row in rows]
            database.queries.run("versions_mark_dropped", version_ids=version_ids)
        crash_point("in_drop_transaction")
        return rows

    rows = database.db_handle.retried(work)
    crash_point("after_drop_commit")
    for row in rows:
        database.files.remove(row["directoryName"], row["repositoryId"])
    size = sum(row["fileSize"] for row in rows)
    log.info("%d intermediate files dropped, %d bytes", len(rows), size)
    return len(rows), size
