"""What handlers read and write: parameters, light curves, files, metadata, seeds, threads.

Each function takes the attempt that the handler was given::

    def handler(attempt: TaskExecutionAttempt) -> None:
        curve = read_lightcurve(attempt)
        write_lightcurve(attempt, "lightcurve", clipped(curve, **task_parameters(attempt, ClipKeys).limits))
        record_metadata(attempt, samples=len(curve.times))
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from eas_framework.errors import TaskFailed
from eas_framework.task_database import TaskDatabaseConnection
from eas_framework.task_objects import Task, TaskExecutionAttempt, plain_values

if TYPE_CHECKING:
    from pydantic import BaseModel

    from eas_framework.lightcurve import Lightcurve, LightcurveArbitraryRaster

    P = TypeVar("P", bound=BaseModel)

_session: TaskDatabaseConnection | None = None
_threads: int | None = None


# ------------------------------------------------------------- the connection
def use_session(database: TaskDatabaseConnection | None, *, threads: int | None = None) -> None:
    """Let handlers of this process work through one open connection, with so many threads; None ends it."""
    global _session, _threads
    _session, _threads = database, threads


@contextmanager
def task_database() -> Iterator[TaskDatabaseConnection]:
    """The connection of this process's executor, or one opened for the block."""
    if _session is not None:
        yield _session
        return
    with TaskDatabaseConnection() as database:
        yield database


# ------------------------------------------------------------- what the task was asked for
def task_of(attempt: TaskExecutionAttempt) -> Task:
    """The task of an attempt, with its evaluated description."""
    if attempt.task_object is None:
        raise TaskFailed(
            f"attempt {attempt.attempt_id} carries no task; look it up with embed_task_object=True"
        )
    return attempt.task_object


def own_keys(description: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of a description that are parameters of the task type, without those that every task has."""
    from eas_framework.job_file.model import TaskKeys  # late: loads pydantic

    return {key: value for key, value in description.items() if key not in TaskKeys.model_fields}


def task_parameters(attempt: TaskExecutionAttempt, model: type[P]) -> P:
    """The task's own keys as the type declares them, expressions evaluated.

    Raises:
        TaskFailed: A key is missing, unknown or has a wrong value; the text names each.
    """
    from pydantic import ValidationError  # late: loads pydantic

    try:
        return model.model_validate(own_keys(task_of(attempt).task_description or {}))
    except ValidationError as error:
        found = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()]
        raise TaskFailed("wrong parameters: " + "; ".join(found)) from None


def task_seed(attempt: TaskExecutionAttempt) -> int:
    """The task's own random seed, from the job's seed and the task's place in the job; in [0, 2**63)."""
    return int(task_of(attempt).seed or 0)


def thread_count(attempt: TaskExecutionAttempt) -> int:
    """How many threads numerical code of this task may use; at least 1."""
    return _threads or 1


# ------------------------------------------------------------- files
def read_lightcurve(
    attempt: TaskExecutionAttempt, input_name: str = "lightcurve"
) -> LightcurveArbitraryRaster:
    """The light curve of an input, with the metadata of its file as plain values.

    Raises:
        UsageError: The job names no such input.
        FileStoreError: The stored file is missing or damaged.
    """
    from eas_framework.lightcurve import LightcurveArbitraryRaster  # late: loads numpy

    with task_database() as database:
        path, metadata = database.task_find_file_input(task_of(attempt), input_name)
        return LightcurveArbitraryRaster.from_file(path, metadata)


def write_lightcurve(
    attempt: TaskExecutionAttempt, output_name: str, curve: Lightcurve, /, **metadata: Any
) -> None:
    """Store a light curve as an output, in the internal form, with its metadata and those given."""
    with task_database() as database, database.files.scratch("lightcurve.npy") as path:
        form = curve.to_file(path, binary=True, gzipped=False)
        write_file(attempt, output_name, path, **{**plain_values(curve.metadata), **metadata, **form})


def write_file(attempt: TaskExecutionAttempt, output_name: str, path: Path, /, **metadata: Any) -> None:
    """Store a file as an output; it is moved into the store, and visible once the attempt has passed."""
    with task_database() as database:
        database.execution_attempt_register_output(attempt, output_name, path, metadata)


def input_files(attempt: TaskExecutionAttempt) -> dict[str, str]:
    """Names of the task's inputs and of their files, by name: their order in a job file means nothing."""
    return dict(sorted((task_of(attempt).task_description or {}).get("inputs", {}).items()))


def wants_output(attempt: TaskExecutionAttempt, output_name: str) -> bool:
    """Whether the job asks for an output that the task may leave out."""
    return output_name in (task_of(attempt).task_description or {}).get("outputs", {})


# ------------------------------------------------------------- metadata
def record_metadata(attempt: TaskExecutionAttempt, /, **items: Any) -> None:
    """Record results of the attempt: numbers, booleans, text, None, lists and tables of those."""
    with task_database() as database:
        database.execution_attempt_update(attempt_id=attempt.attempt_id, metadata=items)
    for keyword, value in items.items():
        attempt.set_metadata(keyword, value)
