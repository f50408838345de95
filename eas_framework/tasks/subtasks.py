"""What the four control-flow tasks share: from descriptors to children."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import Any

from eas_framework.errors import TaskFailed
from eas_framework.plugins.manager import plugin_manager
from eas_framework.task_database.expansion import ChildPlan
from eas_framework.task_database.seeds import derived_seed
from eas_framework.task_database.tasks import DEFAULT_MAX_ATTEMPTS
from eas_framework.task_expression_evaluation import TaskExpressionEvaluation
from eas_framework.task_io import task_database, task_of
from eas_framework.task_objects import TaskExecutionAttempt, TaskId, plain_values

NAME_KEYS = ("task", "name", "job_name", "working_directory", "inputs", "outputs", "requires_metadata_from")
"""Keys that are evaluated once, when the child is registered."""

BATCH_SIZE = 1000
"""Children registered in one transaction; a longer list is completed by a repetition after a crash."""


def description_of(attempt: TaskExecutionAttempt) -> Mapping[str, Any]:
    """The evaluated description of a control-flow task."""
    description = task_of(attempt).task_description
    if not isinstance(description, Mapping):
        raise TaskFailed(f"task {attempt.task_id} has no description")
    return description


def register_children(attempt: TaskExecutionAttempt, plans: Iterable[ChildPlan]) -> int:
    """Register the children of a control-flow task, in batches each of which is one transaction; how many."""
    task_id = TaskId(int(attempt.task_id or 0))
    if attempt.attempt_id is None:
        raise TaskFailed("a control-flow task needs the id of its attempt")
    made = 0
    with task_database() as database:
        for number, batch in enumerate(_batches(plans)):
            first_index = number * BATCH_SIZE
            made += len(
                database.expansion.register(
                    task_id,
                    attempt.attempt_id,
                    batch,
                    first_index=first_index,
                    source_types=_source_types(),
                )
            )
    return made


@cache
def _source_types() -> frozenset[str]:
    """Task types that may make files which no job declares: control flow, and those that say so."""
    kinds = plugin_manager().task_types().values()
    return frozenset(kind.name for kind in kinds if kind.is_control_flow or kind.makes_undeclared_outputs)


def _batches(plans: Iterable[ChildPlan]) -> Iterator[Sequence[ChildPlan]]:
    """The plans in pieces, made one piece at a time."""
    iterator = iter(plans)
    while piece := list(islice(iterator, BATCH_SIZE)):
        yield piece


def chain_plan(
    attempt: TaskExecutionAttempt,
    task_list: Any,
    *,
    label: str,
    metadata: Mapping[str, Any] | None = None,
) -> ChildPlan:
    """A child that does a list of tasks, with metadata of its own."""
    if not isinstance(task_list, list):
        raise TaskFailed(f"task_list: a list of tasks is needed, not {task_list!r}")
    return ChildPlan(
        task_type="execution_chain",
        description=json.dumps({"task": "execution_chain", "task_list": task_list}),
        label=label,
        metadata=metadata or {},
        **_limits(attempt, {}, "execution_chain"),
    )


def list_plans(attempt: TaskExecutionAttempt, task_list: Any) -> list[ChildPlan]:
    """A child for each descriptor of a list, its names evaluated.

    Raises:
        TaskFailed: An entry is not a table with a task type.
        ExpressionError: A name has no value.
    """
    if not isinstance(task_list, list):
        raise TaskFailed(f"task_list: a list of tasks is needed, not {task_list!r}")
    seen: Counter[str] = Counter()
    plans = []
    for number, descriptor in enumerate(task_list):
        if not isinstance(descriptor, Mapping) or "task" not in descriptor:
            raise TaskFailed(f"task_list[{number}]: a table with the key 'task' is needed")
        written = str(descriptor.get("name") or descriptor["task"])
        plans.append(_plan(attempt, descriptor, label=f"{written}#{seen[written]}"))
        seen[written] += 1
    return plans


def _plan(attempt: TaskExecutionAttempt, descriptor: Mapping[str, Any], *, label: str) -> ChildPlan:
    """The plan for one descriptor."""
    task = task_of(attempt)
    seed = derived_seed(derived_seed(task.seed or 0, label), "names")
    evaluation = TaskExpressionEvaluation(plain_values(task.metadata), {}, seed=seed)
    given = {key: descriptor[key] for key in NAME_KEYS if descriptor.get(key) is not None}
    names = evaluation.evaluate_in_structure(given)
    task_type = str(names["task"])
    return ChildPlan(
        task_type=task_type,
        description=json.dumps(descriptor),
        label=label,
        names=names,
        task_name=str(names.get("name", "")),
        job_name=names.get("job_name"),
        working_directory=names.get("working_directory"),
        inputs={name: str(file) for name, file in names.get("inputs", {}).items()},
        outputs={name: str(file) for name, file in names.get("outputs", {}).items()},
        metadata_from=[str(name) for name in names.get("requires_metadata_from", [])],
        **_limits(attempt, descriptor, task_type),
    )


def _limits(attempt: TaskExecutionAttempt, descriptor: Mapping[str, Any], task_type: str) -> dict[str, Any]:
    """Attempts, time and memory of a child: its own, else the job's, else its type's."""
    with task_database() as database:
        row = database.tasks.row(TaskId(int(attempt.task_id or 0)))
        defaults = database.jobs.defaults(row["jobId"])
    kind = plugin_manager().task_types().get(task_type)

    def first(key: str, of_type: Any) -> Any:
        return next((v for v in (descriptor.get(key), defaults.get(key), of_type) if v is not None), None)

    return {
        "max_attempts": first("max_attempts", kind.max_attempts if kind else None) or DEFAULT_MAX_ATTEMPTS,
        "time_limit_s": first("time_limit_s", kind.time_limit_s if kind else None),
        "memory_gb": first("memory_gb", None),
    }
