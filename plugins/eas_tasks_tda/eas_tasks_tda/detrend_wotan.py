"""Task `detrend_wotan`: divide a light curve by its slow trend; known transits need not shape it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eas_framework import task_io
from eas_framework.plugins import FileSlot, Resources, TaskType
from eas_framework.temporary_directory import TemporaryDirectory
from eas_tasks_tda import examples
from eas_tasks_tda.detrend_settings import DetrendParameters
from eas_tasks_tda.detrending import Detrended, detrend, warm_up
from eas_tasks_tda.recorded import recorded_planets
from eas_tasks_tda.result import TransitResult

if TYPE_CHECKING:
    from eas_framework.lightcurve import LightcurveArbitraryRaster
    from eas_framework.task_objects import TaskExecutionAttempt

_ECHOED = ("method", "window", "break_tolerance_days", "edge_cutoff_days")
DETREND_METADATA: Mapping[str, str] = {
    **{f"detrend_{name}": DetrendParameters.model_fields[name].description or "" for name in _ECHOED},
    "detrend_window_days": "Length of the window that was used, or the scale of the method [d].",
    "detrend_window_origin": "The parameter that set it; window_days where no rotation period stands out.",
    "detrend_rotation_days": "Rotation period of the star, where it was sought and stands out [d].",
    "detrend_rotation_height": "Height of its peak in the autocorrelation above its troughs; 2 at most.",
    "detrend_protected_planets": "How many known planets did not shape the trend.",
    "detrend_protected_samples": "How many good samples lie near their transits.",
}


def handler(attempt: TaskExecutionAttempt) -> None:
    """Write the detrended light curve; its metadata are those of the input and how it was detrended."""
    parameters = task_io.task_parameters(attempt, DetrendParameters)
    curve = task_io.read_lightcurve(attempt, "lightcurve")
    planets = _planets(attempt, parameters)
    flat, metadata = detrended(curve, parameters=parameters, planets=planets)
    task_io.write_lightcurve(attempt, "lightcurve", flat)
    task_io.record_metadata(attempt, **metadata)


def detrended(
    curve: LightcurveArbitraryRaster,
    *,
    parameters: DetrendParameters,
    planets: Sequence[TransitResult] = (),
) -> tuple[LightcurveArbitraryRaster, dict[str, Any]]:
    """The detrended light curve, and how it was detrended, which is among its metadata too; see `detrend`."""
    flat = detrend(curve, parameters=parameters, planets=planets)
    metadata = detrend_metadata(flat, parameters, planet_count=len(planets) + len(parameters.protect))
    samples = curve.with_columns(
        fluxes=flat.fluxes,
        uncertainties=flat.uncertainties,
        flags=flat.flags,
        metadata=curve.metadata | metadata,
    )
    return samples, metadata


def _planets(attempt: TaskExecutionAttempt, parameters: DetrendParameters) -> list[TransitResult]:
    """The planets of the input ``record``; none where the job gives no such input."""
    task = task_io.task_of(attempt)
    if "record" not in (task.task_description or {}).get("inputs", {}):
        return []
    with task_io.task_database() as database, TemporaryDirectory() as folder:
        path, _ = database.task_open_file_input(task, "record", folder)
        return recorded_planets(Path(path), fap_max=parameters.fap_max)


def detrend_metadata(flat: Detrended, parameters: DetrendParameters, *, planet_count: int) -> dict[str, Any]:
    """How a light curve was detrended, by the keywords of `DETREND_METADATA`."""
    rotation = flat.window.rotation
    seen = {"rotation_days": rotation.period_days, "rotation_height": rotation.height} if rotation else {}
    items = {
        **parameters.model_dump(include=set(_ECHOED)),
        "window_days": flat.window.days,
        "window_origin": flat.window.origin,
        **seen,
        "protected_planets": planet_count,
        "protected_samples": int(flat.protected.sum()),
    }
    return {f"detrend_{name}": value for name, value in items.items()}


TASK_TYPE = TaskType(
    name="detrend_wotan",
    handler=handler,
    resources=Resources(cpu=1, memory_gb=2),
    parameters=DetrendParameters,
    inputs=(
        FileSlot(name="lightcurve", summary="Any light curve with fluxes above zero, not detrended before."),
        FileSlot(
            name="record",
            summary="What a search found in it: transits of planets that stand out do not shape the trend.",
            required=False,
            kind="file",
        ),
    ),
    outputs=(FileSlot(name="lightcurve", summary="The same samples, divided by their trend."),),
    metadata=DETREND_METADATA,
    packages=("wotan", "numba", "numpy", "scipy"),
    warm_up=warm_up,
    summary="Divide out slow trends of star and instrument (wotan).",
    example=examples.curve_job("detrend_wotan", name="detrending", output="flat.lc"),
)
