"""What must still be published to a queue outside the database: written with the attempt, ticked off."""

from __future__ import annotations

from collections.abc import Sequence

from eas_framework.plugins.database import Row
from eas_framework.task_database.queries import Queries
from eas_framework.task_objects import AttemptId


class Outbox:
    """Announcements of queued attempts. Whoever takes some has a while to publish them; then others may."""

    def __init__(self, queries: Queries) -> None:
        self._queries = queries

    def add(self, *attempt_ids: AttemptId, delay_seconds: float = 0.0) -> None:
        """Note that the attempts must be published, once the delay is over."""
        rows = [{"attempt_id": attempt_id, "delay": delay_seconds} for attempt_id in attempt_ids]
        self._queries.run_many("outbox_insert", rows)

    def is_due(self) -> bool:
        """Whether anything is to be published now."""
        return bool(self._queries.rows("outbox_due", limit=1))

    def take(self, limit: int, *, seconds: float) -> list[int]:
        """Ids of announcements that are due; others leave them alone for so many seconds."""

        def work() -> list[int]:
            ids = [row["id"] for row in self._queries.rows("outbox_to_publish", limit=limit)]
            if ids:
                self._queries.run("outbox_postpone", ids=ids, seconds=seconds)
            return ids

        return self._queries.database.retried(work)

    def hints(self, ids: list[int]) -> list[tuple[str, int]]:
        """Task type and attempt of announcements whose attempt is still queued."""
        return [(row["queueName"], row["attempt"]) for row in self._queries.rows("outbox_hints", ids=ids)]

    def tick(self, ids: list[int]) -> None:
        """Remove announcements that were published."""
        self._queries.database.retried(lambda: self._queries.run("outbox_tick", ids=ids))

    def tick_attempt(self, attempt_id: AttemptId) -> None:
        """Remove what announces one attempt."""
        self._queries.run("outbox_tick_attempt", attempt_id=attempt_id)

    def forgotten_types(self, *, age_seconds: float) -> list[str]:
        """Task types with attempts that have been queued, and might have been claimed, for so long."""
        rows = self._queries.rows("outbox_forgotten_types", age=age_seconds)
        return [row["queueName"] for row in rows]

    def announce_again(self, type_id: int, *, age_seconds: float, limit: int) -> int:
        """Announce anew the attempts of a type that have been queued for so long; how many."""
        return self._queries.database.retried(
            lambda: self._queries.run("outbox_announce_again", type_id=type_id, age=age_seconds, limit=limit)
        )

    # ------------------------------------------------------------- for those who look for disagreements
    def overdue(self, *, age_seconds: float) -> list[Row]:
        """task_type and number of queued attempts that might have been published for so long."""
        return self._queries.rows("outbox_overdue", age=age_seconds)

    def published(self, *, age_seconds: float) -> list[Row]:
        """task_type and attempt of what was published, and might have been claimed, for so long."""
        return self._queries.rows("outbox_published", age=age_seconds)

    def expired_leases(self) -> list[Row]:
        """task_type and number of running attempts whose lease has run out."""
        return self._queries.rows("outbox_expired_leases")

    def attempt_states(self, attempt_ids: Sequence[int]) -> dict[int, str]:
        """The state of each of some attempts; those that are not known are missing."""
        if not attempt_ids:
            return {}
        rows = self._queries.rows("outbox_attempt_states", attempt_ids=list(attempt_ids))
        return {row["attempt"]: row["state"] for row in rows}

    def installation_time(self) -> float:
        """When the tables were made: the same on all hosts, and different for each installation."""
        return float(self._queries.value("installation_time"))
