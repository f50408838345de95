"""Task `synthesis_noise`: a quiet star without planets, as a telescope like PLATO sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from eas_framework import task_io
from eas_framework.lightcurve import LightcurveArbitraryRaster
from eas_framework.plugins import Resources, TaskType
from eas_tasks_tda.stellar_noise import noisy_flux, white_noise
from eas_tasks_tda.synthesis_noise_settings import NoiseParameters, NoiseSpecs
from eas_tasks_tda.synthesis_transit import CURVE_OUT

if TYPE_CHECKING:
    from eas_framework.task_objects import TaskExecutionAttempt

EXAMPLE: dict[str, Any] = {
    "job_name": "example_synthesis_noise",
    "task_list": [
        {
            "task": "synthesis_noise",
            "name": "star",
            "outputs": {"lightcurve": "noise.lc"},
            "specs": {"duration": 12, "sampling_cadence": 600, "activity_ppm": 40, "systematics": 0.002},
        }
    ],
}


def handler(attempt: TaskExecutionAttempt) -> None:
    """Write the light curve; its uncertainties are those of the photons alone."""
    specs = task_io.task_parameters(attempt, NoiseParameters).specs
    seed = task_io.task_seed(attempt) if specs.seed is None else specs.seed
    times, fluxes = noisy_flux(specs, seed=seed)
    known = specs.model_dump(exclude_none=True) | {"seed": seed}
    errors = np.full(len(times), white_noise(specs))
    curve = LightcurveArbitraryRaster(times, fluxes, uncertainties=errors, metadata=known)
    task_io.write_lightcurve(attempt, "lightcurve", curve)
    task_io.record_metadata(attempt, **known)


TASK_TYPE = TaskType(
    name="synthesis_noise",
    handler=handler,
    resources=Resources(cpu=1, memory_gb=2),
    parameters=NoiseParameters,
    inputs=(),
    outputs=CURVE_OUT,
    metadata={name: field.description or "" for name, field in NoiseSpecs.model_fields.items()},
    uses_seed=True,
    packages=("numpy",),
    summary="Make the noise of a quiet star seen by a telescope like PLATO, to multiply with transits.",
    example=EXAMPLE,
)
