"""Queues of attempts, and the scheduler that fills them."""

from __future__ import annotations

from eas_framework.errors import UnknownBackendError
from eas_framework.plugins.manager import plugin_manager
from eas_framework.plugins.queue import TaskQueue
from eas_framework.task_queues.connector import TaskQueueConnector
from eas_framework.task_queues.scheduler import TaskScheduler
from eas_framework.task_queues.sql_queue import TaskQueueSQL

__all__ = ["TaskQueue", "TaskQueueConnector", "TaskQueueSQL", "TaskScheduler"]


def __getattr__(name: str) -> type[TaskQueue]:
    """``TaskQueueAmqp``, which lives in a plugin, under its documented address."""
    if name != "TaskQueueAmqp":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return plugin_manager().queue_backend("amqp")
    except UnknownBackendError as error:
        raise AttributeError(f"{name}: {error}") from error
