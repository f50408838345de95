"""``eas validate``: all that is wrong with job files, before anything is stored."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eas_framework.cli.output import Format, examples, format_option, write
from eas_framework.errors import JobFileError

if TYPE_CHECKING:
    from eas_framework.job_file import JobCheck
    from eas_framework.task_database import TaskDatabaseConnection

COLUMNS = ("file", "line", "column", "severity", "message")
EXIT_INVALID = 2

_PLACE = re.compile(r"(?P<file>.+?):(?P<line>\d+):(?:(?P<column>\d+):)? (?P<message>.*)", re.DOTALL)


@click.command(
    epilog=examples(
        "eas validate job.yaml",
        "eas validate jobs/*.json --format json",
        "eas validate job.yaml --set grid.values.0=3",
    )
)
@click.argument("jobs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="JOB...")
@click.option(
    "--set", "overrides", multiple=True, metavar="NAME.KEY=VALUE", help="Change a value; repeatable."
)
@format_option
def command(jobs: tuple[Path, ...], overrides: tuple[str, ...], format: Format) -> int:
    """Check job files; store and run nothing.

    Prints every mistake with its file, line and column, and ends with 2 when there are any.
    """
    rows: list[dict[str, Any]] = []
    for path in jobs:
        found, summary = _validate(path, overrides)
        rows += found
        if format == "table":
            for row in found:
                click.echo(_line(row))
            click.echo(summary)
    if format != "table":
        write(rows, format, columns=COLUMNS)
    return EXIT_INVALID if any(row["severity"] == "error" for row in rows) else 0


def _validate(path: Path, overrides: tuple[str, ...]) -> tuple[list[dict[str, Any]], str]:
    """The problems of one job file, and one line about it."""
    from eas_framework.job_file import inspect_job, read_job  # late: reads plugins and settings
    from eas_framework.plugins.manager import plugin_manager
    from eas_framework.task_types import task_types_here

    try:
        job = read_job(path, overrides=overrides)
    except JobFileError as error:
        rows = [_from_message(message, path) for message in error.messages]
        return rows, f"{path}: {_number(len(rows), 'error')}"
    with_database = _StoredProducts()
    check = inspect_job(
        job,
        task_types=plugin_manager().task_types(),
        declared_types=task_types_here().task_type_names(),
        product_exists=with_database.exists,
    )
    return list(_rows(check)), _summary(path, check)


def _rows(check: JobCheck) -> Iterator[dict[str, Any]]:
    for problem in check.problems:
        yield {
            "file": problem.source,
            "line": problem.position.line,
            "column": problem.position.column,
            "severity": problem.severity,
            "message": problem.text,
        }


def _from_message(message: str, path: Path) -> dict[str, Any]:
    """A row for a message that was raised: with its place, where it names one."""
    match = _PLACE.fullmatch(message)
    if match is None:
        return {"file": str(path), "line": None, "column": None, "severity": "error", "message": message}
    return {
        "file": match["file"],
        "line": int(match["line"]),
        "column": int(match["column"]) if match["column"] else None,
        "severity": "error",
        "message": match["message"],
    }


def _line(row: dict[str, Any]) -> str:
    """The row as compilers print it."""
    place = ":".join(str(row[key]) for key in ("file", "line", "column") if row[key] is not None)
    kind = "warning: " if row["severity"] == "warning" else ""
    return f"{place}: {kind}{row['message']}"


def _summary(path: Path, check: JobCheck) -> str:
    counts = [_number(len(check.errors), "error"), _number(len(check.warnings), "warning")]
    if check.errors:
        return f"{path}: {', '.join(counts)}"
    found = f", {counts[1]}" if check.warnings else ""
    tasks = _number(check.task_count, "task")
    return f"{path}: good{found}; {tasks} of {_number(len(check.task_types), 'type')}"


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


class _StoredProducts:
    """Which files the workspace's database has; it is opened only when a job asks, and never made."""

    @cached_property
    def _database(self) -> TaskDatabaseConnection | None:
        from eas_framework.pipeline.workspace import (
            find_workspace_database,
        )  # late: most jobs need no other's files

        return find_workspace_database()

    def exists(self, directory: str, filename: str) -> bool:
        """Whether the database has a file of that folder and name."""
        if self._database is None:
            return False
        return self._database.products.find_by_filename(directory, filename) is not None
