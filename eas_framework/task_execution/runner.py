"""One attempt from claim to end: description, handler, quality control, and the record of its end."""

from __future__ import annotations

import json
import logging
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from eas_framework.errors import DatabaseError, EasError, LeaseLostError, QueueError, TaskFailed
from eas_framework.logging_database import EasLoggingHandler, storable_text
from eas_framework.plugins.qc import QcVerdict
from eas_framework.plugins.task import TaskType
from eas_framework.quality_control import accept_outputs, measured, with_requests
from eas_framework.settings import configuration
from eas_framework.task_database import TaskDatabaseConnection
from eas_framework.task_database.attempts import Ending, Provenance
from eas_framework.task_database.external_files import stamps_of
from eas_framework.task_database.jobs import JobRecord
from eas_framework.task_database.lifecycle import Finished
from eas_framework.task_database.queueing import Claimant, ClaimedTask
from eas_framework.task_database.versions import InputFile
from eas_framework.task_execution import provenance
from eas_framework.task_execution.description import evaluated_description
from eas_framework.task_execution.sources import TaskSource
from eas_framework.task_objects import (
    AttemptState,
    FileProductVersion,
    JobId,
    Task,
    TaskExecutionAttempt,
    TaskId,
    TaskState,
)
from eas_framework.task_timer import Stopwatch

log = logging.getLogger(__name__)

WORTH_REPEATING = (OSError, DatabaseError, QueueError)
NEVER_REPEATED = (TaskFailed, FileNotFoundError, IsADirectoryError, NotADirectoryError)
FIRST_DELAY_SECONDS = 1.0
MAX_DELAY_SECONDS = 60.0
PRINTED_RECORD_LENGTH = 4000


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """An attempt ready for its handler, and what its result will have been made from.

    It is not ready while inputs are dropped.
    """

    attempt: TaskExecutionAttempt
    task: Task
    provenance: Provenance
    dropped_inputs: tuple[InputFile, ...]


