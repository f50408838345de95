"""The documented calls on tasks and their inputs."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eas_framework.errors import NotFoundError, UsageError
from eas_framework.task_database.file_store import checked_filename
from eas_framework.task_database.metadata import Owner
from eas_framework.task_database.registration import register_task
from eas_framework.task_database.rooms import Rooms, named_file, one_transaction, unlink
from eas_framework.task_objects import (
    AttemptId,
    FileProduct,
    MetadataItem,
    ProductId,
    ProductVersionId,
    Task,
    TaskExecutionAttempt,
    TaskId,
)

VISIBLE_SECONDS = 5.0
"""How long a task waits for an input that was stored and is not visible on this host yet."""


class TaskDoors(Rooms):
    """Doors to tasks, their inputs and their attempts."""

    # ------------------------------------------------------------- tasks
    def task_exists_in_db(self, task_id: TaskId) -> bool:
        """Whether the task is known."""
        return self.tasks.find(task_id) is not None

    def task_lookup(self, task_id: TaskId) -> Task | None:
        """The task with inputs, outputs, metadata and attempts, or None."""
        task = self.tasks.find(task_id)
        if task is None:
            return None
        attempts = self.attempts.of_task(task_id)
        task.configure(
            input_files=self.products.wanted_by(task_id),
            output_files=self.products.made_by(task_id),
            input_metadata=self.task_fetch_metadata_inputs(task_id),
            execution_attempts_passed=[a for a in attempts if a.all_products_passed_qc],
            execution_attempts_incomplete=[a for a in attempts if not a.all_products_passed_qc],
        )
        return task

    @one_transaction
    def task_register(  # noqa: PLR0913 - the documented signature
        self,
        parent_id: TaskId | None = None,
        created_time: float | None = None,
        fully_configured: bool = True,
        task_type: str | None = None,
        job_name: str | None = None,
        task_name: str | None = None,
        working_directory: str | None = None,
        input_files: Mapping[str, FileProduct] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> TaskId:
        """Register a task; one that is fully configured may be queued at once.

        Args:
            parent_id: The task above it, whose job, job name and working directory it takes over.
            created_time: Unix time; now when None.
            fully_configured: False where inputs are added later; ``isFullyConfigured = 1`` then sets it free.
            task_type: Name of the type.
            job_name: Name of the job.
            task_name: Label by which siblings ask for its metadata.
            working_directory: Logical directory of its files.
            input_files: Products that it needs, by the name under which it speaks of them.
            metadata: Attached to the task; ``task_description`` holds its descriptor as JSON.

        Returns:
            Id of the task.

        Raises:
            UsageError: No task type is named (a ValueError).
            UnknownTaskTypeError: The database does not know the type (an AssertionError).
            NotFoundError: There is no task `parent_id`.
        """
        if task_type is None:
            raise UsageError("task_register needs a task_type")
        return register_task(
            self,
            parent_id,
            type_id=self.catalogue.task_type_id(task_type),
            is_configured=fully_configured,
            input_files=input_files or {},
            metadata=metadata or {},
            created_time=created_time,
            job_name=job_name,
            task_name=task_name or "",
            working_directory=working_directory,
        )

    @one_transaction
    def task_update(self, task_id: TaskId | None = None, metadata: Mapping[str, Any] | None = None) -> None:
        """Merge metadata into a task."""
        if task_id is None:
            raise UsageError("task_update needs a task_id")
        self.metadata.register(Owner("task", task_id), metadata or {})

    def task_delete(self, task_id: TaskId) -> None:
        """Delete a task, all tasks below it, their attempts and files; records first."""
        attempts = [a.attempt_id for t in self.tasks.descendants(task_id) for a in self.attempts.of_task(t)]
        versions = self.version_ids_of([attempt for attempt in attempts if attempt is not None])
        paths = [self.versions.path(version_id) for version_id in versions]
        self.tasks.delete_record(task_id)
        unlink(paths)

    def task_fetch_execution_attempts(
        self, task_id: TaskId, successful: bool | None = None
    ) -> dict[AttemptId, TaskExecutionAttempt]:
        """The attempts at a task by their id.

        Args:
            task_id: The task.
            successful: True for those that passed quality control, False for those that did not (yet), None
                for all.
        """
        attempts = self.attempts.of_task(task_id)
        return {
            attempt.attempt_id: attempt
            for attempt in attempts
            if attempt.attempt_id is not None and successful in (None, bool(attempt.all_products_passed_qc))
        }

    def task_fetch_file_inputs(self, task_id: TaskId) -> dict[str, FileProduct]:
        """The products that a task needs, by the name under which it speaks of them."""
        return self.products.wanted_by(task_id)

    def task_fetch_file_products(self, task_id: TaskId) -> dict[str, FileProduct]:
        """The products that a task makes, by the name under which it speaks of them."""
        return self.products.made_by(task_id)

    def task_fetch_metadata_inputs(self, task_id: TaskId) -> dict[str, dict[str, MetadataItem]]:
        """For each task whose metadata this one asked for, those of its newest attempt that passed."""
        sources = {
            AttemptId(row["lastPassed"]): row["taskName"]
            for row in self.tasks.metadata_sources(task_id)
            if row["lastPassed"] is not None
        }
        found = self.metadata.of_attempts(list(sources))
        return {name: found[attempt_id] for attempt_id, name in sources.items()}

    def task_open_file_input(
        self,
        task: Task,
        input_name: str,
        tmp_dir: Any,
        execution_id: AttemptId | None = None,
        must_have_passed_qc: bool = True,
    ) -> tuple[str, dict[str, MetadataItem]]:
        """Copy an input of a task, checked against its checksum, into a folder.

        Args:
            task: The running task, with its description.
            input_name: Name of the input in ``inputs``.
            tmp_dir: A `TemporaryDirectory` or a path.
            execution_id: Take the file that this attempt made.
            must_have_passed_qc: Take only files that passed quality control.

        Returns:
            Path of the copy, and the file's metadata.

        Raises:
            UsageError: The description names no such input.
            NotFoundError: The file does not exist (yet).
            FileStoreError: The file is missing from the store or damaged.
        """
        path, metadata = self.task_find_file_input(
            task, input_name, execution_id=execution_id, must_have_passed_qc=must_have_passed_qc
        )
        filename = checked_filename(named_file(task, "inputs", input_name))
        target = Path(getattr(tmp_dir, "tmp_dir", tmp_dir)) / filename
        shutil.copyfile(path, target)
        return str(target), metadata

    def task_find_file_input(
        self,
        task: Task,
        input_name: str,
        *,
        execution_id: AttemptId | None = None,
        must_have_passed_qc: bool = True,
    ) -> tuple[Path, dict[str, MetadataItem]]:
        """The stored file itself of an input, checked, only to be read; else as `task_open_file_input`."""
        filename = named_file(task, "inputs", input_name)
        found = self.products.find_by_filename(task.working_directory or "", filename)
        version_id = None
        if found is not None:
            version_id = self._newest_version(found["productId"], execution_id, must_have_passed_qc)
        if version_id is None:
            raise NotFoundError(
                f"input {input_name!r}: {filename!r} in {task.working_directory!r} is not there"
            )
        path = self.versions.checked_path(version_id, wait_seconds=VISIBLE_SECONDS)
        return path, self.versions.metadata_of(version_id)

    def _newest_version(
        self, product_id: ProductId, attempt_id: AttemptId | None, must_have_passed_qc: bool
    ) -> ProductVersionId | None:
        if must_have_passed_qc and attempt_id is None:
            return self.products.visible_version(product_id)
        versions = self.versions.of_product(
            product_id, attempt_id=attempt_id, must_have_passed_qc=must_have_passed_qc
        )
        return versions[-1] if versions else None
