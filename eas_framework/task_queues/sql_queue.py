"""`TaskQueueSQL`: the queue inside the task database, which needs no server."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Sequence
from typing import ClassVar

from eas_framework.plugins.queue import QueueHint, TaskQueue
from eas_framework.settings import configuration
from eas_framework.task_database import TaskDatabaseConnection
from eas_framework.task_objects import AttemptId

FIRST_WAIT_SECONDS = 0.005
LAST_WAIT_SECONDS = 1.0


class TaskQueueSQL(TaskQueue):
    """Attempts whose state is ``queued``; to publish, fetch and acknowledge are moves of that state.

    Args:
        database: Connection to work through; None opens one, which `close` closes.
    """

    external: ClassVar[bool] = False

    def __init__(self, database: TaskDatabaseConnection | None = None) -> None:
        self._owns_connection = database is None
        self._database = database if database is not None else TaskDatabaseConnection()

    def close(self) -> None:
        """Close the connection, when it was opened here; harmless twice."""
        if self._owns_connection:
            self._database.close_db()

    def queue_declare(self, queue_name: str) -> None:
        """Make sure that the task type is known, since its queue is a column's value."""
        self._database.catalogue.task_type_id(queue_name)

    def queue_publish(self, queue_name: str, item_id: int) -> None:
        """Move an attempt from created to queued; one that is queued already stays so."""
        self._database.lifecycle.publish(AttemptId(item_id))

    def queue_length(self, queue_name: str) -> int:
        """The number of queued attempts of the type."""
        return self._database.attempts.count_queued(self._type_id(queue_name))

    def queue_fetch_list(self, queue_name: str) -> list[int]:
        """All queued attempts of the type, oldest first; nothing is taken away."""
        return list(self._database.attempts.queued(self._type_id(queue_name)))

    def queue_fetch_and_acknowledge(
        self, queue_name: str, acknowledge: bool = True, set_running: bool = True
    ) -> int | None:
        """The oldest queued attempt of the type, or None; see `TaskQueue`.

        To take one away without claiming it is to cancel it, as when a queue is emptied.
        """
        for attempt_id in self._database.attempts.queued(self._type_id(queue_name)):
            if not acknowledge:
                return attempt_id
            if self._claim(attempt_id) if set_running else self._database.lifecycle.drop(attempt_id):
                return attempt_id
        return None

    def fetch_hint(self, queue_names: Sequence[str], *, wait_seconds: float = 0.0) -> QueueHint | None:
        """The queued attempt that comes next; it stays queued until it is claimed."""
        type_ids = [self._type_id(name) for name in queue_names]
        deadline = time.monotonic() + wait_seconds
        pause = FIRST_WAIT_SECONDS
        while True:
            attempt_id = self._database.attempts.next_queued(type_ids)
            if attempt_id is not None:
                return QueueHint(attempt_id=attempt_id, queue_name="")
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            time.sleep(min(pause, left))
            pause = min(2 * pause, LAST_WAIT_SECONDS)

    def acknowledge(self, hint: QueueHint) -> None:
        """Nothing to do: the claim took the attempt out of the queue."""

    def queue_purge(self, queue_name: str) -> int:
        """Cancel all queued attempts of the type; how many there were."""
        queued = self._database.attempts.queued(self._type_id(queue_name))
        return sum(self._database.lifecycle.drop(attempt_id) for attempt_id in queued)

    def _type_id(self, queue_name: str) -> int:
        return self._database.catalogue.task_type_id(queue_name)

    def _claim(self, attempt_id: AttemptId) -> bool:
        claimed = self._database.lifecycle.claim(
            attempt_id,
            worker_id=f"{socket.gethostname()}:{os.getpid()}",
            host_id=self._database.names.host(socket.gethostname()),
            lease_seconds=configuration().lease_seconds,
        )
        return claimed is not None
