"""``execution_chain``: does a list of tasks, side by side unless files or metadata link them."""

from __future__ import annotations

from eas_framework.job_file.model import ChainKeys
from eas_framework.plugins.task import TaskType
from eas_framework.task_objects import TaskExecutionAttempt
from eas_framework.tasks.subtasks import description_of, list_plans, register_children


def handler(attempt: TaskExecutionAttempt) -> None:
    """Register a child for each task of the list, all of them or none."""
    register_children(attempt, list_plans(attempt, description_of(attempt).get("task_list", [])))


TASK_TYPE = TaskType(
    name="execution_chain",
    handler=handler,
    parameters=ChainKeys,
    is_control_flow=True,
    summary="Does a list of tasks; those not linked by files or metadata run side by side.",
    example={"task": "execution_chain", "task_list": [{"task": "null"}, {"task": "null"}]},
)
