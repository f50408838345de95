"""Storing a job: new, known already by its digest, to be done again, or in the place of another one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from eas_framework.crash_points import crash_point
from eas_framework.errors import JobFileError
from eas_framework.job_file import Job, KnownFile
from eas_framework.task_database import TaskDatabaseConnection
from eas_framework.task_database.jobs import JobRecord, JobState
from eas_framework.task_database.seeds import root_seed
from eas_framework.task_database.tasks import DEFAULT_MAX_ATTEMPTS, NewTask
from eas_framework.task_objects import JobId

_SHOWN_FILES = 20

How = Literal["new", "known", "forced", "replaced"]


@dataclass(frozen=True, kw_only=True)
class Submitted:
    """A stored job, how it came to be there, and the job whose place it took."""

    job_id: JobId
    how: How
    replaces: JobId | None = None

    @property
    def is_new(self) -> bool:
        """Whether it was stored just now."""
        return self.how in ("new", "replaced")


def submit_job(
    database: TaskDatabaseConnection,
    job: Job,
    *,
    outputs: Iterable[KnownFile] = (),
    force: bool = False,
    take_place: bool = False,
    keep_old: bool = False,
) -> Submitted:
    """Store a checked job, in one transaction; one with the same digest is the same job.

    Args:
        database: Where to.
        job: The job.
        outputs: Files that it is known to make.
        force: Do all tasks of a job that is stored already again.
        take_place: Take the place of the job whose outputs it makes, of the older one of the same name, or of
            itself: what was made from the same is taken over, the rest is done.
        keep_old: Accept results of older plugin versions of the replaced job.

    Raises:
        JobFileError: Another job makes some of the outputs, and `take_place` was not given.
    """
    existing = database.jobs.find_by_digest(job.digest)
    if existing is not None and not take_place:
        if force:
            database.lifecycle.force(existing.job_id)
        return Submitted(job_id=existing.job_id, how="forced" if force else "known")
    old = existing or _job_to_replace(database, job, outputs, take_place=take_place)
    job_id = _store(database, job, replaced=old, keep_old=keep_old)
    if old is None:
        return Submitted(job_id=job_id, how="new")
    return Submitted(job_id=job_id, how="replaced", replaces=old.job_id)


def job_in_the_way(
    database: TaskDatabaseConnection, job: Job, *, outputs: Iterable[KnownFile], take_place: bool
) -> JobRecord | None:
    """The stored job that is this one or must give way to it; None where there is none.

    Raises:
        JobFileError: As `submit_job`.
    """
    existing = database.jobs.find_by_digest(job.digest)
    return existing or _job_to_replace(database, job, outputs, take_place=take_place)


# ------------------------------------------------------------- storing
def _store(
    database: TaskDatabaseConnection, job: Job, *, replaced: JobRecord | None, keep_old: bool
) -> JobId:
    if replaced is not None and replaced.state is JobState.RUNNING:
        database.lifecycle.cancel(replaced.job_id)

    def work() -> JobId:
        if replaced is not None:
            database.jobs.retire(replaced.job_id)
        elif (known := database.jobs.find_by_digest(job.digest)) is not None:
            return known.job_id  # another process was quicker
        job_id = database.jobs.register(
            name=job.name,
            digest=job.digest,
            seed=job.seed,
            text=job.canonical_text,
            source_file=str(job.path),
            replaces=replaced.job_id if replaced is not None else None,
            keep_old=keep_old,
            kept_files=job.kept_files,
        )
        _register_root(database, job, job_id)
        crash_point("in_submit_transaction")
        return job_id

    job_id = database.db_handle.retried(work)
    crash_point("after_submit_commit")
    return job_id


def _register_root(database: TaskDatabaseConnection, job: Job, job_id: JobId) -> None:
    root = database.tasks.register(
        NewTask(
            type_id=database.catalogue.task_type_id("execution_chain"),
            job_id=job_id,
            job_name=job.name,
            working_directory=job.working_directory,
            description=job.canonical_text,
            names={"job_name": job.name, "working_directory": job.working_directory},
            seed=root_seed(job.seed),
            max_attempts=database.jobs.defaults(job_id).get("max_attempts") or DEFAULT_MAX_ATTEMPTS,
            unmet_dependencies=0,
        )
    )
    database.jobs.set_root(job_id, root)
    database.lifecycle.queue_tasks([root])


# ------------------------------------------------------------- other jobs
def _job_to_replace(
    database: TaskDatabaseConnection, job: Job, outputs: Iterable[KnownFile], *, take_place: bool
) -> JobRecord | None:
    """The job whose outputs this one makes, when it may be replaced; else the older one of the same name."""
    taken = list(_taken_outputs(database, outputs))
    if taken and not take_place:
        raise JobFileError(_taken_text(job, taken))
    owners = {owner.job_id: owner for _, owner in taken}
    if take_place:
        owners |= {old.job_id: old for old in _namesakes(database, job)}
    if len(owners) > 1:
        listed = ", ".join(f"{job_id} ({owner.name})" for job_id, owner in sorted(owners.items()))
        raise JobFileError(
            f"{job.path}: --replace can replace one job, but these are in the way: {listed}; "
            "give the job another job_name or working_directory"
        )
    return next(iter(owners.values()), None)


def _taken_outputs(
    database: TaskDatabaseConnection, outputs: Iterable[KnownFile]
) -> Iterator[tuple[KnownFile, JobRecord]]:
    """The outputs that a job makes already which was not replaced itself, and that job."""
    jobs = {job.job_id: job for job in database.jobs.list_all() if job.state is not JobState.REPLACED}
    if not jobs:
        return
    for file in outputs:
        row = database.queries.one("product_owner_job", directory=file.directory, filename=file.filename)
        if row is not None and row["jobId"] in jobs:
            yield file, jobs[row["jobId"]]


def _namesakes(database: TaskDatabaseConnection, job: Job) -> list[JobRecord]:
    """The newest job of the same name that was not replaced yet; none or one."""
    jobs = [old for old in database.jobs.list_by_name(job.name) if old.state is not JobState.REPLACED]
    return jobs[-1:]


def _taken_text(job: Job, taken: list[tuple[KnownFile, JobRecord]]) -> str:
    lines = [
        f"{job.path}:{file.position.line}:{file.position.column}: "
        f"the output {file.directory}/{file.filename} is made by job {owner.job_id} ({owner.name}) already"
        for file, owner in taken[:_SHOWN_FILES]
    ]
    more = [f"… and {len(taken) - _SHOWN_FILES} more outputs"] if len(taken) > _SHOWN_FILES else []
    return "\n".join(
        [
            *lines,
            *more,
            "give the job another working_directory, replace the older job with --replace, "
            "or remove it with `eas db prune`",
        ]
    )
