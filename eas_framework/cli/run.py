"""``eas run``: a job file to its end."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from eas_framework.cli.job_options import executors_option, job_options
from eas_framework.cli.output import examples
from eas_framework.errors import UsageError

if TYPE_CHECKING:
    from eas_framework.pipeline import PreparedJob


@click.command(
    epilog=examples(
        "eas run job.yaml -j 4",
        "eas run job.yaml --limit 3 --set search.search_settings.period_max=20",
        "eas run job.yaml --replace",
    )
)
@job_options
@executors_option
@click.option(
    "--max-failures", type=click.IntRange(min=1), metavar="N", help="Stop after N tasks have failed."
)
@click.option("--allow-remote", is_flag=True, help="Accept tasks that only workers elsewhere can do.")
@click.option("-n", "--dry-run", is_flag=True, help="Tell what would be done; store and run nothing.")
@click.option("--no-progress", is_flag=True, help="Do not show how far the job is.")
def command(
    job: Path,
    overrides: tuple[str, ...],
    seed: int | None,
    limit: int | None,
    force: bool,
    replace: bool,
    keep_old: bool,
    executors: int | None,
    max_failures: int | None,
    allow_remote: bool,
    dry_run: bool,
    no_progress: bool,
) -> int:
    """Run a job file to its end; the same command again goes on where it stopped.

    Tasks that passed are kept, failed ones are not repeated (see `eas retry`).
    Ctrl-C lets running tasks end; a second one stops at once. Ends with 0 when
    all tasks passed, 1 when some did not, 2 for a job that is not valid, 130
    when it was interrupted. Where input files have changed since tasks that
    passed read them, it says which, keeps the results, and ends with 1.
    """
    from eas_framework.cli.job_report import report  # late: reads plugins and settings
    from eas_framework.cli.progress import ShowingObserver, opened_workspace
    from eas_framework.pipeline import RunOptions, prepare_job, refuse_missing_types, run_job

    check_together(force=force, replace=replace, keep_old=keep_old)
    prepared = prepare_job(job, overrides=overrides, seed=seed, limit=limit)
    warn(prepared)
    if dry_run:
        from eas_framework.cli.dry_run import plan  # late: seldom wanted

        click.echo("\n".join(plan(prepared, force=force, take_place=replace)))
        return 0
    if not allow_remote:
        refuse_missing_types(prepared)
    options = RunOptions(
        executors=executors,
        force=force,
        take_place=replace,
        keep_old=keep_old,
        max_failures=max_failures,
    )
    observer = ShowingObserver(with_progress=not no_progress)
    with opened_workspace() as database:
        outcome = run_job(database, prepared, options=options, observer=observer)
        again = renewing_command("run", job, overrides=overrides, seed=seed, limit=limit)
        return report(database, outcome, renew=again)


def renewing_command(
    command: str, job: Path, *, overrides: tuple[str, ...], seed: int | None, limit: int | None
) -> str:
    """The command line that does again what of a job was made from files that have changed."""
    words = ["eas", command, str(job), *(f"--set={override}" for override in overrides)]
    words += [f"--seed={seed}"] if seed is not None else []
    words += [f"--limit={limit}"] if limit is not None else []
    return shlex.join([*words, "--replace"])


def check_together(*, force: bool, replace: bool, keep_old: bool) -> None:
    """Refuse options that contradict each other."""
    if force and replace:
        raise UsageError("--force does everything again, --replace only what changed: give one of them")
    if keep_old and not replace:
        raise UsageError("--keep-old says what --replace may take over: give both")


def warn(prepared: PreparedJob) -> None:
    """Print the warnings of a job's checks."""
    for warning in prepared.check.warnings:
        click.echo(f"warning: {warning}", err=True)
