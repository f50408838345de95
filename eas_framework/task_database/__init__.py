"""Reading and writing of task objects in the database."""

from eas_framework.task_database.facade import TaskDatabaseConnection
from eas_framework.task_objects import (
    FileProduct,
    FileProductVersion,
    MetadataItem,
    Task,
    TaskExecutionAttempt,
)

__all__ = [
    "FileProduct",
    "FileProductVersion",
    "MetadataItem",
    "Task",
    "TaskDatabaseConnection",
    "TaskExecutionAttempt",
]
