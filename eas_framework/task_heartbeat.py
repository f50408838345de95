"""Keeps an attempt's lease alive while a block of task code runs."""

from __future__ import annotations

import logging
import threading
from typing import Self

from eas_framework.errors import EasError
from eas_framework.settings import configuration
from eas_framework.task_database import TaskDatabaseConnection
from eas_framework.task_objects import AttemptId

log = logging.getLogger(__name__)


class TaskHeartbeat:
    """A thread that renews the lease of an attempt which this process claimed.

    Tasks run by a worker do not need it: their supervisor renews all leases, also while a handler holds the
    interpreter lock.

    Args:
        task_attempt_id: The attempt; None does nothing.
        heartbeat_cadence: Seconds between renewals; never more than a quarter of the lease.
    """

    process: None = None
    """No process is started; kept because task code looks at it."""

    def __init__(self, task_attempt_id: AttemptId | None = None, heartbeat_cadence: float = 60) -> None:
        self.task_attempt_id = task_attempt_id
        self.heartbeat_cadence = min(heartbeat_cadence, configuration().lease_seconds / 4)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        if self.task_attempt_id is not None:
            self._thread = threading.Thread(target=self._beat, daemon=True, name="heartbeat")
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _beat(self) -> None:
        lease = configuration().lease_seconds
        with TaskDatabaseConnection() as database:
            while True:
                try:
                    database.attempts.beat(AttemptId(self.task_attempt_id or 0), lease_seconds=lease)
                except EasError:
                    log.warning("attempt %s: no heartbeat", self.task_attempt_id, exc_info=True)
                if self._stop.wait(self.heartbeat_cadence):
                    return
