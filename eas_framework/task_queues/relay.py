"""From the outbox to a queue outside the database; any number of relays may run at once."""

from __future__ import annotations

from eas_framework.crash_points import crash_point
from eas_framework.plugins.queue import TaskQueue
from eas_framework.task_database import TaskDatabaseConnection

BATCH = 200
PUBLISHING_SECONDS = 10.0
"""Whoever took announcements publishes them within this time, or another relay does."""
FORGOTTEN_SECONDS = 10.0
"""An attempt that is queued for so long while its queue is empty is announced again."""


class OutboxRelay:
    """Publishes what the outbox holds. A crash at any place costs at most a second, harmless message.

    No transaction is open while the queue is asked, so that a queue that hangs holds no lock.

    Args:
        database: Holds the outbox.
        queue: Where to publish.
        forgotten_seconds: What is queued for so long while its queue is empty counts as forgotten.
    """

    def __init__(
        self,
        database: TaskDatabaseConnection,
        queue: TaskQueue,
        *,
        forgotten_seconds: float = FORGOTTEN_SECONDS,
    ) -> None:
        self._database, self._queue = database, queue
        self._forgotten_seconds = forgotten_seconds

    def publish_due(self) -> int:
        """Publish one batch of what is due; how many announcements were dealt with."""
        outbox = self._database.outbox
        if not outbox.is_due():
            return 0
        ids = outbox.take(BATCH, seconds=PUBLISHING_SECONDS)
        if not ids:
            return 0
        crash_point("after_commit_before_publish")
        self._queue.publish_hints(outbox.hints(ids))
        crash_point("after_publish_before_tick")
        outbox.tick(ids)
        return len(ids)

    def announce_forgotten(self) -> int:
        """Announce again what waits although its queue is empty, as after a broker lost all; how many."""
        database, age = self._database, self._forgotten_seconds
        return sum(
            database.outbox.announce_again(
                database.catalogue.task_type_id(name), age_seconds=age, limit=BATCH
            )
            for name in database.outbox.forgotten_types(age_seconds=age)
            if self._queue.hint_count(name) == 0
        )
