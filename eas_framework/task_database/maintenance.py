"""Keeping a workspace clean: what may be removed, and whether every file is still what was stored."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from eas_framework.errors import FileStoreError, StateError
from eas_framework.plugins.database import Row
from eas_framework.task_database.facade import TaskDatabaseConnection
from eas_framework.task_database.file_store import STAGING
from eas_framework.task_database.jobs import JobRecord
from eas_framework.task_database.versions import check_file
from eas_framework.task_objects import AttemptId, ProductVersionId

SAFE_AGE_SECONDS = 3600.0
"""A file without a record that is younger may belong to an attempt that is about to record it."""
IDLE_AGE_SECONDS = 60.0
"""The same, when no attempt is running."""
_REPOSITORY_ID = re.compile(r"\d{8}_\d{6}_[0-9a-f]{32}(\.[A-Za-z0-9]{1,9})?")


@dataclass(frozen=True, kw_only=True)
class Waste:
    """What can be removed: rows of the database, and files of the store with their sizes in bytes."""

    kind: str
    versions: tuple[ProductVersionId, ...] = ()
    attempts: tuple[AttemptId, ...] = ()
    files: tuple[tuple[Path, int], ...] = ()

    @property
    def rows(self) -> int:
        """How many rows go; what hangs on them goes too."""
        return len(self.versions) + len(self.attempts)

    @property
    def size(self) -> int:
        """Bytes that the files take."""
        return sum(size for _, size in self.files)


def find_waste(
    database: TaskDatabaseConnection, *, safe_age_seconds: float | None = None, now: float | None = None
) -> list[Waste]:
    """What nobody will ever read again; nothing is removed.

    Files that counted and were succeeded by newer versions stay. So does the newest attempt of a task that
    has not passed, because its error is the explanation.

    Args:
        database: The database.
        safe_age_seconds: Age below which files without a record are left alone; by default an hour, or a
            minute when no attempt is running.
        now: Unix time.
    """
    queries = database.queries
    invisible = queries.rows("maintenance_invisible_versions")
    superseded = queries.rows("maintenance_superseded_versions")
    dead = queries.rows("maintenance_dead_attempts")
    return [
        Waste(
            kind="files of attempts that did not pass",
            versions=tuple(ProductVersionId(row["productVersionId"]) for row in invisible),
            files=tuple(_files(database, invisible)),
        ),
        Waste(
            kind="attempts of replaced jobs, with their files",
            attempts=tuple(dict.fromkeys(AttemptId(row["attempt"]) for row in superseded)),
            files=tuple(_files(database, superseded)),
        ),
        Waste(
            kind="records of attempts that did not pass",
            attempts=tuple(AttemptId(row["attempt"]) for row in dead),
        ),
        _orphans(database, safe_age_seconds, time.time() if now is None else now),
    ]


def job_waste(database: TaskDatabaseConnection, job: JobRecord) -> Waste:
    """The files of a whole job, for one that is to be removed.

    Raises:
        StateError: Tasks of it are running, or open tasks of another job need its files.
    """
    queries = database.queries
    running = queries.value("maintenance_running_of_job", job_id=job.job_id)
    if running:
        raise StateError(
            f"job {job.job_id} ({job.name}): {running} of its tasks are running; "
            f"`eas cancel {job.job_id}` first"
        )
    needing = queries.rows("maintenance_open_consumers_of_job", job_id=job.job_id)
    if needing:
        raise StateError(
            f"job {job.job_id} ({job.name}) makes files that {len(needing)} open tasks of other jobs need, "
            f"such as task {needing[0]['taskId']} of {needing[0]['jobName']}; finish or cancel those first"
        )
    versions = queries.rows("maintenance_versions_of_job", job_id=job.job_id)
    return Waste(kind=f"job {job.job_id} ({job.name})", files=tuple(_files(database, versions)))


def remove(database: TaskDatabaseConnection, waste: Iterable[Waste]) -> int:
    """Remove the rows in one transaction, then the files; the bytes that were freed.

    A crash between leaves files without a record, which the next time finds.
    """
    kept = list(waste)

    def forget() -> None:
        for part in kept:
            for version_id in part.versions:
                database.versions.delete_record(version_id)
            for attempt_id in part.attempts:
                database.attempts.delete_record(attempt_id)

    database.db_handle.retried(forget)
    return sum(_unlink(path, size) for part in kept for path, size in part.files)


def remove_job(database: TaskDatabaseConnection, job: JobRecord) -> int:
    """Remove a job with its tasks, attempts, metadata, log and files; the bytes that were freed.

    Raises:
        StateError: See `job_waste`.
    """

    def forget() -> Waste:
        waste = job_waste(database, job)
        database.queries.run("maintenance_delete_job", job_id=job.job_id)
        return waste

    waste = database.db_handle.retried(forget)
    return sum(_unlink(path, size) for path, size in waste.files)


# ------------------------------------------------------------- files against records
def verify_files(database: TaskDatabaseConnection) -> Iterator[Row]:
    """Read every recorded file and compare it with its checksum; then look for files without a record.

    Yields:
        A row for each fault: ``problem`` (missing, damaged, orphan, or foreign for a file that no task made),
        ``file`` (directory/name), ``version``, ``path``, ``detail``.
    """
    known = set()
    for row in database.queries.iterate("version_all_files"):
        known.add(row["repositoryId"])
        path = database.files.path(row["directoryName"], row["repositoryId"])
        try:
            check_file(path, size=row["fileSize"], sha256=row["fileSHA256"])
        except FileStoreError as error:
            yield {
                "problem": "damaged" if path.is_file() else "missing",
                "file": f"{row['directoryName']}/{row['filename']}",
                "version": row["productVersionId"],
                "path": str(path),
                "detail": str(error),
            }
    for name, path in database.files.files():
        if name not in known:
            is_ours = _REPOSITORY_ID.fullmatch(name) is not None
            yield {
                "problem": "orphan" if is_ours else "foreign",
                "file": None,
                "version": None,
                "path": str(path),
                "detail": "no record; `eas db prune` removes it" if is_ours else "not made by a task",
            }


def count_files(database: TaskDatabaseConnection) -> int:
    """How many files are recorded."""
    return int(database.queries.value("maintenance_count_versions"))


# ------------------------------------------------------------- helpers
def _files(database: TaskDatabaseConnection, rows: Iterable[Row]) -> Iterator[tuple[Path, int]]:
    for row in rows:
        yield database.files.path(row["directoryName"], row["repositoryId"]), row["fileSize"]


def _orphans(database: TaskDatabaseConnection, safe_age_seconds: float | None, now: float) -> Waste:
    """Files of the store without a record, old enough; those that no task can have made are left alone."""
    if safe_age_seconds is None:
        is_idle = database.queries.value("maintenance_running_attempts") == 0
        safe_age_seconds = IDLE_AGE_SECONDS if is_idle else SAFE_AGE_SECONDS
    known = {row["repositoryId"] for row in database.queries.iterate("version_all_files")}
    found = [
        (path, path.stat().st_size)
        for name, path in database.files.files()
        if name not in known and _REPOSITORY_ID.fullmatch(name) and _age(path, now) > safe_age_seconds
    ]
    return Waste(kind=f"files without a record, {STAGING} included", files=tuple(found))


def _age(path: Path, now: float) -> float:
    """Seconds since the file was written or got its place; 0 for one that has just gone."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return 0.0
    return now - max(status.st_mtime, status.st_ctime)


def _unlink(path: Path, size: int) -> int:
    try:
        path.unlink()
    except FileNotFoundError:
        return 0
    return size
