"""``execution_for_loop``: does a list of tasks for each value, row or file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from eas_framework.job_file.loops import iterate_loop
from eas_framework.job_file.model import ForLoopKeys
from eas_framework.plugins.task import TaskType
from eas_framework.settings import configuration
from eas_framework.task_database.expansion import ChildPlan
from eas_framework.task_database.file_store import file_digests
from eas_framework.task_io import record_metadata, task_of
from eas_framework.task_objects import TaskExecutionAttempt, plain_values
from eas_framework.tasks.subtasks import chain_plan, description_of, register_children


def handler(attempt: TaskExecutionAttempt) -> None:
    """Register a chain for each turn of the loop, in constant memory."""
    record_metadata(attempt, iterations=register_children(attempt, _plans(attempt)))


def _plans(attempt: TaskExecutionAttempt) -> Iterator[ChildPlan]:
    description = description_of(attempt)
    pattern = chain_plan(attempt, description.get("task_list", []), label="")
    turns = iterate_loop(
        description,
        metadata=plain_values(task_of(attempt).metadata),
        input_folder=configuration().in_data_path,
    )
    for index, turn in enumerate(turns):
        yield replace(pattern, label=f"turn#{index}", metadata=turn.metadata)


def external_inputs(attempt: TaskExecutionAttempt) -> Mapping[str, str]:
    """SHA-256 of the table of the loop, by its path; one that is missing is told when it is read."""
    table = description_of(attempt).get("table")
    if not isinstance(table, str) or "\x00" in table:
        return {}
    path = configuration().in_data_path / table
    return {str(path): file_digests(path)[1]} if path.is_file() else {}


TASK_TYPE = TaskType(
    name="execution_for_loop",
    handler=handler,
    external_inputs=external_inputs,
    parameters=ForLoopKeys,
    is_control_flow=True,
    metadata={"iterations": "number of turns"},
    summary="Does a list of tasks for each value of a list or range, row of a table, or file.",
    example={
        "task": "execution_for_loop",
        "parameter": "size",
        "values": [1, 2],
        "task_list": [{"task": "null"}],
    },
)
