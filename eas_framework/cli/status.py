"""``eas status``: how far jobs are."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click

from eas_framework.cli.looking import job_argument, opened_database, propose, with_time_texts
from eas_framework.cli.output import Format, Row, examples, format_option, write

if TYPE_CHECKING:
    from eas_framework.task_database import TaskDatabaseConnection

RUNNING = "running"
NEWEST_JOBS = 20


@click.command(epilog=examples("eas status", "eas status my_job --watch", "eas status 3 --format json"))
@job_argument
@click.option("--all", "all_jobs", is_flag=True, help=f"All jobs, not only the newest {NEWEST_JOBS}.")
@click.option("-w", "--watch", is_flag=True, help="Show it again until all that runs has ended.")
@click.option(
    "--interval", type=click.FloatRange(min=0.1), default=2.0, show_default=True, metavar="SECONDS",
    help="How often, with --watch.",
)  # fmt: skip
@format_option
def command(job: str | None, all_jobs: bool, watch: bool, interval: float, format: Format) -> None:
    """Count the tasks of each job, or of each task type of one JOB, by where they stand.

    JOB is a name (the newest of that name) or a number.
    """
    with opened_database() as database:
        while True:
            if watch and sys.stdout.isatty():
                click.clear()
            is_running = _show_job(database, job, format) if job else _show_jobs(database, all_jobs, format)
            if not (watch and is_running):
                return
            sys.stdout.flush()
            time.sleep(interval)


def _show_jobs(database: TaskDatabaseConnection, all_jobs: bool, format: Format) -> bool:
    """Print a row for each job; whether one is running."""
    from eas_framework.diagnostics.progress import job_list  # late: imports the task database

    jobs = job_list(database.queries)
    shown = jobs if all_jobs or format != "table" else jobs[-NEWEST_JOBS:]
    columns = _columns(shown, ("job_id", "job", "state", "done_percent"), format)
    rows = with_time_texts(shown, format, "created", "finished")
    write(rows, format, columns=columns, title=_jobs_title(jobs, shown))
    propose(format, *_next_commands(jobs))
    return any(row["state"] == RUNNING for row in jobs)


def _jobs_title(jobs: Sequence[Row], shown: Sequence[Row]) -> str | None:
    if not jobs:
        return "no job yet"
    return f"newest {len(shown)} of {len(jobs)} jobs; --all shows all" if len(shown) < len(jobs) else None


def _show_job(database: TaskDatabaseConnection, name: str, format: Format) -> bool:
    """Print a row for each task type of one job; whether it is running."""
    from eas_framework.diagnostics.progress import done_percent, progress_summary, totals  # late

    job = database.jobs.get_named(name)
    rows = progress_summary(database.queries, job.job_id)
    sums = totals(rows)
    shown = [*rows, {"task_type": "all", **sums}] if format == "table" else rows
    percent = done_percent(sums)
    title = f"job {job.job_id} ({job.name}): {job.state}" + (
        "" if percent is None else f", {percent:.0f} % done"
    )
    write(shown, format, columns=_columns(shown, ("task_type",), format), title=title)
    propose(format, *_next_commands([{"job_id": job.job_id, "state": job.state, **sums}]))
    return job.state == RUNNING


def _columns(rows: Iterable[Row], first: tuple[str, ...], format: Format) -> list[str] | None:
    """All columns; of a table only those that say something, so that it fits a terminal."""
    from eas_framework.diagnostics.progress import STATES, TOTAL  # late

    if format != "table":
        return [
            *first,
            *STATES,
            TOTAL,
            *(("created", "finished", "file", "replaces") if "job" in first else ()),
        ]
    kept = list(rows)
    return [*first, *(state for state in STATES if any(row[state] for row in kept)), TOTAL]


def _next_commands(jobs: Sequence[Row]) -> list[str]:
    """What one would want to see next: errors first, then what is running, then results."""
    failed = next((row for row in reversed(jobs) if row["failed"] or row["blocked"]), None)
    running = next((row for row in reversed(jobs) if row["state"] == RUNNING), None)
    if not jobs:
        return ["eas demo"]
    if failed:
        return [f"eas errors {failed['job_id']}"]
    if running:
        return [f"eas status {running['job_id']} --watch"]
    return [f"eas results {jobs[-1]['job_id']}"]
