"""How far a running job is: a live table on a terminal, lines every few seconds elsewhere."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import click

from eas_framework.cli.changed_inputs import has_changed, in_short
from eas_framework.cli.log_setup import writes_json
from eas_framework.diagnostics.changed_inputs import ChangedInput
from eas_framework.diagnostics.progress import TOTAL, progress_summary
from eas_framework.pipeline import Observer, StopRequests, Submitted, open_workspace
from eas_framework.plugins.database import Row
from eas_framework.settings import configuration
from eas_framework.task_database import TaskDatabaseConnection
from eas_framework.task_database.jobs import JobState
from eas_framework.task_objects import FINAL_TASK_STATES, JobId, TaskState
from eas_framework.worker import Supervisor

log = logging.getLogger(__name__)

LIVE_SECONDS = 0.5
LINE_SECONDS = 5.0
SHARE_OF_TIME = 0.05
"""Part of its time that the process may spend counting tasks."""

COLUMNS = ("task type", "done", "failed", "running", "waiting", "per second", "left")


@dataclass(frozen=True, kw_only=True)
class TypeProgress:
    """How far the tasks of one type are; rate in tasks per second, time left in seconds where it is known."""

    task_type: str
    ended: int
    failed: int
    running: int
    waiting: int
    rate: float
    seconds_left: float | None


def measured(counts: Sequence[Row], at_start: Mapping[str, int], *, seconds: float) -> list[TypeProgress]:
    """The progress of each task type.

    Args:
        counts: How the tasks stand now, from `progress_summary`.
        at_start: For each task type, how many had ended `seconds` ago.
        seconds: Since when the rate is measured.
    """
    return [_progress(row, ended(row) - at_start.get(row["task_type"], 0), seconds) for row in counts]


def ended(row: Row) -> int:
    """How many tasks of a row of `progress_summary` have come to an end, good or bad."""
    return sum(row[state] for state in FINAL_TASK_STATES)


def only_waits(counts: Sequence[Row]) -> bool:
    """Whether tasks are left, and none of them can be done now."""
    left = sum(row[TOTAL] - ended(row) for row in counts)
    return left > 0 and bool(left == sum(row[TaskState.WAITING] for row in counts))


def _progress(row: Row, ended_since: int, seconds: float) -> TypeProgress:
    rate = ended_since / seconds if seconds > 0 else 0.0
    left = row[TOTAL] - ended(row)
    running = row[TaskState.RUNNING]
    return TypeProgress(
        task_type=row["task_type"],
        ended=ended(row),
        failed=row[TaskState.FAILED] + row[TaskState.BLOCKED],
        running=running,
        waiting=left - running,
        rate=rate,
        seconds_left=left / rate if rate > 0 else None,
    )


def as_cells(progress: TypeProgress) -> list[str]:
    """The progress of one type as texts for `COLUMNS`."""
    total = progress.ended + progress.running + progress.waiting
    return [
        progress.task_type,
        f"{progress.ended}/{total}",
        str(progress.failed),
        str(progress.running),
        str(progress.waiting),
        f"{progress.rate:.3g}",
        "-" if progress.seconds_left is None else duration_text(progress.seconds_left),
    ]


def duration_text(seconds: float) -> str:
    """The time in the two units that matter: ``35 s``, ``2 min 05 s``, ``3 h 20 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def one_line(progress: Sequence[TypeProgress]) -> str:
    """The progress of all types in one line; those that are done are only counted."""
    ended, failed = sum(p.ended for p in progress), sum(p.failed for p in progress)
    total = ended + sum(p.running + p.waiting for p in progress)
    parts = [f"{ended}/{total} tasks done" + (f", {failed} failed or blocked" if failed else "")]
    for part in progress:
        if part.running or part.waiting:
            cells = dict(zip(COLUMNS, as_cells(part), strict=True))
            parts.append(f"{part.task_type} {cells['done']} ({cells['per second']}/s, left {cells['left']})")
    return "; ".join(parts)


@contextmanager
def opened_workspace() -> Iterator[TaskDatabaseConnection]:
    """The workspace's database, made where it is missing, which is told."""
    database, news = open_workspace()
    with database:
        if news:
            tell(news)
        yield database


