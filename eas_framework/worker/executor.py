"""The child process of a worker: claim, do, finish, until told to stop.

Started as ``python -m eas_framework.worker.executor FD``, where FD is its end of the supervisor's socket
pair. Imports, plugin discovery, compiled kernels and the connection are paid once, not for each task.
"""

from __future__ import annotations

import atexit
import ctypes
import logging
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Sequence

from eas_framework.errors import DatabaseError, EasError
from eas_framework.logging_database import EasLoggingHandler
from eas_framework.plugins.manager import plugin_manager
from eas_framework.plugins.task import Resources
from eas_framework.settings import configuration
from eas_framework.task_database import TaskDatabaseConnection
from eas_framework.task_database.catalogue import CatalogueRepository
from eas_framework.task_database.queueing import Claimant, ClaimedTask
from eas_framework.task_database.rooms import is_external
from eas_framework.task_execution import TaskRunner
from eas_framework.task_io import use_session
from eas_framework.task_objects import JobId
from eas_framework.task_types import TaskTypeList, task_types_here
from eas_framework.worker.backoff import Backoff, Every
from eas_framework.worker.limits import Limits, apply_thread_limit, capped, machine_resources
from eas_framework.worker.messages import Channel, Message
from eas_framework.worker.orders import follow_settings
from eas_framework.worker.printed import PrintedOutput, flush_all
from eas_framework.worker.work_source import DatabaseSource, QueueSource

log = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 0.002
LAST_PAUSE_SECONDS = 1.0
AWAY_FIRST_SECONDS, AWAY_LAST_SECONDS = 0.5, 10.0
ERROR_LOG_SECONDS = 60.0
QUEUE_AHEAD = 20
_PR_SET_PDEATHSIG = 1


