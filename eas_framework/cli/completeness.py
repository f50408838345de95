"""``eas completeness``: which injected planets the searches of a job found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eas_framework.cli.looking import job_argument, named_or_newest_job, opened_database, propose
from eas_framework.cli.output import Format, Row, examples, format_option, write
from eas_framework.errors import UsageError
from eas_framework.suggestions import did_you_mean

if TYPE_CHECKING:
    from eas_framework.diagnostics.completeness import Threshold


@click.command(
    epilog=examples(
        "eas completeness my_grid --by period,radius",
        "eas completeness my_grid --by period,radius --statistic sde -o found.csv",
        "eas completeness my_grid --by period,radius --threshold 7.1 --map found.svg",
    )
)
@job_argument
@click.option("--by", required=True, metavar="X,Y",
              help="Parameters (loop variables) whose values make the cells; two for a map.")  # fmt: skip
@click.option("--statistic", default="snr", show_default=True, metavar="COLUMN",
              help="What must reach the threshold.")  # fmt: skip
@click.option("--false-alarm", type=click.FloatRange(0, 1, min_open=True, max_open=True), default=0.01,
              show_default=True, help="Share of curves without planets above the threshold.")  # fmt: skip
@click.option("--threshold", type=float, help="This threshold for all detectors, instead of a measured one.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Write to FILE: .csv, .json or .ecsv by its ending.")  # fmt: skip
@click.option("--map", "picture", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Draw a map of the cells: .svg.")  # fmt: skip
@format_option
def command(
    job: str | None,
    by: str,
    statistic: str,
    false_alarm: float,
    threshold: float | None,
    output: Path | None,
    picture: Path | None,
    format: Format,
) -> None:
    """Show which share of the planets that JOB injected each detector recovered.

    A planet is recovered where the outcome is PASS and the statistic reaches the detector's threshold, which
    is measured on the job's light curves without planets.
    """
    from eas_framework.cli.table_file import table_writer  # late: not for --help
    from eas_framework.diagnostics.completeness import Threshold, completeness, measured_thresholds

    write_file = None if output is None else table_writer(output)
    columns = [name.strip() for name in by.split(",")]
    _check_map(picture, columns)
    rows = _searches(job, [*columns, statistic])
    if threshold is None:
        thresholds = measured_thresholds(rows, statistic=statistic, false_alarm=false_alarm)
    else:
        detectors = sorted({str(row["task_type"]) for row in rows})
        thresholds = [Threshold(detector=detector, value=threshold) for detector in detectors]
    cells: list[Row] = list(completeness(rows, thresholds=thresholds, by=columns, statistic=statistic))
    _say(thresholds, statistic)
    if picture is not None:
        _draw(picture, cells, columns)
    if write_file is not None:
        write_file(cells, list(cells[0]) if cells else [])
        click.echo(f"{len(cells)} rows written to {output}", err=True)
        return
    write(cells, format, title=f"{len(cells)} cells by {by}")
    propose(format, f"eas completeness --by {by} --map found.svg")


def _searches(job: str | None, needed: Sequence[str]) -> list[dict[str, Any]]:
    """The rows of the job's searches; refuses columns that none of them has."""
    from eas_framework.diagnostics.completeness import search_rows  # late
    from eas_framework.diagnostics.results import results

    with opened_database() as database:
        record = named_or_newest_job(database, job)
        rows = search_rows(results(database.queries, record.job_id))
    if not rows:
        raise UsageError(f"job {record.name!r} has no finished search that recorded an outcome")
    names = list(dict.fromkeys(name for row in rows for name in row))
    for name in needed:
        if name not in names:
            raise UsageError(f"the searches have no column {name!r}; {did_you_mean(name, names)}")
    return rows


def _check_map(picture: Path | None, columns: Sequence[str]) -> None:
    if picture is None:
        return
    if picture.suffix.lower() != ".svg":
        raise UsageError(f"{picture}: a map is written as .svg")
    if len(columns) != 2:
        raise UsageError(f"a map needs two columns (--by X,Y), not {len(columns)}")


def _say(thresholds: Sequence[Threshold], statistic: str) -> None:
    for threshold in thresholds:
        measured = (
            ""
            if threshold.error is None
            else f" ± {threshold.error:.2g}, from {threshold.curves} light curves without a planet"
        )
        click.echo(f"{threshold.detector}: {statistic} >= {threshold.value:.4g}{measured}", err=True)


def _draw(picture: Path, cells: Sequence[Row], columns: Sequence[str]) -> None:
    from eas_framework.diagnostics.heat_map import heat_map  # late

    drawn = heat_map(
        cells, x=columns[0], y=columns[1], value="completeness", counts=("recovered", "injected")
    )
    try:
        picture.write_bytes(drawn)
    except OSError as error:
        raise UsageError(f"cannot write {picture}: {error.strerror}") from error
    click.echo(f"map written to {picture}", err=True)
