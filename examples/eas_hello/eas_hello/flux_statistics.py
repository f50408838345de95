"""The task type `flux_statistics`: level, scatter and noise of a light curve, as metadata."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from eas_framework.errors import LightcurveError
from eas_framework.plugins import FileSlot, Resources, TaskType
from eas_framework.task_io import read_lightcurve, record_metadata, task_parameters
from eas_framework.task_objects import TaskExecutionAttempt

FloatArray = NDArray[np.float64]
FEWEST_SAMPLES = 3
MAD_TO_SIGMA = 1.4826  # standard deviation of a Gaussian over its median absolute deviation


class FluxStatisticsParameters(BaseModel):
    """What a job may say about this task; a key that is not named here is a mistake in the job."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    use_flagged: bool = Field(False, description="Count samples with a quality flag too.")


def flux_statistics(times: FloatArray, fluxes: FloatArray) -> dict[str, float]:
    """Level, scatter and point-to-point noise of a light curve.

    The noise is the scatter of the differences of neighbours over the square root of 2. Slow trends hardly
    change it, and it equals the scatter where all noise is white (von Neumann et al. 1941, Ann. Math. Stat.
    12, 153; here with the median absolute deviation, which outliers do not shift).

    Args:
        times: Shape (n,), any unit, in any order.
        fluxes: Shape (n,), any unit, median above zero. NaN and infinities are left out.

    Returns:
        sample_count, flux_median (unit of `fluxes`), flux_scatter_ppm, flux_noise_ppm.

    Raises:
        LightcurveError: Fewer than 3 good samples, or a median that is not above zero.
    """
    good = np.isfinite(times) & np.isfinite(fluxes)
    ordered = fluxes[good][np.argsort(times[good], kind="stable")]
    if len(ordered) < FEWEST_SAMPLES:
        raise LightcurveError(f"{len(ordered)} good samples are too few; {FEWEST_SAMPLES} are needed")
    median = float(np.median(ordered))
    if median <= 0:
        raise LightcurveError(f"the median flux is {median:g}; relative figures need one above zero")
    steps = np.diff(ordered)
    noise = MAD_TO_SIGMA * float(np.median(np.abs(steps - np.median(steps)))) / 2**0.5
    return {
        "sample_count": len(ordered),
        "flux_median": median,
        "flux_scatter_ppm": 1e6 * float(np.std(ordered)) / median,
        "flux_noise_ppm": 1e6 * noise / median,
    }


def handler(attempt: TaskExecutionAttempt) -> None:
    """Read the light curve, compute, record: files and metadata are the handler's, the numbers are not."""
    parameters = task_parameters(attempt, FluxStatisticsParameters)
    curve = read_lightcurve(attempt)
    wanted = np.ones(len(curve.times), dtype=bool) if parameters.use_flagged else curve.flags == 0
    record_metadata(attempt, **flux_statistics(curve.times[wanted], curve.fluxes[wanted]))


TASK_TYPE = TaskType(
    name="flux_statistics",
    handler=handler,
    resources=Resources(cpu=1, memory_gb=1),
    parameters=FluxStatisticsParameters,
    inputs=(FileSlot(name="lightcurve", summary="Any light curve with fluxes above zero."),),
    outputs=(),
    metadata={
        "sample_count": "Number of samples that were used.",
        "flux_median": "Median flux, in the unit of the light curve.",
        "flux_scatter_ppm": "Standard deviation of the fluxes over their median [ppm].",
        "flux_noise_ppm": "Point-to-point noise over the median flux [ppm].",
    },
    packages=("eas-hello", "numpy"),
    summary="Level, scatter and noise of a light curve.",
    example={
        "job_name": "example_flux_statistics",
        "task_list": [
            {
                "task": "synthesis_transit",
                "outputs": {"lightcurve": "star.lc"},
                "specs": {"duration": 10, "orbital_period": 3, "semi_major_axis": 0.04, "noise": 0.001},
            },
            {"task": "flux_statistics", "inputs": {"lightcurve": "star.lc"}},
        ],
    },
)
