"""``execution_do_while_loop``: does a list of tasks again while a criterion is true."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eas_framework.errors import TaskFailed
from eas_framework.job_file.model import DEFAULT_MAX_ITERATIONS, DoWhileKeys
from eas_framework.plugins.task import TaskType
from eas_framework.task_database.seeds import derived_seed
from eas_framework.task_expression_evaluation import TaskExpressionEvaluation
from eas_framework.task_io import record_metadata, task_of
from eas_framework.task_objects import TaskExecutionAttempt, plain_value, plain_values
from eas_framework.tasks.subtasks import chain_plan, description_of, register_children


def handler(attempt: TaskExecutionAttempt) -> None:
    """Register the next turn: the tasks, and behind them this loop again, to look at the criterion."""
    description = description_of(attempt)
    name = str(description["iteration_name"])
    counter = int(plain_value(task_of(attempt).metadata.get(f"{name}_index", 0)))
    goes_on = counter == 0 or _is_true(attempt, description["repeat_criterion"])
    record_metadata(attempt, repeated=goes_on, **{f"{name}_index": counter})
    if not goes_on:
        return
    if counter >= DEFAULT_MAX_ITERATIONS:
        raise TaskFailed(
            f"the loop {name!r} has made {counter} turns, the most that are allowed; "
            f"its criterion is still true: {description['repeat_criterion']!r}"
        )
    register_children(
        attempt,
        [
            chain_plan(
                attempt,
                [*description.get("task_list", []), _next_look(description)],
                label=f"turn#{counter + 1}",
                metadata={f"{name}_index": counter + 1},
            )
        ],
    )


def _next_look(description: Mapping[str, Any]) -> dict[str, Any]:
    """The descriptor of the same loop, to stand behind the tasks of a turn."""
    wanted = description.get("requires_metadata_from_child") or []
    kept = ("iteration_name", "repeat_criterion", "task_list", "requires_metadata_from_child")
    return {
        "task": "execution_do_while_loop",
        **{key: description[key] for key in kept if key in description},
        "requires_metadata_from": wanted,
    }


def _is_true(attempt: TaskExecutionAttempt, criterion: Any) -> bool:
    task = task_of(attempt)
    requested = {name: plain_values(items) for name, items in task.input_metadata.items()}
    seed = derived_seed(task.seed or 0, "criterion")
    evaluation = TaskExpressionEvaluation(plain_values(task.metadata), requested, seed=seed)
    return bool(evaluation.evaluate_expression(criterion))


TASK_TYPE = TaskType(
    name="execution_do_while_loop",
    handler=handler,
    parameters=DoWhileKeys,
    is_control_flow=True,
    metadata={"repeated": "whether another turn was begun"},
    summary="Does a list of tasks, and again while the criterion is true.",
    example={
        "task": "execution_do_while_loop",
        "iteration_name": "turn",
        "repeat_criterion": "(metadata['turn_index'] < 3)",
        "requires_metadata_from_child": [],
        "task_list": [{"task": "null"}],
    },
)
