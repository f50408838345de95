"""`TaskQueueMemory`: hints in the memory of a server. The task database stays the truth."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Sequence
from typing import ClassVar

from eas_framework.plugins import QueueHint, TaskQueue
from eas_framework.settings import configuration
from eas_framework.task_database import TaskDatabaseConnection
from eas_framework.task_objects import AttemptId
from eas_memory_queue.client import Client


class TaskQueueMemory(TaskQueue):
    """One queue for each task type, on the server that the settings `mq_host` and `mq_port` name.

    Args:
        database: Connection to work through; None opens one, which `close` closes.

    Raises:
        QueueConnectionError: The server cannot be reached; names host and port.
    """

    external: ClassVar[bool] = True  # what is queued is announced through the outbox

    def __init__(self, *, database: TaskDatabaseConnection | None = None) -> None:
        self._config = configuration()
        self._client = Client(self._config.mq_host, self._config.mq_port)
        self._owns_database = database is None
        self._database = TaskDatabaseConnection() if database is None else database

    def close(self) -> None:
        """Close the connections; the server takes back what was not acknowledged. Harmless twice."""
        self._client.close()
        if self._owns_database:
            self._database.close_db()

    def _name(self, queue_name: str) -> str:
        """The queue's name on the server, which several installations may share."""
        return f"{self._config.mq_namespace}.{queue_name}"

    def _type_id(self, queue_name: str) -> int:
        return self._database.catalogue.task_type_id(queue_name)

    def queue_declare(self, queue_name: str) -> None:
        """Make sure that the task type is known; the server makes queues when they are used."""
        self._type_id(queue_name)

    # ------------------------------------------------------------- publishing
    def queue_publish(self, queue_name: str, item_id: int) -> None:
        """Move an attempt from created to queued, and send the hint; one that is queued is only sent."""
        attempt_id = AttemptId(item_id)
        self._database.lifecycle.publish(attempt_id)
        self.publish_hints([(queue_name, item_id)])
        self._database.outbox.tick_attempt(attempt_id)

    def publish_hints(self, hints: Sequence[tuple[str, int]]) -> None:
        """Send hints; the server has them when it has answered."""
        for queue_name, attempt_id in hints:
            self._client.ask("put", self._name(queue_name), [attempt_id])

    # ------------------------------------------------------------- looking
    def queue_length(self, queue_name: str) -> int:
        """The number of queued attempts of the type, as the database knows it."""
        return self._database.attempts.count_queued(self._type_id(queue_name))

    def queue_fetch_list(self, queue_name: str) -> list[int]:
        """All queued attempts of the type, as the database knows them."""
        return list(self._database.attempts.queued(self._type_id(queue_name)))

    def hint_count(self, queue_name: str) -> int:
        """The hints that wait on the server; those that were lent to a worker do not count."""
        return int(self._client.ask("count", self._name(queue_name)))

    # ------------------------------------------------------------- receiving
    def fetch_hint(self, queue_names: Sequence[str], *, wait_seconds: float = 0.0) -> QueueHint | None:
        """The next hint of any of the queues; None when none comes within `wait_seconds`."""
        names = {self._name(name): name for name in queue_names}
        loan = self._client.ask("lend", list(names), wait_seconds, wait_seconds=wait_seconds)
        if loan is None:
            return None
        receipt, name, attempt_id = loan
        return QueueHint(attempt_id=attempt_id, queue_name=names[name], receipt=receipt)

    def acknowledge(self, hint: QueueHint) -> None:
        """Take the hint out of its queue for good."""
        self._client.ask("finish", hint.receipt)

    def pause(self) -> None:
        """Give back the hints that were not acknowledged."""
        self._client.ask("give_back")

    def queue_fetch_and_acknowledge(
        self, queue_name: str, acknowledge: bool = True, set_running: bool = True
    ) -> int | None:
        """The next attempt id, or None; to take one away without a claim cancels it."""
        if not acknowledge:
            return next(iter(self.queue_fetch_list(queue_name)), None)
        for hint in self._waiting_hints(queue_name):
            taken = self._take(AttemptId(hint.attempt_id), claim=set_running)
            self.acknowledge(hint)  # after the claim, so that a crash in between loses nothing
            if taken:
                return hint.attempt_id
        return None

    def _waiting_hints(self, queue_name: str) -> Iterator[QueueHint]:
        while (hint := self.fetch_hint([queue_name])) is not None:
            yield hint

    def _take(self, attempt_id: AttemptId, *, claim: bool) -> bool:
        if not claim:
            return self._database.lifecycle.drop(attempt_id)
        claimed = self._database.lifecycle.claim(
            attempt_id,
            worker_id=f"{socket.gethostname()}:{os.getpid()}",
            host_id=self._database.names.host(socket.gethostname()),
            lease_seconds=self._config.lease_seconds,
        )
        return claimed is not None

    def queue_purge(self, queue_name: str) -> int:
        """Cancel all queued attempts of the type and remove its hints; how many attempts it was."""
        self._client.ask("clear", self._name(queue_name))
        queued = self._database.attempts.queued(self._type_id(queue_name))
        return sum(self._database.lifecycle.drop(attempt_id) for attempt_id in queued)
