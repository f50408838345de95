"""One task from its test configuration, in a workspace of its own."""

from __future__ import annotations

from pathlib import Path

from eas_framework.errors import UsageError
from eas_framework.job_file import StandaloneTask
from eas_framework.pipeline.input_file import store_input
from eas_framework.pipeline.preparation import PreparedJob, checked, refuse_missing_types
from eas_framework.pipeline.workspace import find_workspace_database
from eas_framework.settings import Configuration, load_configuration
from eas_framework.task_database import TaskDatabaseConnection
from eas_framework.task_objects import JobId, TaskExecutionAttempt, TaskId

_KEPT = (
    "task_type_sources",
    "task_type_registry",
    "disabled_plugins",
    "strict_plugins",
    "log_level",
    "debug",
)
"""Settings that decide what a task does, and touch nothing of an installation."""


def private_configuration(given: Configuration, folder: Path) -> Configuration:
    """The settings of a workspace on this machine alone, with the plugins and input folders of `given`."""
    kept = {name: getattr(given, name) for name in _KEPT if given.origin(name) != "default"}
    own = {
        "db_engine": "sqlite3",
        "queue_implementation": "sql",
        "data_path": folder / ".eas" / "store",
        "local_data_path": folder / ".eas" / "local",
        "in_data_path": given.in_data_path,
        "lc_path": given.lc_path,
    }
    return load_configuration(workspace=folder, overrides={**kept, **own})


def require_new_workspace() -> None:
    """Raise `UsageError` where the workspace of this process has a database already."""
    database = find_workspace_database()
    if database is None:
        return
    folder = database.settings.workspace
    database.close_db()
    raise UsageError(
        f"the workspace {folder} has a task database already; a test runs in a new one: name another folder"
    )


def prepare_standalone(task: StandaloneTask) -> PreparedJob:
    """The job of a test configuration, checked.

    Raises:
        JobFileError: All mistakes at once, one message for each.
        UnknownTaskTypeError: No installed plugin can do the task.
    """
    job = task.job
    names = {(job.working_directory, file.filename) for file in task.inputs}
    prepared = checked(job, product_exists=lambda directory, filename: (directory, filename) in names)
    refuse_missing_types(prepared)
    return prepared


def store_inputs(database: TaskDatabaseConnection, task: StandaloneTask) -> None:
    """Put the inputs of a test configuration into the store."""
    for file in task.inputs:
        store_input(
            database,
            file.path,
            directory=task.job.working_directory,
            filename=file.filename,
            metadata=file.metadata,
        )


def last_attempt(database: TaskDatabaseConnection, job_id: JobId) -> TaskExecutionAttempt | None:
    """The newest attempt at the task of a test configuration; None where it was never begun."""
    root = database.jobs.get(job_id).root_task
    children = database.tasks.children(TaskId(int(root or 0)))
    attempts = database.attempts.of_task(children[0]["taskId"]) if children else []
    return attempts[-1] if attempts else None
