"""``eas queue``: what waits in the queues, and how to empty them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from eas_framework.cli.looking import opened_database, propose, require_sure, sure_options
from eas_framework.cli.output import Format, Row, examples, format_option, write

if TYPE_CHECKING:
    from eas_framework.plugins.queue import TaskQueue
    from eas_framework.task_database import TaskDatabaseConnection
    from eas_framework.task_queues.agreement import Disagreement

WAITING = ("task_type", "ready", "queued", "delayed", "running", "oldest_wait_s")
DISAGREEMENTS = ("problem", "task_type", "number", "detail", "remedy")
DISAGREES = 1
AGREED = "database and queue agree"
WORKERS = ("worker", "host", "pid", "executors", "up_s", "heartbeat_age_s")


@click.group(
    epilog=examples(
        "eas queue show", "eas queue check", "eas queue repair --dry-run", "eas queue empty --dry-run"
    )
)
def command() -> None:
    """Look at what waits, make queue and database agree, and empty the queues."""


@command.command(epilog=examples("eas queue show", "eas queue show --workers --format json"))
@click.option("--workers", is_flag=True, help="Show who works, not what waits.")
@format_option
def show(workers: bool, format: Format) -> None:
    """Count what is ready, queued and running for each task type; or list the workers."""
    from eas_framework.diagnostics.workers import queue_report, worker_report  # late

    with opened_database() as database:
        rows = worker_report(database.queries) if workers else queue_report(database.queries)
        has_workers = bool(worker_report(database.queries))
    empty = "no worker is at work" if workers else "nothing waits or runs"
    write(rows, format, columns=WORKERS if workers else WAITING, title=None if rows else empty)
    if rows and not has_workers:
        propose(format, "eas worker")


@command.command(epilog=examples("eas queue empty --dry-run", "eas queue empty transit_search_tls -y"))
@click.argument("types", metavar="[TASK_TYPE]...", nargs=-1)
@sure_options
def empty(types: tuple[str, ...], dry_run: bool, yes: bool) -> None:
    """Take queued tasks out of the queues of the task types given, or of all; they are cancelled.

    `eas retry JOB` queues them again.
    """
    with opened_database() as database:
        names = types or tuple(row["task_type"] for row in _queued(database))
        attempts = [
            attempt
            for name in names
            for attempt in database.attempts.queued(database.catalogue.task_type_id(name))
        ]
        click.echo(f"{len(attempts)} queued tasks of {len(names)} task types", err=True)
        if dry_run or not attempts:
            return
        require_sure("Take them out of the queues and cancel them?", yes=yes)
        dropped = sum(database.lifecycle.drop(attempt) for attempt in attempts)
    click.echo(f"{dropped} tasks cancelled; `eas retry JOB` queues them again", err=True)


@command.command(epilog=examples("eas queue check", "eas queue check --format json"))
@format_option
def check(format: Format) -> int:
    """Compare what the database says with what waits in the queue; no message is touched.

    Ends with 1 when they disagree. Messages that a worker is just fetching may
    look missing for a moment.
    """
    from eas_framework.task_queues import agreement  # late: reads plugins and settings

    with opened_database() as database, closing_queue(database) as queue:
        found = agreement.counted(database, queue)
    _write_disagreements(found, format)
    if found:
        propose(format, "eas queue repair --dry-run")
    return DISAGREES if found else 0


@command.command(
    epilog=examples("eas queue repair --dry-run", "eas queue repair", "eas queue repair --empty-dead-letters")
)
@click.option("-n", "--dry-run", is_flag=True, help="Show what would be done, and do nothing.")
@click.option("--empty-dead-letters", is_flag=True, help="Also remove the messages that nobody could use.")
@format_option
def repair(dry_run: bool, empty_dead_letters: bool, format: Format) -> None:
    """Look at every waiting message, and make the queue agree with the database.

    No work is lost by it: the database is the truth, and messages are made anew
    from it. Workers may go on meanwhile.
    """
    from eas_framework.task_queues import agreement  # late: reads plugins and settings

    with opened_database() as database, closing_queue(database) as queue:
        if not dry_run:
            found = agreement.repaired(database, queue)
        elif queue is None:
            found = agreement.counted(database, queue)
        else:
            found = list(agreement.examined(database, queue, repair=False).disagreements)
        _write_disagreements(found, format)
        if empty_dead_letters and not dry_run and queue is not None:
            click.echo(f"{queue.empty_dead_letters()} dead letters removed", err=True)


def _write_disagreements(found: Sequence[Disagreement], format: Format) -> None:
    rows = [{name: getattr(one, name) for name in DISAGREEMENTS} for one in found]
    write(rows, format, columns=DISAGREEMENTS, title=None if rows else AGREED)


@contextmanager
def closing_queue(database: TaskDatabaseConnection) -> Iterator[TaskQueue | None]:
    """The queue of the settings, where it lives outside the database."""
    from eas_framework.task_queues.agreement import open_external_queue  # late: reads plugins

    queue = open_external_queue(database)
    try:
        yield queue
    finally:
        if queue is not None:
            queue.close()


def _queued(database: TaskDatabaseConnection) -> list[Row]:
    from eas_framework.diagnostics.workers import queue_report  # late

    return [row for row in queue_report(database.queries) if row["queued"]]
