"""A job file, read and checked; nothing is stored yet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

from eas_framework.errors import UnknownTaskTypeError
from eas_framework.job_file import Job, JobCheck, check_job, read_job
from eas_framework.pipeline.workspace import find_workspace_database
from eas_framework.plugins.manager import plugin_manager
from eas_framework.task_database import TaskDatabaseConnection
from eas_framework.task_types import task_types_here


@dataclass(frozen=True, kw_only=True)
class PreparedJob:
    """A job that can be submitted.

    Attributes:
        job: What the file says.
        check: Its warnings, files, task types and size.
        missing_types: For each task type that is declared, but not installed here, a sentence with what to
            install.
    """

    job: Job
    check: JobCheck
    missing_types: tuple[str, ...] = ()


def prepare_job(
    path: Path | str,
    *,
    overrides: Sequence[str] = (),
    seed: int | None = None,
    limit: int | None = None,
    data: bytes | None = None,
) -> PreparedJob:
    """The job of a file, checked against the task types and the files that there are.

    Args:
        path: JSON or YAML file.
        overrides: ``NAME.KEY=VALUE``, see `eas_framework.job_file.overrides`.
        seed: Replaces the seed of the file.
        limit: Turns that each loop makes at most; it becomes part of the job, and of its identity.
        data: Contents of the file, where there is none on disk.

    Raises:
        JobFileError: All mistakes at once, one message for each.
    """
    job = read_job(path, overrides=overrides, seed=seed, limit=limit, data=data)
    with _StoredFiles() as files:
        return checked(job, product_exists=files.exist)


def checked(job: Job, *, product_exists: Callable[[str, str], bool]) -> PreparedJob:
    """A job that was read, checked against the task types that there are.

    Args:
        job: What was read.
        product_exists: Whether the store has, or will have, a file of that folder and name.

    Raises:
        JobFileError: All mistakes at once, one message for each.
    """
    check = check_job(
        job,
        task_types=plugin_manager().task_types(),
        declared_types=task_types_here().task_type_names(),
        product_exists=product_exists,
    )
    return PreparedJob(job=job, check=check, missing_types=_missing_types(check))


def refuse_missing_types(prepared: PreparedJob) -> None:
    """Raise `UnknownTaskTypeError` for a job with tasks that no package installed here can do."""
    if prepared.missing_types:
        raise UnknownTaskTypeError(
            "\n".join((*prepared.missing_types, "or use --allow-remote, when workers elsewhere can do it"))
        )


def _missing_types(check: JobCheck) -> tuple[str, ...]:
    types = task_types_here()
    missing = []
    for name in sorted(check.task_types - types.installed):
        try:
            types.require_runnable(name)
        except UnknownTaskTypeError as error:
            missing.append(str(error))
    return tuple(missing)


class _StoredFiles:
    """Which files the workspace's database has; it is opened only when a job asks, and never made."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        database = self.__dict__.get("_database")
        if database is not None:
            database.close_db()

    @cached_property
    def _database(self) -> TaskDatabaseConnection | None:
        return find_workspace_database()

    def exist(self, directory: str, filename: str) -> bool:
        """Whether the database has a file of that folder and name."""
        database = self._database
        return database is not None and database.products.find_by_filename(directory, filename) is not None
