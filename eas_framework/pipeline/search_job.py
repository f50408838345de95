"""The job that searches light-curve files: each is read, detrended and searched, or all as one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from eas_framework.errors import UsageError
from eas_framework.job_file.rows import iterate_table
from eas_framework.plugins.advice import install_hint, never_public
from eas_framework.plugins.manager import plugin_manager
from eas_framework.suggestions import did_you_mean
from eas_framework.task_database.file_store import file_digests

SEARCH_PREFIX = "transit_search_"
DETREND = "detrend_wotan"
STITCH = "stitch_lightcurves"
VARIABLE = "lightcurve"
FILE_COLUMN = "file"
STAR_COLUMNS = ("r_star", "m_star")
"""Columns of a table of targets that set the grid of the search: radius and mass in solar units."""
CARRIED_COLUMNS = ("name", *STAR_COLUMNS, "teff")


@dataclass(frozen=True, kw_only=True)
class Target:
    """A file to be searched, as it was given, and what a table says of its star."""

    file: Path
    known: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class SearchOptions:
    """How files are searched.

    Attributes:
        tda: The algorithm; the task type's name is ``transit_search_`` and this.
        detrend: Method of wotan; None searches the fluxes as they are.
        window_days: Length of the detrending window.
        max_planets: Planets to look for in each file.
        stitch: The files are one star, whose light curves are made into one and searched as that.
        settings: Search settings, such as ``period_min`` in days.
        reading: Keys of ``read_lightcurve``, such as ``flux_column``.
    """

    tda: str
    detrend: str | None
    window_days: float
    max_planets: int = 1
    stitch: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)
    reading: Mapping[str, Any] = field(default_factory=dict)


def read_targets(table: Path) -> Iterator[Target]:
    """The targets of a CSV or ECSV table with the column `file` and any of `CARRIED_COLUMNS`.

    Relative files are looked for beside the table.

    Raises:
        UsageError: A column or a file is missing; names the line.
        JobFileError: The table cannot be read.
    """
    for line, row in iterate_table(table):
        if FILE_COLUMN not in row:
            raise UsageError(f"{table}: there is no column {FILE_COLUMN!r}; {did_you_mean(FILE_COLUMN, row)}")
        file = table.parent / str(row[FILE_COLUMN])
        if not file.is_file():
            raise UsageError(f"{table}:{line}: there is no file {file}")
        yield Target(file=file, known={name: row[name] for name in CARRIED_COLUMNS if name in row})


def search_job(targets: Iterable[Target], options: SearchOptions) -> dict[str, Any]:
    """The description of the job; its name follows from the options and the paths, so that it is found again.

    Raises:
        UsageError: An algorithm that is not installed, or a value that a task does not take.
    """
    chosen = _without_doubles(targets)
    _check_options(options)
    turns = [_turn(target) for target in chosen]
    paths = [turn["path"] for turn in turns]
    identity = hashlib.sha256(json.dumps([paths, repr(options)]).encode()).hexdigest()[:12]
    return {
        "job_name": f"search_{options.tda}_{identity}",
        "working_directory": f"search/{identity}",
        "task_list": list((_stitched if options.stitch else _one_by_one)(turns, options)),
    }


def _one_by_one(turns: Sequence[Mapping[str, Any]], options: SearchOptions) -> Iterator[dict[str, Any]]:
    """Each file read, detrended and searched."""
    read = _file_name("lightcurve")
    star = {key: _of_turn(key) for key in STAR_COLUMNS if any(key in turn for turn in turns)}
    searching = _searching(options, read, detrended=_file_name("detrended"), star=star)
    yield _loop(turns, [_reading(options, read), *searching])


def _stitched(turns: Sequence[Mapping[str, Any]], options: SearchOptions) -> Iterator[dict[str, Any]]:
    """Each file read, and all of them stitched, detrended and searched as one light curve."""
    yield _loop(turns, [_reading(options, _file_name("lightcurve"))])
    yield {
        "task": STITCH,
        "name": "stitching",
        "inputs": {f"file_{index:06d}": f"{index:06d}_lightcurve.lc" for index in range(len(turns))},
        "outputs": {"lightcurve": "stitched.lc"},
    }
    yield from _searching(options, "stitched.lc", detrended="detrended.lc", star={})


def _loop(turns: Sequence[Mapping[str, Any]], tasks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The tasks for every file."""
    return {
        "task": "execution_for_loop",
        "name": "files",
        "parameter": VARIABLE,
        "values": turns,
        "task_list": tasks,
    }


