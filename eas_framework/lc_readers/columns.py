"""Which column of a table is what: by the user's word, by name, or by place and values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from eas_framework.errors import LightcurveFileError
from eas_framework.plugins import ReadOptions
from eas_framework.suggestions import did_you_mean

_ROLES = ("time", "flux", "error", "quality")


@dataclass(frozen=True, kw_only=True)
class ColumnNames:
    """Names that a column of each kind may have, the best first; case, units, punctuation do not matter."""

    time: Sequence[str] = (
        "time", "times", "t", "bjd", "btjd", "bkjd", "bjd_tdb", "time_bjd", "time_btjd", "time_bkjd", "jd",
        "hjd", "mjd", "tjd", "barycentric_time", "date",
    )  # fmt: skip
    flux: Sequence[str] = (
        "pdcsap_flux", "kspsap_flux", "det_flux", "corrected_flux", "flux_corrected", "fcor", "flux",
        "fluxes", "norm_flux", "normalized_flux", "normalised_flux", "relative_flux", "rel_flux", "sap_flux",
        "f", "flux_raw", "raw_flux",
    )  # fmt: skip
    error: Sequence[str] = (
        "flux_err", "flux_error", "flux_uncertainty", "e_flux", "error", "errors", "err", "sigma",
        "uncertainty", "uncertainties",
    )  # fmt: skip
    quality: Sequence[str] = (
        "sap_quality",
        "quality",
        "quality_flag",
        "quality_flags",
        "qual",
        "flag",
        "flags",
    )


@dataclass(frozen=True, kw_only=True)
class ColumnChoice:
    """Numbers (from 0) of the columns to use; None where there is none."""

    time: int
    flux: int
    error: int | None = None
    quality: int | None = None

    def used(self, names: Sequence[str]) -> dict[str, str]:
        """Name of the column used for each kind of value."""
        chosen = {role: getattr(self, role) for role in _ROLES}
        return {role: names[number] for role, number in chosen.items() if number is not None}


def normalised(name: str) -> str:
    """A column's name in lower case, without unit in brackets, words joined by underscores."""
    bare = re.sub(r"[\[(].*?[\])]", " ", name.lower())
    return "_".join(re.findall(r"[a-z0-9]+", bare)) or "_".join(re.findall(r"[a-z0-9]+", name.lower()))


def choose_columns(
    names: Sequence[str], options: ReadOptions, path: Path, *, known: ColumnNames | None = None
) -> ColumnChoice:
    """The columns that the user named, else those that have a known name.

    The errors of a flux column called X are taken from X_err or X_error before any general name.

    Raises:
        LightcurveFileError: A column is not there, or none is recognised as time or flux; lists the columns.
    """
    known = ColumnNames() if known is None else known
    plain = [normalised(name) for name in names]
    time = _wanted("time", options.time_column, names, known.time, path)
    flux = _wanted("flux", options.flux_column, names, known.flux, path)
    if time is None or flux is None:
        role = "time" if time is None else "flux"
        raise LightcurveFileError(
            f"{path}: no column is recognised as {role}; the columns are {', '.join(names)}: "
            f"name it by the option {role}_column"
        )
    own_errors = tuple(f"{plain[flux]}_{ending}" for ending in ("err", "error", "uncertainty"))
    return ColumnChoice(
        time=time,
        flux=flux,
        error=_wanted("error", options.error_column, names, (*own_errors, *known.error), path),
        quality=_wanted("quality", options.quality_column, names, known.quality, path),
    )


def _wanted(
    role: str, asked: str | int | None, names: Sequence[str], known: Sequence[str], path: Path
) -> int | None:
    """Number of the column asked for, else of the first known name that there is, else None."""
    if asked is not None:
        return find_column(asked, names, path, role)
    plain = [normalised(name) for name in names]
    return next((plain.index(name) for name in known if name in plain), None)


def find_column(asked: str | int, names: Sequence[str], path: Path, role: str) -> int:
    """Number of the column with this name or number (from 0).

    Raises:
        LightcurveFileError: There is none; lists the columns.
    """
    if isinstance(asked, int) or asked.isdecimal():
        number = int(asked)
        if 0 <= number < len(names):
            return number
        raise LightcurveFileError(
            f"{path}: {role}_column = {number}, but the columns are numbered 0 to {len(names) - 1}"
        )
    for form in (str, str.lower, normalised):
        matches = [number for number, name in enumerate(names) if form(name) == form(asked)]
        if matches:
            return matches[0]
    raise LightcurveFileError(
        f"{path}: {role}_column = {asked!r}, but there is no such column; {did_you_mean(asked, names)} "
        f"(columns: {', '.join(names)})"
    )
