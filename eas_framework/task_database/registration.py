"""What stands behind two documented calls: registering a task by hand, and the prototype's file ids."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from eas_framework.task_database.seeds import derived_seed, root_seed
from eas_framework.task_database.tasks import CONTROL_FLOW_PREFIX, NewTask
from eas_framework.task_objects import FileProduct, TaskId

if TYPE_CHECKING:
    from eas_framework.task_database.rooms import Rooms


def register_task(  # noqa: PLR0913 - the columns of the table
    database: Rooms,
    parent_id: TaskId | None,
    *,
    type_id: int,
    is_configured: bool,
    input_files: Mapping[str, FileProduct],
    metadata: Mapping[str, Any],
    created_time: float | None,
    job_name: str | None,
    task_name: str,
    working_directory: str | None,
) -> TaskId:
    """Register a task as task code of its own does, inside the caller's transaction.

    A child inherits job, job name and working directory. A configured task is counted at once and may run;
    one that is not waits until it is marked as configured, and is then counted by the scheduler. A
    control-flow task without a parent becomes the root of a job, so that its children belong to it.
    """
    tasks = database.tasks
    parent = None if parent_id is None else tasks.row(parent_id)
    index = 0 if parent_id is None else tasks.last_child_index(parent_id) + 1
    inherited = parent or {
        "jobId": None,
        "jobName": None,
        "workingDirectory": "",
        "seed": 0,
        "generation": -1,
    }
    task_id = tasks.register(
        NewTask(
            type_id=type_id,
            parent=parent_id,
            child_index=index,
            job_id=inherited["jobId"],
            job_name=job_name if job_name is not None else inherited["jobName"],
            task_name=task_name,
            working_directory=(
                inherited["workingDirectory"] if working_directory is None else working_directory
            ),
            seed=derived_seed(inherited["seed"], f"{task_name or type_id}#{index}"),
            generation=inherited["generation"] + 1,
            created_time=created_time,
            is_configured=is_configured,
            metadata=metadata,
        )
    )
    if parent_id is not None:
        tasks.add_children(parent_id, 1)
    elif database.catalogue.task_type_name(type_id).startswith(CONTROL_FLOW_PREFIX):
        ensure_job(database, task_id)
    for name, product in input_files.items():
        if product.product_id is not None:
            tasks.add_input(task_id, product.product_id, name, is_met=False)
    if is_configured:
        database.dependencies.count(task_id)
    return task_id


def ensure_job(database: Rooms, task_id: TaskId) -> None:
    """Make a described task that has no parent the root of a job, unless it is one."""
    row = database.tasks.row(task_id)
    if row["parentTask"] is not None or row["jobId"] is not None or row["description"] is None:
        return
    job_id = database.jobs.register(
        name=row["jobName"] or f"task_{task_id}",
        digest=hashlib.sha256(f"{task_id}:{row['description']}".encode()).hexdigest(),
        seed=0,
        text=row["description"],
    )
    database.tasks.set_job(task_id, job_id, seed=root_seed(0))
    database.jobs.set_root(job_id, task_id)


def documented_repository_id(timestamp: float, filename: str, *file_info_fields: Any) -> str:
    """The prototype's file id: UTC time and MD5 of the fields, cut to 32 characters with the extension.

    Kept for task code that calls it; the file store's own ids are random (`new_repository_id`).
    """
    stamp = time.strftime("%Y%m%d_%H%M%S", time.gmtime(timestamp))
    digest = hashlib.md5("_".join(map(str, file_info_fields)).encode(), usedforsecurity=False).hexdigest()
    _, dot, extension = filename.rpartition(".")
    suffix = f".{extension}"[:15] if dot else ""
    return f"{stamp}_{digest}"[: 32 - len(suffix)] + suffix
