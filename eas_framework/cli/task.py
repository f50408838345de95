"""``eas task``: look at one task, or run it here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from eas_framework.cli.looking import opened_database, propose, utc_text
from eas_framework.cli.output import Format, Row, examples, format_option, write

if TYPE_CHECKING:
    from collections.abc import Callable

FAILED = 1
_TIMES = ("created", "queued", "started", "ended")


@click.group(epilog=examples("eas task show 88", "eas task run 88 --pdb"))
def command() -> None:
    """Look at one task, or run it in this process."""


@command.command(epilog=examples("eas task show 88", "eas task show 88 --format json"))
@click.argument("task", metavar="ID", type=click.IntRange(min=1))
@format_option
def show(task: int, format: Format) -> None:
    """Show state, parameters, inputs, outputs, attempts, provenance and log of the task with number ID."""
    from eas_framework.diagnostics.task_details import COLUMNS, task_details  # late
    from eas_framework.task_objects import TaskId

    with opened_database() as database:
        rows = task_details(database, TaskId(task))
    write([_for_people(row) if format == "table" else row for row in rows], format, columns=COLUMNS)
    propose(format, f"eas logs {task}", f"eas task run {task} --pdb")


def _for_people(row: Row) -> Row:
    is_time = row["name"] in _TIMES and isinstance(row["value"], float)
    return {**row, "value": utc_text(row["value"])} if is_time else dict(row)


@command.command(epilog=examples("eas task run 88", "eas task run 88 --pdb"))
@click.argument("task", metavar="ID", type=click.IntRange(min=1))
@click.option("--pdb", "with_debugger", is_flag=True, help="Enter Python's debugger where the task fails.")
def run(task: int, with_debugger: bool) -> int:
    """Run one task in this process, for debugging; a failed or cancelled one is opened again.

    It is claimed as a worker claims it, and its end is recorded as usual. Ends with 1 when it failed.
    """
    from eas_framework.pipeline import open_workspace  # late: imports the engine
    from eas_framework.task_objects import TaskId, TaskState
    from eas_framework.worker.here import run_here

    database, _ = open_workspace()
    with database:
        state = run_here(database, TaskId(task), on_error=_debugger() if with_debugger else None)
    click.echo(f"task {task}: {state or 'another worker has taken it over; nothing was recorded'}", err=True)
    propose("table", f"eas task show {task}")
    return 0 if state in (TaskState.PASSED, TaskState.EXPANDED) else FAILED


def _debugger() -> Callable[[BaseException], None]:
    import pdb  # late: only with --pdb

    return lambda error: pdb.post_mortem(error.__traceback__)
