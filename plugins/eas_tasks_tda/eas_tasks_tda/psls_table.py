"""What PSLS has written: a table of fluxes, and a report of the star and its noise."""

from __future__ import annotations

import math
import re
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from eas_framework.errors import TaskFailed
from eas_tasks_tda.elliptic import FloatArray

FORMAT = "2"  # the settings that are written are those of this version
_TIMES_WRITTEN_TO_SECONDS = 0.01
_VERSION = re.compile(r"^#\s*Version\s*=\s*(\S+)", re.MULTILINE)
_WHITE_NOISE = re.compile(r"\bwhite_noise\s*=\s*([-+.\deE]+)")


@dataclass(frozen=True, kw_only=True)
class PslsCurve:
    """The relative fluxes, and the noise of one camera in a second, relative, where PSLS tells it."""

    fluxes: FloatArray
    camera_noise: float | None
    version: str


def read_psls(folder: Path, *, samples: int, cadence_seconds: float) -> PslsCurve:
    """The first `samples` fluxes that PSLS has written to `folder`.

    Its flags are left out: they count the cameras whose masks begin anew at a sample, which is not bad.

    Raises:
        TaskFailed: There is no table, one of another version, or not the samples that were asked for.
    """
    path = _only_file(folder, "*.dat")
    version = _version(path)
    times, ppm = _columns(path)
    if len(times) < samples:
        what = f"only {len(times)} of {samples} samples" if len(times) else "an empty table"
        raise TaskFailed(f"PSLS {version} ended well and wrote {what}; no light curve was made")
    steps = np.abs(np.diff(times[:samples]) - cadence_seconds)
    if steps.size and steps.max() > 2 * _TIMES_WRITTEN_TO_SECONDS:
        raise TaskFailed(
            f"PSLS {version} wrote samples that are not {cadence_seconds:g} s apart after "
            f"{times[int(steps.argmax())]:.2f} s"
        )
    if not np.isfinite(ppm[:samples]).all():
        raise TaskFailed(f"PSLS {version} wrote fluxes that are no numbers")
    return PslsCurve(fluxes=1 + 1e-6 * ppm[:samples], camera_noise=_camera_noise(folder), version=version)


def _only_file(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise TaskFailed(
            f"PSLS ended well and wrote {len(found)} files {pattern}, not one; is it version 2.0?"
        )
    return found[0]


def _version(path: Path) -> str:
    """The version that the head of a table names."""
    with path.open(encoding="utf-8", errors="backslashreplace") as lines:
        head = "".join(line for _, line in zip(range(20), lines, strict=False) if line.startswith("#"))
    named = _VERSION.search(head)
    version = named[1] if named else "of no version"
    if version.split(".")[0] != FORMAT:
        raise TaskFailed(f"the table is from PSLS {version}; synthesis_psls works with PSLS {FORMAT}")
    return version


def _columns(path: Path) -> tuple[FloatArray, FloatArray]:
    """Times [s] and fluxes [ppm]."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # numpy's, of a table without rows
            table: FloatArray = np.loadtxt(path, usecols=(0, 1), ndmin=2)
    except ValueError as error:
        raise TaskFailed(f"PSLS wrote a table that cannot be read: {error}") from error
    return (table[:, 0], table[:, 1]) if table.size else (np.empty(0), np.empty(0))


def _camera_noise(folder: Path) -> float | None:
    """White noise in a second, from the report; None where PSLS takes it from the tables of systematics."""
    for path in folder.glob("*.txt"):
        told = _WHITE_NOISE.search(path.read_text(encoding="utf-8", errors="backslashreplace"))
        value = _number(told[1]) if told else math.nan
        if value >= 0:
            return 1e-6 * value
    return None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
