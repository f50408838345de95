"""Task `detrend_wotan`: divide a light curve by its slow trend."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eas_framework import task_io
from eas_framework.lightcurve import LightcurveArbitraryRaster
from eas_framework.plugins import FileSlot, Resources, TaskType
from eas_tasks_tda import examples
from eas_tasks_tda.detrending import DetrendParameters, detrend, warm_up

if TYPE_CHECKING:
    from eas_framework.task_objects import TaskExecutionAttempt


def handler(attempt: TaskExecutionAttempt) -> None:
    """Write the detrended light curve; its metadata are those of the input and how it was detrended."""
    parameters = task_io.task_parameters(attempt, DetrendParameters)
    curve = task_io.read_lightcurve(attempt, "lightcurve")
    flat = detrend(curve, parameters=parameters)
    settings = {f"detrend_{name}": value for name, value in parameters.model_dump().items()}
    task_io.write_lightcurve(
        attempt,
        "lightcurve",
        LightcurveArbitraryRaster(
            curve.times,
            flat.fluxes,
            uncertainties=flat.uncertainties,
            flags=flat.flags,
            metadata=dict(curve.metadata) | settings,
        ),
    )
    task_io.record_metadata(attempt, **settings)


TASK_TYPE = TaskType(
    name="detrend_wotan",
    handler=handler,
    resources=Resources(cpu=1, memory_gb=2),
    parameters=DetrendParameters,
    inputs=(FileSlot(name="lightcurve", summary="Any light curve with fluxes above zero."),),
    outputs=(FileSlot(name="lightcurve", summary="The same samples, divided by their trend."),),
    metadata={f"detrend_{name}": f.description or "" for name, f in DetrendParameters.model_fields.items()},
    packages=("wotan", "numba", "numpy", "scipy"),
    warm_up=warm_up,
    summary="Divide out slow trends of star and instrument (wotan).",
    example=examples.detrend_job("detrend_wotan"),
)
