"""The framework's own plugin: its base tasks and the SQL queue, offered by the door that all plugins use."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from eas_framework import __version__
from eas_framework.plugins import TaskQueue, TaskType, hookimpl

__all__ = ["__version__", "eas_queue_backends", "eas_task_types"]

TASKS = (
    "binning",
    "error",
    "execution_chain",
    "execution_conditional",
    "execution_do_while_loop",
    "execution_for_loop",
    "ingest_external_lcs",
    "multiply",
    "null",
    "read_lightcurve",
    "verify",
)


@hookimpl
def eas_task_types() -> list[TaskType]:
    """The base tasks."""
    return [import_module(f"eas_framework.tasks.{name}").TASK_TYPE for name in TASKS]


@hookimpl
def eas_queue_backends() -> Mapping[str, type[TaskQueue]]:
    """The queue inside the task database."""
    from eas_framework.task_queues.sql_queue import TaskQueueSQL  # late: listing plugins opens no queue

    return {"sql": TaskQueueSQL}
