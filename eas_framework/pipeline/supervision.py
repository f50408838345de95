"""Supervising executors until a job has ended, or until somebody wants to stop."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, Self

from eas_framework.settings import configuration
from eas_framework.task_database import TaskDatabaseConnection
from eas_framework.task_database.jobs import JobState
from eas_framework.task_objects import JobId
from eas_framework.worker import Supervisor
from eas_framework.worker.backoff import Every
from eas_framework.worker.supervisor import Listener

LOOK_SECONDS = 0.1
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopRequests:
    """Counts the requests to stop: Ctrl-C and SIGTERM inside a with-block, and calls of `ask`.

    One asks for draining: what runs may end. A second one asks for an end at once.

    Attributes:
        was_interrupted: Whether a signal asked.
    """

    def __init__(self) -> None:
        self._count = 0
        self.was_interrupted = False
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> Self:
        for number in _SIGNALS:
            self._previous[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def ask(self) -> None:
        """Ask once."""
        self._count += 1

    @property
    def is_asked(self) -> bool:
        """Whether anybody asked."""
        return self._count > 0

    @property
    def is_urgent(self) -> bool:
        """Whether it was asked for more than once."""
        return self._count > 1

    def wait(self, seconds: float) -> None:
        """Wait so long, or until somebody asks."""
        end = time.monotonic() + seconds
        while not self.is_asked and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, LOOK_SECONDS))

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.was_interrupted = True
        self.ask()


def run_until_done(
    database: TaskDatabaseConnection,
    job_id: JobId,
    *,
    executors: int,
    listener: Listener | None = None,
    watch: Callable[[Supervisor], bool] = lambda supervisor: False,
    stop: StopRequests | None = None,
) -> JobState:
    """Supervise executors of one job until it has ended, or a stop is asked for; how the job stands.

    Args:
        database: The connection of this process.
        job_id: The job.
        executors: Number of executors to start.
        listener: Called with each message of an executor.
        watch: Called a few times a second, also while draining; true asks for a stop.
        stop: Requests to stop; one lets running tasks end, a second does not.
    """
    requests = stop or StopRequests()
    supervisor = Supervisor(database, configuration(), executors=executors, job_id=job_id, listener=listener)

    def is_stop_asked() -> bool:
        return requests.is_asked or watch(supervisor)

    def has_ended() -> bool:
        return database.jobs.state(job_id) is not JobState.RUNNING

    looks = Every(LOOK_SECONDS)

    def need_not_wait() -> bool:
        watch(supervisor)
        return requests.is_urgent or (supervisor.is_busy_throughout and has_ended())  # it was cancelled

    supervisor.start()
    try:
        # Its job cannot end while an executor does something, unless somebody cancels it.
        supervisor.run(lambda: is_stop_asked() or ((supervisor.is_idle or looks.is_time()) and has_ended()))
        supervisor.drain(is_cut_short=need_not_wait)
    except BaseException:
        supervisor.stop()
        raise
    return database.jobs.state(job_id)
