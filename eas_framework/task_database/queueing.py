"""Opening attempts at ready tasks, and claiming them; all inside the transactions of `lifecycle`.

An attempt is queued for whoever claims it, or begun at once by the executor whose own task made it possible:
that one writes the claim with the attempt, so that no second transaction and no queue is needed for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from eas_framework.plugins.database import Row
from eas_framework.task_database.attempts import AttemptRepository, Claim
from eas_framework.task_database.outbox import Outbox
from eas_framework.task_database.queries import Queries
from eas_framework.task_database.tasks import TaskRepository
from eas_framework.task_objects import AttemptId, JobId, TaskId, TaskState


@dataclass(frozen=True, kw_only=True)
class Claimant:
    """Who claims: the executor, its host, for how long, and what it can do (task type id to name)."""

    worker_id: str
    host_id: int
    lease_seconds: float
    task_types: Mapping[int, str] = field(default_factory=dict)
    job_id: JobId | None = None

    def may_do(self, task: Row) -> bool:
        """Whether the task is of a type and of the job that this executor works for."""
        return task["taskTypeId"] in self.task_types and self.job_id in (None, task["jobId"])


@dataclass(frozen=True, kw_only=True)
class ClaimedTask:
    """An attempt that this process may do: the claim, and the task's type, seed and limits."""

    claim: Claim
    task_id: TaskId
    parent_id: TaskId | None
    task_type: str
    job_id: JobId | None
    seed: int
    time_limit_s: float | None
    memory_gb: float | None


@dataclass(frozen=True, kw_only=True)
class Opened:
    """How many tasks were queued for others, and the one that the claimant has begun itself."""

    queued: int
    begun: ClaimedTask | None = None


class Queueing:
    """Makes attempts of ready tasks; nothing here begins or ends a transaction."""

    def __init__(self, queries: Queries, tasks: TaskRepository, attempts: AttemptRepository) -> None:
        self._queries, self._tasks, self._attempts = queries, tasks, attempts
        self.outbox: Outbox | None = None
        """Where queued attempts are announced, when the queue lives outside the database."""

    # ------------------------------------------------------------- opening
    def queue(
        self, task_ids: Iterable[TaskId], *, delay_seconds: float = 0.0, is_repeat: bool = False
    ) -> list[AttemptId]:
        """Queue those of the tasks that are ready; the new attempts.

        Args:
            task_ids: The tasks.
            delay_seconds: No attempt may be claimed before.
            is_repeat: The attempts do not count among those that a task may have.
        """
        rows = self._tasks.locked(task_ids).values()
        return self.queue_rows(
            [row for row in rows if is_ready(row)], delay_seconds=delay_seconds, is_repeat=is_repeat
        )

    def queue_rows(
        self, rows: Sequence[Row], *, delay_seconds: float = 0.0, is_repeat: bool = False
    ) -> list[AttemptId]:
        """Queue tasks of which this transaction knows, by their rows, that they are ready."""
        made = []
        for row in rows:
            attempt_id = self._attempts.create(
                row["taskId"],
                type_id=row["taskTypeId"],
                generation=row["generation"],
                queued=True,
                delay_seconds=delay_seconds,
            )
            self._tasks.open_attempt(row["taskId"], attempt_id, is_repeat=is_repeat)
            made.append(attempt_id)
        if self.outbox is not None:
            self.outbox.add(*made, delay_seconds=delay_seconds)
        return made

    def open(self, rows: Sequence[Row], claimant: Claimant | None) -> Opened:
        """Queue ready tasks, except the first one that the claimant can do, which it begins."""
        own = next((row for row in rows if claimant is not None and claimant.may_do(row)), None)
        queued = self.queue_rows([row for row in rows if row is not own])
        if own is None or claimant is None:
            return Opened(queued=len(queued))
        return Opened(queued=len(queued), begun=self._begin(own, claimant))

    def _begin(self, row: Row, claimant: Claimant) -> ClaimedTask:
        """A new attempt that is running from its first moment."""
        claim = self._attempts.create_running(
            row["taskId"],
            type_id=row["taskTypeId"],
            generation=row["generation"],
            worker_id=claimant.worker_id,
            host_id=claimant.host_id,
            lease_seconds=claimant.lease_seconds,
        )
        self._tasks.open_attempt(row["taskId"], claim.attempt_id, new_state=TaskState.RUNNING)
        return _claimed(claim, row, claimant.task_types[row["taskTypeId"]])

    # ------------------------------------------------------------- claiming
    def claim_next(self, type_ids: Sequence[int] | None, claimant: Claimant) -> ClaimedTask | None:
        """Claim the queued attempt that comes next, of these types and the claimant's job; or None."""
        attempt_id = self._attempts.next_to_claim(type_ids, job_id=claimant.job_id)
        return None if attempt_id is None else self.claim(attempt_id, claimant)

    def claim(self, attempt_id: AttemptId, claimant: Claimant) -> ClaimedTask | None:
        """Claim one attempt; None when it is not queued any more, as for a late or double message."""
        claim = self._attempts.claim(
            attempt_id,
            worker_id=claimant.worker_id,
            host_id=claimant.host_id,
            lease_seconds=claimant.lease_seconds,
        )
        row = self._queries.one("claimed_task", attempt_id=attempt_id) if claim else None
        if claim is None or row is None:
            return None
        self._tasks.mark_running(row["taskId"], attempt_id)
        return _claimed(claim, row, row["taskTypeName"])


def is_ready(row: Row) -> bool:
    """Whether a task may be given an attempt."""
    return row["state"] == TaskState.READY and row["openAttemptId"] is None


def _claimed(claim: Claim, row: Row, task_type: str) -> ClaimedTask:
    return ClaimedTask(
        claim=claim,
        task_id=row["taskId"],
        parent_id=row["parentTask"],
        task_type=task_type,
        job_id=row["jobId"],
        seed=row["seed"],
        time_limit_s=row["timeLimit"],
        memory_gb=row["memoryLimit"],
    )
