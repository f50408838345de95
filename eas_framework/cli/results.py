"""``eas results``: what the tasks of a job recorded, as one wide table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from eas_framework.cli.looking import (
    job_argument,
    named_or_newest_job,
    opened_database,
    propose,
    with_time_texts,
)
from eas_framework.cli.output import Format, Row, examples, format_option, write
from eas_framework.errors import UsageError
from eas_framework.suggestions import did_you_mean

if TYPE_CHECKING:
    from eas_framework.task_database import TaskDatabaseConnection
    from eas_framework.task_database.jobs import JobRecord
    from eas_framework.task_objects import JobId

KINDS = ("metadata", "pass-fail", "timings")


@click.command(
    epilog=examples(
        "eas results my_job",
        "eas results my_job --where outcome=PASS --where 'period_days<10'",
        "eas results my_job --columns size,period,outcome -o found.ecsv",
        "eas results my_job --kind timings --format csv",
    )
)
@job_argument
@click.option("--kind", type=click.Choice(KINDS), default=KINDS[0], show_default=True, help="Which table.")
@click.option("--type", "task_type", metavar="NAME", help="Only tasks of this type.")
@click.option(
    "--where", "conditions", multiple=True, metavar="COLUMN=VALUE",
    help="Only rows like this; also != < <= > >=; repeatable.",
)  # fmt: skip
@click.option("--columns", metavar="A,B,…", help="Only these columns, in this order.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Write to FILE: .csv, .json or .ecsv by its ending.")  # fmt: skip
@format_option
def command(
    job: str | None,
    kind: str,
    task_type: str | None,
    conditions: tuple[str, ...],
    columns: str | None,
    output: Path | None,
    format: Format,
) -> None:
    """Show parameters and recorded metadata of each passed task of JOB (by default the newest job)."""
    from eas_framework.cli.row_filter import parse_condition  # late: not for --help
    from eas_framework.cli.table_file import table_writer

    wanted = [parse_condition(text) for text in conditions]
    write_file = None if output is None else table_writer(output)
    with opened_database() as database:
        record = named_or_newest_job(database, job)
        rows = _rows(database, record.job_id, kind, task_type)
        _warn_of_changed_inputs(database, record)
    names = list(dict.fromkeys(name for row in rows for name in row))
    for condition in wanted:
        _require_column(condition.column, names)
    chosen = [name.strip() for name in columns.split(",")] if columns else names
    for name in chosen:
        _require_column(name, names)
    kept = [row for row in rows if all(condition.holds(row) for condition in wanted)]
    if write_file is not None:
        write_file(kept, chosen)
        click.echo(f"{len(kept)} rows written to {output}", err=True)
        return
    title = f"job {record.job_id} ({record.name}): {len(kept)} of {len(rows)} rows"
    write(_with_times(kept, format), format, columns=chosen, title=title)
    propose(format, f"eas results {record.job_id} -o results.ecsv", "eas files ls")


def _rows(database: TaskDatabaseConnection, job_id: JobId, kind: str, task_type: str | None) -> list[Row]:
    from eas_framework.diagnostics.results import pass_fail_table, results, timings_table  # late

    if kind == "timings":
        return list(timings_table(database.queries, job_id, task_type=task_type))
    if kind == "pass-fail":
        return list(pass_fail_table(database.queries, job_id, task_type=task_type))
    return [row for row in results(database.queries, job_id) if task_type in (None, row["task_type"])]


def _warn_of_changed_inputs(database: TaskDatabaseConnection, record: JobRecord) -> None:
    from eas_framework.cli.changed_inputs import has_changed, in_short  # late
    from eas_framework.diagnostics.changed_inputs import changed_inputs

    changed = changed_inputs(database, record.job_id, may_write=False)
    if has_changed(changed):
        click.echo(f"warning: {in_short(changed)}; see `eas run` of the job's file", err=True)


def _with_times(rows: list[Row], format: Format) -> list[Row]:
    is_timed = bool(rows) and "start" in rows[0] and "wall_clock_s" in rows[0]
    return with_time_texts(rows, format, "start", "end") if is_timed else rows


def _require_column(name: str, names: list[str]) -> None:
    if names and name not in names:
        raise UsageError(f"the table has no column {name!r}; {did_you_mean(name, names)}")
