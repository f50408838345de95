"""What a job of a test left behind, read back from the task database."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eas_framework.errors import NotFoundError
from eas_framework.task_database import TaskDatabaseConnection
from eas_framework.task_database.jobs import JobState
from eas_framework.task_objects import (
    FileProductVersion,
    JobId,
    ProductId,
    Task,
    TaskExecutionAttempt,
    TaskId,
    TaskState,
    plain_values,
)


class Outcome:
    """How a job stands, and what its tasks recorded; a task is named by its name, else by its type."""

    def __init__(self, database: TaskDatabaseConnection, job_id: JobId) -> None:
        self.database, self.job_id = database, job_id

    @property
    def state(self) -> JobState:
        """How the job stands."""
        return self.database.jobs.state(self.job_id)

    @property
    def passed(self) -> bool:
        """Whether all of the job passed."""
        return self.state is JobState.PASSED

    @property
    def failed(self) -> bool:
        """Whether something of the job failed."""
        return self.state is JobState.FAILED

    @property
    def tasks(self) -> list[Task]:
        """All tasks of the job, the root first, without files and attempts."""
        states = list(TaskState)
        rows = self.database.tasks.list_in_states(self.job_id, states)
        found = [self.database.tasks.find(TaskId(row["taskId"])) for row in rows]
        return [task for task in found if task is not None]

    def named(self, name: str) -> list[Task]:
        """The tasks of that name, or of that type where none has the name."""
        tasks = self.tasks
        return [t for t in tasks if t.task_name == name] or [t for t in tasks if t.task_type == name]

    def task(self, name: str | Task) -> Task:
        """The only task of that name or type, with files and attempts; a task stands for itself."""
        found = [name] if isinstance(name, Task) else self.named(name)
        if len(found) != 1:
            raise NotFoundError(f"the job has {len(found)} tasks {name!r}, where one is expected")
        task = self.database.task_lookup(TaskId(int(found[0].task_id or 0)))
        if task is None:
            raise NotFoundError(f"task {name!r} was deleted")
        return task

    def attempts(self, name: str | Task) -> list[TaskExecutionAttempt]:
        """All attempts at a task, oldest first."""
        return self.database.attempts.of_task(TaskId(int(self.task(name).task_id or 0)))

    def metadata(self, name: str | Task) -> Mapping[str, Any]:
        """What the newest attempt at a task recorded, as plain values."""
        attempts = self.attempts(name)
        return plain_values(attempts[-1].metadata) if attempts else {}

    @property
    def errors(self) -> list[str]:
        """The error text of every attempt that has one."""
        attempts = [
            a for t in self.tasks for a in self.database.attempts.of_task(TaskId(int(t.task_id or 0)))
        ]
        return [attempt.error_text for attempt in attempts if attempt.error_text]

    @property
    def versions(self) -> list[FileProductVersion]:
        """Every file that an attempt of the job registered, visible or not."""
        return [
            version
            for task in self.tasks
            for attempt in self.database.attempts.of_task(TaskId(int(task.task_id or 0)))
            for version in attempt.output_files.values()
        ]

    def visible_files(self, name: str | Task) -> dict[str, Path]:
        """The visible files of a task, by the names under which it makes them."""
        found = {}
        for semantic_type, product in self.task(name).output_files.items():
            version_id = self.database.products.visible_version(ProductId(int(product.product_id or 0)))
            if version_id is not None:
                found[semantic_type] = self.database.versions.checked_path(version_id)
        return found
