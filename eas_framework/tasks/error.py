"""``error``: fails, so that one can see what a failure does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from eas_framework.errors import TaskFailed
from eas_framework.plugins.task import TaskType
from eas_framework.task_io import task_parameters
from eas_framework.tasks.parameters import NoKeys

if TYPE_CHECKING:
    from eas_framework.task_objects import TaskExecutionAttempt


class ErrorKeys(NoKeys):
    """Keys of ``error``."""

    message: str = Field("this task always fails", description="Text of the error.")


def handler(attempt: TaskExecutionAttempt) -> None:
    """Fail.

    Raises:
        TaskFailed: Always.
    """
    raise TaskFailed(task_parameters(attempt, ErrorKeys).message)


TASK_TYPE = TaskType(
    name="error",
    handler=handler,
    parameters=ErrorKeys,
    outputs=(),
    summary="Always fails; for trying out what a failure does.",
    example={"task": "error"},
)
