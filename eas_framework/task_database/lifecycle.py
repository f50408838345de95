"""The life of a task, one transaction for each step: queue, claim, finish, lose, retry, cancel."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from eas_framework.crash_points import crash_point
from eas_framework.errors import CommitUnknownError, DatabaseConnectionError, StateError, TaskFailed
from eas_framework.plugins.database import Row
from eas_framework.task_database.attempts import AttemptRepository, Claim, Ending
from eas_framework.task_database.dependencies import Dependencies, Family
from eas_framework.task_database.jobs import JobRepository, JobState
from eas_framework.task_database.outbox import Outbox
from eas_framework.task_database.queries import Queries
from eas_framework.task_database.queueing import Claimant, ClaimedTask, Queueing, is_ready
from eas_framework.task_database.tasks import TaskRepository
from eas_framework.task_database.versions import InputFile
from eas_framework.task_objects import AttemptId, AttemptState, JobId, TaskId, TaskState

log = logging.getLogger(__name__)
T = TypeVar("T")

QUEUE_AT_ONCE = 50
"""How many tasks one transaction queues directly; more are left to the scheduler."""
UNPUBLISHED_SECONDS = 600.0
"""How long an attempt that the documented call registered may wait for being published."""
SERVER_AWAY_SECONDS = 3600.0
"""How long the end of an attempt waits for a database server to come back."""


@dataclass(frozen=True, kw_only=True)
class Finished:
    """What the end of an attempt led to: the task's state, tasks queued, and the one begun with it."""

    task_state: TaskState
    queued: int
    begun: ClaimedTask | None = None


