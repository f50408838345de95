"""A file from outside as a file of the store, so that tasks can ask for it."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eas_framework.errors import StateError
from eas_framework.settings import configuration
from eas_framework.task_database import TaskDatabaseConnection
from eas_framework.task_database.attempts import Ending, RunTimes
from eas_framework.task_objects import AttemptState, TaskId

_NO_TIME = RunTimes(wall_clock=0.0, cpu=0.0, cpu_inc_children=0.0)


def store_input(
    database: TaskDatabaseConnection,
    source: Path,
    *,
    directory: str,
    filename: str,
    metadata: Mapping[str, Any],
) -> TaskId:
    """Put a copy of a file into the store as the visible output of a passed task of its own; that task.

    Args:
        database: The connection.
        source: The file; it stays where it is.
        directory: Folder of the store.
        filename: Name in that folder.
        metadata: Attached to the file.

    Raises:
        UsageError: There is no such file, or a name is not allowed.
        IntegrityError: The store has a file of that folder and name already.
    """
    task_id = database.task_register(
        task_type="null",
        task_name=filename,
        working_directory=directory,
        fully_configured=False,  # no worker takes it
        metadata={"task_description": json.dumps({"task": "null"})},
    )
    product_id = database.file_product_register(task_id, directory, filename, "file")
    attempt_id = database.execution_attempt_register(task_id)
    database.lifecycle.publish(attempt_id)
    host = socket.gethostname()
    claimed = database.lifecycle.claim(
        attempt_id,
        worker_id=f"{host[:40]}:{os.getpid()}",
        host_id=database.names.host(host),
        lease_seconds=configuration().lease_seconds,
    )
    if claimed is None:
        raise StateError(f"attempt {attempt_id} was claimed by somebody else")
    version_id = database.file_version_register(
        product_id, attempt_id, source, preserve=True, metadata=metadata
    )
    ending = Ending(state=AttemptState.PASSED, times=_NO_TIME, passed_versions={int(version_id): True})
    database.lifecycle.finish(claimed, ending)
    return task_id
