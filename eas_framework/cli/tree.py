"""``eas tree``: the tasks of a job, as a tree."""

from __future__ import annotations

from typing import Any

import click

from eas_framework.cli.looking import job_argument, named_or_newest_job, opened_database, propose
from eas_framework.cli.output import Format, Row, examples, format_option, write

COLUMNS = ("tree", "type", "state", "task_id")


@click.command(
    epilog=examples(
        "eas tree", "eas tree my_job --depth 2", "eas tree --task 88 --unfold", "eas tree --running"
    )
)
@job_argument
@click.option(
    "--depth", type=click.IntRange(min=0), metavar="N", help="Not deeper than N; the job itself is 0."
)
@click.option(
    "--task", "task_id", type=click.IntRange(min=1), metavar="ID", help="Only this task and those below."
)
@click.option("--running", is_flag=True, help="Only tasks that run now, and those above.")
@click.option("--unfold", is_flag=True, help="A line for each turn of a loop.")
@format_option
def command(
    job: str | None, depth: int | None, task_id: int | None, running: bool, unfold: bool, format: Format
) -> None:
    """Show the tasks of JOB (name or number; by default the newest) as a tree.

    The turns of a loop are one line, such as "search ×24".
    """
    from eas_framework.diagnostics.attempts import attempt_counts, running_tasks
    from eas_framework.diagnostics.tree import task_tree, tree_lines  # late: imports the task database
    from eas_framework.task_objects import TaskId

    with opened_database() as database:
        only = running_tasks(attempt_counts(database.queries)) if running else None
        place: dict[str, Any] = {"task_id": task_id and TaskId(task_id)}
        title = None
        if task_id is None:
            record = named_or_newest_job(database, job)
            place = {"job_id": record.job_id}
            title = f"job {record.job_id} ({record.name}): {record.state}"
        rows = task_tree(database.queries, **place, only=only, max_depth=depth, fold=not unfold)
    if format != "table":
        write(rows, format)
        return
    write([_shown(row, stem) for row, stem in zip(rows, tree_lines(rows), strict=True)], format,
          columns=COLUMNS, title=title)  # fmt: skip
    failed = next((row["first_failed"] for row in rows if row["first_failed"] and row["count"] >= 1), None)
    propose(format, f"eas task show {failed}" if failed else "eas results")


def _shown(row: Row, stem: str) -> Row:
    count = f" ×{row['count']}" if row["count"] > 1 else ""
    more = " …" if row["is_truncated"] else ""
    return {
        "tree": f"{stem}{row['name'] or row['task_type']}{count}{more}",
        "type": row["task_type"],
        "state": _state(row),
        "task_id": row["task_id"],
    }


def _state(row: Row) -> str:
    if len(row["states"]) == 1:
        return str(row["state"])
    return ", ".join(f"{number} {state}" for state, number in row["states"].items())
