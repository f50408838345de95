"""The task database as it stands, for commands and scripts: quick to open, and never made."""

from __future__ import annotations

from eas_framework.connect_db import DatabaseConnector
from eas_framework.errors import DatabaseError
from eas_framework.settings import configuration
from eas_framework.task_database.facade import TaskDatabaseConnection
from eas_framework.task_database.schema_version import require_current_schema


def open_database(*, any_schema: bool = False) -> TaskDatabaseConnection:
    """A connection to the workspace's database.

    Args:
        any_schema: Open tables of another version too, as is needed to migrate them.

    Raises:
        DatabaseError: There is no database yet, or its tables are of another version.
        UnknownBackendError: No package here can read it.
    """
    backend = DatabaseConnector().interface(connect=False)
    if not backend.test_database_exists():
        raise DatabaseError(
            f"the workspace {configuration().workspace} has no task database yet; "
            "run a job (eas run JOB), or name the workspace with --workspace DIR"
        )
    if not backend.is_connected:
        backend.connect()
    database = TaskDatabaseConnection(database=backend)
    if not any_schema:
        require_current_schema(database.queries)
    return database
