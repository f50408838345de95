"""``eas submit``: store a job for workers that run elsewhere."""

from __future__ import annotations

from pathlib import Path

import click

from eas_framework.cli.job_options import job_options
from eas_framework.cli.output import examples


@click.command(epilog=examples("eas submit job.yaml", "eas submit job.yaml --replace"))
@job_options
def command(
    job: Path,
    overrides: tuple[str, ...],
    seed: int | None,
    limit: int | None,
    force: bool,
    replace: bool,
    keep_old: bool,
) -> None:
    """Store a job and print its id; `eas worker` does its tasks.

    A job with the same contents is the same job. Task types that are not
    installed here are accepted with a warning.
    """
    from eas_framework.cli.changed_inputs import has_changed, in_short
    from eas_framework.cli.progress import ShowingObserver, opened_workspace, tell  # late: reads plugins
    from eas_framework.cli.run import check_together, renewing_command, warn
    from eas_framework.diagnostics.changed_inputs import changed_inputs
    from eas_framework.pipeline import prepare_job, submit_job

    check_together(force=force, replace=replace, keep_old=keep_old)
    prepared = prepare_job(job, overrides=overrides, seed=seed, limit=limit)
    warn(prepared)
    for missing in prepared.missing_types:
        tell(f"warning: {missing}")
    with opened_workspace() as database:
        submitted = submit_job(
            database,
            prepared.job,
            outputs=prepared.check.outputs,
            force=force,
            take_place=replace,
            keep_old=keep_old,
        )
        ShowingObserver().begin(database, submitted)
        changed = () if submitted.is_new else changed_inputs(database, submitted.job_id, tell=tell)
        if has_changed(changed):
            again = renewing_command("submit", job, overrides=overrides, seed=seed, limit=limit)
            tell(f"warning: {in_short(changed)}; to renew the results: {again}")
    click.echo(submitted.job_id)
