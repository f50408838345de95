"""The parent process of a worker: keeps executors alive, renews their leases, enforces limits, drains.

It never runs task code, so that a handler which holds the interpreter lock for minutes, or kills its process,
takes nothing else with it.
"""

from __future__ import annotations

import logging
import os
import secrets
import select
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any

from eas_framework.errors import DatabaseError, EasError
from eas_framework.process_tree import start_of
from eas_framework.settings import Configuration
from eas_framework.task_database import TaskDatabaseConnection
from eas_framework.task_database.attempts import Claim
from eas_framework.task_objects import JobId
from eas_framework.task_queues import TaskScheduler
from eas_framework.worker.backoff import Backoff, Every
from eas_framework.worker.child import Child
from eas_framework.worker.limits import memory_in_use_gb
from eas_framework.worker.messages import Message
from eas_framework.worker.orders import settings_order

log = logging.getLogger(__name__)

STEP_SECONDS = 0.25
SCHEDULE_SECONDS = 1.0
LIMITS_SECONDS = 0.5
ERROR_LOG_SECONDS = 60.0
AWAY_FIRST_SECONDS, AWAY_LAST_SECONDS = 0.25, 5.0
"""The pauses between two looks whether a database that is away has come back."""
START_FAILURES_ALLOWED = 5
"""Executors that may die before their first task, one after another, before the worker gives up."""

Listener = Callable[[Message], None]


class WorkerFailed(EasError):
    """Executors die as soon as they are started."""


