"""``execution_conditional``: does one of two lists of tasks."""

from __future__ import annotations

from eas_framework.job_file.model import ConditionalKeys
from eas_framework.plugins.task import TaskType
from eas_framework.task_io import record_metadata
from eas_framework.task_objects import TaskExecutionAttempt
from eas_framework.tasks.subtasks import chain_plan, description_of, register_children


def handler(attempt: TaskExecutionAttempt) -> None:
    """Register a chain for the list that the criterion selects; nothing where that list is absent."""
    description = description_of(attempt)
    is_true = bool(description.get("criterion"))
    record_metadata(attempt, criterion=is_true)
    selected = description.get("task_list" if is_true else "else_task_list")
    if selected:
        register_children(attempt, [chain_plan(attempt, selected, label=str(is_true))])


TASK_TYPE = TaskType(
    name="execution_conditional",
    handler=handler,
    parameters=ConditionalKeys,
    is_control_flow=True,
    metadata={"criterion": "whether the criterion was true"},
    summary="Does task_list where the criterion is true, else_task_list where it is not.",
    example={"task": "execution_conditional", "criterion": "(1 < 2)", "task_list": [{"task": "null"}]},
)
