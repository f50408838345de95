"""A prepared job from its submission to its end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from eas_framework.diagnostics.changed_inputs import ChangedInput, changed_inputs
from eas_framework.diagnostics.job_summary import count_failed
from eas_framework.diagnostics.progress import progress_summary
from eas_framework.pipeline.preparation import PreparedJob
from eas_framework.pipeline.submission import Submitted, submit_job
from eas_framework.pipeline.supervision import StopRequests, run_until_done
from eas_framework.task_database import TaskDatabaseConnection
from eas_framework.task_database.dropping import drop_intermediate_files
from eas_framework.task_database.jobs import JobState
from eas_framework.task_objects import JobId, TaskState
from eas_framework.worker import Supervisor
from eas_framework.worker.limits import machine_resources
from eas_framework.worker.messages import Message
from eas_framework.worker.warming import warm_up_once

Watch = Callable[[Supervisor], bool]


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """How a job is run.

    Attributes:
        executors: How many tasks may run at once; None takes one for each core of this machine.
        force: Do the tasks of a stored job again.
        take_place: Take the place of an older job; see `submit_job`.
        keep_old: Accept results of older plugin versions of the replaced job.
        max_failures: Stop after so many tasks have failed; None never does.
    """

    executors: int | None = None
    force: bool = False
    take_place: bool = False
    keep_old: bool = False
    max_failures: int | None = None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a run ended.

    Attributes:
        job_id: The job.
        state: Where it stands now.
        was_interrupted: Whether a signal asked for a stop.
        changed_inputs: Files outside the store that were, when the run began, not what tasks that had passed
            read.
    """

    job_id: JobId
    state: JobState
    was_interrupted: bool
    changed_inputs: tuple[ChangedInput, ...] = ()


class Observer:
    """Is told how a run goes; this one keeps it to itself."""

    def begin(self, database: TaskDatabaseConnection, submitted: Submitted) -> None:
        """Hear that the job is stored."""

    def hear(self, news: str) -> None:
        """Hear a sentence of what is done before the tasks."""

    def warn(self, changed: Sequence[ChangedInput]) -> None:
        """Hear, before the tasks of a job go on, which files are not what tasks that have passed read."""

    @contextmanager
    def watching(
        self, database: TaskDatabaseConnection, job_id: JobId, stop: StopRequests
    ) -> Iterator[Watch]:
        """A function that is called a few times a second while the job runs; true asks for a stop."""
        yield lambda supervisor: False


def run_job(
    database: TaskDatabaseConnection,
    prepared: PreparedJob,
    *,
    options: RunOptions,
    observer: Observer,
) -> Outcome:
    """Submit a job and supervise executors until it has ended; one that had ended already is left as it is.

    Args:
        database: Connection to the workspace's database.
        prepared: What `prepare_job` gave.
        options: How to run it.
        observer: Is told how it goes.

    Raises:
        JobFileError: Another job makes its outputs.
    """
    submitted = submit_job(
        database,
        prepared.job,
        outputs=prepared.check.outputs,
        force=options.force,
        take_place=options.take_place,
        keep_old=options.keep_old,
    )
    observer.begin(database, submitted)
    types = prepared.check.task_types
    return finish_job(database, submitted.job_id, options=options, observer=observer, task_types=types)


def finish_job(
    database: TaskDatabaseConnection,
    job_id: JobId,
    *,
    options: RunOptions,
    observer: Observer,
    task_types: Iterable[str] | None = None,
) -> Outcome:
    """Supervise executors until a stored job has ended; see `run_job`.

    Args:
        database: Connection to the workspace's database.
        job_id: The job.
        options: How to run it.
        observer: Is told how it goes.
        task_types: Those that the job uses; None takes those of its stored tasks.
    """
    state = database.jobs.state(job_id)
    changed = tuple(changed_inputs(database, job_id, tell=observer.hear))
    if state is JobState.RUNNING:
        observer.warn(changed)
    with StopRequests() as stop:
        if state is JobState.RUNNING:
            types = _stored_types(database, job_id) if task_types is None else task_types
            warm_up_once(types, tell=observer.hear, is_stopped=lambda: stop.is_asked)
            if not stop.is_asked:
                state = _supervise(database, job_id, options, observer, stop)
    _drop_files(database, job_id, observer)
    return Outcome(job_id=job_id, state=state, was_interrupted=stop.was_interrupted, changed_inputs=changed)


def _drop_files(database: TaskDatabaseConnection, job_id: JobId, observer: Observer) -> None:
    """Delete the intermediate files of a job that keeps only final ones."""
    dropped = list(drop_intermediate_files(database, job_id))
    count, size = sum(number for number, _ in dropped), sum(size for _, size in dropped)
    if count:
        observer.hear(f"{count:,} intermediate files dropped, {size / 1e6:,.1f} MB")


def _stored_types(database: TaskDatabaseConnection, job_id: JobId) -> list[str]:
    return [row["task_type"] for row in progress_summary(database.queries, job_id)]


def _supervise(
    database: TaskDatabaseConnection,
    job_id: JobId,
    options: RunOptions,
    observer: Observer,
    stop: StopRequests,
) -> JobState:
    limit = _FailureLimit(database, job_id, options.max_failures, stop)
    with observer.watching(database, job_id, stop) as watch:
        return run_until_done(
            database,
            job_id,
            executors=options.executors or int(machine_resources().cpu),
            listener=limit.hear,
            watch=watch,
            stop=stop,
        )


class _FailureLimit:
    """Asks for a stop when so many tasks have failed since it was made; None never does."""

    def __init__(
        self, database: TaskDatabaseConnection, job_id: JobId, limit: int | None, stop: StopRequests
    ) -> None:
        self._database, self._job_id, self._stop = database, job_id, stop
        self._last = None if limit is None else self._count() + limit

    def hear(self, message: Message) -> None:
        """Count again after each message of an executor that can mean a failure."""
        can_be_failure = message["event"] == "lost" or message.get("state") == TaskState.FAILED
        if self._last is None or not can_be_failure or self._stop.is_asked:
            return
        if self._count() >= self._last:
            self._stop.ask()

    def _count(self) -> int:
        return count_failed(self._database.queries, self._job_id)
