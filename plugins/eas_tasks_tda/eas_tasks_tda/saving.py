"""The files of a search: all that was found as JSON, one row per planet and the spectra as numpy arrays."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eas_framework import task_io
from eas_framework.temporary_directory import TemporaryDirectory
from eas_tasks_tda.result import RESULT_METADATA, TransitResult

if TYPE_CHECKING:
    from eas_framework.task_objects import TaskExecutionAttempt

_TEXTS = ("note", "alias_of", "aliases", "doubts")
COLUMNS = tuple(keyword for keyword in RESULT_METADATA if keyword not in _TEXTS)
SPECTRUM = np.dtype([("planet", "i4"), ("period", "f8"), ("residue", "f8"), ("sde", "f8")])


def record(found: Sequence[TransitResult]) -> dict[str, Any]:
    """All that was found: units, and for each planet its metadata and the depth of each of its transits."""
    return {"columns": dict(RESULT_METADATA), "planets": [_planet(result) for result in found]}


def _planet(result: TransitResult) -> dict[str, Any]:
    items = result.as_metadata()
    if result.transits is not None:
        items["transits"] = {
            "epoch": result.transits.epochs.tolist(),
            "time": result.transits.times.tolist(),
            "depth": result.transits.depths.tolist(),
            "depth_uncertainty": result.transits.sigmas.tolist(),
        }
    return items


def table(found: Sequence[TransitResult]) -> NDArray[np.void]:
    """One row per planet with the numbers of its record, NaN where there is none."""
    rows = np.full(len(found), np.nan, dtype=[(name, "f8") for name in COLUMNS])
    for row, result in zip(rows, found, strict=True):
        for name, value in result.as_metadata().items():
            if name in COLUMNS:
                row[name] = value
    return rows


def periodogram(found: Sequence[TransitResult]) -> NDArray[np.void]:
    """The spectrum of each search, one after the other: number of the planet, period [d], residue and SDE."""
    parts = []
    for number, result in enumerate(found, start=1):
        if result.periodogram is None:
            continue
        part = np.zeros(len(result.periodogram.periods), SPECTRUM)
        part["planet"] = number
        part["period"] = result.periodogram.periods
        part["residue"] = result.periodogram.residue
        part["sde"] = result.periodogram.sde
        parts.append(part)
    return np.concatenate(parts) if parts else np.zeros(0, SPECTRUM)


def save(attempt: TaskExecutionAttempt, found: Sequence[TransitResult]) -> None:
    """Write those of the outputs ``record``, ``table`` and ``periodogram`` that the job asks for."""
    if not any(task_io.wants_output(attempt, name) for name in ("record", "table", "periodogram")):
        return
    with TemporaryDirectory() as folder:
        if task_io.wants_output(attempt, "record"):
            path = Path(folder.tmp_dir) / "record.json"
            path.write_text(json.dumps(record(found), indent=1, allow_nan=False), encoding="utf-8")
            task_io.write_file(attempt, "record", path)
        for name, make in (("table", table), ("periodogram", periodogram)):
            if task_io.wants_output(attempt, name):
                path = Path(folder.tmp_dir) / f"{name}.npy"
                np.save(path, make(found), allow_pickle=False)
                task_io.write_file(attempt, name, path)
