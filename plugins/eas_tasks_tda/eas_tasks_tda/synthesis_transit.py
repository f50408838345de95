"""Task `synthesis_transit`: the light curve of a star with a transiting planet, by this package's model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from eas_framework import task_io
from eas_framework.lightcurve import LightcurveArbitraryRaster
from eas_framework.plugins import FileSlot, Resources, TaskType
from eas_tasks_tda import examples
from eas_tasks_tda.synthesis import FluxModel, SyntheticCurve, synthesise
from eas_tasks_tda.synthesis_settings import BatmanParameters, SynthesisParameters, TransitSpecs

if TYPE_CHECKING:
    from eas_framework.plugins.task import Handler
    from eas_framework.task_objects import TaskExecutionAttempt

CURVE_OUT = (FileSlot(name="lightcurve", summary="The synthetic light curve."),)
TRANSIT_FIGURES: Mapping[str, str] = {
    "integrated_transit_power": "Missing flux summed over the samples, before noise.",
    "pixels_in_transit": "Number of samples with less than the full flux, before noise.",
    "pixels_out_of_transit": "Number of the other samples.",
    "mes": "Multiple-event statistic: power / noise per sample / sqrt(pixels in transit), at most 1e8.",
}
SYNTHESIS_METADATA: Mapping[str, str] = {
    **{name: field.description or "" for name, field in TransitSpecs.model_fields.items()},
    **TRANSIT_FIGURES,
}


def synthesis(
    parameters: type[SynthesisParameters] | type[BatmanParameters], flux_model: FluxModel | None = None
) -> Handler:
    """The handler of a task that writes a synthetic light curve; the noise comes from the task's seed."""

    def handler(attempt: TaskExecutionAttempt) -> None:
        specs = task_io.task_parameters(attempt, parameters).specs
        write_synthetic(attempt, synthesise(specs, seed=task_io.task_seed(attempt), flux_model=flux_model))

    return handler


def write_synthetic(attempt: TaskExecutionAttempt, made: SyntheticCurve) -> None:
    """Write a synthetic light curve, and record what is known of it on file and attempt."""
    curve = LightcurveArbitraryRaster(
        made.times, made.fluxes, uncertainties=made.uncertainties, metadata=made.metadata
    )
    task_io.write_lightcurve(attempt, "lightcurve", curve)
    task_io.record_metadata(attempt, **made.metadata)


TASK_TYPE = TaskType(
    name="synthesis_transit",
    handler=synthesis(SynthesisParameters),
    resources=Resources(cpu=1, memory_gb=1),
    parameters=SynthesisParameters,
    inputs=(),
    outputs=CURVE_OUT,
    metadata=SYNTHESIS_METADATA,
    uses_seed=True,
    packages=("numpy",),
    summary="Make the light curve of a star with a transiting planet.",
    example=examples.synthesis_job("synthesis_transit"),
)
