"""Claiming an attempt and doing it in this process: for scripts, and for a person who debugs."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable

from eas_framework.logging_database import EasLoggingHandler
from eas_framework.settings import configuration
from eas_framework.task_database import TaskDatabaseConnection
from eas_framework.task_database.lifecycle import Finished
from eas_framework.task_database.queueing import ClaimedTask
from eas_framework.task_execution.runner import TaskRunner
from eas_framework.task_execution.sources import TaskSource
from eas_framework.task_heartbeat import TaskHeartbeat
from eas_framework.task_io import use_session
from eas_framework.task_objects import AttemptId


def claim_here(database: TaskDatabaseConnection, attempt_id: AttemptId) -> ClaimedTask | None:
    """Claim a queued attempt for this process; None when it is not queued, or a worker was quicker."""
    host = socket.gethostname()
    return database.lifecycle.claim(
        attempt_id,
        worker_id=f"{host[:40]}:{os.getpid()}",
        host_id=database.names.host(host),
        lease_seconds=configuration().lease_seconds,
    )


def do_here(
    database: TaskDatabaseConnection,
    claimed: ClaimedTask,
    source: TaskSource,
    log_handler: EasLoggingHandler,
    *,
    on_error: Callable[[BaseException], None] | None = None,
) -> Finished | None:
    """Do a claimed attempt in this process and record its end; a thread keeps its lease meanwhile.

    Returns:
        How it ended; None when the lease was lost and nothing was recorded.
    """
    with TaskHeartbeat(claimed.claim.attempt_id):
        use_session(database)
        try:
            return TaskRunner(database, source, log_handler, on_error=on_error).run(claimed)
        except BaseException:
            database.lifecycle.lose_executor(
                claimed.claim, claimed.task_id, reason="the person who ran it stopped it", is_repeat=True
            )
            raise
        finally:
            use_session(None)