def _without_doubles(targets: Iterable[Target]) -> list[Target]:
    return list({target.file.absolute(): target for target in targets}.values())


def _turn(target: Target) -> dict[str, Any]:
    """What the loop says of one file; its checksum lets the task read it wherever it lies."""
    try:
        sha256 = file_digests(target.file)[1]
    except OSError as error:
        raise UsageError(f"{target.file}: cannot be read: {error.strerror or error}") from error
    return {"path": str(target.file.absolute()), "sha256": sha256, **target.known}


def _reading(options: SearchOptions, read: str) -> dict[str, Any]:
    return {
        "task": "read_lightcurve",
        "name": "reading",
        "outputs": {"lightcurve": read},
        "path": _of_turn("path"),
        "sha256": _of_turn("sha256"),
        **options.reading,
    }


def _searching(
    options: SearchOptions, given: str, *, detrended: str, star: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    """The tasks that detrend and search one light curve."""
    if options.detrend is not None:
        yield {
            "task": DETREND,
            "name": "detrending",
            "inputs": {"lightcurve": given},
            "outputs": {"lightcurve": detrended},
            "method": options.detrend,
            "window_days": options.window_days,
        }
    yield {
        "task": f"{SEARCH_PREFIX}{options.tda}",
        "name": "search",
        "inputs": {"lightcurve": given if options.detrend is None else detrended},
        **({"max_planets": options.max_planets} if options.max_planets > 1 else {}),
        "search_settings": {**options.settings, **star},
    }


def _of_turn(key: str) -> str:
    return f"(metadata['{VARIABLE}']['{key}'])"


def _file_name(what: str) -> str:
    return f"'{{{VARIABLE}_index:06d}}_{what}.lc'.format(**metadata)"


# ------------------------------------------------------------- checks
def _check_options(options: SearchOptions) -> None:
    types = plugin_manager().task_types()
    name = f"{SEARCH_PREFIX}{options.tda}"
    if name not in types:
        known = [other.removeprefix(SEARCH_PREFIX) for other in types if other.startswith(SEARCH_PREFIX)]
        near = did_you_mean(options.tda, known) if known else f"none is installed{install_hint(name)}"
        hint = never_public(name) or near
        raise UsageError(f"--tda {options.tda}: there is no such search; {hint}")
    several = {"max_planets": options.max_planets} if options.max_planets > 1 else {}
    _check_keys(name, {"search_settings": dict(options.settings), **several})
    _check_keys("read_lightcurve", {"path": "file", **options.reading})
    if options.stitch and STITCH not in types:
        raise UsageError(f"--stitch: {STITCH} is not installed{install_hint(STITCH)}")
    if options.detrend is not None:
        if DETREND not in types:
            raise UsageError(f"--detrend: {DETREND} is not installed{install_hint(DETREND)}, or use none")
        _check_keys(DETREND, {"method": options.detrend, "window_days": options.window_days})


def _check_keys(task_type: str, keys: Mapping[str, Any]) -> None:
    """Refuse values that the task type would refuse."""
    model = plugin_manager().task_types()[task_type].parameters
    if model is None:
        return
    try:
        model.model_validate(keys)
    except ValidationError as error:
        found = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()]
        raise UsageError(f"{task_type}: {'; '.join(found)}") from None
