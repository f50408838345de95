"""The workspace's database: opened, made where it is missing, and its jobs found by name."""

from __future__ import annotations

from eas_framework.connect_db import DatabaseConnector
from eas_framework.errors import DatabaseExistsError, UnknownBackendError
from eas_framework.plugins.database import DatabaseInterface
from eas_framework.settings import Configuration, configuration, ensure_workspace
from eas_framework.task_database import TaskDatabaseConnection
from eas_framework.task_database.jobs import JobRecord
from eas_framework.task_database.queries import Queries
from eas_framework.task_database.schema_version import find_schema_version, require_current_schema
from eas_framework.task_types import task_types_here


def open_workspace(config: Configuration | None = None) -> tuple[TaskDatabaseConnection, str | None]:
    """A connection to the workspace's database, made with its tables and task types where they are missing.

    Returns:
        The connection, and one line to show when something was made.

    Raises:
        SettingsError: The workspace's folder cannot be made.
        UnknownBackendError, DatabaseError: The database cannot be used, or its tables are of another version.
    """
    backend = DatabaseConnector().interface(connect=False)
    news = ensure_workspace(config or configuration())
    _connect_with_tables(backend)
    database = TaskDatabaseConnection(database=backend)
    require_current_schema(database.queries)
    store_registry(database)
    return database, news


def _connect_with_tables(backend: DatabaseInterface) -> None:
    """Connect; where there is no database, or an empty one, make the tables, unless another does so now."""
    if backend.test_database_exists():
        backend.connect()
        if find_schema_version(Queries(backend)) is not None:
            return
    try:
        backend.create_database()
    except DatabaseExistsError:
        backend.connect()


def find_workspace_database() -> TaskDatabaseConnection | None:
    """A connection to the workspace's database as it stands.

    Returns:
        None where there is no database yet, or no package that can read it; nothing is made.
    """
    try:
        backend = DatabaseConnector().interface(connect=False)
    except UnknownBackendError:
        return None
    if not backend.test_database_exists():
        return None
    if not backend.is_connected:
        backend.connect()
    return TaskDatabaseConnection(database=backend)


def store_registry(database: TaskDatabaseConnection) -> None:
    """Make the database's copy of the registry equal to what this machine declares and can do."""
    registry = task_types_here()
    stored = database.catalogue.load()
    if stored.task_list != registry.task_list or stored.worker_containers != registry.worker_containers:
        database.task_type_list_to_db(registry)


def find_job(database: TaskDatabaseConnection, name_or_id: str) -> JobRecord:
    """The job of an id, or the newest of a name.

    Raises:
        NotFoundError: There is none; lists what there is.
    """
    return database.jobs.get_named(name_or_id)
