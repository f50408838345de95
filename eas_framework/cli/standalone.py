"""``eas standalone``: one task from an INI test configuration."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click

from eas_framework.cli.job_options import executors_option
from eas_framework.cli.output import Format, examples, format_option, write
from eas_framework.errors import UsageError
from eas_framework.task_objects import ProductId, ProductVersionId, TaskExecutionAttempt, plain_values

if TYPE_CHECKING:
    from eas_framework.task_database import TaskDatabaseConnection

COLUMNS = ("keyword", "value")
_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command(
    epilog=examples(
        "eas standalone tests/multiply.cfg",
        "eas standalone tests/bls.cfg --input-dir curves --output-dir made",
        "eas standalone tests/bls.cfg --workspace kept_folder",
    )
)
@click.argument("config", metavar="X.cfg", type=click.Path(path_type=Path))
@click.option("--input-dir", type=_FOLDER, metavar="DIR", help="Below which inputs are; else beside X.cfg.")
@click.option("--output-dir", type=_FOLDER, metavar="DIR", help="Copy the files that the task made there.")
@executors_option
@format_option
def command(
    config: Path, input_dir: Path | None, output_dir: Path | None, executors: int | None, format: Format
) -> int:
    """Run the task of a test configuration, and print the metadata that it recorded.

    X.cfg has a section [task] (task, working_directory, job_name, task_name,
    and keys of the task), and others such as [specs], [search_settings],
    [inputs] and [outputs]. Inputs bring FILE.metadata.cfg along. The task runs
    in a workspace of its own that is removed at the end, or in a new one that
    --workspace names. Ends with 0 when it passed, 1 when it failed, 2 for a
    configuration with mistakes.
    """
    from eas_framework.cli.job_report import exit_code  # late: reads plugins and settings
    from eas_framework.cli.private_workspace import private_workspace
    from eas_framework.cli.run import warn
    from eas_framework.job_file import read_standalone
    from eas_framework.pipeline import Observer, RunOptions, open_workspace, run_job, standalone

    if output_dir is not None:
        _require_empty(output_dir)
    task = read_standalone(config, input_folder=input_dir)
    prepared = standalone.prepare_standalone(task)
    warn(prepared)
    with private_workspace("eas_standalone_", unless=("argument",)):
        standalone.require_new_workspace()
        with open_workspace()[0] as database:
            standalone.store_inputs(database, task)
            outcome = run_job(
                database, prepared, options=RunOptions(executors=executors), observer=Observer()
            )
            attempt = standalone.last_attempt(database, outcome.job_id)
            _report(attempt, format)
            if output_dir is not None and not exit_code(outcome):
                _copy_outputs(database, attempt, output_dir)
            return exit_code(outcome)


def _report(attempt: TaskExecutionAttempt | None, format: Format) -> None:
    """Print what the attempt recorded; on standard error, why it failed."""
    metadata = plain_values(attempt.metadata) if attempt else {}
    rows = [{"keyword": keyword, "value": value} for keyword, value in metadata.items()]
    write(rows, format, columns=COLUMNS, title=None if rows else "the task recorded no metadata")
    if attempt is not None and attempt.error_text:
        click.echo(attempt.error_text, err=True)


def _require_empty(folder: Path) -> None:
    """Refuse a folder in which something might be overwritten."""
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"--output-dir {folder} is not empty; name another folder")


def _copy_outputs(
    database: TaskDatabaseConnection, attempt: TaskExecutionAttempt | None, target: Path
) -> None:
    """Copy the files that the attempt made, under their names in the configuration."""
    versions = attempt.output_files.values() if attempt else ()
    try:
        target.mkdir(parents=True, exist_ok=True)
        for version in versions:
            product = database.products.get(ProductId(int(version.product_id or 0)))
            source = database.versions.checked_path(ProductVersionId(int(version.product_version_id or 0)))
            shutil.copyfile(source, target / str(product.filename))
    except OSError as error:
        raise UsageError(f"--output-dir {target}: {error.strerror or error}") from error
