"""A plugin for `TaskTypeContract`: one task type whose handler does all its work, and then fails.

``EAS_CONTRACT_TASK_TYPE`` names the type, ``EAS_CONTRACT_TASK_SOURCE`` the plugin that supplies it.
"""

from __future__ import annotations

import os
from dataclasses import replace

from eas_framework.errors import TaskFailed
from eas_framework.plugins import TaskType, hookimpl
from eas_framework.plugins.loading import installed_entry_points
from eas_framework.plugins.manager import PluginManager
from eas_framework.settings import configuration
from eas_framework.task_objects import TaskExecutionAttempt

PLUGIN = "eas_contract_failing_task"
VARIABLE = "EAS_CONTRACT_TASK_TYPE"
SOURCE_VARIABLE = "EAS_CONTRACT_TASK_SOURCE"
TEXT = "this handler fails when its work is done"


@hookimpl
def eas_task_types() -> list[TaskType]:
    """The named type, with a handler that fails at its end."""
    others = [point for point in installed_entry_points() if point.name != PLUGIN]
    name = os.environ[VARIABLE]
    sources = {**configuration().task_type_sources, name: os.environ[SOURCE_VARIABLE]}
    original = PluginManager(entry_points=others, task_type_sources=sources).task_types()[name]

    def handler(attempt: TaskExecutionAttempt) -> None:
        original.handler(attempt)
        raise TaskFailed(TEXT)

    return [replace(original, handler=handler)]