class Executor:
    """Does one attempt after another over one connection."""

    def __init__(self, channel: Channel, order: Message) -> None:
        self._channel = channel
        self._executor_id: str = order["executor_id"]
        self._executors: int = order["executors"]
        self._is_draining = threading.Event()
        self._wake = threading.Event()
        self._log_handler = EasLoggingHandler()
        self._database = TaskDatabaseConnection()
        self._registry = task_types_here()
        self._machine = machine_resources()
        share = capped(self._machine, self._machine, executors=self._executors)
        CatalogueRepository.share = {"cpu": share.cpu, "memory_gb": share.memory_gb}
        printed = PrintedOutput()
        self._runner = TaskRunner(self._database, plugin_manager(), self._log_handler, printed=printed.take)
        self._job_id: JobId | None = order.get("job_id")
        self._source = self._open_source(order.get("task_types"))

    def _open_source(self, task_types: Sequence[str] | None) -> DatabaseSource:
        """Where attempts come from: of the types asked for that this machine can do, or of all it can."""
        config, here = configuration(), self._registry.runnable_here()
        source = QueueSource if is_external(config.queue_implementation) else DatabaseSource
        return source(
            self._database,
            [name for name in task_types or here if name in here],
            worker_id=self._executor_id,
            host_id=self._database.names.host(socket.gethostname()),
            lease_seconds=config.lease_seconds,
            job_id=self._job_id,
        )

    # ------------------------------------------------------------- the loop
    def run(self) -> None:
        """Work until the supervisor says drain, or is gone."""
        set_up_logging(self._log_handler)
        threading.Thread(target=self._listen, daemon=True, name="supervisor").start()
        self._channel.send(event="ready")
        pause = FIRST_PAUSE_SECONDS
        while not self._is_draining.is_set():
            try:
                has_worked = self._do_next()
            except DatabaseError as error:
                self._recover(error)
                continue
            if has_worked:
                pause = FIRST_PAUSE_SECONDS
                continue
            if not self._source.has_waited:
                self._wait(pause)
            pause = min(2 * pause, LAST_PAUSE_SECONDS)
        self._source.close()
        self._log_handler.close()
        self._database.close_db()

    def _do_next(self) -> bool:
        """Do the attempt that comes next; False when there is none."""
        claimed = self._source.claim()
        if claimed is not None and self._is_draining.is_set():
            self._hand_back(claimed)
            return False
        if claimed is None:
            lifecycle = self._database.lifecycle
            return (
                lifecycle.queue_ready(limit=QUEUE_AHEAD, job_id=self._job_id, served=self._source.type_ids)
                > 0
            )
        following: ClaimedTask | None = claimed
        while following is not None:
            following = self._do(following)
        return True

    def _do(self, claimed: ClaimedTask) -> ClaimedTask | None:
        """Do an attempt; the one that was begun with its end, because nothing else kept it waiting."""
        resources = self._resources(claimed.task_type)
        limits = Limits(time_s=claimed.time_limit_s, memory_gb=claimed.memory_gb)
        self._channel.send(
            event="started",
            attempt_id=claimed.claim.attempt_id,
            token=claimed.claim.token,
            task_id=claimed.task_id,
            task_type=claimed.task_type,
            time_s=limits.time_s,
            memory_gb=limits.memory_gb,
        )
        threads = int(resources.cpu)
        apply_thread_limit(threads)
        use_session(self._database, threads=threads)
        finished = self._runner.run(claimed, claimant=self._claimant)
        begun = finished.begun if finished else None
        goes_on = begun is not None and not self._is_draining.is_set()
        self._channel.send(
            another_follows=goes_on,
            event="finished",
            attempt_id=claimed.claim.attempt_id,
            state=finished.task_state if finished else None,
            queued=finished.queued if finished else 0,
            goes_on=goes_on,
        )
        if begun is not None and not goes_on:
            self._hand_back(begun)
        return begun if goes_on else None

    def _hand_back(self, claimed: ClaimedTask) -> None:
        """Queue again, without a loss of attempts, what was claimed and not yet begun."""
        reason = "the worker was asked to stop before it began"
        self._database.lifecycle.lose_executor(claimed.claim, claimed.task_id, reason=reason, is_repeat=True)

    def _claimant(self) -> Claimant | None:
        """Who takes what becomes ready by the end of a task: this executor, unless it is to stop."""
        return None if self._is_draining.is_set() else self._source.claimant

    def _resources(self, task_type: str) -> Resources:
        return capped(_wanted(self._registry, task_type), self._machine, executors=self._executors)

    def _wait(self, seconds: float) -> None:
        """Wait for work: until woken by the supervisor, told to stop, or the time is over."""
        self._wake.wait(seconds)
        self._wake.clear()

    def _recover(self, error: DatabaseError) -> None:
        """Take nothing until the database answers again; give back what was being done when it failed."""
        log.warning("the database does not answer: %s", error)
        self._source.pause()
        backoff, errors = Backoff(AWAY_FIRST_SECONDS, AWAY_LAST_SECONDS), Every(ERROR_LOG_SECONDS)
        errors.is_time()
        while not self._is_draining.is_set():
            self._wait(backoff.next())
            try:
                self._database.db_handle.connect()
                self._database.lifecycle.abandon(
                    self._executor_id, reason=f"the database failed while the task ran: {error}"
                )
            except EasError as again:
                if errors.is_time():
                    log.warning("the database still does not answer: %s", again)
            else:
                return

    # ------------------------------------------------------------- the supervisor
    def _listen(self) -> None:
        """Follow the supervisor from a thread of its own; without it there is nothing to live for."""
        while not self._channel.is_closed:
            for message in self._channel.receive():  # first: some may have come with the order
                if message["do"] == "drain":
                    self._is_draining.set()
                self._wake.set()
            self._log_handler.flush_old()
            select.select([self._channel], [], [], 1.0)
        os._exit(1)


def _wanted(registry: TaskTypeList, task_type: str) -> Resources:
    return registry.resources(task_type) if task_type in registry.task_list else Resources()


def set_up_logging(handler: logging.Handler) -> None:
    """Send the log of this process into the database, from the configured level on."""
    handler.setLevel(configuration().log_level.upper())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(min(handler.level, logging.WARNING))
    logging.getLogger("eas_framework").setLevel(handler.level)


def die_with_parent() -> None:
    """Have the kernel end this process when the supervisor ends, where the system can (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def first_order(channel: Channel, *, wait_seconds: float = 60.0) -> Message:
    """The first message of the supervisor: who this executor works for, and with which settings."""
    deadline = time.monotonic() + wait_seconds
    while time.monotonic() < deadline and not channel.is_closed:
        select.select([channel], [], [], 1.0)
        order = channel.receive_one()
        if order is not None:
            return order
    sys.exit("the supervisor sent no order")


def main() -> None:
    """Run one executor on the socket whose number is the only argument."""
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the supervisor decides
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    channel = Channel(socket.socket(fileno=int(sys.argv[1])))
    order = first_order(channel)
    follow_settings(order)
    Executor(channel, order).run()
    leave()


def leave() -> None:
    """End the process without taking its libraries apart, which takes compilers among them half a second."""
    atexit._run_exitfuncs()
    flush_all()
    os._exit(0)


if __name__ == "__main__":
    main()
