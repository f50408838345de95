"""`Rooms`: one connection, the rooms of the task database on it, and the unit of work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, Self, TypeVar

from eas_framework.connect_db import DatabaseConnector
from eas_framework.errors import UsageError
from eas_framework.plugins.database import DatabaseInterface
from eas_framework.plugins.manager import plugin_manager
from eas_framework.settings import configuration
from eas_framework.task_database.attempts import AttemptRepository
from eas_framework.task_database.catalogue import CatalogueRepository
from eas_framework.task_database.dependencies import Dependencies
from eas_framework.task_database.expansion import Expansion
from eas_framework.task_database.file_store import FileStore
from eas_framework.task_database.jobs import JobRepository
from eas_framework.task_database.lifecycle import Lifecycle
from eas_framework.task_database.metadata import MetadataRepository
from eas_framework.task_database.names import NameRepository
from eas_framework.task_database.outbox import Outbox
from eas_framework.task_database.products import ProductRepository
from eas_framework.task_database.queries import Queries
from eas_framework.task_database.tasks import TaskRepository
from eas_framework.task_database.versions import VersionRepository
from eas_framework.task_objects import AttemptId, ProductVersionId, Task

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R", bound="Rooms")


class Rooms:
    """A connection to the task database and its file store; the doors of documented names build on it."""

    def __init__(
        self, file_store_path: Path | str | None = None, *, database: DatabaseInterface | None = None
    ) -> None:
        self.settings = configuration()
        self.file_store_path = Path(file_store_path or self.settings.data_path)
        self.db_handle = database if database is not None else DatabaseConnector().interface()
        self.queries = queries = Queries(self.db_handle)
        self.files = FileStore(self.file_store_path)
        self.names = names = NameRepository(queries)
        self.metadata = metadata = MetadataRepository(queries, names)
        self.catalogue = CatalogueRepository(queries)
        self.jobs = jobs = JobRepository(queries)
        self.products = products = ProductRepository(queries, names, metadata)
        self.versions = VersionRepository(queries, self.files, metadata)
        self.attempts = attempts = AttemptRepository(queries, self.versions, metadata)
        self.tasks = tasks = TaskRepository(queries, names, metadata)
        self.dependencies = Dependencies(queries, tasks, products, jobs)
        self.outbox = Outbox(queries)
        self.lifecycle = Lifecycle(queries, tasks, attempts, self.dependencies, jobs)
        if is_external(self.settings.queue_implementation):
            self.lifecycle.outbox = self.outbox
        self.expansion = Expansion(
            queries,
            tasks=tasks,
            attempts=attempts,
            products=products,
            catalogue=self.catalogue,
            dependencies=self.dependencies,
            lifecycle=self.lifecycle,
            jobs=jobs,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, error_type: type[BaseException] | None, *_: object) -> None:
        if error_type is not None:
            self.db_handle.rollback()
        self.close_db()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One unit of work: all of the block is committed, or nothing of it.

        A block cannot be begun again, so that a deadlock in it is raised; see `one_transaction`.
        """
        with self.db_handle.transaction():
            yield

    # ------------------------------------------------------------- connection
    def close_db(self) -> None:
        """Commit and close the connection; harmless when it is closed."""
        self.db_handle.commit()
        self.db_handle.close()

    def commit(self) -> None:
        """Commit what a transaction of the caller's own left open."""
        self.db_handle.commit()

    def version_ids_of(self, attempt_ids: list[AttemptId]) -> list[ProductVersionId]:
        """Ids of all files that the attempts made."""
        return [
            ProductVersionId(row["productVersionId"])
            for attempt_id in attempt_ids
            for row in self.queries.rows("versions_of_attempt", attempt_id=attempt_id)
        ]


def one_transaction(door: Callable[Concatenate[R, P], T]) -> Callable[Concatenate[R, P], T]:
    """A door that is one transaction, begun again after a deadlock or a lost connection."""

    @wraps(door)
    def through(rooms: R, /, *args: P.args, **keys: P.kwargs) -> T:
        return rooms.db_handle.retried(lambda: door(rooms, *args, **keys))

    return through


def is_external(queue_implementation: str) -> bool:
    """Whether that queue lives outside the database, so that attempts must be announced to it."""
    if queue_implementation == "sql":
        return False
    return plugin_manager().queue_backend(queue_implementation).external


def named_file(task: Task, section: str, name: str) -> str:
    """The filename that a task's description gives an input or output."""
    files = (task.task_description or {}).get(section, {})
    if name not in files:
        known = ", ".join(sorted(files)) or "none"
        raise UsageError(
            f"task {task.task_id}: its description names no {name!r} in {section}; there are: {known}"
        )
    return str(files[name])


def unlink(paths: list[Path | None]) -> None:
    """Remove files whose records are gone."""
    for path in paths:
        if path is not None:
            path.unlink(missing_ok=True)
