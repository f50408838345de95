"""Attempts and their state: the only module that moves it.

Every move names the state that it expects and looks at the number of rows changed; a worker's moves also
carry its claim token. ``created → queued → running → passed | failed | cancelled | lost``.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ClassVar

from eas_framework.errors import LeaseLostError, NotFoundError, StateError
from eas_framework.plugins.database import Row
from eas_framework.task_database.metadata import MetadataRepository, Owner
from eas_framework.task_database.names import id_of_text
from eas_framework.task_database.queries import Queries, Remembered
from eas_framework.task_database.versions import VersionRepository
from eas_framework.task_objects import (
    AttemptId,
    AttemptState,
    JobId,
    ProductVersionId,
    TaskExecutionAttempt,
    TaskId,
)


@dataclass(frozen=True, kw_only=True)
class Claim:
    """The right to do one attempt; the token is the fence that keeps all others out."""

    attempt_id: AttemptId
    token: str
    worker_id: str


@dataclass(frozen=True, kw_only=True)
class RunTimes:
    """Seconds of wall clock, CPU, and CPU with children that an attempt took; peak memory in GB."""

    wall_clock: float
    cpu: float
    cpu_inc_children: float
    max_memory_gb: float | None = None


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """What an attempt was made from; see `eas_framework.task_execution`."""

    evaluated_description: str
    content_key: str
    content_fields: str
    external_files: str | None
    environment: str


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How an attempt ended: its final state, what is kept of it, and which files are good."""

    state: AttemptState
    times: RunTimes
    error_text: str | None = None
    is_error: bool = False
    provenance: Provenance | None = None
    passed_versions: Mapping[int, bool] | None = None


@dataclass
class Requests:
    """What task code asked for through the documented calls while its attempt ran; applied when it ends."""

    passed_qc: bool | None = None
    error_fail: bool | None = None
    error_text: str | None = None
    versions: dict[ProductVersionId, bool] = field(default_factory=dict)


