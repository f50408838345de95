"""Task `inject_transit`: put the transits of a planet into a light curve."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eas_framework import task_io
from eas_framework.plugins import FileSlot, Resources, TaskType
from eas_tasks_tda import examples
from eas_tasks_tda.injection import InjectionParameters, InjectionSpecs, inject
from eas_tasks_tda.synthesis_transit import TRANSIT_FIGURES

if TYPE_CHECKING:
    from eas_framework.task_objects import TaskExecutionAttempt


def handler(attempt: TaskExecutionAttempt) -> None:
    """Write the light curve with transits; what its metadata said of another planet gives way to this one."""
    specs = task_io.task_parameters(attempt, InjectionParameters).specs
    curve = task_io.read_lightcurve(attempt, "lightcurve")
    injected = inject(curve, specs=specs)
    kept = {name: value for name, value in curve.metadata.items() if name not in InjectionSpecs.model_fields}
    system = curve.with_columns(
        fluxes=injected.fluxes, uncertainties=injected.uncertainties, metadata=kept | injected.metadata
    )
    task_io.write_lightcurve(attempt, "lightcurve", system)
    task_io.record_metadata(attempt, **injected.metadata)


TASK_TYPE = TaskType(
    name="inject_transit",
    handler=handler,
    resources=Resources(cpu=1, memory_gb=1),
    parameters=InjectionParameters,
    inputs=(FileSlot(name="lightcurve", summary="Any light curve with fluxes above zero."),),
    outputs=(FileSlot(name="lightcurve", summary="The same samples, with transits."),),
    metadata={
        **{name: field.description or "" for name, field in InjectionSpecs.model_fields.items()},
        **TRANSIT_FIGURES,
    },
    packages=("numpy",),
    summary="Put the transits of a planet into a light curve.",
    example=examples.curve_job(
        "inject_transit",
        name="injection",
        output="system.lc",
        specs={"orbital_period": 4.7, "t0": 2.2, "planet_radius": 0.8, "semi_major_axis": 0.055},
    ),
)
