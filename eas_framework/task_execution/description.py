"""The description of a task as its handler sees it: everything evaluated, once."""

from __future__ import annotations

import json
from typing import Any

from eas_framework.errors import TaskFailed
from eas_framework.plugins.database import Row
from eas_framework.task_database.seeds import derived_seed
from eas_framework.task_expression_evaluation import TaskExpressionEvaluation
from eas_framework.task_objects import Task, plain_values

START = "start"
"""Label of the random numbers of expressions that are evaluated when a task starts."""

# A row filter is evaluated by its loop, for each row.
_RAW_KEYS = {"execution_for_loop": ("where",)}


def evaluated_description(row: Row, task: Task) -> dict[str, Any]:
    """The descriptor with its expressions evaluated; names keep the values they had at registration.

    Args:
        row: Columns of the task, from `TaskRepository.row`.
        task: The record, with inherited and requested metadata.

    Raises:
        TaskFailed: The task has no description.
        ExpressionError: An expression has no value.
    """
    written = _written(row, task)
    names = json.loads(row["evaluatedNames"]) if row["evaluatedNames"] else {}
    requested = {name: plain_values(metadata) for name, metadata in task.input_metadata.items()}
    evaluation = TaskExpressionEvaluation(
        plain_values(task.metadata), requested, seed=derived_seed(row["seed"], START)
    )
    rest = {key: value for key, value in written.items() if key not in names}
    raw = {key: rest.pop(key) for key in _RAW_KEYS.get(row["taskTypeName"], ()) if key in rest}
    described: dict[str, Any] = {**evaluation.evaluate_in_structure(rest), **raw, **names}
    return described


def _written(row: Row, task: Task) -> dict[str, Any]:
    """The descriptor as it was written, from its own table or from the task's metadata."""
    text = row["description"]
    if text is None and "task_description" in task.metadata:
        text = task.metadata["task_description"].value
    if text is None:
        raise TaskFailed(
            f"task {task.task_id} has no description; register it with metadata task_description"
        )
    written = json.loads(text)
    if not isinstance(written, dict):
        raise TaskFailed(f"task {task.task_id}: its description is a {type(written).__name__}, not a table")
    return written
