"""``eas search``: light-curve files in, the best transits of each out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eas_framework.cli.job_options import executors_option
from eas_framework.cli.output import Format, examples, format_option, write
from eas_framework.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eas_framework.pipeline import Outcome, PreparedJob
    from eas_framework.pipeline.search_job import SearchOptions, Target
    from eas_framework.task_database import TaskDatabaseConnection

COLUMNS = (
    "file", "tda", "planet", "period_days", "period_uncertainty_days", "t0_days", "duration_hours", "depth",
    "snr", "snr_pink", "sde", "false_alarm_probability", "false_alarm_probability_pink", "transit_count",
    "alias_of", "aliases", "doubts", "outcome",
)  # fmt: skip
_RECORDED = {"period_days": "period", "period_uncertainty_days": "period_uncertainty", "t0_days": "t0"}
JOB_FILE = Path("eas_search.json")


@click.command(
    epilog=examples(
        "eas search star.csv",
        "eas search star.csv --max-planets 3",
        "eas search data/*.fits --tda tls --format csv -o found.csv",
        "eas search sector_*.fits --stitch",
        "eas search --targets targets.csv --period-max 20",
    )
)
@click.argument(
    "paths", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="[FILE]..."
)
@click.option(
    "--tda", default="ffa", show_default=True, metavar="NAME", help="Search: ffa, tls, bls_reference, …"
)
@click.option(
    "--max-planets",
    type=click.IntRange(1, 20),
    default=1,
    show_default=True,
    metavar="N",
    help="Planets to look for in each file.",
)
@click.option(
    "--detrend", default="biweight", show_default=True, metavar="METHOD", help="Method of wotan, or none."
)
@click.option("--window", type=float, default=1.0, show_default=True, help="Window of the detrending [d].")
@click.option("--stitch", is_flag=True, help="The files are one star: search them as one light curve.")
@click.option(
    "--targets",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="TABLE",
    help="Columns file, name, r_star, m_star, teff.",
)
@click.option("--period-min", type=float, metavar="D", help="Shortest period [d].")
@click.option("--period-max", type=float, metavar="D", help="Longest period [d]; half the span by default.")
@click.option("--time-column", metavar="NAME", help="Column of times, by name or number from 0.")
@click.option("--flux-column", metavar="NAME", help="Column of fluxes, such as PDCSAP_FLUX.")
@click.option("--error-column", metavar="NAME", help="Column of flux uncertainties.")
@click.option("--quality", metavar="MASK", help="default, hard, none, or a bit mask of bad flags.")
@click.option("--time-unit", type=click.Choice(["d", "s"]), help="Unit of the times, where not in the file.")
@click.option("--show-job", is_flag=True, help="Print the job that does this; store and run nothing.")
@executors_option
@format_option
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="File for the rows.")
def command(
    paths: tuple[Path, ...],
    tda: str,
    max_planets: int,
    detrend: str,
    window: float,
    stitch: bool,
    targets: Path | None,
    show_job: bool,
    executors: int | None,
    format: Format,
    output: Path | None,
    **given: Any,
) -> int:
    """Search light-curve files for transits; the strongest signals first.

    Files are recognised by content. Samples that are flagged or not finite are
    dropped, slow trends divided out. With --max-planets the samples of each
    planet are left out and the rest is searched again, until noise alone would
    do as well in one of a hundred searches. Signals that are no planets, such as
    pulsations, damaged samples and the edges of gaps, are passed over; where
    nothing else is found the strongest signal is shown with what speaks against
    it in the column doubts. With --stitch all files, such as the sectors of one
    star, are divided by their medians and make one light curve. The job is
    stored in the workspace: the same search again only prints. Ends with 1 when
    a file could not be searched.
    """
    from eas_framework.pipeline.search_job import SearchOptions, read_targets, search_job  # late: plugins

    if stitch and targets:
        raise UsageError("--stitch: name the files of the one star; --targets is a table of several")
    wanted = [*_of_paths(paths), *(read_targets(targets) if targets else ())]
    if not wanted:
        raise UsageError("name light-curve files, or a table of them with --targets")
    options = SearchOptions(
        tda=tda,
        max_planets=max_planets,
        detrend=None if detrend == "none" else detrend,
        window_days=window,
        stitch=stitch,
        settings=_chosen(given, "period_min", "period_max"),
        reading={key: _number_or_name(value) for key, value in _chosen(given, *_READING).items()},
    )
    description = json.dumps(search_job(wanted, options), indent=2)
    if show_job:
        click.echo(description)
        return 0
    return _run(description, wanted, options, executors=executors, format=format, output=output)


_READING = ("time_column", "flux_column", "error_column", "quality", "time_unit")


def _of_paths(paths: Iterable[Path]) -> list[Target]:
    from eas_framework.pipeline.search_job import Target

    return [Target(file=path) for path in paths]


def _chosen(given: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: given[name] for name in names if given[name] is not None}


def _number_or_name(value: str) -> str | int:
    return int(value) if value.isascii() and value.isdigit() else value


# ------------------------------------------------------------- running
def _run(
    description: str,
    targets: Sequence[Target],
    options: SearchOptions,
    *,
    executors: int | None,
    format: Format,
    output: Path | None,
) -> int:
    from eas_framework.cli.job_report import exit_code, summary
    from eas_framework.cli.progress import opened_workspace, tell
    from eas_framework.pipeline import prepare_job

    prepared = prepare_job(JOB_FILE, data=description.encode())
    with opened_workspace() as database:
        outcome = _search(database, prepared, executors)
        rows = _rows(database, outcome, targets, options)
        with _written_to(output):
            write(rows, format, columns=_columns(targets))
        code = exit_code(outcome)
        if code:
            tell("\n".join(summary(database, database.jobs.get(outcome.job_id))))
    return code


def _search(database: TaskDatabaseConnection, prepared: PreparedJob, executors: int | None) -> Outcome:
    """Run the search; where a file has changed, it takes the place of the one before."""
    from eas_framework.cli.progress import ShowingObserver
    from eas_framework.pipeline import RunOptions, run_job

    is_known = database.jobs.find_by_digest(prepared.job.digest) is not None
    options = RunOptions(executors=executors, take_place=not is_known)
    return run_job(database, prepared, options=options, observer=ShowingObserver())


@contextmanager
def _written_to(output: Path | None) -> Iterator[None]:
    """Let what is printed in the block go to a file, where one is wanted."""
    if output is None:
        yield
        return
    try:
        with output.open("w", encoding="utf-8") as stream, redirect_stdout(stream):
            yield
    except OSError as error:
        raise UsageError(f"{output}: cannot be written: {error.strerror or error}") from error


# ------------------------------------------------------------- rows
def _columns(targets: Iterable[Target]) -> tuple[str, ...]:
    known = dict.fromkeys(name for target in targets for name in target.known)
    return (*COLUMNS, *known)


def _rows(
    database: TaskDatabaseConnection, outcome: Outcome, targets: Sequence[Target], options: SearchOptions
) -> list[dict[str, Any]]:
    """One row for each planet; the files in falling signal-to-noise ratio of their first."""
    from eas_framework.diagnostics.results import results
    from eas_framework.pipeline.search_job import VARIABLE, Target

    by_path = {str(target.file.absolute()): target for target in targets}
    whole = Target(file=Path(" + ".join(str(target.file) for target in by_path.values())))
    searched = [row for row in results(database.queries, outcome.job_id) if row["task"] == "search"]
    files = [
        _planets(row, whole if options.stitch else by_path[row[VARIABLE]["path"]], options.tda)
        for row in searched
    ]
    files.sort(key=lambda rows: (rows[0]["snr"] is None, -(rows[0]["snr"] or 0.0), rows[0]["file"]))
    return [row for rows in files for row in rows]


def _planets(found: Mapping[str, Any], target: Target, tda: str) -> list[dict[str, Any]]:
    """The rows of one file; what was recorded of several planets is in ``planets``."""
    planets = found.get("planets") or [found]
    return [
        _row({"outcome": found.get("outcome"), **planet, "planet": number}, target, tda)
        for number, planet in enumerate(planets, start=1)
    ]


def _row(found: Mapping[str, Any], target: Target, tda: str) -> dict[str, Any]:
    measured = {name: found.get(_RECORDED.get(name, name)) for name in COLUMNS[2:]}
    return {"file": str(target.file), "tda": tda, **measured, **target.known}
