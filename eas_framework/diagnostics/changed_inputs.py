"""Files outside the store that have changed since tasks of a job read them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from eas_framework.plugins.database import Row
from eas_framework.settings import configuration
from eas_framework.task_database import TaskDatabaseConnection
from eas_framework.task_database.external_files import FileState, Look, look_at
from eas_framework.task_objects import AttemptId, JobId

# Looking at a file over a network is mostly waiting.
_THREADS = 8
_BATCH = _THREADS * 250
_TELL_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class ChangedInput:
    """A file that is not what tasks read, and those tasks: ``task_id``, ``task`` (its name), ``task_type``.

    Attributes:
        file: Its path as the tasks name it.
        state: ``changed``; ``missing`` or ``unreadable``, where nobody can tell.
        readers: The tasks.
    """

    file: str
    state: FileState
    readers: list[Row] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class _Reading:
    """One file that one attempt read."""

    row: Row
    name: str
    sha256: str
    stamp: list[int]


def changed_inputs(
    database: TaskDatabaseConnection,
    job_id: JobId,
    *,
    tell: Callable[[str], None] = lambda news: None,
    may_write: bool = True,
    clock_ns: Callable[[], int] = time.time_ns,
) -> list[ChangedInput]:
    """The files outside the store that are not what passed tasks of a job read.

    Size and times decide; only where these differ from what they were is a file read.

    Args:
        database: The connection.
        job_id: The job.
        tell: Told every few seconds how far it is.
        may_write: Keep the new times of a file that had to be read and is the same, to spare that next time.
        clock_ns: Gives the time, ns since 1970.
    """
    found: dict[tuple[str, FileState], ChangedInput] = {}
    renewed: dict[AttemptId, dict[str, Any]] = {}
    readings = _readings(database.attempts.iterate_with_external_files(job_id))
    look_now = partial(_look_now, folder=configuration().lc_path, clock_ns=clock_ns)
    for reading, look in _looks(readings, look_now, tell):
        row = reading.row
        if look.state != "same":
            new = ChangedInput(file=reading.name, state=look.state)
            readers = found.setdefault((reading.name, look.state), new).readers
            readers.append({name: row[name] for name in ("task_id", "task", "task_type")})
        elif look.stamp is not None:
            renewed.setdefault(row["attempt"], _kept(row))[reading.name] = look.stamp
    if renewed and may_write:
        database.attempts.set_external_files(
            [(attempt_id, json.dumps(stamps)) for attempt_id, stamps in renewed.items()]
        )
    return list(found.values())


def _kept(row: Row) -> dict[str, Any]:
    """The stamps of the files that an attempt read, by name."""
    return dict(json.loads(row["externalFiles"] or "{}"))


def _readings(rows: Iterator[Row]) -> Iterator[_Reading]:
    """Each file that each attempt read; names that never were those of files are left out."""
    for row in rows:
        stamps = _kept(row)
        knows_files = row["externalFiles"] is not None  # attempts of older versions kept no stamps
        for name, sha256 in json.loads(row["contentFields"])["external_inputs"].items():
            if name in stamps or not knows_files:
                yield _Reading(row=row, name=name, sha256=sha256, stamp=stamps.get(name, []))


def _looks(
    readings: Iterator[_Reading], look_now: Callable[[_Reading], Look], tell: Callable[[str], None]
) -> Iterator[tuple[_Reading, Look]]:
    """What each file is now, in constant memory."""
    done, next_news = 0, time.monotonic() + _TELL_SECONDS
    with ThreadPoolExecutor(_THREADS) as pool:
        while batch := list(islice(readings, _BATCH)):
            parts = [batch[start::_THREADS] for start in range(_THREADS)]
            for part, looks in zip(parts, pool.map(partial(_look_at_all, look_now), parts), strict=True):
                yield from zip(part, looks, strict=True)
            done += len(batch)
            if time.monotonic() >= next_news:
                tell(f"looking whether input files have changed: {done:,} done")
                next_news = time.monotonic() + _TELL_SECONDS


def _look_at_all(look_now: Callable[[_Reading], Look], readings: list[_Reading]) -> list[Look]:
    return [look_now(one) for one in readings]


def _look_now(one: _Reading, *, folder: Path, clock_ns: Callable[[], int]) -> Look:
    return look_at(folder / one.name, sha256=one.sha256, stamp=one.stamp, now_ns=clock_ns())
