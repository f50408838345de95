"""``read_lightcurve``: takes one light-curve file of any known format into the store."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from eas_framework.errors import TaskFailed
from eas_framework.plugins.readers import ReadOptions
from eas_framework.plugins.task import FileSlot, TaskType
from eas_framework.settings import configuration
from eas_framework.task_database.file_store import file_digests
from eas_framework.task_io import record_metadata, task_parameters, write_lightcurve
from eas_framework.tasks.parameters import NoKeys

if TYPE_CHECKING:
    from eas_framework.lightcurve import LightcurveArbitraryRaster
    from eas_framework.task_objects import TaskExecutionAttempt

_OPTIONS = (
    "time_column", "flux_column", "error_column", "quality_column", "quality", "time_unit", "time_zero",
)  # fmt: skip


class ReadKeys(NoKeys):
    """Keys of ``read_lightcurve``."""

    path: str = Field(
        description="The file, below the folder of input light curves; elsewhere only with its sha256."
    )
    sha256: str | None = Field(
        None, pattern="^[0-9a-f]{64}$", description="Checksum that the file must have, hexadecimal."
    )
    time_column: str | int | None = Field(None, description="Column of times, by name or number from 0.")
    flux_column: str | int | None = Field(None, description="Column of fluxes, such as PDCSAP_FLUX.")
    error_column: str | int | None = Field(None, description="Column of flux uncertainties.")
    quality_column: str | int | None = Field(None, description="Column of quality flags.")
    quality: str | int = Field(
        "default", description="default, hard, none, or a bit mask of flags that make a sample bad."
    )
    time_unit: Literal["d", "s"] | None = Field(None, description="Unit of the times, where not in the file.")
    time_zero: float | None = Field(None, description="Days to add to get barycentric Julian dates.")


def handler(attempt: TaskExecutionAttempt) -> None:
    """Read the file and write it in the internal form, with what was used of it and what was assumed.

    Raises:
        TaskFailed: The file is elsewhere and its checksum not known, or it has changed.
        LightcurveFileError: It cannot be read; says what to do.
    """
    curve, recorded = read_curve(task_parameters(attempt, ReadKeys))
    write_lightcurve(attempt, "lightcurve", curve)
    record_metadata(attempt, **recorded)


def read_curve(keys: ReadKeys) -> tuple[LightcurveArbitraryRaster, dict[str, Any]]:
    """The light curve of a file, and what a task that read it records; raises what `handler` does."""
    from eas_framework.lc_readers import read_lightcurve_file  # late: loads numpy

    path = checked_path(keys, folder=configuration().lc_path)
    options = ReadOptions(**{name: getattr(keys, name) for name in _OPTIONS})
    curve = read_lightcurve_file(path, options)
    return curve, {"samples": len(curve), "read_from": str(path)}


def checked_path(parameters: ReadKeys, *, folder: Path) -> Path:
    """Where the file is.

    A job may read below the folder of inputs. Who gives a file's checksum has read it already, so that it may
    lie anywhere.

    Raises:
        TaskFailed: It is not in the folder and its checksum is not given, or it has another one.
    """
    path = folder / parameters.path
    if parameters.sha256 is None:
        if not path.resolve().is_relative_to(folder.resolve()):
            raise TaskFailed(
                f"path = {parameters.path!r} must be within the folder {folder} (setting lc_path), "
                "unless its sha256 is given"
            )
        return path
    if not path.is_file():
        raise TaskFailed(f"{path}: there is no such file")
    if file_digests(path)[1] != parameters.sha256:
        raise TaskFailed(f"{path} has changed since the job was made: its SHA-256 is not {parameters.sha256}")
    return path


def external_inputs(attempt: TaskExecutionAttempt) -> Mapping[str, str]:
    """SHA-256 of the file, by its path."""
    return file_read(task_parameters(attempt, ReadKeys))


def file_read(keys: ReadKeys) -> Mapping[str, str]:
    """SHA-256 of the file that a task with these keys reads, by its path.

    Raises:
        TaskFailed: There is no such file, or it may not be read.
    """
    path = checked_path(keys, folder=configuration().lc_path)
    if not path.is_file():
        raise TaskFailed(f"{path}: there is no such file")
    return {keys.path: file_digests(path)[1]}


TASK_TYPE = TaskType(
    name="read_lightcurve",
    handler=handler,
    external_inputs=external_inputs,
    parameters=ReadKeys,
    inputs=(),
    outputs=(FileSlot(name="lightcurve", summary="The light curve in the internal form."),),
    metadata={"samples": "number of samples", "read_from": "path of the file"},
    summary="Take one light-curve file of any known format into the store.",
    example={"task": "read_lightcurve", "path": "raw/star.csv", "outputs": {"lightcurve": "star.lc"}},
)
