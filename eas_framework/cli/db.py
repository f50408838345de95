"""``eas db``: the task database and the file store as a whole."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from eas_framework.cli.looking import opened_database, require_sure, size_text, sure_options, utc_text
from eas_framework.cli.output import Format, examples, format_option, write
from eas_framework.errors import StateError, UsageError

if TYPE_CHECKING:
    from eas_framework.task_database import TaskDatabaseConnection
    from eas_framework.task_database.maintenance import Waste

EXIT_BAD = 1


@click.group(epilog=examples("eas db check", "eas db dump backup.sql.gz", "eas db prune --dry-run"))
def command() -> None:
    """Make, check, migrate, dump, restore and prune the task database."""


@command.command(epilog=examples("eas db init", "eas --workspace /data/survey db init"))
def init() -> None:
    """Make the workspace's database with its tables and task types; one that exists stays as it is."""
    from eas_framework.pipeline import open_workspace  # late: imports the engine

    database, news = open_workspace()
    database.close_db()
    click.echo(news or "the workspace has its database already; nothing was changed", err=True)


@command.command(epilog=examples("eas db check", "eas db check --format json"))
@format_option
def check(format: Format) -> int:
    """Check the engine's files, and whether all counters say what the rows say; ends with 1 on a fault."""
    from eas_framework.task_database.integrity import check_database  # late

    with opened_database() as database:
        faults = list(check_database(database.queries))
    write(faults, format, columns=("check", "detail"), title=None if faults else "all is well")
    return EXIT_BAD if faults else 0


@command.command(epilog=examples("eas db migrate --dry-run", "eas db migrate"))
@click.option("-n", "--dry-run", is_flag=True, help="Show what would be done, and do nothing.")
@format_option
def migrate(dry_run: bool, format: Format) -> None:
    """Bring the tables to the version that this eas-framework needs, and list what was applied."""
    from eas_framework.task_database.schema_version import (  # late
        applied_versions,
        apply_migration,
        pending_migrations,
        refuse_newer_schema,
    )

    with opened_database(any_schema=True) as database:
        refuse_newer_schema(database.queries)
        for migration in pending_migrations(database.queries):
            if not dry_run:
                apply_migration(database.queries, migration)
        rows = applied_versions(database.queries)
    if format == "table":
        rows = [{**row, "applied": utc_text(row["applied"]) or "pending"} for row in rows]
    write(rows, format, columns=("version", "name", "applied"))


@command.command(epilog=examples("eas db dump", "eas db dump /backup/survey.sql.gz"))
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@click.option("-f", "--force", is_flag=True, help="Overwrite FILE.")
def dump(file: Path | None, force: bool) -> None:
    """Write the database, without the file store, to FILE (by default named by date and time)."""
    target = file or Path(time.strftime("eas_%Y%m%d_%H%M%S.sql.gz", time.gmtime()))
    if target.exists() and not force:
        raise UsageError(f"{target} exists; overwrite it with --force")
    draft = target.with_name(f".{target.name}.part")
    with opened_database() as database:
        try:
            database.db_handle.dump(draft)
            draft.replace(target)
        except OSError as error:
            raise UsageError(f"cannot write {target}: {error.strerror}") from error
    click.echo(f"{target}: {size_text(target.stat().st_size)}; the file store is not in it", err=True)


@command.command(epilog=examples("eas db restore backup.sql.gz --dry-run", "eas db restore backup.sql.gz -y"))
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@sure_options
def restore(file: Path, dry_run: bool, yes: bool) -> None:
    """Replace the database by the contents of FILE, which `eas db dump` wrote."""
    from eas_framework.connect_db import DatabaseConnector  # late
    from eas_framework.settings import configuration, ensure_workspace
    from eas_framework.task_database.queries import Queries
    from eas_framework.task_database.schema_version import require_current_schema

    backend = DatabaseConnector().interface(connect=False)
    if backend.test_database_exists():
        click.echo(_contents(), err=True)
    if dry_run:
        click.echo(f"would be replaced by {file} ({size_text(file.stat().st_size)})", err=True)
        return
    if backend.test_database_exists():
        require_sure(f"Replace the database of {configuration().workspace} by {file}?", yes=yes)
    ensure_workspace(configuration())
    with backend:
        backend.restore(file)
        require_current_schema(Queries(backend))
    click.echo(f"the database is that of {file}", err=True)


def _contents() -> str:
    """What the database at hand holds; refuses one that is in use."""
    with opened_database(any_schema=True) as database:
        running = database.queries.value("maintenance_running_attempts")
        if running:
            raise StateError(f"{running} tasks are running in this database; stop the workers first")
        return f"the database holds {len(database.jobs.list_all())} jobs"


@command.command(epilog=examples("eas db prune --dry-run", "eas db prune -y", "eas db prune --job old_grid"))
@click.option("--job", metavar="NAME", help="Remove this whole job with its tasks, results and files.")
@click.option(
    "--older", type=click.FloatRange(min=0), metavar="SECONDS",
    help="Age from which files without a record go; by default 3600, or 60 when nothing runs.",
)  # fmt: skip
@sure_options
@format_option
def prune(job: str | None, older: float | None, dry_run: bool, yes: bool, format: Format) -> None:
    """Remove what nobody will read again: files and records of attempts that did not pass, lost files.

    Results that count stay, and so does the last error of a task that has not passed.
    """
    from eas_framework.task_database.maintenance import find_waste, job_waste, remove, remove_job  # late

    with opened_database() as database:
        if job is not None:
            record = database.jobs.get_named(job)
            waste = [job_waste(database, record)]
        else:
            waste = find_waste(database, safe_age_seconds=older)
        _show_waste(waste, format, tasks=0 if job is None else _tasks(database, record.job_id))
        if dry_run or not (job or any(part.rows or part.files for part in waste)):
            return
        question = (
            f"Remove job {record.job_id} ({record.name}) for good?" if job else "Remove all this for good?"
        )
        require_sure(question, yes=yes)
        freed = remove_job(database, record) if job else remove(database, waste)
    click.echo(f"{size_text(freed)} freed", err=True)


def _tasks(database: TaskDatabaseConnection, job_id: int) -> int:
    return int(database.queries.value("maintenance_tasks_of_job", job_id=job_id))


def _show_waste(waste: list[Waste], format: Format, *, tasks: int) -> None:
    rows = [
        {"what": part.kind, "records": part.rows + tasks, "files": len(part.files), "bytes": part.size}
        for part in waste
    ]
    total = sum(part.size for part in waste)
    write(
        rows, format, columns=("what", "records", "files", "bytes"), title=f"{size_text(total)} can be freed"
    )
