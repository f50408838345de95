"""``null``: does nothing, for as long as it is told."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pydantic import Field

from eas_framework.plugins.task import TaskType
from eas_framework.task_io import task_parameters
from eas_framework.tasks.parameters import NoKeys

if TYPE_CHECKING:
    from eas_framework.task_objects import TaskExecutionAttempt


class NullKeys(NoKeys):
    """Keys of ``null``."""

    duration_seconds: float = Field(
        0.0, ge=0, description="How long the task takes.", json_schema_extra={"unit": "s"}
    )


def handler(attempt: TaskExecutionAttempt) -> None:
    """Wait."""
    time.sleep(task_parameters(attempt, NullKeys).duration_seconds)


TASK_TYPE = TaskType(
    name="null",
    handler=handler,
    parameters=NullKeys,
    outputs=(),
    summary="Does nothing, for as long as it is told; waits for any inputs.",
    example={"task": "null", "duration_seconds": 0.1},
)
