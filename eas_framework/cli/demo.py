"""``eas demo``: inject a planet, find it again, compare the periods."""

from __future__ import annotations

from importlib.resources import as_file, files
from typing import TYPE_CHECKING

import click

from eas_framework.cli.job_options import executors_option
from eas_framework.cli.output import examples, write

if TYPE_CHECKING:
    from eas_framework.task_database.queries import Queries
    from eas_framework.task_objects import JobId

FAILED = 1
LARGEST_DIFFERENCE_PERCENT = 0.1
SHOWN = ("period", "t0", "duration_hours", "depth", "snr", "sde", "transit_count", "outcome")


@click.command(epilog=examples("eas demo", "eas demo --workspace demo_folder"))
@executors_option
def command(executors: int | None) -> int:
    """Inject a planet into a noisy light curve, search for it, compare the periods.

    It runs a job as any other, in a workspace of its own that is removed at the
    end, or in the one that --workspace names. Ends with 1 when the periods
    differ by more than 0.1 %.
    """
    from eas_framework.cli.job_report import exit_code, report  # late: reads plugins and settings
    from eas_framework.cli.private_workspace import private_workspace
    from eas_framework.cli.progress import ShowingObserver, opened_workspace
    from eas_framework.pipeline import RunOptions, prepare_job, refuse_missing_types, run_job

    job_file = files("eas_framework.cli") / "demo_job.yaml"
    with private_workspace("eas_demo_", unless=("argument", "EAS_WORKSPACE")), as_file(job_file) as path:
        prepared = prepare_job(path)
        refuse_missing_types(prepared)
        with opened_workspace() as database:
            outcome = run_job(
                database, prepared, options=RunOptions(executors=executors), observer=ShowingObserver()
            )
            if exit_code(outcome):
                return report(database, outcome)
            return _compare(database.queries, outcome.job_id)


def _compare(queries: Queries, job_id: JobId) -> int:
    """Print what was found and how far it is from what was injected; the exit code."""
    from eas_framework.diagnostics.results import results

    rows = {row["task"]: row for row in results(queries, job_id)}
    write([rows["search"]], "table", columns=SHOWN)
    injected, found = rows["observation"]["orbital_period"], rows["search"].get("period")
    if found is None:
        click.echo(f"injected {injected:.5f} d, found nothing")
        return FAILED
    difference = 100 * abs(found - injected) / injected
    click.echo(comparison(injected, found, difference))
    return FAILED if difference > LARGEST_DIFFERENCE_PERCENT else 0


def comparison(injected: float, found: float, difference: float) -> str:
    """The last line of the demonstration; periods in days, their difference in percent."""
    return f"injected {injected:.5f} d, found {found:.5f} d, difference {difference:.4f} %"
