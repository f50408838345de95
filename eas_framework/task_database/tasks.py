"""Tasks: what they are, what they need, and where they stand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from eas_framework.errors import NotFoundError, UsageError
from eas_framework.plugins.database import Row
from eas_framework.store_names import title_fault
from eas_framework.task_database.metadata import MetadataRepository, Owner
from eas_framework.task_database.names import NameRepository, id_of_text
from eas_framework.task_database.queries import Queries, Remembered
from eas_framework.task_objects import AttemptId, JobId, MetadataItem, ProductId, Task, TaskId, TaskState

DEFAULT_MAX_ATTEMPTS = 3
CONTROL_FLOW_PREFIX = "execution_"
LOCKED_AT_ONCE = 500
DESCRIPTIONS_REMEMBERED = 100
DESCRIPTION_KEY = "task_description"
RAW_DESCRIPTION_KEY = "task_description_raw"


@dataclass(frozen=True, kw_only=True)
class NewTask:
    """A task to be registered; `names` is the evaluated part of its descriptor, if it has one."""

    type_id: int
    parent: TaskId | None = None
    child_index: int = 0
    job_id: JobId | None = None
    job_name: str | None = None
    task_name: str = ""
    working_directory: str = ""
    description: str | None = None
    names: Mapping[str, Any] | None = None
    seed: int = 0
    generation: int = 0
    created_time: float | None = None
    is_configured: bool = True
    max_attempts: int = DEFAULT_MAX_ATTEMPTS
    time_limit_s: float | None = None
    memory_gb: float | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    unmet_dependencies: int | None = None

    def __post_init__(self) -> None:
        fault = title_fault(self.job_name or "", what="job name") or title_fault(
            self.task_name, what="task name"
        )
        if fault is not None:
            raise UsageError(fault)


class TaskRepository:
    """Reads and writes tasks, their inputs and their sources of metadata."""

    def __init__(self, queries: Queries, names: NameRepository, metadata: MetadataRepository) -> None:
        self._queries, self._names, self._metadata = queries, names, metadata
        self._descriptions: Remembered[str, int] = Remembered(queries.database)

    # ------------------------------------------------------------- reading
    def row(self, task_id: TaskId) -> Row:
        """All columns of a task, its type's name and its descriptor; `NotFoundError` for an unknown id."""
        row = self._queries.one("task_by_id", task_id=task_id)
        if row is None:
            raise NotFoundError(f"there is no task {task_id}")
        return row

    def find(self, task_id: TaskId) -> Task | None:
        """The task's own record with all metadata, inherited ones included; without files and attempts."""
        row = self._queries.one("task_by_id", task_id=task_id)
        return self.from_row(row) if row else None

    def from_row(self, row: Row) -> Task:
        """The record of a row of `row`."""
        task = Task(
            task_id=row["taskId"],
            parent_id=row["parentTask"],
            created_time=row["createdTime"],
            task_type=row["taskTypeName"],
            job_name=row["jobName"],
            task_name=row["taskName"],
            working_directory=row["workingDirectory"],
            state=TaskState(row["state"]),
            seed=row["seed"],
            metadata=self._metadata.inherited_by(row["taskId"]),
        )
        for keyword, text in descriptions(row).items():
            task.metadata.setdefault(keyword, MetadataItem(keyword, text, row["createdTime"]))
        return task

    def children(self, task_id: TaskId) -> list[Row]:
        """taskId, childIndex, taskName, taskTypeName and state of each child, in order."""
        return self._queries.rows("task_children", task_id=task_id)

    def last_child_index(self, task_id: TaskId) -> int:
        """The highest index of a child; -1 without children."""
        found = self._queries.value("task_last_child_index", task_id=task_id)
        return -1 if found is None else int(found)

    def descendants(self, task_id: TaskId) -> list[TaskId]:
        """The task and all below it."""
        return [TaskId(row["taskId"]) for row in self._queries.rows("task_descendants", task_id=task_id)]

    def ancestors(self, task_id: TaskId) -> list[Row]:
        """taskId, parentTask and childIndex of the task and of all above it, the root last."""
        return self._queries.rows("task_ancestors", task_id=task_id)

    def metadata_sources(self, task_id: TaskId) -> list[Row]:
        """taskId, taskName, state and lastPassed (attempt) of those whose metadata the task asked for."""
        return self._queries.rows("task_metadata_sources", task_id=task_id)

    def counters(self, task_id: TaskId) -> Row:
        """State and counters of children and dependencies."""
        row = self._queries.one("task_counters", task_id=task_id)
        if row is None:
            raise NotFoundError(f"there is no task {task_id}")
        return row

    # ------------------------------------------------------------- writing
    def register(self, new: NewTask) -> TaskId:
        """Insert a task with its own metadata; it is ready when it is configured and nothing is unmet."""
        metadata = dict(new.metadata)
        written = metadata.pop(DESCRIPTION_KEY, None)
        text = new.description if written is None else getattr(written, "value", written)
        metadata.pop(RAW_DESCRIPTION_KEY, None)
        is_ready = new.is_configured and new.unmet_dependencies == 0
        key = self._queries.insert(
            "task_insert",
            parent=new.parent,
            child_index=new.child_index,
            job_id=new.job_id,
            created=new.created_time,
            configured=int(new.is_configured),
            type_id=new.type_id,
            job_name=new.job_name,
            task_name=new.task_name,
            directory=new.working_directory,
            description_id=None if text is None else self._description_id(text),
            names=None if new.names is None else json.dumps(new.names),
            state=TaskState.READY if is_ready else TaskState.WAITING,
            unmet=new.unmet_dependencies,
            attempts=new.max_attempts,
            time_limit=new.time_limit_s,
            memory_limit=new.memory_gb,
            generation=new.generation,
            seed=new.seed,
        )
        self._metadata.register(Owner("task", key), metadata, is_new=True)
        return TaskId(key)

    def _description_id(self, text: str) -> int:
        """Id of a descriptor; that of the children of a loop is asked for once."""
        known = self._descriptions.values.get(text)
        if known is None:
            known = id_of_text(self._queries, "task_description", text)
            if len(self._descriptions.values) >= DESCRIPTIONS_REMEMBERED:
                self._descriptions.values.clear()
            self._descriptions.values[text] = known
        return known

    def add_input(self, task_id: TaskId, product_id: ProductId, name: str, *, is_met: bool) -> None:
        """Let the task need a product, which it knows by `name`."""
        semantic = self._names.semantic_type(name)
        self._queries.run(
            "task_input_insert", task_id=task_id, product_id=product_id, semantic=semantic, met=int(is_met)
        )

    def add_metadata_source(self, task_id: TaskId, source: TaskId, *, is_met: bool) -> None:
        """Let the task need the metadata of another."""
        self._queries.run("task_metadata_input_insert", task_id=task_id, source=source, met=int(is_met))

    def add_late_input(self, task_id: TaskId, product_id: ProductId, awaits: TaskId) -> None:
        """Note that a control-flow task may still make the product that the task needs."""
        self._queries.run("task_late_input_insert", task_id=task_id, product_id=product_id, awaits=awaits)

    def add_children(self, task_id: TaskId, count: int) -> None:
        """Count further open children of a task."""
        self._queries.run("task_add_children", task_id=task_id, count=count)

    def mark_configured(self, task_id: TaskId) -> None:
        """Let the scheduler count the task's dependencies and run it."""
        self._queries.run("task_configure", task_id=task_id)

    def set_job(self, task_id: TaskId, job_id: JobId, *, seed: int) -> None:
        """Make the task the root of a job."""
        self._queries.run("task_set_job", task_id=task_id, job_id=job_id, seed=seed)

    def delete_record(self, task_id: TaskId) -> None:
        """Delete the task's row and all that hangs on it in the database."""
        self._queries.run("task_delete", task_id=task_id)

    # ------------------------------------------------------------- states
    def move(self, task_id: TaskId, new_state: TaskState, *, expected: Sequence[TaskState]) -> bool:
        """Change the state; whether the task was in an expected one."""
        changed = self._queries.run(
            "task_move", task_id=task_id, new_state=new_state, expected=list(expected)
        )
        return changed == 1

    def open_attempt(
        self,
        task_id: TaskId,
        attempt_id: AttemptId,
        *,
        new_state: TaskState = TaskState.QUEUED,
        is_repeat: bool = False,
    ) -> bool:
        """Ready → queued, or running, with that attempt open; False when another one is."""
        changed = self._queries.run(
            "task_open_attempt",
            task_id=task_id,
            attempt_id=attempt_id,
            new_state=new_state,
            cost=0 if is_repeat else 1,
        )
        return changed == 1

    def attach_attempt(self, task_id: TaskId, attempt_id: AttemptId) -> bool:
        """Open an attempt that is not queued yet; False when another one is open or the task has ended."""
        return self._queries.run("task_attach_attempt", task_id=task_id, attempt_id=attempt_id) == 1

    def detach_attempt(self, task_id: TaskId, attempt_id: AttemptId) -> None:
        """Undo `attach_attempt`, as if there had been no such attempt."""
        self._queries.run("task_detach_attempt", task_id=task_id, attempt_id=attempt_id)

    def mark_queued(self, attempt_id: AttemptId) -> bool:
        """Waiting or ready → queued, for the task whose open attempt that is; whether there was one."""
        return self._queries.run("task_queue_attached", attempt_id=attempt_id) == 1

    def mark_running(self, task_id: TaskId, attempt_id: AttemptId) -> bool:
        """Queued → running; whether that attempt was the open one."""
        return self._queries.run("task_start", task_id=task_id, attempt_id=attempt_id) == 1

    def close_attempt(self, task_id: TaskId, attempt_id: AttemptId, new_state: TaskState) -> bool:
        """Close the open attempt and change the state; whether that attempt was the open one."""
        changed = self._queries.run(
            "task_close_attempt", task_id=task_id, attempt_id=attempt_id, new_state=new_state
        )
        return changed == 1

    def mark_expanded(self, task_id: TaskId) -> None:
        """Remember that the task's children are registered."""
        self._queries.run("task_mark_expanded", task_id=task_id)

    def list_ready(self, limit: int, *, job_id: JobId | None = None) -> list[TaskId]:
        """Ready tasks without an open attempt, of one job or of all, oldest first."""
        return self._ready("tasks_ready", limit, job_id)

    def take_ready(self, limit: int, *, job_id: JobId | None = None) -> list[TaskId]:
        """As `list_ready`, locked for this transaction; tasks that others have locked are passed over."""
        return self._ready("tasks_to_queue", limit, job_id)

    def _ready(self, query: str, limit: int, job_id: JobId | None) -> list[TaskId]:
        if job_id is None:
            rows = self._queries.rows(query, limit=limit)
        else:
            rows = self._queries.rows(f"{query}_of_job", limit=limit, job_id=job_id)
        return [TaskId(row["taskId"]) for row in rows]

    def lock(self, task_ids: Iterable[TaskId]) -> None:
        """Keep others from changing these tasks until the transaction ends, where the engine locks rows."""
        wanted = sorted(set(task_ids))
        if wanted and self._queries.database.locks_rows:
            self.locked(wanted)

    def locked(self, task_ids: Iterable[TaskId]) -> dict[TaskId, Row]:
        """State, counters, type and limits of tasks, kept from changing where the engine locks rows."""
        wanted = sorted(set(task_ids))
        pieces = (wanted[start : start + LOCKED_AT_ONCE] for start in range(0, len(wanted), LOCKED_AT_ONCE))
        return {
            TaskId(row["taskId"]): row
            for piece in pieces
            for row in self._queries.rows("tasks_lock", task_ids=piece)
        }

    def list_in_states(self, job_id: JobId, states: Sequence[TaskState]) -> list[Row]:
        """taskId, parentTask, state and isExpanded of a job's tasks in some states."""
        return self._queries.rows("tasks_of_job_by_state", job_id=job_id, states=list(states))


def descriptions(row: Row) -> dict[str, str]:
    """The descriptor as it was written and with its names evaluated, both as JSON; empty without one."""
    raw = row["description"]
    if raw is None:
        return {}
    if row["evaluatedNames"] is None:
        return {DESCRIPTION_KEY: raw}
    merged = {**json.loads(raw), **json.loads(row["evaluatedNames"])}
    return {DESCRIPTION_KEY: json.dumps(merged), RAW_DESCRIPTION_KEY: raw}