def tell(news: str) -> None:
    """Print one line on standard error, as a log record where those are JSON."""
    if writes_json():
        log.info("%s", news)
    else:
        click.echo(news, err=True)


class ShowingObserver(Observer):
    """Tells on standard error what becomes of the job, and shows how far it is.

    Args:
        with_progress: Show a table that renews itself on a terminal, lines elsewhere; else nothing.
    """

    def __init__(self, *, with_progress: bool = True) -> None:
        self._with_progress = with_progress

    def begin(self, database: TaskDatabaseConnection, submitted: Submitted) -> None:
        """Say which job it is and what became of it."""
        job = database.jobs.get(submitted.job_id)
        is_open = job.state is JobState.RUNNING
        how = {
            "new": "stored",
            "known": "goes on where it stopped" if is_open else f"{job.state} before; nothing is repeated",
            "forced": "all its tasks are done again",
            "replaced": f"takes the place of job {submitted.replaces}",
        }[submitted.how]
        tell(f"job {job.job_id} ({job.name}): {how}")

    def hear(self, news: str) -> None:
        """Pass it on."""
        tell(news)

    def warn(self, changed: Sequence[ChangedInput]) -> None:
        """Say before much is done that results which the run builds on are of older files."""
        if has_changed(changed):
            tell(f"warning: {in_short(changed)}; the run goes on with the older results")

    @contextmanager
    def watching(
        self, database: TaskDatabaseConnection, job_id: JobId, stop: StopRequests
    ) -> Iterator[Callable[[Supervisor], bool]]:
        """Watch the job; say once that a stop was asked for."""
        with ExitStack() as stack:
            yield _Watch(database, job_id, stop, self._display(stack))

    def _display(self, stack: ExitStack) -> _Display:
        """What shows the progress, closed with the stack."""
        if not self._with_progress:
            return _Display(lambda progress: None, first=LINE_SECONDS, every=LINE_SECONDS)
        if not sys.stderr.isatty():
            return _Display(lambda progress: tell(one_line(progress)), first=LINE_SECONDS, every=LINE_SECONDS)
        from eas_framework.cli.rich_table import live_table  # late: only for a terminal

        draw = stack.enter_context(live_table(COLUMNS))
        return _Display(
            lambda progress: draw([as_cells(part) for part in progress]), first=0.0, every=LIVE_SECONDS
        )


@dataclass(frozen=True)
class _Display:
    """Shows progress; the first time after `first` seconds, then `every` so many."""

    show: Callable[[list[TypeProgress]], None]
    first: float
    every: float


class _Watch:
    """Called a few times a second; counts the tasks when it is time, and hands the progress on."""

    def __init__(
        self, database: TaskDatabaseConnection, job_id: JobId, stop: StopRequests, display: _Display
    ) -> None:
        self._database, self._job_id, self._stop, self._display = database, job_id, stop, display
        self._began = time.monotonic()
        self._next = self._began + display.first
        self._at_start = {row["task_type"]: ended(row) for row in self._counts()}
        self._told: set[str] = set()

    def __call__(self, supervisor: Supervisor) -> bool:
        """Never asks for a stop itself."""
        if self._stop.is_asked:
            seconds = configuration().grace_seconds
            self._tell_once(f"stopping: running tasks may end within {seconds:g} s; Ctrl-C stops at once")
        if time.monotonic() >= self._next:
            self._draw()
        return False

    def _draw(self) -> None:
        before = time.monotonic()
        counts = self._counts()
        now = time.monotonic()
        self._display.show(measured(counts, self._at_start, seconds=now - self._began))
        self._next = now + max(self._display.every, (now - before) / SHARE_OF_TIME)
        if now - self._began > LINE_SECONDS and only_waits(counts):
            self._tell_once(
                "all tasks that are left wait for files that another job has not made yet; run that job too"
            )

    def _tell_once(self, news: str) -> None:
        if news not in self._told:
            self._told.add(news)
            tell(news)

    def _counts(self) -> list[Row]:
        return progress_summary(self._database.queries, self._job_id)
