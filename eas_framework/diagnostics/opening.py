"""The task database as it stands, for commands that look at it."""

from eas_framework.task_database.opening import open_database

__all__ = ["open_database"]
