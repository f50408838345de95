"""A thread that relays the outbox, so that a broker which hangs holds up nothing else."""

from __future__ import annotations

import logging
import threading
import time

from eas_framework.errors import DatabaseError, QueueError
from eas_framework.task_database import TaskDatabaseConnection
from eas_framework.task_queues.connector import TaskQueueConnector
from eas_framework.task_queues.relay import OutboxRelay

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.25
SWEEP_SECONDS = 5.0
FIRST_PAUSE_SECONDS, LAST_PAUSE_SECONDS = 0.2, 5.0
ERROR_LOG_SECONDS = 60.0


class RelayService:
    """Relays at once when it is woken, else a few times a second, over connections of its own."""

    def __init__(self) -> None:
        self._wake, self._is_stopping = threading.Event(), threading.Event()
        self._next_sweep = self._next_error = 0.0
        self._thread = threading.Thread(target=self._run, daemon=True, name="relay")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Say that the outbox has something new."""
        self._wake.set()

    def stop(self) -> None:
        """End after the batch at hand; what is left stays in the outbox."""
        self._is_stopping.set()
        self._wake.set()
        self._thread.join(LAST_PAUSE_SECONDS)

    def _run(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while not self._is_stopping.is_set():
            began = time.monotonic()
            try:
                self._serve()
            except (DatabaseError, QueueError) as error:
                self._report(error)
            if time.monotonic() - began > LAST_PAUSE_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            self._is_stopping.wait(pause)
            pause = min(2 * pause, LAST_PAUSE_SECONDS)

    def _serve(self) -> None:
        """Relay over fresh connections until told to stop; errors are raised."""
        with TaskDatabaseConnection() as database, TaskQueueConnector().open(database=database) as queue:
            relay = OutboxRelay(database, queue)
            while not self._is_stopping.is_set():
                self._wake.wait(LOOK_SECONDS)
                self._wake.clear()
                while relay.publish_due():
                    pass
                if time.monotonic() >= self._next_sweep:
                    relay.announce_forgotten()
                    self._next_sweep = time.monotonic() + SWEEP_SECONDS

    def _report(self, error: Exception) -> None:
        """Say once a minute that hints cannot be published; workers look into the database meanwhile."""
        now = time.monotonic()
        if now >= self._next_error:
            log.warning("hints cannot be published, trying again: %s", error)
            self._next_error = now + ERROR_LOG_SECONDS
