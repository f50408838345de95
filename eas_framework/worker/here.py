"""One task in this process, for a person who debugs it; workers never come here."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from eas_framework.errors import LeaseLostError, StateError
from eas_framework.logging_database import EasLoggingHandler
from eas_framework.plugins.manager import plugin_manager
from eas_framework.settings import configuration
from eas_framework.task_database import TaskDatabaseConnection
from eas_framework.task_database.queueing import ClaimedTask
from eas_framework.task_execution.doing import claim_here, do_here
from eas_framework.task_objects import AttemptId, TaskId, TaskState

_REOPENED = (TaskState.FAILED, TaskState.CANCELLED)
_REFUSED = {
    TaskState.WAITING: "waits for other tasks; `eas task show {task_id}` says for how many",
    TaskState.BLOCKED: "is blocked by another task: {reason}; run or retry that one first",
    TaskState.RUNNING: "is running on a worker; `eas cancel` its job, or wait",
    TaskState.EXPANDED: "has registered its tasks, which are under way",
    TaskState.FAILED: "failed because tasks below it did; run one of those",
    TaskState.PASSED: "has passed; `eas run JOB --force` does a whole job again",
}


def run_here(
    database: TaskDatabaseConnection,
    task_id: TaskId,
    *,
    on_error: Callable[[BaseException], None] | None = None,
) -> TaskState | None:
    """Claim a ready, queued, failed or cancelled task and do it in this process.

    Args:
        database: An open connection.
        task_id: The task.
        on_error: Called with what the task's code raised, before its end is recorded; the lease is kept
            meanwhile.

    Returns:
        The state of the task afterwards; None when the lease was lost and nothing was recorded.

    Raises:
        NotFoundError: There is no such task.
        StateError: The task cannot be done now; says why.
        UnknownTaskTypeError: No installed plugin can do it.
    """
    plugin_manager().task_type_source(database.tasks.row(task_id)["taskTypeName"])
    claimed = _claim(database, task_id)
    with _logging() as handler:
        finished = do_here(database, claimed, plugin_manager(), handler, on_error=on_error)
    return finished.task_state if finished else None


def _claim(database: TaskDatabaseConnection, task_id: TaskId) -> ClaimedTask:
    """Open the task where it must be, and claim it, in one transaction: no worker comes between."""

    def work() -> ClaimedTask | None:
        state = TaskState(database.tasks.row(task_id)["state"])
        if state in _REOPENED:
            database.lifecycle.retry([task_id])
        database.lifecycle.queue_task(task_id)
        row = database.tasks.row(task_id)
        if row["state"] != TaskState.QUEUED:
            why = _REFUSED[TaskState(row["state"])].format(task_id=task_id, reason=row["blockedReason"])
            raise StateError(f"task {task_id} {why}")
        return claim_here(database, AttemptId(row["openAttemptId"]))

    claimed = database.db_handle.retried(work)
    if claimed is None:
        raise LeaseLostError(f"task {task_id}: a worker was quicker")
    return claimed


@contextmanager
def _logging() -> Iterator[EasLoggingHandler]:
    """Send what is logged into the database too."""
    handler = EasLoggingHandler()
    handler.setLevel(configuration().log_level.upper())
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield handler
    finally:
        root.removeHandler(handler)
        handler.close()