class Lifecycle:
    """Moves attempts and tasks together; each public method is one transaction."""

    def __init__(
        self,
        queries: Queries,
        tasks: TaskRepository,
        attempts: AttemptRepository,
        dependencies: Dependencies,
        jobs: JobRepository,
    ) -> None:
        self._queries, self._tasks, self._attempts = queries, tasks, attempts
        self._dependencies, self._jobs = dependencies, jobs
        self._queueing = Queueing(queries, tasks, attempts)

    @property
    def outbox(self) -> Outbox | None:
        """Where queued attempts are announced, when the queue lives outside the database."""
        return self._queueing.outbox

    @outbox.setter
    def outbox(self, outbox: Outbox | None) -> None:
        self._queueing.outbox = outbox

    def _transact(self, label: str, work: Callable[[], T]) -> T:
        """The result of `work` in one transaction, with a crash point at its end and one after its commit."""

        def whole() -> T:
            done = work()
            crash_point(f"in_{label}_transaction")
            return done

        done = self._queries.database.retried(whole)
        crash_point(f"after_{label}_commit")
        return done

    # ------------------------------------------------------------- queueing
    def queue_ready(
        self,
        *,
        limit: int = QUEUE_AT_ONCE,
        job_id: JobId | None = None,
        served: Sequence[int] | None = None,
    ) -> int:
        """Queue ready tasks, oldest first, until `limit` attempts are queued; how many were queued now.

        With a job, both count in that job only. With the ids of the types that the caller serves, only queued
        attempts of those count, so that types which nobody serves keep no others waiting.
        """
        room = limit - self._attempts.count_all_queued(limit, job_id=job_id, type_ids=served)
        if room <= 0 or not self._tasks.list_ready(1, job_id=job_id):
            return 0
        return self._transact("queue", lambda: self.queue_tasks(self._tasks.take_ready(room, job_id=job_id)))

    def queue_tasks(self, task_ids: Iterable[TaskId]) -> int:
        """Queue those of the tasks that are ready, inside the caller's transaction; how many."""
        return len(self._queueing.queue(task_ids))

    def register_attempt(self, task_id: TaskId) -> AttemptId:
        """A new attempt that is not queued yet; `publish` queues it.

        Raises:
            StateError: The task has an open attempt, or has ended.
        """

        def work() -> AttemptId:
            row = self._tasks.row(task_id)
            attempt_id = self._attempts.create(
                task_id, type_id=row["taskTypeId"], generation=row["generation"], queued=False
            )
            if not self._tasks.attach_attempt(task_id, attempt_id):
                raise StateError(
                    f"task {task_id} is {row['state']} and takes no new attempt; see `eas retry`"
                )
            return attempt_id

        return self._transact("queue", work)

    def publish(self, attempt_id: AttemptId) -> bool:
        """Queue an attempt that `register_attempt` made; whether it was not queued before."""

        def work() -> bool:
            if not self._attempts.mark_queued(attempt_id):
                return False
            self._tasks.mark_queued(attempt_id)
            if self.outbox is not None:
                self.outbox.add(attempt_id)
            return True

        return self._transact("queue", work)

    def queue_task(self, task_id: TaskId) -> AttemptId | None:
        """Queue one ready task; its new attempt, or None when it is not ready."""
        made = self._transact("queue", lambda: self._queueing.queue([task_id]))
        return made[0] if made else None

    # ------------------------------------------------------------- claiming
    def claim_next(
        self,
        type_ids: Sequence[int] | None,
        *,
        worker_id: str,
        host_id: int,
        lease_seconds: float,
        job_id: JobId | None = None,
    ) -> ClaimedTask | None:
        """Claim the queued attempt that comes next, of these types and this job where given; or None."""
        if self._attempts.next_queued(type_ids, job_id=job_id) is None:
            return None
        claimant = Claimant(worker_id=worker_id, host_id=host_id, lease_seconds=lease_seconds, job_id=job_id)
        return self._transact("claim", lambda: self._queueing.claim_next(type_ids, claimant))

    def claim(
        self, attempt_id: AttemptId, *, worker_id: str, host_id: int, lease_seconds: float
    ) -> ClaimedTask | None:
        """Claim one attempt; None when it is not queued any more, as for a late or double message."""
        claimant = Claimant(worker_id=worker_id, host_id=host_id, lease_seconds=lease_seconds)
        return self._transact("claim", lambda: self._queueing.claim(attempt_id, claimant))

    # ------------------------------------------------------------- ends
    def finish(
        self,
        claimed: ClaimedTask,
        ending: Ending,
        *,
        log_rows: Sequence[Row] = (),
        is_control_flow: bool = False,
        retry_delay_seconds: float | None = None,
        claimant: Claimant | None = None,
    ) -> Finished:
        """End an attempt, make its files visible, unlock or block what waits, and count it in its parents.

        Args:
            claimed: What `claim` gave.
            ending: State, times, files and provenance.
            log_rows: Records to store with it (attempt_id, timestamp, severity, message).
            is_control_flow: The task registered children, and is done when all below it is.
            retry_delay_seconds: After a failure that is worth a repetition, when that may begin; None: never.
            claimant: Who takes one of the tasks that are ready by this end; None leaves all to the queue.

        Raises:
            LeaseLostError: The claim no longer holds; nothing was recorded.
        """
        crash_point("before_finish_commit")

        def work() -> Finished:
            self._attempts.end(claimed.claim, ending)
            self._queries.run_many("log_insert", log_rows)
            if ending.state is AttemptState.PASSED:
                return self._pass_task(claimed, claimant, is_control_flow=is_control_flow)
            return self._fail_task(claimed.task_id, claimed.claim.attempt_id, retry_delay_seconds)

        try:
            return self._finish_surely(claimed, ending, work)
        finally:
            self._attempts.release(claimed.claim.attempt_id)

    def _finish_surely(self, claimed: ClaimedTask, ending: Ending, work: Callable[[], Finished]) -> Finished:
        """Finish once, however often a server goes away; where it did so while it committed, ask it first."""
        database = self._queries.database
        gives_up, is_unknown = time.monotonic() + SERVER_AWAY_SECONDS, False
        last: list[Finished] = []

        def remembered() -> Finished:
            last[:] = [work()]
            return last[0]

        while True:
            try:
                if is_unknown and self._has_ended_so(claimed, ending):
                    return last[0]
                return self._transact("finish", remembered)
            except DatabaseConnectionError as error:
                if not database.locks_rows or time.monotonic() > gives_up:
                    raise
                is_unknown = is_unknown or isinstance(error, CommitUnknownError)
                log.warning("attempt %d: its end waits for the database: %s", claimed.claim.attempt_id, error)

    def _has_ended_so(self, claimed: ClaimedTask, ending: Ending) -> bool:
        """Whether the attempt stands in the database as its worker ended it, over a fresh connection."""
        claim = claimed.claim
        row = self._queries.database.retried(
            lambda: self._queries.one("attempt_state", attempt_id=claim.attempt_id)
        )
        return row is not None and (row["state"], row["claimToken"]) == (ending.state, claim.token)

    def _pass_task(
        self, claimed: ClaimedTask, claimant: Claimant | None, *, is_control_flow: bool
    ) -> Finished:
        family = self._dependencies.family(claimed.task_id, claimed.parent_id)
        state = self._dependencies.state_after_success(family.own, is_control_flow=is_control_flow)
        self._tasks.close_attempt(claimed.task_id, claimed.claim.attempt_id, state)
        return self._settle(claimed.task_id, state, family, claimant)

    def _fail_task(
        self, task_id: TaskId, attempt_id: AttemptId, retry_delay_seconds: float | None
    ) -> Finished:
        self._dependencies.lock_for_end(task_id)
        if retry_delay_seconds is not None and self._tasks.row(task_id)["attemptsLeft"] > 0:
            self._tasks.close_attempt(task_id, attempt_id, TaskState.READY)
            self._queueing.queue([task_id], delay_seconds=retry_delay_seconds)
            return Finished(task_state=TaskState.QUEUED, queued=1)
        self._tasks.close_attempt(task_id, attempt_id, TaskState.FAILED)
        self._cancel_below(task_id)
        return self._settle(task_id, TaskState.FAILED)

    def _cancel_below(self, task_id: TaskId) -> None:
        """Cancel what a control-flow task had registered before it failed; what runs is fenced out."""
        if not self._tasks.counters(task_id)["openChildren"]:
            return
        for row in self._queries.rows("tasks_open_below", task_id=task_id):
            below, attempt_id = TaskId(row["taskId"]), row["openAttemptId"]
            if attempt_id is not None:
                self._end_open_attempt(below, attempt_id, reason=f"task {task_id} above it failed")
            elif not self._tasks.move(
                below, TaskState.CANCELLED, expected=[TaskState.WAITING, TaskState.READY]
            ):
                continue  # blocked by one that was cancelled before it
            self._dependencies.settle(below, TaskState.CANCELLED)

    def _end_open_attempt(self, task_id: TaskId, attempt_id: AttemptId, *, reason: str) -> None:
        self._attempts.end_unclaimed(
            attempt_id,
            AttemptState.CANCELLED,
            expected=[AttemptState.CREATED, AttemptState.QUEUED, AttemptState.RUNNING],
            reason=reason,
        )
        self._tasks.close_attempt(task_id, attempt_id, TaskState.CANCELLED)

    def _settle(
        self,
        task_id: TaskId,
        state: TaskState,
        family: Family | None = None,
        claimant: Claimant | None = None,
    ) -> Finished:
        if state is TaskState.EXPANDED:
            return Finished(task_state=state, queued=0)
        ready = [row for row in self._dependencies.settle(task_id, state, family) if is_ready(row)]
        opened = self._queueing.open(ready[:QUEUE_AT_ONCE], claimant)
        return Finished(task_state=state, queued=opened.queued, begun=opened.begun)

    def take_over(self, claimed: ClaimedTask, passed: AttemptId) -> Finished:
        """Let a passed attempt of a replaced job stand for this task, whose own attempt is cancelled."""

        def work() -> Finished:
            old_task = self._attempts.get(passed).task_id
            self._attempts.take_over(passed, claimed.task_id)
            self._queries.run("products_take_over", old_task=old_task, new_task=claimed.task_id)
            return self._settle(claimed.task_id, TaskState.PASSED)

        reason = f"not done: attempt {passed} had made the same from the same"
        return self._end_undone("take_over", claimed, TaskState.PASSED, reason=reason, work=work)

    def have_made_again(self, claimed: ClaimedTask, files: Sequence[InputFile]) -> Finished:
        """Let a claimed task wait until inputs that were dropped are made again; it costs no attempt.

        Raises:
            TaskFailed: A file belongs to a job that was replaced, so that nobody makes it any more.
        """

        def work() -> Finished:
            ready = self._dependencies.wait_again(claimed.task_id, [file.product_id for file in files])
            return Finished(task_state=TaskState.WAITING, queued=self.queue_tasks(ready))

        self._refuse_replaced(files)
        named = ", ".join(sorted(file.filename for file in files))
        reason = f"not begun: inputs that were dropped are made again first: {named}"
        return self._end_undone("making_again", claimed, TaskState.WAITING, reason=reason, work=work)

    def _end_undone(
        self, name: str, claimed: ClaimedTask, state: TaskState, *, reason: str, work: Callable[[], Finished]
    ) -> Finished:
        """Cancel the attempt of a claimed task, which gets `state`; the rest in the same transaction."""

        def end() -> Finished:
            self._attempts.hold(claimed.claim.attempt_id)
            self._attempts.end_unclaimed(
                claimed.claim.attempt_id,
                AttemptState.CANCELLED,
                expected=[AttemptState.RUNNING],
                reason=reason,
            )
            self._dependencies.lock_for_end(claimed.task_id)
            self._tasks.close_attempt(claimed.task_id, claimed.claim.attempt_id, state)
            return work()

        try:
            return self._transact(name, end)
        finally:
            self._attempts.release(claimed.claim.attempt_id)

    def _refuse_replaced(self, files: Sequence[InputFile]) -> None:
        for file in files:
            job_id = self._queries.value("product_replaced_job", product_id=file.product_id)
            if job_id is not None:
                raise TaskFailed(
                    f"the input {file.filename} was dropped (keep: final), and its job {job_id} "
                    "was replaced; run a job that makes it"
                )

    # ------------------------------------------------------------- recovery
    def reap(self, *, spared: Collection[str] = ()) -> int:
        """Take running attempts whose lease has run out from their dead workers; how many.

        Args:
            spared: Workers known to live, whose leases ran out because the machine slept.
        """
        expired = [row for row in self._attempts.expired() if _worker_of(row) not in spared]
        return sum(self._transact("reap", partial(self._lose, row)) for row in expired)

    def _lose(self, row: Row) -> bool:
        reason = f"the worker {row['workerId']} died or was cut off; its lease ran out"
        if not self._attempts.lose(row["id"], reason=reason):
            return False
        log.warning("attempt %d: lost; %s", row["id"], reason)
        self._fail_task(row["taskId"], row["id"], 0.0)
        return True

    def free_unpublished(self, *, age_seconds: float = UNPUBLISHED_SECONDS) -> int:
        """Cancel attempts that were registered so long ago and never published; how many tasks are free."""

        def work(row: Row) -> bool:
            if not self._attempts.end_unclaimed(
                row["id"], AttemptState.CANCELLED, expected=[AttemptState.CREATED], reason="never published"
            ):
                return False
            self._tasks.detach_attempt(row["taskId"], row["id"])
            return True

        rows = self._attempts.unpublished(age_seconds=age_seconds)
        return sum(self._transact("reap", partial(work, row)) for row in rows)

    def lose_executor(self, claim: Claim, task_id: TaskId, *, reason: str, is_repeat: bool = False) -> bool:
        """End the attempt of an executor that died: lost, and queued again while attempts are left.

        Args:
            claim: The dead executor's claim.
            task_id: Its task.
            reason: What happened.
            is_repeat: The repetition is free, as when the worker was asked to stop.
        """

        def work() -> bool:
            if not self._attempts.renew(claim, lease_seconds=0.0):
                return False
            self._attempts.end_unclaimed(
                claim.attempt_id, AttemptState.LOST, expected=[AttemptState.RUNNING], reason=reason
            )
            if is_repeat:
                self._tasks.close_attempt(task_id, claim.attempt_id, TaskState.READY)
                self._queueing.queue([task_id], is_repeat=True)
            else:
                self._fail_task(task_id, claim.attempt_id, 0.0)
            return True

        return self._transact("loss", work)

    def fail_executor(self, claim: Claim, task_id: TaskId, *, reason: str) -> bool:
        """End the attempt of an executor that broke a limit: failed, and repeated while it may be."""

        def work() -> bool:
            if not self._attempts.renew(claim, lease_seconds=0.0):
                return False
            self._attempts.end_unclaimed(
                claim.attempt_id, AttemptState.FAILED, expected=[AttemptState.RUNNING], reason=reason
            )
            self._fail_task(task_id, claim.attempt_id, 0.0)
            return True

        return self._transact("loss", work)

    def abandon(self, executor_id: str, *, reason: str) -> int:
        """End what an executor can no longer finish: lost, and queued again; how many it was."""
        rows = self._queries.rows("attempts_running_of_executors", executor_ids=[executor_id])
        for row in rows:
            claim = Claim(attempt_id=row["id"], token=row["claimToken"], worker_id=executor_id)
            self.lose_executor(claim, row["taskId"], reason=reason)
        return len(rows)

    # ------------------------------------------------------------- what a person asks for
    def drop(self, attempt_id: AttemptId) -> bool:
        """Take a queued attempt out of its queue: it and its task are cancelled; whether it was queued."""

        def work() -> bool:
            if not self._attempts.end_unclaimed(
                attempt_id,
                AttemptState.CANCELLED,
                expected=[AttemptState.CREATED, AttemptState.QUEUED],
                reason="taken out of the queue",
            ):
                return False
            attempt = self._attempts.get(attempt_id)
            task_id = TaskId(int(attempt.task_id or 0))
            self._dependencies.lock_for_end(task_id)
            self._tasks.close_attempt(task_id, attempt_id, TaskState.CANCELLED)
            self._settle(task_id, TaskState.CANCELLED)
            return True

        return self._transact("cancel", work)

    def retry(self, task_ids: Sequence[TaskId]) -> int:
        """Open failed tasks again, with what they blocked; how many tasks became ready."""

        def work() -> int:
            ready = [task for task_id in task_ids for task in self._dependencies.reopen(task_id)]
            self.queue_tasks(ready[:QUEUE_AT_ONCE])
            return len(ready)

        return self._transact("retry", work)

    def list_failed(self, job_id: JobId) -> list[TaskId]:
        """The tasks of a job that failed or were cancelled themselves, not through others."""
        rows = self._tasks.list_in_states(job_id, [TaskState.FAILED, TaskState.CANCELLED])
        return [TaskId(row["taskId"]) for row in rows if not row["isExpanded"]]

    def force(self, job_id: JobId) -> None:
        """Let all tasks of a job run again; their results become new versions of the same products."""
        self._transact("force", lambda: self._dependencies.force(job_id))

    def cancel(self, job_id: JobId) -> int:
        """Cancel all that is not done of a job; running attempts are fenced out. How many tasks it was."""

        def work() -> int:
            cancelled = 0
            while found := self._cancel_open(
                job_id
            ):  # a task that was expanding until now may have added some
                cancelled += found
            self._close_parents(job_id)
            self._jobs.mark_ended(job_id, JobState.CANCELLED)
            return cancelled

        return self._transact("cancel", work)

    def _cancel_open(self, job_id: JobId) -> int:
        """Cancel the tasks of a job that are pending, queued or running; how many."""
        pending = self._queries.run("tasks_cancel_pending", job_id=job_id)
        opened = self._queries.rows("tasks_open_attempts", job_id=job_id)
        for row in opened:
            self._end_open_attempt(row["taskId"], row["openAttemptId"], reason="the job was cancelled")
        return pending + len(opened)

    def _close_parents(self, job_id: JobId) -> None:
        """Cancel control-flow tasks that waited for cancelled ones, and set their counters right."""
        for row in self._tasks.list_in_states(job_id, [TaskState.EXPANDED]):
            self._tasks.move(row["taskId"], TaskState.CANCELLED, expected=[TaskState.EXPANDED])
        self._queries.run("tasks_recount_children", job_id=job_id)


def _worker_of(row: Row) -> str:
    """The worker to which an executor belongs: what stands before the slash of its id."""
    return str(row["workerId"] or "").partition("/")[0]
