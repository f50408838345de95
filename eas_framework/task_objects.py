"""The records of the task database: a task, an attempt at it, its files, and their metadata.

The records are mutable because handlers of ported task code change them; all four documented methods
(`configure`, `set_metadata`, `as_dict`, `from_dict`) stand once, in `Record`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, ClassVar, NewType, Self

TaskId = NewType("TaskId", int)
AttemptId = NewType("AttemptId", int)
ProductId = NewType("ProductId", int)
ProductVersionId = NewType("ProductVersionId", int)
JobId = NewType("JobId", int)


class AttemptState(StrEnum):
    """Where an attempt stands; only `eas_framework.task_database.attempts` moves it."""

    CREATED = "created"
    QUEUED = "queued"
    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"


class TaskState(StrEnum):
    """Where a task stands."""

    WAITING = "waiting"
    READY = "ready"
    QUEUED = "queued"
    RUNNING = "running"
    EXPANDED = "expanded"
    PASSED = "passed"
    FAILED = "failed"
    BLOCKED = "blocked"
    CANCELLED = "cancelled"


FINAL_TASK_STATES = frozenset({TaskState.PASSED, TaskState.FAILED, TaskState.BLOCKED, TaskState.CANCELLED})


class MetadataItem:
    """A keyword, its value, and the unix time at which it was set (now, unless given)."""

    __slots__ = ("keyword", "timestamp", "value")

    def __init__(self, keyword: str, value: Any, timestamp: float | None = None) -> None:
        self.keyword = keyword
        self.value = value
        self.timestamp = time.time() if timestamp is None else timestamp

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, MetadataItem):
            return NotImplemented
        return self.as_dict() == other.as_dict()

    __hash__ = None  # type: ignore[assignment] # mutable, compared by value

    def __repr__(self) -> str:
        return f"MetadataItem({self.keyword!r}, {self.value!r})"

    def as_dict(self) -> dict[str, Any]:
        """The item as a dict that JSON can hold."""
        return {"keyword": self.keyword, "value": self.value, "timestamp": self.timestamp}

    @classmethod
    def from_dict(cls, d: Mapping[str, Any]) -> Self:
        """The item that `as_dict` described."""
        return cls(**d)


def plain_value(value: Any) -> Any:
    """The value of a `MetadataItem`, or the value itself."""
    return value.value if isinstance(value, MetadataItem) else value


def plain_values(metadata: Mapping[str, Any] | None) -> dict[str, Any]:
    """The metadata as keyword to plain value, whichever of the two forms each item has."""
    return {keyword: plain_value(value) for keyword, value in (metadata or {}).items()}


def _encode(value: Any) -> Any:
    """A field's value in JSON's types."""
    if isinstance(value, Record | MetadataItem):
        return value.as_dict()
    if isinstance(value, Mapping):
        return {str(key): _encode(item) for key, item in value.items()}
    return value


class Record:
    """Base of the four entities: keyword-only fields, all optional, and the documented methods."""

    _records: ClassVar[Mapping[str, type[Record]]] = {}
    _keyed_by_int: ClassVar[frozenset[str]] = frozenset()
    metadata: dict[str, MetadataItem]

    def __post_init__(self) -> None:
        """Take tables as `configure` does: metadata as plain values too, attempts as a list too."""
        for table in fields(self):  # type: ignore[arg-type] # subclasses are dataclasses
            if table.default_factory is dict:
                given = getattr(self, table.name)
                setattr(self, table.name, {})
                self._set({table.name: given})

    def _set(self, given: Mapping[str, Any]) -> None:
        """Set every field that is not None; merge metadata and other tables."""
        for name, value in given.items():
            if value is None:
                continue
            if name == "metadata":
                for keyword, item in value.items():
                    self.set_metadata(keyword, item)
            elif isinstance(getattr(self, name), dict):
                getattr(self, name).update(self._as_table(name, value))
            else:
                setattr(self, name, value)

    def _as_table(self, name: str, value: Any) -> Mapping[Any, Any]:
        """A table of records, also where a list of attempts was given."""
        if isinstance(value, Mapping):
            return value
        attempts: Iterable[TaskExecutionAttempt] = value
        return {attempt.attempt_id: attempt for attempt in attempts}

    def set_metadata(self, keyword: str, value: Any) -> None:
        """Set one metadata item; a given `MetadataItem` gets the keyword."""
        if isinstance(value, MetadataItem):
            value.keyword = keyword
            self.metadata[keyword] = value
        else:
            self.metadata[keyword] = MetadataItem(keyword, value)

    def as_dict(self) -> dict[str, Any]:
        """The record, and those inside it, as a dict that JSON can hold."""
        return {f.name: _encode(getattr(self, f.name)) for f in fields(self)}  # type: ignore[arg-type] # subclasses are dataclasses

    @classmethod
    def from_dict(cls, d: Mapping[str, Any]) -> Self:
        """The record that `as_dict` described."""
        record = cls()
        for name, value in d.items():
            setattr(record, name, cls._decode(name, value))
        return record

    @classmethod
    def _decode(cls, name: str, value: Any) -> Any:
        """A field's value from what JSON holds."""
        if name in ("metadata", "input_metadata"):
            return _decode_metadata(value)
        inner = cls._records.get(name)
        if inner is None or value is None:
            return value
        if name == "task_object":
            return inner.from_dict(value)
        keyed_by_int = name in cls._keyed_by_int
        return {int(key) if keyed_by_int else key: inner.from_dict(item) for key, item in value.items()}


