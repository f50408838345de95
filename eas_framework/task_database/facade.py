"""`TaskDatabaseConnection`: the rooms of the task database, and the documented names as doors to them."""

from __future__ import annotations

from eas_framework.task_database.doors_of_attempts import AttemptDoors
from eas_framework.task_database.doors_of_names import NameDoors


class TaskDatabaseConnection(NameDoors, AttemptDoors):
    """A connection to the task database and its file store.

    In a with-block the connection is closed at the end, after a rollback where the block ended in an error.

    Attributes:
        db_handle: The raw `DatabaseInterface`.
        tasks, attempts, products, versions, metadata, names, catalogue, jobs: The rooms.
        dependencies, lifecycle, expansion: The mechanics that move them together.
        files: The file store.
    """
