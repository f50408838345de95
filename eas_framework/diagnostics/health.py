"""Whether everything that the pipeline needs is there and works, one row for each check."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distributions, version
from pathlib import Path
from typing import Literal

from eas_framework.connect_db import DatabaseConnector
from eas_framework.errors import EasError
from eas_framework.plugins.manager import plugin_manager
from eas_framework.plugins.task import TaskType
from eas_framework.settings import Configuration, configuration

State = Literal["ok", "warning", "bad"]
_GIGABYTE = 1e9
_FULL_GB, _SCARCE_GB = 0.5, 5.0


@dataclass(frozen=True, kw_only=True)
class Check:
    """What one check found; `state` "bad" means that jobs cannot run."""

    check: str
    state: State
    detail: str


def check_all(*, warm: bool = False) -> Iterator[Check]:
    """The checks one after another; `warm` runs the warm-up of every task type too."""
    yield _python()
    yield from check_requirements(distributions())
    try:
        config = configuration()
    except EasError as error:
        yield Check(check="settings", state="bad", detail=str(error))
        return
    yield from _plugins()
    yield from check_folders(config)
    yield _explained("database", lambda: _database(config))
    yield _explained("queue", lambda: _queue(config))
    yield _explained("queue agreement", lambda: _agreement(config))
    if warm:
        yield from check_warm_up(plugin_manager().task_types().values())


def _python() -> Check:
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}"
    return Check(
        check="python", state="ok", detail=f"{platform.python_version()} at {sys.executable}, {machine}"
    )


# ------------------------------------------------------------------ packages
def check_requirements(found: Iterable[Distribution]) -> Iterator[Check]:
    """For each distribution that belongs to the pipeline: whether what it requires is installed."""
    ours = {package.name: package for package in found if _is_ours(package)}
    for name, package in sorted(ours.items()):
        faults = [fault for text in package.requires or () if (fault := _unmet(text))]
        detail = "; ".join([package.version, *faults])
        yield Check(check=f"package {name}", state="bad" if faults else "ok", detail=detail)


def _is_ours(package: Distribution) -> bool:
    return any(point.group == "eas_framework" for point in package.entry_points)


def _unmet(text: str) -> str | None:
    """What to say of a requirement that is not met; None where it is, or where it does not apply."""
    from packaging.requirements import Requirement  # late: only these checks read requirements

    needed = Requirement(text)
    if needed.marker and not needed.marker.evaluate({"extra": ""}):
        return None
    try:
        installed = version(needed.name)
    except PackageNotFoundError:
        return f"{needed.name} is missing: pip install '{needed}'"
    if needed.specifier.contains(installed, prereleases=True):
        return None
    return f"{needed.name} {installed} does not fit: pip install '{needed}'"


# ------------------------------------------------------------------ plugins
def _plugins() -> Iterator[Check]:
    faults = plugin_manager().faults()
    for fault in faults:
        yield Check(check="plugins", state="bad", detail=fault)
    if not faults:
        names = ", ".join(row["plugin"] for row in plugin_manager().report())
        yield Check(check="plugins", state="ok", detail=names or "none")


def check_warm_up(task_types: Iterable[TaskType]) -> Iterator[Check]:
    """Run what task types do before their first task, such as compiling kernels, where executors find it."""
    from eas_framework.worker.kernel_cache import cache_environment  # late: only to warm up

    os.environ.update(cache_environment())
    for task_type in task_types:
        if task_type.warm_up is not None:
            yield _warmed(task_type)


def _warmed(task_type: TaskType) -> Check:
    from eas_framework.worker.kernel_cache import warm_up

    name, begin = task_type.name, time.monotonic()
    try:
        warm_up(task_type)
    except Exception as error:  # a plugin's code may raise anything
        return Check(check=f"warm {name}", state="bad", detail=f"{type(error).__name__}: {error}")
    return Check(check=f"warm {name}", state="ok", detail=f"{time.monotonic() - begin:.1f} s")


# ------------------------------------------------------------------ folders
def check_folders(config: Configuration) -> Iterator[Check]:
    """Whether the workspace and the file store can be written to, and how much room is left."""
    for name, folder in (
        ("workspace", config.workspace),
        ("file store", config.data_path),
        ("local data", config.local_data_path),
    ):
        yield _writable(name, folder)
    yield _room(config.data_path)


def _existing(folder: Path) -> Path:
    return next(candidate for candidate in (folder, *folder.parents) if candidate.exists())


def _writable(name: str, folder: Path) -> Check:
    place = _existing(folder)
    detail = str(folder) if place == folder else f"{folder} (not made yet)"
    try:
        with tempfile.TemporaryFile(dir=place):
            return Check(check=name, state="ok", detail=detail)
    except OSError as error:
        return Check(check=name, state="bad", detail=f"cannot write to {place}: {error.strerror}")


def _room(folder: Path) -> Check:
    free_gb = shutil.disk_usage(_existing(folder)).free / _GIGABYTE
    state: State = "bad" if free_gb < _FULL_GB else "warning" if free_gb < _SCARCE_GB else "ok"
    return Check(check="disk space", state=state, detail=f"{free_gb:.1f} GB free for {folder}")


# ------------------------------------------------------------------ database and queue
def _explained(name: str, work: Callable[[], Check]) -> Check:
    try:
        return work()
    except EasError as error:
        return Check(check=name, state="bad", detail=str(error))


def _database(config: Configuration) -> Check:
    database = DatabaseConnector().interface(connect=False)
    if not database.test_database_exists():
        return Check(
            check="database", state="ok", detail=f"{config.db_engine}: none yet; the first job makes it"
        )
    database.connect()
    with database:
        faults, server = database.check_integrity(), database.describe_server()
    sound = f"{config.db_engine}: connected, intact" + (f"; {server}" if server else "")
    detail = "; ".join(faults) or sound
    return Check(check="database", state="bad" if faults else "ok", detail=detail)


def _agreement(config: Configuration) -> Check:
    """Whether database and queue say the same; differences heal while a worker or scheduler runs."""
    name = "queue agreement"
    if not DatabaseConnector().interface(connect=False).test_database_exists():
        return Check(check=name, state="ok", detail="nothing is queued yet")
    from eas_framework.diagnostics.opening import open_database  # late: imports the task database
    from eas_framework.task_queues.agreement import counted, open_external_queue

    with open_database() as database:
        queue = open_external_queue(database)
        try:
            found = counted(database, queue)
        finally:
            if queue is not None:
                queue.close()
    texts = [f"{one.number} {one.task_type}: {one.problem} ({one.detail})" for one in found]
    if not texts:
        return Check(check=name, state="ok", detail="database and queue agree")
    return Check(check=name, state="warning", detail="; ".join([*texts, "see `eas queue repair --dry-run`"]))


def _queue(config: Configuration) -> Check:
    name = config.queue_implementation
    if not plugin_manager().queue_backend(name).external:
        return Check(check="queue", state="ok", detail=f"{name}: in the task database")
    from eas_framework.task_queues import TaskQueueConnector  # late: imports the task database

    TaskQueueConnector(queue_engine=name).interface().close()
    return Check(check="queue", state="ok", detail=f"{name}: connected")
