"""The documented calls on execution attempts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eas_framework.errors import NotFoundError, StateError, UsageError
from eas_framework.task_database.doors_of_files import FileDoors
from eas_framework.task_database.doors_of_tasks import TaskDoors
from eas_framework.task_database.metadata import Owner
from eas_framework.task_database.rooms import named_file, unlink
from eas_framework.task_objects import (
    AttemptId,
    AttemptState,
    FileProductVersion,
    ProductVersionId,
    TaskExecutionAttempt,
    TaskId,
)

ENDED = frozenset({AttemptState.PASSED, AttemptState.FAILED, AttemptState.CANCELLED, AttemptState.LOST})


class AttemptDoors(FileDoors, TaskDoors):
    """Doors to attempts; flags of their state are requests, which the mechanics grant or refuse."""

    # ------------------------------------------------------------- attempts
    def execution_attempt_exists_in_db(self, attempt_id: AttemptId) -> bool:
        """Whether the attempt is known."""
        return self.attempts.find(attempt_id) is not None

    def execution_attempt_lookup(
        self, attempt_id: AttemptId, embed_task_object: bool = False
    ) -> TaskExecutionAttempt | None:
        """An attempt with its metadata and output files, or None for an unknown id.

        Args:
            attempt_id: The attempt.
            embed_task_object: Look its task up too, as `task_object`.
        """
        attempt = self.attempts.find(attempt_id)
        if attempt is not None and embed_task_object and attempt.task_id is not None:
            attempt.task_object = self.task_lookup(attempt.task_id)
        return attempt

    def execution_attempt_register(
        self,
        task_id: TaskId | None = None,
        queued_time: float | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> AttemptId:
        """A new attempt at a task, not queued yet; `execution_attempt_update` with ``is_queued`` queues it.

        Args:
            task_id: The task.
            queued_time: Unix time to record; the database's clock when None.
            metadata: Attached to the attempt.

        Raises:
            NotFoundError: There is no such task.
            StateError: The task has an open attempt, or has ended (a ValueError).
        """
        if task_id is None:
            raise UsageError("execution_attempt_register needs a task_id")
        attempt_id = self.lifecycle.register_attempt(task_id)
        self.execution_attempt_update(attempt_id, queued_time=queued_time, metadata=metadata)
        return attempt_id

    def execution_attempt_update(  # noqa: PLR0913 - the documented signature
        self,
        attempt_id: AttemptId | None = None,
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
        is_queued: bool | None = None,
        is_running: bool | None = None,
        is_finished: bool | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Change what is not None of an attempt, and merge metadata.

        Times in unix seconds, run times in seconds. The state's flags are requests: ``is_queued`` publishes a
        created attempt; the verdict and the error of an attempt that this process is doing are noted, and
        applied when the attempt ends; other flags must agree with the state.

        Raises:
            StateError: A flag asks for a move that is not allowed (a ValueError).
            LeaseLostError: Another worker has taken the task over.
        """
        if attempt_id is None:
            raise UsageError("execution_attempt_update needs an attempt_id")

        def write() -> None:
            if metadata:
                self.attempts.hold(attempt_id)
                self.metadata.register(Owner("attempt", attempt_id), metadata)
            self.attempts.update_times(
                attempt_id,
                queued=queued_time,
                start=start_time,
                heartbeat=latest_heartbeat_time,
                end=end_time,
                wall=run_time_wall_clock,
                cpu=run_time_cpu,
                cpu_children=run_time_cpu_inc_children,
            )

        self.db_handle.retried(write, durable=not self.attempts.holds(attempt_id))
        if is_queued:
            self.lifecycle.publish(attempt_id)
        self.attempts.note_request(
            attempt_id, passed_qc=all_products_passed_qc, error_fail=error_fail, error_text=error_text
        )
        self._check_flags(attempt_id, is_queued=is_queued, is_running=is_running, is_finished=is_finished)

    def _check_flags(self, attempt_id: AttemptId, **flags: bool | None) -> None:
        """Refuse flags that disagree with the state, which only the mechanics move."""
        wanted = {name.removeprefix("is_"): value for name, value in flags.items() if value is not None}
        if not wanted:
            return
        state = self.attempts.get(attempt_id).state
        for name, value in wanted.items():
            is_so = state in ENDED if name == "finished" else state == name
            if is_so != value:
                raise StateError(f"attempt {attempt_id} is {state}; is_{name}={value} is not an allowed move")

    def execution_attempt_delete(self, attempt_id: AttemptId) -> None:
        """Delete an attempt with its file versions, records first."""
        paths = [self.versions.path(version_id) for version_id in self.version_ids_of([attempt_id])]
        self.attempts.delete_record(attempt_id)
        unlink(paths)

    def execution_attempt_fetch_output_files(self, attempt_id: AttemptId) -> dict[str, FileProductVersion]:
        """The files that an attempt made, by the name under which its task speaks of them."""
        return self.versions.made_by(attempt_id)

    def execution_attempt_register_output(
        self,
        execution_attempt: TaskExecutionAttempt,
        output_name: str,
        file_path: Path | str,
        file_metadata: Mapping[str, Any],
        preserve: bool = False,
    ) -> ProductVersionId:
        """Store a file as the output that the task's description names `output_name`.

        Raises:
            UsageError: The description names no such output, or the file is missing.
            NotFoundError: The output was not declared when the task was registered.
        """
        task = execution_attempt.task_object
        attempt_id = execution_attempt.attempt_id
        if task is None or attempt_id is None:
            raise UsageError("the attempt must carry its id and its task")
        filename = named_file(task, "outputs", output_name)
        found = self.products.find_by_filename(task.working_directory or "", filename)
        if found is None or found["generatorTask"] != task.task_id:
            raise NotFoundError(
                f"task {task.task_id} has not declared the output {filename!r} ({output_name})"
            )
        return self.file_version_register(
            product_id=found["productId"],
            generated_by_task_execution=attempt_id,
            file_path_input=file_path,
            preserve=preserve,
            metadata=file_metadata,
        )
