"""From settings to a queue: `TaskQueueConnector` builds the backend that a plugin supplies."""

from __future__ import annotations

import inspect
import logging
import time
from pathlib import Path
from typing import Any, Self

from eas_framework.errors import QueueConnectionError
from eas_framework.plugins.manager import plugin_manager
from eas_framework.plugins.queue import TaskQueue
from eas_framework.settings import configuration

log = logging.getLogger(__name__)
ATTEMPTS = 5


class TaskQueueConnector:
    """A factory of connected queues.

    Args:
        queue_engine: ``sql``, ``amqp`` or what a plugin adds; None takes the setting
            ``queue_implementation``.
        debugging: Ask the backend for a verbose log.
    """

    def __init__(self, queue_engine: str | None = None, debugging: bool = False) -> None:
        self.queue_engine = queue_engine or configuration().queue_implementation
        self.debugging = debugging

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to end: queues are closed by those who asked for them."""

    def interface(self, **arguments: Any) -> TaskQueue:
        """A connected queue; a server that is away is tried five times, with pauses of 1 to 8 seconds.

        Raises:
            UnknownBackendError: No plugin supplies the engine (a ValueError).
            QueueConnectionError: The server cannot be reached; names host and port.
        """
        for number in range(ATTEMPTS - 1):
            try:
                return self.open(**arguments)
            except QueueConnectionError as error:
                log.warning("queue not reached, trying again: %s", error)
                time.sleep(2**number)
        return self.open(**arguments)

    def open(self, **arguments: Any) -> TaskQueue:
        """A connected queue, tried once; see `interface`."""
        backend = plugin_manager().queue_backend(self.queue_engine)
        accepted = inspect.signature(backend.__init__).parameters
        given = {"debugging": self.debugging, **arguments}
        return backend(**{name: value for name, value in given.items() if name in accepted})

    @staticmethod
    def task_queue_config_path() -> str:
        """Path of the file that keeps the queue's settings."""
        return str(configuration().local_data_path / "local_settings_task_queue.conf")

    @staticmethod
    def make_task_queue_config(
        queue_implementation: str, mq_user: str, mq_passwd: str, mq_host: str, mq_port: int
    ) -> None:
        """Save the queue's type and login for later processes, in a file that only its owner may read."""
        path = Path(TaskQueueConnector.task_queue_config_path())
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=True)
        path.chmod(0o600)
        path.write_text(
            f"queue_implementation: {queue_implementation}\nmq_user: {mq_user}\nmq_password: {mq_passwd}\n"
            f"mq_host: {mq_host}\nmq_port: {mq_port}\n",
            encoding="utf-8",
        )