class AttemptRepository:
    """Reads attempts and moves them from state to state."""

    # Of the whole process: a handler's own connection may write for the attempt that its executor claimed.
    _held: ClassVar[dict[AttemptId, Claim]] = {}
    _requests: ClassVar[dict[AttemptId, Requests]] = {}

    def __init__(self, queries: Queries, versions: VersionRepository, metadata: MetadataRepository) -> None:
        self._queries, self._versions, self._metadata = queries, versions, metadata
        self._environments: Remembered[str, int] = Remembered(queries.database)

    # ------------------------------------------------------------- reading
    def find(self, attempt_id: AttemptId) -> TaskExecutionAttempt | None:
        """The attempt with metadata and output files, or None."""
        row = self._queries.one("attempt_by_id", attempt_id=attempt_id)
        return self._from_row(row) if row else None

    def get(self, attempt_id: AttemptId) -> TaskExecutionAttempt:
        """The attempt; raises `NotFoundError` for an unknown id."""
        attempt = self.find(attempt_id)
        if attempt is None:
            raise NotFoundError(f"there is no execution attempt {attempt_id}")
        return attempt

    def of_task(self, task_id: TaskId) -> list[TaskExecutionAttempt]:
        """All attempts at a task, oldest first."""
        return [self._from_row(row) for row in self._queries.rows("attempts_of_task", task_id=task_id)]

    def _from_row(self, row: Row) -> TaskExecutionAttempt:
        attempt_id = AttemptId(row["schedulingAttemptId"])
        passed = row["allProductsPassedQc"]
        return TaskExecutionAttempt(
            attempt_id=attempt_id,
            task_id=row["taskId"],
            queued_time=row["queuedTime"],
            start_time=row["startTime"],
            latest_heartbeat_time=row["latestHeartbeat"],
            end_time=row["endTime"],
            all_products_passed_qc=None if passed is None else bool(passed),
            error_fail=bool(row["errorFail"]),
            error_text=row["errorText"],
            run_time_wall_clock=row["runTimeWallClock"],
            run_time_cpu=row["runTimeCpu"],
            run_time_cpu_inc_children=row["runTimeCpuIncChildren"],
            state=AttemptState(row["state"]),
            metadata=self._metadata.of(Owner("attempt", attempt_id)),
            output_files=self._versions.made_by(attempt_id),
        )

    # ------------------------------------------------------------- queueing
    def create(
        self, task_id: TaskId, *, type_id: int, generation: int, queued: bool, delay_seconds: float = 0.0
    ) -> AttemptId:
        """A new attempt, queued at once or left as created; it may be claimed after the delay."""
        key = self._queries.insert(
            "attempt_insert",
            task_id=task_id,
            type_id=type_id,
            priority=-generation,
            state=AttemptState.QUEUED if queued else AttemptState.CREATED,
            delay=delay_seconds,
        )
        return AttemptId(key)

    def create_running(
        self,
        task_id: TaskId,
        *,
        type_id: int,
        generation: int,
        worker_id: str,
        host_id: int,
        lease_seconds: float,
    ) -> Claim:
        """A new attempt that this process has claimed from its first moment."""
        token = secrets.token_hex(16)
        key = self._queries.insert(
            "attempt_insert_running",
            task_id=task_id,
            type_id=type_id,
            priority=-generation,
            token=token,
            worker_id=worker_id,
            host_id=host_id,
            lease_seconds=lease_seconds,
        )
        return self._hold_claim(Claim(attempt_id=AttemptId(key), token=token, worker_id=worker_id))

    def mark_queued(self, attempt_id: AttemptId) -> bool:
        """Created → queued; whether it was created."""
        return self._queries.run("attempt_queue", attempt_id=attempt_id) == 1

    def next_queued(
        self,
        type_ids: Sequence[int] | None,
        *,
        job_id: JobId | None = None,
        query: str = "attempt_next_queued",
    ) -> AttemptId | None:
        """The queued attempt that comes next, of the types and the job given, else of any; or None."""
        if job_id is not None and type_ids:
            found = self._queries.value(f"{query}_of_job", type_ids=list(type_ids), job_id=job_id)
        elif type_ids is None:
            found = self._queries.value(query)
        elif type_ids:
            found = self._queries.value(f"{query}_of_types", type_ids=list(type_ids))
        else:
            return None
        return None if found is None else AttemptId(found)

    def next_to_claim(
        self, type_ids: Sequence[int] | None, *, job_id: JobId | None = None
    ) -> AttemptId | None:
        """As `next_queued`, locked for this transaction; those that others are claiming are passed over."""
        return self.next_queued(type_ids, job_id=job_id, query="attempt_to_claim")

    def queued(self, type_id: int) -> list[AttemptId]:
        """All queued attempts of a type, oldest first."""
        return [
            AttemptId(row["id"]) for row in self._queries.rows("attempts_queued_of_type", type_id=type_id)
        ]

    def count_queued(self, type_id: int) -> int:
        """How many attempts of a type are queued."""
        return int(self._queries.value("attempts_queued_count", type_id=type_id))

    def count_all_queued(
        self, limit: int, *, job_id: JobId | None = None, type_ids: Sequence[int] | None = None
    ) -> int:
        """How many attempts are queued, of some types, one job or all, counted no further than the limit."""
        if type_ids is not None:
            return len(
                self._queries.rows("attempts_queued_of_types", limit=limit, type_ids=list(type_ids) or [0])
            )
        if job_id is not None:
            return len(self._queries.rows("attempts_queued_of_job", limit=limit, job_id=job_id))
        return len(self._queries.rows("attempts_queued_any", limit=limit))

    # ------------------------------------------------------------- claims
    def claim(
        self, attempt_id: AttemptId, *, worker_id: str, host_id: int, lease_seconds: float
    ) -> Claim | None:
        """Queued → running with a fresh token and lease; None when another worker was quicker."""
        token = secrets.token_hex(16)
        changed = self._queries.run(
            "attempt_claim",
            attempt_id=attempt_id,
            token=token,
            worker_id=worker_id,
            host_id=host_id,
            lease_seconds=lease_seconds,
        )
        if changed != 1:
            return None
        return self._hold_claim(Claim(attempt_id=attempt_id, token=token, worker_id=worker_id))

    def _hold_claim(self, claim: Claim) -> Claim:
        self._held[claim.attempt_id] = claim
        self._requests[claim.attempt_id] = Requests()
        return claim

    def hold(self, attempt_id: AttemptId) -> None:
        """Make sure, inside a transaction, that this process still may write for the attempt.

        Raises:
            LeaseLostError: The attempt has ended, or belongs to another worker.
        """
        claim = self._held.get(attempt_id)
        if self._queries.run("attempt_hold", attempt_id=attempt_id, token=claim.token if claim else "") != 1:
            raise LeaseLostError(
                f"attempt {attempt_id}: this process no longer holds it, so nothing more is recorded for it"
            )

    def holds(self, attempt_id: AttemptId) -> bool:
        """Whether this process has claimed the attempt and not ended it."""
        return attempt_id in self._held

    def release(self, attempt_id: AttemptId) -> None:
        """Forget a claim of this process, once its attempt has ended."""
        self._held.pop(attempt_id, None)
        self._requests.pop(attempt_id, None)

    # ------------------------------------------------------------- what task code asks for
    def requests(self, attempt_id: AttemptId) -> Requests:
        """What was asked for an attempt that this process holds."""
        return self._requests.get(attempt_id, Requests())

    @contextmanager
    def asked_within(self, attempt_id: AttemptId) -> Iterator[Requests]:
        """What is asked for an attempt within the block; what was asked before it stands again after it.

        Raises:
            LeaseLostError: This process does not hold the attempt.
        """
        before = self._requests.get(attempt_id)
        if before is None:
            raise LeaseLostError(
                f"attempt {attempt_id} is not done by this process and cannot be judged by it"
            )
        self._requests[attempt_id] = within = Requests()
        try:
            yield within
        finally:
            self._requests[attempt_id] = before

    def note_verdict(self, attempt_id: AttemptId, version_id: ProductVersionId, *, passed: bool) -> bool:
        """Note the verdict on a file of an attempt that this process holds; whether it holds it."""
        if attempt_id not in self._requests:
            return False
        self._requests[attempt_id].versions[version_id] = passed
        return True

    def note_request(
        self,
        attempt_id: AttemptId,
        *,
        passed_qc: bool | None,
        error_fail: bool | None,
        error_text: str | None,
    ) -> None:
        """Note the verdict or error of an attempt that this process holds; `StateError` for another one."""
        given = {"passed_qc": passed_qc, "error_fail": error_fail, "error_text": error_text}
        wanted = {name: value for name, value in given.items() if value is not None}
        if wanted and attempt_id not in self._requests:
            raise StateError(
                f"attempt {attempt_id} is not done by this process, so {', '.join(wanted)} cannot be set"
            )
        for name, value in wanted.items():
            setattr(self._requests[attempt_id], name, value)

    def beat(self, attempt_id: AttemptId, *, lease_seconds: float) -> bool:
        """Renew the lease of an attempt that this process holds; whether it still does."""
        claim = self._held.get(attempt_id)
        return claim is not None and self.renew(claim, lease_seconds=lease_seconds)

    def renew(self, claim: Claim, *, lease_seconds: float) -> bool:
        """Move the end of one lease; whether the claim still holds."""
        changed = self._queries.run(
            "attempt_renew", attempt_id=claim.attempt_id, token=claim.token, lease_seconds=lease_seconds
        )
        return changed == 1

    def renew_all(self, worker_ids: Sequence[str], *, lease_seconds: float) -> set[int]:
        """Move the end of all leases of some executors; the attempts that they hold."""

        def work() -> set[int]:
            held = {"executor_ids": list(worker_ids)}
            self._queries.run("attempts_renew_of_executors", **held, lease_seconds=lease_seconds)
            return {row["id"] for row in self._queries.rows("attempts_running_of_executors", **held)}

        return self._queries.database.retried(work)

    # ------------------------------------------------------------- endings
    def end(self, claim: Claim, ending: Ending) -> None:
        """Running → passed or failed, with all that is known of the attempt.

        Raises:
            LeaseLostError: The claim no longer holds; nothing was written.
        """
        provenance = ending.provenance
        changed = self._queries.run(
            "attempt_end",
            attempt_id=claim.attempt_id,
            token=claim.token,
            new_state=ending.state,
            passed_qc=None if ending.is_error else ending.state == AttemptState.PASSED,
            error_fail=ending.is_error,
            error_text=ending.error_text,
            wall=ending.times.wall_clock,
            cpu=ending.times.cpu,
            cpu_children=ending.times.cpu_inc_children,
            max_memory=ending.times.max_memory_gb,
            description=provenance.evaluated_description if provenance else None,
            content_key=provenance.content_key if provenance else None,
            content_fields=provenance.content_fields if provenance else None,
            external_files=provenance.external_files if provenance else None,
            environment_id=self._environment_id(provenance.environment) if provenance else None,
        )
        if changed != 1:
            raise LeaseLostError(f"attempt {claim.attempt_id} was taken over; its results are discarded")
        for version_id, passed in (ending.passed_versions or {}).items():
            self._queries.run("version_set_qc", version_id=version_id, passed=passed)

    def _environment_id(self, text: str) -> int:
        known = self._environments.values.get(text)
        if known is None:
            known = self._environments.values[text] = id_of_text(self._queries, "environment", text)
        return known

    def end_unclaimed(
        self, attempt_id: AttemptId, new_state: AttemptState, *, expected: Sequence[AttemptState], reason: str
    ) -> bool:
        """Move an attempt to a final state from outside of its worker; whether its state was expected."""
        changed = self._queries.run(
            "attempt_end_unclaimed",
            attempt_id=attempt_id,
            new_state=new_state,
            expected=list(expected),
            reason=reason,
        )
        return changed == 1

    def lose(self, attempt_id: AttemptId, *, reason: str) -> bool:
        """Running → lost, provided that the lease has run out; whether it had."""
        return self._queries.run("attempt_lose", attempt_id=attempt_id, reason=reason) == 1

    def expired(self) -> list[Row]:
        """Running attempts whose lease has run out: id, taskId, workerId; at most 100."""
        return self._queries.rows("attempts_expired")

    def unpublished(self, *, age_seconds: float) -> list[Row]:
        """Attempts that were made so long ago and never queued: id, taskId; at most 100."""
        return self._queries.rows("attempts_unpublished", age=age_seconds)

    # ------------------------------------------------------------- files outside the store
    def iterate_with_external_files(self, job_id: JobId) -> Iterator[Row]:
        """The newest passed attempts of a job's tasks that read files outside the store, one after another.

        Tasks that are to be done again are left out.
        """
        return self._queries.iterate("attempts_with_external_files", job_id=job_id)

    def set_external_files(self, texts: Sequence[tuple[AttemptId, str]]) -> None:
        """Renew what is known of the size and times of the files that attempts read."""
        rows = [{"attempt": attempt_id, "external_files": text} for attempt_id, text in texts]
        self._queries.database.retried(lambda: self._queries.run_many("attempt_set_external_files", rows))

    # ------------------------------------------------------------- re-use
    def find_same_content(self, job_id: JobId, content_key: str) -> AttemptId | None:
        """A passed attempt of a job with that content key, or None."""
        found = self._queries.value("attempt_with_content", job_id=job_id, content_key=content_key)
        return None if found is None else AttemptId(found)

    def content_at_same_place(self, job_id: JobId, seed: int) -> tuple[AttemptId, str] | None:
        """The passed attempt that stood at the same place of another job, and its content fields (JSON)."""
        row = self._queries.one("attempt_content_at_same_place", job_id=job_id, seed=seed)
        return (AttemptId(row["id"]), row["contentFields"]) if row and row["contentFields"] else None

    def take_over(self, attempt_id: AttemptId, task_id: TaskId) -> None:
        """Give a passed attempt of a replaced job, with its files and metadata, to a task of the new one."""
        if self._queries.run("attempt_take_over", attempt_id=attempt_id, task_id=task_id) != 1:
            raise StateError(f"attempt {attempt_id} has not passed and cannot be taken over")

    # ------------------------------------------------------------- the documented ways to change and delete
    def update_times(self, attempt_id: AttemptId, **times: float | None) -> None:
        """Set the times (queued, start, heartbeat, end, wall, cpu, cpu_children) that are not None."""
        self._queries.run("attempt_update_times", attempt_id=attempt_id, **times)

    def delete_record(self, attempt_id: AttemptId) -> None:
        """Delete the attempt's row and all that hangs on it in the database."""
        self._queries.run("attempt_delete", attempt_id=attempt_id)
