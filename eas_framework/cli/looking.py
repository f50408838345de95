"""What the commands share that look at a workspace or change it: opening, naming, asking, proposing."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from eas_framework.cli.output import Format, Row
from eas_framework.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from eas_framework.task_database import TaskDatabaseConnection
    from eas_framework.task_database.jobs import JobRecord
    from eas_framework.task_objects import JobId

REFUSED = 1
Command = TypeVar("Command", bound=Callable[..., Any])


def job_argument(command: Command) -> Command:
    """Give a command the argument JOB, which may be left out."""
    return click.argument("job", metavar="[JOB]", required=False, callback=_as_text)(command)


def sure_options(command: Command) -> Command:
    """Give a command that destroys something the options ``--dry-run`` and ``-y``."""
    command = click.option("-y", "--yes", is_flag=True, help="Do not ask.")(command)
    return click.option("-n", "--dry-run", is_flag=True, help="Show what would be done, and do nothing.")(
        command
    )


def _as_text(ctx: click.Context, parameter: click.Parameter, name: str | None) -> str | None:
    """The name, unless its bytes are no text, which no name in the database can be."""
    if name is not None and not is_text(name):
        raise click.BadParameter(f"{name!r} is not valid UTF-8", ctx=ctx, param=parameter)
    return name


def is_text(name: str) -> bool:
    """Whether the word can be written as UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


@contextmanager
def opened_database(*, any_schema: bool = False) -> Iterator[TaskDatabaseConnection]:
    """The workspace's database for the block; a `DatabaseError` says what to do where there is none."""
    from eas_framework.diagnostics.opening import open_database  # late: imports the task database

    with open_database(any_schema=any_schema) as database:
        yield database


def job_id_of(database: TaskDatabaseConnection, job: str | None) -> JobId | None:
    """The id of the job that was named; None where none was."""
    return None if job is None else database.jobs.get_named(job).job_id


def named_or_newest_job(database: TaskDatabaseConnection, job: str | None) -> JobRecord:
    """The job that was named, or the newest one; `NotFoundError` where there is none."""
    if job is not None:
        return database.jobs.get_named(job)
    jobs = database.jobs.list_all()
    if not jobs:
        raise NotFoundError("there is no job yet; run one with `eas run JOB`")
    return jobs[-1]


def require_sure(question: str, *, yes: bool) -> None:
    """Go on when the person says yes, now or by ``-y``; otherwise end the command with 1.

    Raises:
        UsageError: There is nobody to ask.
    """
    if yes:
        return
    try:
        is_sure = click.confirm(question, err=True)
    except click.Abort:
        if sys.stdin.isatty():
            raise
        raise UsageError("nobody answered; give -y to go on without a question") from None
    if not is_sure:
        click.echo("nothing was done", err=True)
        raise click.exceptions.Exit(REFUSED)


def propose(format: Format, *commands: str) -> None:
    """On a terminal, and under a table only: the commands that may come next."""
    if format == "table" and sys.stdout.isatty() and commands:
        click.secho(f"next: {'; '.join(commands)}", dim=True)


def with_time_texts(rows: Iterable[Row], format: Format, *columns: str) -> list[Row]:
    """The rows of a table with unix seconds as dates, UTC; other formats keep the numbers."""
    if format != "table":
        return list(rows)
    return [{**row, **{name: utc_text(row[name]) for name in columns}} for row in rows]


def utc_text(seconds: float | None) -> str | None:
    """Date and time, UTC, to the second."""
    return None if seconds is None else time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds))


def size_text(size: int) -> str:
    """A number of bytes for people: ``512 B``, ``3.4 MB``."""
    value, units = float(size), iter(("B", "kB", "MB", "GB", "TB"))
    unit = next(units)
    while value >= 1000 and (larger := next(units, None)):
        value, unit = value / 1000, larger
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
