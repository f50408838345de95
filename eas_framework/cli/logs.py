"""``eas logs``: log messages that tasks left."""

from __future__ import annotations

import logging
import sys
import time
from typing import TYPE_CHECKING

import click

from eas_framework.cli.looking import job_id_of, opened_database, propose, utc_text
from eas_framework.cli.output import Format, Row, examples, format_option, job_option, printable, write
from eas_framework.errors import UsageError

if TYPE_CHECKING:
    from eas_framework.task_database import TaskDatabaseConnection
    from eas_framework.task_objects import JobId, TaskId

COLUMNS = ("message_id", "time", "level", "task_id", "attempt", "message")
LEVELS = ("debug", "info", "warning", "error", "critical")
POLL_SECONDS = 0.5


@click.command(
    epilog=examples("eas logs 88", "eas logs --job my_job --level warning", "eas logs 88 --follow")
)
@click.argument("task", type=click.IntRange(min=1), required=False)
@job_option
@click.option(
    "--level", type=click.Choice(LEVELS), default="debug", show_default=True, help="Lowest severity."
)
@click.option("-f", "--follow", is_flag=True, help="Go on until the task or job has ended.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=200, show_default=True, metavar="N", help="The newest N."
)
@format_option
def command(task: int | None, job: str | None, level: str, follow: bool, limit: int, format: Format) -> None:
    """Show the newest log messages of the task with the number TASK, of a job, or of all."""
    from eas_framework.task_objects import TaskId  # late

    if follow and format != "table":
        raise UsageError("--follow prints lines; leave out --format")
    with opened_database() as database:
        task_id = None if task is None else TaskId(database.tasks.row(TaskId(task))["taskId"])
        log = _Log(database, job_id=job_id_of(database, job), task_id=task_id, level=level)
        if format != "table":
            write(log.read(limit), format, columns=COLUMNS)
            return
        _print(log.read(limit))
        while follow:
            has_ended = log.has_ended()
            _print(log.read(-1))
            if has_ended:
                break
            time.sleep(POLL_SECONDS)
    propose(format, "eas errors")


class _Log:
    """The messages that were asked for; each `read` gives those that are new."""

    def __init__(
        self, database: TaskDatabaseConnection, *, job_id: JobId | None, task_id: TaskId | None, level: str
    ) -> None:
        self._database, self._job_id, self._task_id = database, job_id, task_id
        self._level = logging.getLevelNamesMapping()[level.upper()]
        self._last = 0

    def read(self, limit: int) -> list[Row]:
        """The newest messages that were not read yet; all of them where the limit is negative."""
        from eas_framework.diagnostics.logs import log_messages  # late: imports the task database

        rows: list[Row] = list(
            log_messages(
                self._database.queries,
                job_id=self._job_id,
                task_id=self._task_id,
                level=self._level,
                after=self._last,
                limit=sys.maxsize if limit < 0 else limit,
            )
        )
        self._last = rows[-1]["message_id"] if rows else self._last
        return rows

    def has_ended(self) -> bool:
        """Whether no further message can come; never, where neither a task nor a job was named."""
        from eas_framework.task_database.jobs import JobState  # late
        from eas_framework.task_objects import FINAL_TASK_STATES

        if self._task_id is not None:
            return self._database.tasks.counters(self._task_id)["state"] in FINAL_TASK_STATES
        return self._job_id is not None and self._database.jobs.state(self._job_id) is not JobState.RUNNING


def _print(rows: list[Row]) -> None:
    """A line for each message; further lines of one are indented."""
    for row in rows:
        source = "" if row["task_id"] is None else f" task {row['task_id']}:"
        text = "\n    ".join(printable(line) for line in row["message"].splitlines())
        click.echo(f"{utc_text(row['time'])} {row['level']}{source} {text}")
    sys.stdout.flush()