def _decode_metadata(table: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata items, or tables of them by the name of the task they came from."""
    decoded: dict[str, Any] = {}
    for key, item in table.items():
        is_item = set(item) == {"keyword", "value", "timestamp"} and not isinstance(item["keyword"], Mapping)
        decoded[key] = MetadataItem.from_dict(item) if is_item else _decode_metadata(item)
    return decoded


@dataclass(kw_only=True)
class FileProduct(Record):
    """A file that a task is going to make; `planned_time` in unix seconds."""

    product_id: ProductId | None = None
    generator_task: TaskId | None = None
    planned_time: float | None = None
    directory: str | None = None
    filename: str | None = None
    semantic_type: str | None = None
    mime_type: str | None = None
    metadata: dict[str, MetadataItem] = field(default_factory=dict)

    def configure(  # noqa: PLR0913 - the documented signature
        self,
        product_id: ProductId | None = None,
        generator_task: TaskId | None = None,
        planned_time: float | None = None,
        directory: str | None = None,
        filename: str | None = None,
        semantic_type: str | None = None,
        mime_type: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Set the fields that are not None, and merge metadata."""
        given = locals()
        del given["self"]
        self._set(given)


@dataclass(kw_only=True)
class FileProductVersion(Record):
    """A file that exists: a version of a product, by one attempt. Times in unix seconds, size in bytes."""

    product_version_id: ProductVersionId | None = None
    product_id: ProductId | None = None
    generated_by_task_execution: AttemptId | None = None
    repository_id: str | None = None
    created_time: float | None = None
    modified_time: float | None = None
    file_md5: str | None = None
    file_size: int | None = None
    passed_qc: bool | None = None
    file_sha256: str | None = None
    metadata: dict[str, MetadataItem] = field(default_factory=dict)

    def configure(  # noqa: PLR0913 - the documented signature
        self,
        product_version_id: ProductVersionId | None = None,
        product_id: ProductId | None = None,
        generated_by_task_execution: AttemptId | None = None,
        repository_id: str | None = None,
        created_time: float | None = None,
        modified_time: float | None = None,
        file_md5: str | None = None,
        file_size: int | None = None,
        passed_qc: bool | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Set the fields that are not None, and merge metadata."""
        given = locals()
        del given["self"]
        self._set(given)


@dataclass(kw_only=True)
class TaskExecutionAttempt(Record):
    """One attempt at a task. Times in unix seconds, run times in seconds."""

    attempt_id: AttemptId | None = None
    task_id: TaskId | None = None
    queued_time: float | None = None
    start_time: float | None = None
    latest_heartbeat_time: float | None = None
    end_time: float | None = None
    all_products_passed_qc: bool | None = None
    error_fail: bool | None = None
    error_text: str | None = None
    run_time_wall_clock: float | None = None
    run_time_cpu: float | None = None
    run_time_cpu_inc_children: float | None = None
    state: AttemptState | None = None
    metadata: dict[str, MetadataItem] = field(default_factory=dict)
    output_files: dict[str, FileProductVersion] = field(default_factory=dict)
    task_object: Task | None = None

    def configure(  # noqa: PLR0913 - the documented signature
        self,
        attempt_id: AttemptId | None = None,
        task_id: TaskId | None = None,
        queued_time: float | None = None,
        start_time: float | None = None,
        latest_heartbeat_time: float | None = None,
        end_time: float | None = None,
        all_products_passed_qc: bool | None = None,
        error_fail: bool | None = None,
        error_text: str | None = None,
        run_time_wall_clock: float | None = None,
        run_time_cpu: float | None = None,
        run_time_cpu_inc_children: float | None = None,
        metadata: Mapping[str, Any] | None = None,
        output_files: Mapping[str, FileProductVersion] | None = None,
        task_object: Task | None = None,
    ) -> None:
        """Set the fields that are not None, and merge tables."""
        given = locals()
        del given["self"]
        self._set(given)


@dataclass(kw_only=True)
class Task(Record):
    """A task, with what it needs, what it makes, and the attempts at it.

    `seed` is the task's own random seed; `task_description` is the evaluated descriptor while the task runs.
    """

    task_id: TaskId | None = None
    parent_id: TaskId | None = None
    created_time: float | None = None
    task_type: str | None = None
    job_name: str | None = None
    task_name: str | None = None
    working_directory: str | None = None
    state: TaskState | None = None
    seed: int | None = None
    input_files: dict[str, FileProduct] = field(default_factory=dict)
    input_metadata: dict[str, dict[str, MetadataItem]] = field(default_factory=dict)
    execution_attempts_passed: dict[AttemptId, TaskExecutionAttempt] = field(default_factory=dict)
    execution_attempts_incomplete: dict[AttemptId, TaskExecutionAttempt] = field(default_factory=dict)
    metadata: dict[str, MetadataItem] = field(default_factory=dict)
    output_files: dict[str, FileProduct] = field(default_factory=dict)
    task_description: Any = None

    def configure(  # noqa: PLR0913 - the documented signature
        self,
        task_id: TaskId | None = None,
        parent_id: TaskId | None = None,
        created_time: float | None = None,
        task_type: str | None = None,
        job_name: str | None = None,
        task_name: str | None = None,
        working_directory: str | None = None,
        input_files: Mapping[str, FileProduct] | None = None,
        input_metadata: Mapping[str, Mapping[str, MetadataItem]] | None = None,
        execution_attempts_passed: Iterable[TaskExecutionAttempt] | None = None,
        execution_attempts_incomplete: Iterable[TaskExecutionAttempt] | None = None,
        metadata: Mapping[str, Any] | None = None,
        output_files: Mapping[str, FileProduct] | None = None,
    ) -> None:
        """Set the fields that are not None, and merge tables; attempts are stored by their id."""
        given = locals()
        del given["self"]
        self._set(given)


FileProductVersion._records = {}
TaskExecutionAttempt._records = {"output_files": FileProductVersion, "task_object": Task}
Task._records = {
    "input_files": FileProduct,
    "output_files": FileProduct,
    "execution_attempts_passed": TaskExecutionAttempt,
    "execution_attempts_incomplete": TaskExecutionAttempt,
}
Task._keyed_by_int = frozenset({"execution_attempts_passed", "execution_attempts_incomplete"})
