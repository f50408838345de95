"""``eas cancel``: stop a job."""

from __future__ import annotations

import click

from eas_framework.cli.output import examples


@click.command(epilog=examples("eas cancel detection_grid", "eas cancel 3"))
@click.argument("job")
def command(job: str) -> None:
    """Stop a job: what has not ended is cancelled, also what is running now.

    JOB is a name or an id. Results that exist stay; `eas retry` opens the
    cancelled tasks again.
    """
    from eas_framework.cli.job_report import counted  # late: reads plugins and settings
    from eas_framework.diagnostics.opening import open_database
    from eas_framework.pipeline import find_job
    from eas_framework.task_database.jobs import JobState

    with open_database() as database:
        record = find_job(database, job)
        if record.state is not JobState.RUNNING:
            click.echo(f"job {record.job_id} ({record.name}) has ended already: {record.state}")
            return
        number = database.lifecycle.cancel(record.job_id)
        click.echo(f"job {record.job_id} ({record.name}): {counted(number)} cancelled")