class TaskRunner:
    """Does attempts with the task types and metrics of this process, over one open connection.

    Args:
        database: The connection.
        plugins: Where handlers and metrics come from.
        log_handler: Gathers the log of each attempt.
        printed: Gives what handlers printed since its last call.
        on_error: Called with what an attempt's code raised, before that is recorded.
    """

    def __init__(
        self,
        database: TaskDatabaseConnection,
        plugins: TaskSource,
        log_handler: EasLoggingHandler,
        *,
        printed: Callable[[], str] = str,
        on_error: Callable[[BaseException], None] | None = None,
    ) -> None:
        self._database, self._plugins, self._log_handler = database, plugins, log_handler
        self._printed, self._on_error = printed, on_error
        self._task_types = plugins.task_types()
        self._metrics = plugins.qc_metrics()
        self._jobs: dict[JobId, JobRecord] = {}
        self._claimant: Callable[[], Claimant | None] = lambda: None

    @property
    def task_types(self) -> Mapping[str, TaskType]:
        """What this process can do."""
        return self._task_types

    def run(
        self, claimed: ClaimedTask, *, claimant: Callable[[], Claimant | None] = lambda: None
    ) -> Finished | None:
        """Do a claimed attempt and record its end; None when its lease was lost and nothing was recorded.

        Args:
            claimed: The attempt.
            claimant: Asked at its end, who takes one of the tasks that become ready by it.
        """
        stopwatch = Stopwatch()
        self._claimant = claimant
        self._log_handler.set_task_attempt_id(claimed.claim.attempt_id)
        try:
            return self._run(claimed, stopwatch)
        except LeaseLostError as error:
            log.warning("%s", error)
            return None
        finally:
            self._log_handler.set_task_attempt_id(None)

    def _run(self, claimed: ClaimedTask, stopwatch: Stopwatch) -> Finished:
        prepared = None
        try:
            task_type = self._task_types[claimed.task_type]
            prepared = self._prepare(claimed, task_type)
            taken_over = self._take_over(claimed, prepared)
            if taken_over is not None:
                return taken_over
            if prepared.dropped_inputs:
                return self._database.lifecycle.have_made_again(claimed, prepared.dropped_inputs)
            task_type.handler(prepared.attempt)
            self._log_printed()
            verdict = self._judge(prepared, task_type)
        except LeaseLostError:
            raise
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            if self._on_error is not None:
                self._on_error(error)
            return self._fail(claimed, error, prepared, stopwatch)
        return self._pass_or_reject(claimed, prepared, verdict, stopwatch)

    # ------------------------------------------------------------- before the handler
    def _prepare(self, claimed: ClaimedTask, task_type: TaskType) -> Prepared:
        database = self._database
        row = database.tasks.row(claimed.task_id)
        task = database.tasks.from_row(row)
        task.input_metadata = database.task_fetch_metadata_inputs(claimed.task_id)
        description = evaluated_description(row, task)
        task.task_description = description
        attempt = TaskExecutionAttempt(
            attempt_id=claimed.claim.attempt_id,
            task_id=claimed.task_id,
            state=AttemptState.RUNNING,
            task_object=task,
        )
        inputs = database.versions.visible_inputs(claimed.task_id)
        began_ns = time.time_ns()
        external = task_type.external_inputs(attempt) if task_type.external_inputs else {}
        fields = provenance.canonical_json(
            provenance.content_fields(
                task,
                description,
                {file.name: file.sha256 for file in inputs},
                external=external,
                task_type=task_type,
                source=self._source(task_type),
            )
        )
        made_from = Provenance(
            evaluated_description=json.dumps(description, default=str),
            content_key=provenance.content_key(fields),
            content_fields=fields,
            external_files=_stamps_text(external, began_ns),
            environment=self._environment(task_type),
        )
        dropped = tuple(file for file in inputs if file.is_dropped)
        return Prepared(attempt=attempt, task=task, provenance=made_from, dropped_inputs=dropped)

    def _source(self, task_type: TaskType) -> Mapping[str, str]:
        source = self._plugins.task_type_source(task_type.name)
        return {"package": source.package, "version": source.version}

    def _environment(self, task_type: TaskType) -> str:
        source = self._plugins.task_type_source(task_type.name)
        module = sys.modules.get(task_type.handler.__module__)
        return provenance.environment(
            (source.package, *task_type.packages), getattr(module, "__file__", "") or ""
        )

    def _take_over(self, claimed: ClaimedTask, prepared: Prepared) -> Finished | None:
        """Let a result of the replaced job stand where it was made from the same, else say what changed."""
        job = self._job(claimed)
        if job is None or job.replaces is None or self._task_types[claimed.task_type].is_control_flow:
            return None
        made_from = prepared.provenance
        key = made_from.content_key
        passed = self._database.attempts.find_same_content(job.replaces, key)
        if passed is not None:
            log.info("task %d: taken over, made from the same as attempt %d", claimed.task_id, passed)
            return self._database.lifecycle.take_over(claimed, passed)
        old = self._database.attempts.content_at_same_place(job.replaces, claimed.seed)
        if old is None:
            return None
        attempt_id, old_text = old
        old_fields, fields = json.loads(old_text), json.loads(made_from.content_fields)
        if job.keep_old and {**old_fields, "version": None} == {**fields, "version": None}:
            log.warning(
                "task %d: taken over from attempt %d, which version %s of %s made instead of %s",
                claimed.task_id, attempt_id, old_fields["version"], fields["package"], fields["version"],
            )  # fmt: skip
            return self._database.lifecycle.take_over(claimed, attempt_id)
        changed = provenance.first_difference(old_fields, fields)
        log.info("task %d: runs again, because %s changed", claimed.task_id, changed)
        return None

    def _job(self, claimed: ClaimedTask) -> JobRecord | None:
        if claimed.job_id is None:
            return None
        if claimed.job_id not in self._jobs:
            self._jobs[claimed.job_id] = self._database.jobs.get(claimed.job_id)
        return self._jobs[claimed.job_id]

    # ------------------------------------------------------------- after the handler
    def _judge(self, prepared: Prepared, task_type: TaskType) -> QcVerdict:
        """The verdict of the type's own quality control, or the default one; metrics add their metadata."""
        attempt = prepared.attempt
        metrics = [metric for metric in self._metrics if task_type.name in metric.task_types]
        if (
            task_type.quality_control is not None or metrics
        ):  # the handler may have used connections of its own
            attempt.metadata = self._database.metadata_fetch_all(scheduling_attempt_id=attempt.attempt_id)
        if _asked_for(prepared) or task_type.makes_undeclared_outputs:
            attempt.output_files = self._database.versions.made_by(attempt.attempt_id)  # type: ignore[arg-type] # claimed attempts have an id
        if task_type.quality_control is not None:
            verdict = task_type.quality_control(attempt)
        else:
            verdict = accept_outputs(
                attempt, required=self._required_outputs(prepared, task_type), is_readable=self._is_readable
            )
        found = measured(attempt, metrics)
        if found:
            self._database.execution_attempt_update(attempt_id=attempt.attempt_id, metadata=found)
        requests = self._database.attempts.requests(attempt.attempt_id)  # type: ignore[arg-type] # as above
        return with_requests(verdict, requests, attempt.output_files)

    def _required_outputs(self, prepared: Prepared, task_type: TaskType) -> list[str]:
        asked_for = _asked_for(prepared)
        slots = task_type.outputs or ()
        return [slot.name for slot in slots if slot.required and slot.name in asked_for]

    def _is_readable(self, version: FileProductVersion) -> bool:
        path = self._database.versions.path(version.product_version_id)  # type: ignore[arg-type] # read from the database
        return path is not None and path.is_file() and path.stat().st_size == version.file_size

    def _pass_or_reject(
        self, claimed: ClaimedTask, prepared: Prepared, verdict: QcVerdict, stopwatch: Stopwatch
    ) -> Finished:
        versions = prepared.attempt.output_files
        passed = {
            int(version.product_version_id or 0): verdict.outputs.get(name, False)
            for name, version in versions.items()
        }
        if not verdict.passed:
            log.error("task %d: rejected by quality control: %s", claimed.task_id, verdict.reason)
        ending = Ending(
            state=AttemptState.PASSED if verdict.passed else AttemptState.FAILED,
            times=stopwatch.read(),
            error_text=None if verdict.passed else f"rejected by quality control: {verdict.reason}",
            provenance=prepared.provenance,
            passed_versions=passed,
        )
        return self._database.lifecycle.finish(
            claimed,
            ending,
            log_rows=self._log_handler.take(),
            is_control_flow=self._task_types[claimed.task_type].is_control_flow,
            claimant=self._claimant(),
        )

    def _fail(
        self,
        claimed: ClaimedTask,
        error: BaseException,
        prepared: Prepared | None,
        stopwatch: Stopwatch,
    ) -> Finished:
        """Record the error; repeat the task where its kind of error makes that worth while."""
        text = error_text(error)
        self._log_printed()
        log.error("task %d (%s): %s", claimed.task_id, claimed.task_type, text)
        ending = Ending(
            state=AttemptState.FAILED,
            times=stopwatch.read(),
            error_text=text,
            is_error=True,
            provenance=prepared.provenance if prepared else None,
        )
        delay = self._retry_delay(claimed, error)
        finished = self._database.lifecycle.finish(
            claimed, ending, log_rows=self._log_handler.take(), retry_delay_seconds=delay
        )
        if finished.task_state is TaskState.QUEUED:
            log.info("task %d: is repeated in %.0f s", claimed.task_id, delay or 0.0)
        return finished

    def _log_printed(self) -> None:
        """Put what the handler printed into the attempt's log, in records of a length that is kept."""
        text = self._printed()
        for start in range(0, len(text), PRINTED_RECORD_LENGTH):
            log.info("printed: %s", text[start : start + PRINTED_RECORD_LENGTH])

    def _retry_delay(self, claimed: ClaimedTask, error: BaseException) -> float | None:
        """Seconds until a repetition may begin; None for an error that a repetition would only repeat."""
        task_type = self._task_types.get(claimed.task_type)
        wanted = WORTH_REPEATING + (task_type.retry_on if task_type else ())
        if not isinstance(error, wanted) or isinstance(error, NEVER_REPEATED):
            return None
        tried = len(self._database.attempts.of_task(TaskId(claimed.task_id)))
        return min(MAX_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2.0 ** max(tried - 1, 0))


def _asked_for(prepared: Prepared) -> Mapping[str, str]:
    """The outputs that the job names for the task."""
    description = prepared.task.task_description or {}
    return description.get("outputs") or {}


def _stamps_text(external: Mapping[str, str], began_ns: int) -> str | None:
    """What is kept beside the checksums of the files outside the store that a task reads; None for none."""
    if not external:
        return None
    return json.dumps(stamps_of(external, folder=configuration().lc_path, began_ns=began_ns))


def error_text(error: BaseException) -> str:
    """What is kept of an error: our own are sentences, others come with the traceback of the task's code."""
    if isinstance(error, EasError):
        return storable_text(f"{type(error).__name__}: {error}")
    return storable_text("".join(traceback.format_exception(error)).rstrip())
