"""Where an executor's next attempt comes from: the database, or the hints of a queue outside of it."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

from eas_framework.errors import QueueError
from eas_framework.plugins.queue import QueueHint, TaskQueue
from eas_framework.task_database import TaskDatabaseConnection
from eas_framework.task_database.queueing import Claimant, ClaimedTask
from eas_framework.task_objects import AttemptId, JobId
from eas_framework.task_queues import TaskQueueConnector

log = logging.getLogger(__name__)

HINT_SECONDS = 0.25
OTHER_JOB_SECONDS = 1.0
"""A hint about another job than the one that is done here is published again after so long."""
RECONNECT_SECONDS, LONGEST_RECONNECT_SECONDS = 5.0, 60.0
LOOK_SECONDS = 5.0
"""Where no hint comes for so long, the database is asked: a broker may take hints and never give them."""
ERROR_LOG_SECONDS = 60.0


class DatabaseSource:
    """Claims the queued attempt that comes next."""

    def __init__(
        self,
        database: TaskDatabaseConnection,
        task_types: Sequence[str],
        *,
        worker_id: str,
        host_id: int,
        lease_seconds: float,
        job_id: JobId | None = None,
    ) -> None:
        self._database, self._task_types = database, list(task_types)
        self.type_ids = [database.catalogue.ensure_task_type(name) for name in task_types]
        self._worker_id, self._host_id, self._lease_seconds = worker_id, host_id, lease_seconds
        self._job_id = job_id
        self.claimant = Claimant(
            worker_id=worker_id,
            host_id=host_id,
            lease_seconds=lease_seconds,
            task_types=dict(zip(self.type_ids, task_types, strict=True)),
            job_id=job_id,
        )

    def claim(self) -> ClaimedTask | None:
        """The next attempt, claimed; None when there is none."""
        return self._database.lifecycle.claim_next(
            self.type_ids,
            worker_id=self._worker_id,
            host_id=self._host_id,
            lease_seconds=self._lease_seconds,
            job_id=self._job_id,
        )

    def claim_one(self, attempt_id: AttemptId) -> ClaimedTask | None:
        """That attempt, claimed; None when it is not queued any more."""
        return self._database.lifecycle.claim(
            attempt_id,
            worker_id=self._worker_id,
            host_id=self._host_id,
            lease_seconds=self._lease_seconds,
        )

    @property
    def has_waited(self) -> bool:
        """Whether `claim` has waited for work itself before it gave up."""
        return False

    def pause(self) -> None:
        """Take nothing while the database is away."""

    def close(self) -> None:
        """Nothing to end."""


class QueueSource(DatabaseSource):
    """Claims the attempt that a hint names, and acknowledges the hint once the claim is committed.

    A queue that is away is done without: attempts are then looked for in the database, and the queue is tried
    again every few seconds, less often the longer it is away. So it is with a queue that is there but silent.
    """

    _queue: TaskQueue | None = None
    _next_try = _next_error = _next_look = 0.0
    _pause = RECONNECT_SECONDS

    def claim(self) -> ClaimedTask | None:
        """The attempt of the next hint that still stands; None when none comes within a moment."""
        try:
            queue = self._connected()
            if queue is None:
                return super().claim()
            while (hint := queue.fetch_hint(self._task_types, wait_seconds=HINT_SECONDS)) is not None:
                self._next_look, self._pause = time.monotonic() + LOOK_SECONDS, RECONNECT_SECONDS
                claimed = self._follow(queue, hint)
                if claimed is not None:
                    return claimed
        except QueueError as error:
            self._lose_queue(error)
        return self._look()

    def _look(self) -> ClaimedTask | None:
        """An attempt of which no hint came; one that waits too long for its hint, where all jobs are done."""
        now = time.monotonic()
        if self._job_id is None and now < self._next_look:
            return None
        claimed = super().claim()
        self._next_look = now if claimed else now + LOOK_SECONDS
        return claimed

    @property
    def has_waited(self) -> bool:
        """Whether the queue was there to wait for."""
        return self._queue is not None

    def _follow(self, queue: TaskQueue, hint: QueueHint) -> ClaimedTask | None:
        attempt_id = AttemptId(hint.attempt_id)
        is_known, is_ours = self._look_up(attempt_id)
        claimed = self.claim_one(attempt_id) if is_ours else None
        if is_known and not is_ours:
            self._database.outbox.add(attempt_id, delay_seconds=OTHER_JOB_SECONDS)
        try:
            if is_known:
                queue.acknowledge(hint)
            else:
                queue.refuse(hint)
        except QueueError as error:  # the claim stands; the hint comes again, to nobody's harm
            self._lose_queue(error)
        return claimed

    def _look_up(self, attempt_id: AttemptId) -> tuple[bool, bool]:
        """Whether the database knows the attempt, and whether it belongs to the job that is done here."""
        row = self._database.queries.one("attempt_job", attempt_id=attempt_id)
        return row is not None, row is not None and self._job_id in (None, row["jobId"])

    def _connected(self) -> TaskQueue | None:
        """The queue; None while it is away."""
        if self._queue is None and time.monotonic() >= self._next_try:
            self._queue = TaskQueueConnector().open(database=self._database)
            self._next_look = time.monotonic() + LOOK_SECONDS
        return self._queue

    def _lose_queue(self, error: QueueError) -> None:
        self.close()  # may take its time, which does not count as a pause
        now = time.monotonic()
        if now >= self._next_error:
            log.warning("the queue does not answer, tasks are looked for in the database: %s", error)
            self._next_error = now + ERROR_LOG_SECONDS
        self._next_try = now + self._pause
        self._pause = min(2 * self._pause, LONGEST_RECONNECT_SECONDS)

    def pause(self) -> None:
        """Give back what was received, since nothing can be claimed now."""
        if self._queue is None:
            return
        try:
            self._queue.pause()
        except QueueError as error:
            self._lose_queue(error)

    def close(self) -> None:
        """Close the connection; hints that were not acknowledged go back."""
        queue, self._queue = self._queue, None
        if queue is not None:
            queue.close()