class Supervisor:
    """N executors and the promises made about them.

    Args:
        database: The supervisor's own connection.
        config: Settings, handed on to the executors.
        executors: How many executors.
        task_types: Names of the types to serve; None serves all that this machine can run.
        job_id: The only job whose tasks are done; None does those of all.
        listener: Called with each message of an executor, such as ``{"event": "finished", …}``.
    """

    def __init__(
        self,
        database: TaskDatabaseConnection,
        config: Configuration,
        *,
        executors: int,
        task_types: Sequence[str] | None = None,
        job_id: JobId | None = None,
        listener: Listener | None = None,
    ) -> None:
        self.worker_id = f"{socket.gethostname()[:40]}-{secrets.token_hex(6)}"
        self._database, self._config = database, config
        self._count, self._task_types, self._job_id = executors, task_types, job_id
        self._listener = listener or (lambda message: None)
        self._scheduler = TaskScheduler(database=database, job_id=job_id)
        self._children: list[Child] = []
        self._started = 0
        self._is_draining = False
        self._failed_starts = 0
        self._next_renewal = self._next_pass = self._next_limits = self._next_try = 0.0
        self._backoff, self._errors = Backoff(AWAY_FIRST_SECONDS, AWAY_LAST_SECONDS), Every(ERROR_LOG_SECONDS)
        self.away: str | None = None
        """What the database said, while it does not answer; None while it does."""

    # ------------------------------------------------------------- life
    def start(self) -> None:
        """Register the worker and start its executors."""
        process_id = os.getpid()
        self._database.db_handle.retried(
            lambda: self._database.queries.run(
                "worker_insert",
                worker_id=self.worker_id,
                host_id=self._database.names.host(socket.gethostname()),
                pid=process_id,
                pid_start=start_of(process_id),
                executors=self._count,
            )
        )
        self._scheduler.start_relay()
        self._children = [self._new_child() for _ in range(self._count)]

    def run(self, is_done: Callable[[], bool]) -> None:
        """Supervise until `is_done`, asked a few times a second, says so; awaits a database that is away."""
        while not self._is_so(is_done):
            self.step()

    def _is_so(self, is_done: Callable[[], bool]) -> bool:
        try:
            return is_done()
        except DatabaseError as error:
            self._report(error)
            return False

    def step(self, *, wait_seconds: float = STEP_SECONDS) -> None:
        """Wait for news of the executors, and do what is due."""
        if time.monotonic() < self._next_try:
            time.sleep(min(wait_seconds, AWAY_FIRST_SECONDS))
            return
        channels = [child.channel for child in self._children if not child.channel.is_closed]
        select.select(channels, [], [], wait_seconds)
        try:
            for child in list(self._children):
                self._attend(child)
            self._do_what_is_due(time.monotonic())
        except DatabaseError as error:
            self._report(error)
        else:
            self._note_answer()

    def drain(self, *, is_cut_short: Callable[[], bool] = lambda: False) -> bool:
        """Let running tasks finish within the grace period, take back those that do not; whether all did.

        Executors that are idle end at once; tasks taken back are queued again without a loss of attempts.
        The period ends early when `is_cut_short`, asked a few times a second, says so.
        """
        self._is_draining = True
        for child in self._children:
            child.channel.send(do="drain")
        deadline = time.monotonic() + self._config.grace_seconds
        while self._children and time.monotonic() < deadline and not self._is_so(is_cut_short):
            self.step()
        finished = not self._children
        self.stop(reason="the worker was asked to stop, and the task did not finish in time")
        return finished

    def stop(self, *, reason: str = "the worker was stopped") -> None:
        """End all executors now; what they were doing is queued again without a loss of attempts."""
        self._is_draining = True
        for child in self._children:
            child.kill(reason)
        for child in list(self._children):
            child.process.wait()
            child.take_messages()
        try:
            for child in self._children:
                self._lose(child, reason, is_repeat=True)
            self._database.queries.run("worker_stop", worker_id=self.worker_id)
        except DatabaseError as error:
            log.warning(
                "the database does not answer; what ran is queued again when its lease ends: %s", error
            )
        for child in list(self._children):
            self._remove(child)
        self._scheduler.close()

    @property
    def is_idle(self) -> bool:
        """Whether no executor is doing anything."""
        return all(child.work is None for child in self._children)

    @property
    def is_ready(self) -> bool:
        """Whether an executor is at hand and the database answers."""
        return self.away is None and any(child.is_ready for child in self._children)

    @property
    def is_busy_throughout(self) -> bool:
        """Whether every executor that is left is doing something."""
        return all(child.work is not None for child in self._children)

    def doing(self) -> list[dict[str, Any]]:
        """What each busy executor is doing: attempt, task type, since how many seconds."""
        now = time.monotonic()
        return [
            {"attempt_id": w.claim.attempt_id, "task_type": w.task_type, "seconds": now - w.since}
            for w in (child.work for child in self._children)
            if w is not None
        ]

    def _new_child(self) -> Child:
        """Start an executor, with all that it must know to begin."""
        self._started += 1
        return Child(
            {
                "executor_id": f"{self.worker_id}/{self._started}",
                "executors": self._count,
                "task_types": self._task_types,
                "job_id": self._job_id,
                **settings_order(self._config),
            }
        )

    # ------------------------------------------------------------- executors
    def _attend(self, child: Child) -> None:
        """Hear what an executor has to say, and bury it where it has died."""
        for message in child.take_messages():
            self._listener(message)
            if message["event"] == "ready":
                self._failed_starts = 0
            if message.get("queued", 0) > 0:
                self._scheduler.wake_relay()
            if message.get("queued", 0) > (0 if message.get("goes_on") else 1):
                self._wake_others(child)
        if child.channel.is_closed or child.has_ended:
            self._bury(child)

    def _wake_others(self, busy: Child) -> None:
        """Tell idle executors that there is work, so that they need not find out by looking."""
        for child in self._children:
            if child is not busy and child.work is None:
                child.channel.send(do="wake")

    def _bury(self, child: Child) -> None:
        """End the attempt of a dead executor, and start another in its place."""
        death = child.death()
        child.take_messages()
        self._lose(child, death, is_repeat=False)  # first: without the database no other is started either
        self._remove(child)
        if self._is_draining:
            return
        if child.work is None:
            log.warning("an executor ended: %s", death)
        if not child.is_ready:
            self._count_failed_start(death)
        self._children.append(self._new_child())

    def _lose(self, child: Child, reason: str, *, is_repeat: bool) -> None:
        """End what a dead executor was doing, whether or not it could still say that it had begun."""
        rows = self._database.queries.rows("attempts_running_of_executors", executor_ids=[child.executor_id])
        lifecycle = self._database.lifecycle
        for row in rows:
            claim = Claim(attempt_id=row["id"], token=row["claimToken"], worker_id=child.executor_id)
            if child.end_reason is not None and not is_repeat:
                lifecycle.fail_executor(claim, row["taskId"], reason=reason)
            else:
                lifecycle.lose_executor(claim, row["taskId"], reason=reason, is_repeat=is_repeat)
            log.warning("attempt %d: %s", claim.attempt_id, reason.splitlines()[0])
            self._listener({"event": "lost", "attempt_id": claim.attempt_id, "reason": reason})

    def _count_failed_start(self, death: str) -> None:
        self._failed_starts += 1
        if self._failed_starts >= START_FAILURES_ALLOWED:
            raise WorkerFailed(f"executors end before they begin: {death}")

    def _remove(self, child: Child) -> None:
        self._children.remove(child)
        child.close()

    # ------------------------------------------------------------- what is due
    def _do_what_is_due(self, now: float) -> None:
        if now >= self._next_renewal:
            self._renew_leases()
            self._next_renewal = now + self._config.lease_seconds / 4
        if now >= self._next_limits:
            self._enforce_limits(now)
            self._next_limits = now + LIMITS_SECONDS
        if now >= self._next_pass and not self._is_draining:
            if self._scheduler.run_pass():
                self._wake_idle()
            self._next_pass = now + SCHEDULE_SECONDS

    def _wake_idle(self) -> None:
        for child in self._children:
            if child.work is None:
                child.channel.send(do="wake")

    def _renew_leases(self) -> None:
        """Renew all leases at once, and stop executors whose attempt was taken over."""
        ids = [child.executor_id for child in self._children]
        self._database.queries.run("worker_beat", worker_id=self.worker_id)
        if not ids:
            return
        held = self._database.attempts.renew_all(ids, lease_seconds=self._config.lease_seconds)
        for child in self._children:
            work = child.work
            if work and work.claim.attempt_id not in held and self._has_lost(work.claim.attempt_id):
                child.kill("its task was cancelled or taken over")

    def _has_lost(self, attempt_id: int) -> bool:
        """Whether an attempt ended otherwise than by its executor, whose own word may still be on its way."""
        row = self._database.queries.one("attempt_state", attempt_id=attempt_id)
        return row is None or row["state"] in ("cancelled", "lost")

    def _enforce_limits(self, now: float) -> None:
        for child in self._children:
            work = child.work
            if work is None:
                continue
            limits, seconds = work.limits, now - work.since
            if limits.time_s is not None and seconds > limits.time_s:
                child.kill(f"the task took more than its limit of {limits.time_s:g} s")
            elif limits.memory_gb is not None:
                used = memory_in_use_gb(child.process.pid)
                if used > limits.memory_gb:
                    child.kill(f"the task used {used:.2f} GB, more than its limit of {limits.memory_gb:g} GB")

    def _report(self, error: DatabaseError) -> None:
        """Say that the database does not answer, once a minute, and try again later."""
        self.away = str(error)
        self._next_try = time.monotonic() + self._backoff.next()
        if self._errors.is_time():
            log.warning("the database does not answer, trying again: %s", error)

    def _note_answer(self) -> None:
        """The database answers, perhaps again."""
        if self.away is not None:
            log.warning("the database answers again")
            self.away = None
        self._backoff.reset()
