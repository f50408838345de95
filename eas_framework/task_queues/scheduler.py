"""`TaskScheduler`: queues what is ready, counts what is new, and takes over what dead workers held."""

from __future__ import annotations

import logging
import socket
import time
from functools import partial
from typing import Self

import psutil

from eas_framework.errors import UsageError
from eas_framework.plugins.database import Row
from eas_framework.process_tree import find_process
from eas_framework.settings import configuration
from eas_framework.task_database import TaskDatabaseConnection
from eas_framework.task_database.dropping import drop_intermediate_files
from eas_framework.task_database.registration import ensure_job
from eas_framework.task_database.rooms import is_external
from eas_framework.task_objects import AttemptId, JobId, TaskId
from eas_framework.task_queues.connector import TaskQueueConnector
from eas_framework.task_queues.relay import OutboxRelay
from eas_framework.task_queues.relay_service import RelayService

log = logging.getLogger(__name__)

NEVER_TRIED = "1"
NOT_FINISHED = "x.isFinished AND NOT x.errorFail"
_CRITERIA = {
    NEVER_TRIED: "waiting",
    "waiting": "waiting",
    NOT_FINISHED: "unfinished",
    "unfinished": "unfinished",
}
DROP_EVERY_SECONDS = 5.0
DROP_AT_ONCE_SECONDS = 1.0
DROP_SHARE_OF_TIME = 0.05
QUEUE_AHEAD = 200
"""How many attempts one pass queues; the next pass queues more."""


class TaskScheduler:
    """Keeps work flowing; any number of schedulers may run at once.

    Args:
        queue_implementation: Kept for task code; attempts are queued in the database, and from there
            published.
        database: Connection to work through; None opens one, which `close` closes.
        job_id: The only job whose ready tasks are queued; None queues those of all.
    """

    def __init__(
        self,
        queue_implementation: str | None = None,
        *,
        database: TaskDatabaseConnection | None = None,
        job_id: JobId | None = None,
    ) -> None:
        self._job_id = job_id
        self.queue_implementation = queue_implementation
        self._owns_connection = database is None
        self._database = database if database is not None else TaskDatabaseConnection()
        self._relay: RelayService | None = None
        self._next_drop = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the relay, close the connection when it was opened here; harmless twice."""
        if self._relay is not None:
            self._relay.stop()
            self._relay = None
        if self._owns_connection:
            self._database.close_db()

    # ------------------------------------------------------------- a queue outside the database
    def start_relay(self) -> None:
        """Publish, from now until `close`, what is queued, where the queue lives outside the database."""
        if self._relay is None and is_external(configuration().queue_implementation):
            self._relay = RelayService()
            self._relay.start()

    def publish_all(self) -> int:
        """Publish now all that is due, where the queue lives outside the database; how much it was.

        Raises:
            QueueError: The queue cannot be reached; what was not published stays in the outbox.
        """
        if not is_external(configuration().queue_implementation):
            return 0
        with TaskQueueConnector().interface(database=self._database) as queue:
            return sum(iter(OutboxRelay(self._database, queue).publish_due, 0))

    def wake_relay(self) -> None:
        """Say that something was queued."""
        if self._relay is not None:
            self._relay.wake()

    # ------------------------------------------------------------- one pass
    def run_pass(self) -> int:
        """Take over expired leases, count new tasks, queue ready ones; how many were queued or taken over."""
        dead = self.take_over_dead_workers()
        lost = self._database.lifecycle.reap(spared=self._living_workers())
        lost += self._database.lifecycle.free_unpublished()
        self._database.db_handle.end_idle_transactions()
        self._drop_files()
        done = dead + lost + self.schedule_all_waiting_jobs()
        if done:
            self.wake_relay()
        return done

    def schedule_all_waiting_jobs(self) -> int:
        """Queue ready tasks without an attempt; how many."""
        self._count_new_tasks()
        return self._database.lifecycle.queue_ready(limit=QUEUE_AHEAD, job_id=self._job_id)

    def reschedule_all_unfinished_jobs(self) -> int:
        """Queue ready tasks, and open failed ones again; tasks that are queued or running are left alone."""
        database = self._database
        failed = [t for job in database.jobs.list_all() for t in database.lifecycle.list_failed(job.job_id)]
        reopened = database.lifecycle.retry(failed) if failed else 0
        return reopened + self.schedule_all_waiting_jobs()

    def schedule_a_task(self, task_id: TaskId) -> AttemptId | None:
        """Queue one ready task; its new attempt, or None when it is not ready."""
        return self._database.lifecycle.queue_task(task_id)

    def schedule_jobs_based_on_criterion(self, task_selection_criteria: str) -> int:
        """Queue by one of the two criteria that exist: ``waiting`` or ``unfinished``.

        Raises:
            UsageError: Another text (a ValueError); SQL from outside is never run.
        """
        known = _CRITERIA.get(" ".join(task_selection_criteria.split()))
        if known is None:
            raise UsageError(
                f"unknown criterion {task_selection_criteria!r}; there are 'waiting' and 'unfinished'"
            )
        return (
            self.schedule_all_waiting_jobs() if known == "waiting" else self.reschedule_all_unfinished_jobs()
        )

    # ------------------------------------------------------------- intermediate files
    def _drop_files(self) -> None:
        """Delete intermediate files for a moment, now and then: it must not hold up the pass."""
        began = time.monotonic()
        if began < self._next_drop:
            return
        for _ in drop_intermediate_files(self._database):
            if time.monotonic() - began > DROP_AT_ONCE_SECONDS:
                break
        now = time.monotonic()
        self._next_drop = now + max(DROP_EVERY_SECONDS, (now - began) / DROP_SHARE_OF_TIME)

    # ------------------------------------------------------------- new tasks
    def _count_new_tasks(self) -> None:
        """Count the dependencies of tasks that were configured by hand; a root without a job gets one."""
        database = self._database

        def count(task_id: TaskId) -> None:
            ensure_job(database, task_id)
            database.dependencies.count(task_id)

        for task_id in database.dependencies.list_uncounted():
            database.db_handle.retried(partial(count, task_id))

    # ------------------------------------------------------------- dead workers of this host
    def take_over_dead_workers(self) -> int:
        """Let the leases of workers of this host that are dead run out at once; how many workers."""
        dead = [worker for worker in self._workers_of_this_host() if _process(worker) is None]

        def end(worker_id: str) -> None:
            self._database.queries.run("attempts_expire_of_worker", pattern=f"{worker_id}/%")
            self._database.queries.run("worker_stop", worker_id=worker_id)

        for worker in dead:
            log.warning("worker %s (process %d) is dead", worker["workerId"], worker["processId"])
            self._database.db_handle.retried(partial(end, worker["workerId"]))
        return len(dead)

    def _living_workers(self) -> set[str]:
        """Workers of this host that live and are not stopped, where the database can have no others."""
        if not self._database.db_handle.is_single_host:
            return set()
        stopped = (psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE)
        found = ((worker["workerId"], _process(worker)) for worker in self._workers_of_this_host())
        return {worker_id for worker_id, process in found if process and process.status() not in stopped}

    def _workers_of_this_host(self) -> list[Row]:
        host = socket.gethostname()
        return [row for row in self._database.queries.rows("workers_alive") if row["hostname"] == host]


def _process(worker: Row) -> psutil.Process | None:
    """The process that registered the worker; None when it is gone."""
    return find_process(worker["processId"], started=worker["processStart"])
