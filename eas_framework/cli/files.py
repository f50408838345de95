"""``eas files``: files that tasks made."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from eas_framework.cli.looking import (
    is_text,
    job_argument,
    job_id_of,
    opened_database,
    propose,
    size_text,
)
from eas_framework.cli.output import Format, examples, format_option, write
from eas_framework.errors import FileStoreError, UsageError

if TYPE_CHECKING:
    from eas_framework.task_database import TaskDatabaseConnection
    from eas_framework.task_objects import ProductVersionId

LISTED = ("file", "size", "state", "task", "task_id", "version")
MORE = ("output", "task_type", "job", "created", "sha256", "repository_id")
FAULTS = ("problem", "file", "version", "path", "detail")
EXIT_BAD = 1
_PEEK = 4096


@click.group(
    epilog=examples(
        "eas files ls my_job", "eas files get grid/lc_3.npy -o lc_3.npy", "eas files why grid/lc_3.npy"
    )
)
def command() -> None:
    """Look at the files that tasks made.

    FILE is directory/name, a name that occurs once, the number of a version, or a path in the file store.
    """


@command.command("ls", epilog=examples("eas files ls", "eas files ls my_job --format csv"))
@job_argument
@click.option("--missing", is_flag=True, help="Only those that have not been made.")
@format_option
def list_files(job: str | None, missing: bool, format: Format) -> None:
    """List the files of JOB, or of all jobs, with their newest version that counts."""
    from eas_framework.diagnostics.files import file_list  # late: imports the task database

    with opened_database() as database:
        rows = file_list(database.queries, job_id_of(database, job))
    shown = [row for row in rows if not missing or row["version"] is None]
    if format == "table":
        shown = [{**row, "size": row["size"] and size_text(row["size"])} for row in shown]
        write(shown, format, columns=LISTED, title=None if shown else "no file")
    else:
        write(shown, format, columns=(*LISTED, *MORE))
    if shown:
        propose(format, f"eas files why {shown[0]['version'] or 'FILE'}", "eas files get FILE")


@command.command(epilog=examples("eas files get grid/lc_3.npy", "eas files get 12 -o /tmp/lc.npy"))
@click.argument("name", metavar="FILE")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="PATH", help="File or folder; default here."
)
@click.option("-f", "--force", is_flag=True, help="Overwrite.")
def get(name: str, output: Path | None, force: bool) -> None:
    """Copy FILE out of the store, after its checksum was compared."""
    with opened_database() as database:
        version_id = _version(database, name)
        source = database.versions.checked_path(version_id)
        target = _target(database, version_id, output)
    if target.exists() and not force:
        raise UsageError(f"{target} exists; overwrite it with --force, or name another file with -o")
    try:
        shutil.copyfile(source, target)
    except OSError as error:
        raise FileStoreError(error.errno, f"cannot write {target}: {error.strerror}") from error
    click.echo(f"{target}: {size_text(source.stat().st_size)}", err=True)


def _target(database: TaskDatabaseConnection, version_id: ProductVersionId, output: Path | None) -> Path:
    row = database.queries.one("report_version_origin", version_id=version_id)
    folder = output or Path()
    return folder / row["filename"] if row and folder.is_dir() else folder


@command.command(epilog=examples("eas files cat notes/summary.txt", "eas files cat 12 > lc.npy"))
@click.argument("name", metavar="FILE")
def cat(name: str) -> None:
    """Write the contents of FILE to standard output."""
    with opened_database() as database:
        path = database.versions.checked_path(_version(database, name))
    with path.open("rb") as stream:
        if sys.stdout.isatty() and b"\0" in stream.read(_PEEK):
            raise UsageError(f"{name} is not text; redirect it, or copy it with `eas files get`")
        stream.seek(0)
        shutil.copyfileobj(stream, sys.stdout.buffer)


@command.command(epilog=examples("eas files verify", "eas files verify --format json"))
@format_option
def verify(format: Format) -> int:
    """Read every recorded file again and compare its SHA-256; find files without a record.

    Ends with 1 when a recorded file is missing or damaged.
    """
    from eas_framework.task_database.maintenance import count_files, verify_files  # late

    with opened_database() as database:
        number = count_files(database)
        faults = list(verify_files(database))
    bad = sum(fault["problem"] in ("missing", "damaged") for fault in faults)
    write(
        faults,
        format,
        columns=FAULTS,
        title=f"{number} files, {bad} bad, {len(faults) - bad} without a record",
    )
    propose(format, *(["eas db prune --dry-run"] if len(faults) > bad else []))
    return EXIT_BAD if bad else 0


@command.command(epilog=examples("eas files why grid/lc_3.npy", "eas files why 12 --format json"))
@click.argument("name", metavar="FILE")
@format_option
def why(name: str, format: Format) -> None:
    """Show where FILE comes from: the attempt that made it, what that read, back to the raw light curve."""
    from eas_framework.diagnostics.origin import short_detail  # late: imports the task database
    from eas_framework.diagnostics.origin import why as origin
    from eas_framework.diagnostics.tree import tree_lines

    with opened_database() as database:
        rows = origin(database, _version(database, name))
    if format != "table":
        write(rows, format)
        return
    shown = [
        {"origin": f"{stem}{row['what']}", "kind": row["kind"], "detail": short_detail(row)}
        for row, stem in zip(rows, tree_lines(rows), strict=True)
    ]
    write(shown, format, columns=("origin", "kind", "detail"))
    propose(format, f"eas files why {name} --format json")


def _version(database: TaskDatabaseConnection, name: str) -> ProductVersionId:
    from eas_framework.diagnostics.files import find_version  # late

    if not is_text(name):
        raise UsageError(f"{name!r} is not valid UTF-8, as all names of files here are")
    return find_version(database, name)
