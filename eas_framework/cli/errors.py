"""``eas errors``: what failed, equal errors together."""

from __future__ import annotations

from collections.abc import Iterator

import click

from eas_framework.cli.looking import job_argument, job_id_of, opened_database, propose, with_time_texts
from eas_framework.cli.output import Format, Row, as_text, examples, format_option, printable, write

GROUPED = ("count", "error", "task_type", "first_task", "job")
EACH = ("task_id", "task", "task_type", "job", "attempt", "state", "time", "error")
BLOCKED = ("task_id", "task", "task_type", "job", "blocked_by", "cause", "reason")


@click.command(
    epilog=examples("eas errors", "eas errors my_job --each", "eas errors 3 --text", "eas errors --blocked")
)
@job_argument
@click.option("--each", is_flag=True, help="A row for each task, not for each kind of error.")
@click.option("--text", is_flag=True, help="Whole error texts with tracebacks, task by task.")
@click.option("--blocked", is_flag=True, help="What is blocked by failures, and by which.")
@format_option
def command(job: str | None, each: bool, text: bool, blocked: bool, format: Format) -> None:
    """Show the tasks of JOB (name or number; by default of all jobs) that failed, equal errors together."""
    from eas_framework.diagnostics.failures import blocked_tasks, failures, grouped_failures  # late

    with opened_database() as database:
        job_id = job_id_of(database, job)
        waiting = blocked_tasks(database.queries, job_id)
        found = failures(database.queries, job_id)
    if blocked:
        write(waiting, format, columns=BLOCKED)
    elif text and format == "table":
        for row in found:
            click.echo("\n".join(_whole_text(row)))
    elif each or text:
        columns = (*EACH, "text") if text else EACH
        write(with_time_texts(found, format, "time"), format, columns=columns)
    else:
        title = None if found else "no task has failed"
        write(grouped_failures(found), format, columns=GROUPED, title=title)
    if format == "table" and waiting and not blocked:
        click.echo(f"{len(waiting)} tasks are blocked by these; `eas errors --blocked` lists them", err=True)
    if found:
        propose(format, f"eas task show {found[0]['task_id']}", "eas retry JOB")


def _whole_text(row: Row) -> Iterator[str]:
    task, task_type, job = (as_text(row[name]) for name in ("task", "task_type", "job"))
    yield f"task {row['task_id']} {task} ({task_type}, job {job}):"
    for line in (row["text"] or "no error was recorded").splitlines():
        yield f"    {printable(line)}"
