"""Jobs: one row for each submitted job file; the digest of its contents is its identity."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from eas_framework.errors import NotFoundError
from eas_framework.plugins.database import Row
from eas_framework.task_database.queries import Queries
from eas_framework.task_objects import JobId, TaskId


class JobState(StrEnum):
    """Where a job stands; it is the state of its root task, or `REPLACED` by an edited job."""

    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REPLACED = "replaced"


_LONGEST_ID = 19
"""Digits of a number that every database takes as an id."""
OPEN_STATES = (JobState.RUNNING,)
ENDED_STATES = (JobState.PASSED, JobState.FAILED, JobState.CANCELLED)


@dataclass(frozen=True, kw_only=True)
class JobRecord:
    """A stored job. Times in unix seconds."""

    job_id: JobId
    name: str
    digest: str
    root_task: TaskId | None
    seed: int
    text: str
    source_file: str | None
    created_time: float
    finished_time: float | None
    state: JobState
    replaces: JobId | None
    keep_old: bool


class JobRepository:
    """Reads and writes jobs."""

    def __init__(self, queries: Queries) -> None:
        self._queries = queries
        self._defaults: dict[JobId, Mapping[str, Any]] = {}

    def register(  # noqa: PLR0913 - the columns of the table
        self,
        *,
        name: str,
        digest: str,
        seed: int,
        text: str,
        source_file: str | None = None,
        replaces: JobId | None = None,
        keep_old: bool = False,
        kept_files: Sequence[str] | None = None,
    ) -> JobId:
        """A new running job; `kept_files` are patterns of those that it keeps beside final ones, None all."""
        key = self._queries.insert(
            "job_insert",
            name=name,
            digest=digest,
            seed=seed,
            text=text,
            source_file=source_file,
            replaces=replaces,
            keep_old=int(keep_old),
            kept_files=None if kept_files is None else json.dumps(list(kept_files)),
        )
        return JobId(key)

    def set_root(self, job_id: JobId, root: TaskId) -> None:
        """Name the task whose state is the job's."""
        self._queries.run("job_set_root", job_id=job_id, root=root)

    def find(self, job_id: JobId) -> JobRecord | None:
        """The job, or None."""
        row = self._queries.one("job_by_id", job_id=job_id)
        return _from_row(row) if row else None

    def get(self, job_id: JobId) -> JobRecord:
        """The job; raises `NotFoundError` for an unknown id."""
        job = self.find(job_id)
        if job is None:
            raise NotFoundError(f"there is no job {job_id}")
        return job

    def find_by_digest(self, digest: str) -> JobRecord | None:
        """The job with that content, or None."""
        row = self._queries.one("job_by_digest", digest=digest)
        return _from_row(row) if row else None

    def defaults(self, job_id: JobId | None) -> Mapping[str, Any]:
        """The limits that the job sets for its tasks: max_attempts, time_limit_s, memory_gb, where given."""
        if job_id is None:
            return {}
        if job_id not in self._defaults:
            self._defaults[job_id] = json.loads(self.get(job_id).text).get("defaults") or {}
        return self._defaults[job_id]

    def list_by_name(self, name: str) -> list[JobRecord]:
        """All jobs of a name, oldest first."""
        return [_from_row(row) for row in self._queries.rows("jobs_by_name", name=name)]

    def get_named(self, name_or_id: str) -> JobRecord:
        """The job of an id, or the newest of a name.

        Raises:
            NotFoundError: There is none; lists what there is.
        """
        if name_or_id.isascii() and name_or_id.isdigit() and len(name_or_id) < _LONGEST_ID:
            found = self.find(JobId(int(name_or_id)))
            if found is not None:
                return found
        named = self.list_by_name(name_or_id)
        if named:
            return named[-1]
        known = ", ".join(f"{job.job_id} ({job.name})" for job in self.list_all()[-10:]) or "none yet"
        raise NotFoundError(f"there is no job {name_or_id!r}; newest jobs: {known}")

    def list_all(self) -> list[JobRecord]:
        """All jobs, oldest first, without their texts."""
        return [_from_row({**row, "jobText": "", "keepOld": 0}) for row in self._queries.rows("jobs_all")]

    def state(self, job_id: JobId) -> JobState:
        """Where the job stands."""
        return JobState(self._queries.value("job_state", job_id=job_id))

    def mark_ended(self, job_id: JobId, state: JobState) -> None:
        """Running → passed, failed or cancelled."""
        self._move(job_id, state, OPEN_STATES)

    def mark_reopened(self, job_id: JobId) -> None:
        """Back to running, after a task of it was opened again."""
        self._move(job_id, JobState.RUNNING, ENDED_STATES)

    def retire(self, job_id: JobId) -> None:
        """Mark as replaced, and free its digest so that the same content may be submitted again."""
        self._queries.run("job_retire", job_id=job_id, digest=secrets.token_hex(32))

    def _move(self, job_id: JobId, state: JobState, expected: tuple[JobState, ...]) -> None:
        self._queries.run(
            "job_set_state",
            job_id=job_id,
            new_state=state,
            is_final=int(state is not JobState.RUNNING),
            expected=expected,
        )


def _from_row(row: Row) -> JobRecord:
    return JobRecord(
        job_id=row["jobId"],
        name=row["jobName"],
        digest=row["digest"],
        root_task=row["rootTask"],
        seed=row["seed"],
        text=row["jobText"],
        source_file=row["sourceFile"],
        created_time=row["createdTime"],
        finished_time=row["finishedTime"],
        state=JobState(row["state"]),
        replaces=row["replaces"],
        keep_old=bool(row["keepOld"]),
    )
