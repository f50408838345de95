"""``binning``: a light curve averaged onto a coarser regular raster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from eas_framework.errors import LightcurveError
from eas_framework.plugins.task import FileSlot, TaskType
from eas_framework.task_io import read_lightcurve, record_metadata, task_parameters, write_lightcurve
from eas_framework.tasks.parameters import NoKeys

if TYPE_CHECKING:
    from eas_framework.lightcurve import Lightcurve, LightcurveArbitraryRaster
    from eas_framework.task_objects import TaskExecutionAttempt

SECONDS_PER_DAY = 86400.0


class BinningKeys(NoKeys):
    """Keys of ``binning``."""

    cadence: float = Field(
        gt=0, allow_inf_nan=False, description="Time between new samples.", json_schema_extra={"unit": "s"}
    )
    drop_bad_samples: bool = Field(True, description="Leave NaN and flagged samples out of the means.")


def bin_lightcurve(
    curve: Lightcurve, *, cadence_seconds: float, drop_bad_samples: bool = True
) -> LightcurveArbitraryRaster:
    """The curve at ``arange(first, last, cadence)``: means over bins centred there, with their uncertainties.

    With `drop_bad_samples`, a bin with a few bad samples is the mean of its good ones, and flagged when at
    least half of it is missing; otherwise a bad sample makes its bin bad.

    Raises:
        LightcurveError: Fewer than two samples are left, or fewer than two bins fit.
    """
    import numpy as np  # late: listing task types needs no numpy

    from eas_framework.lightcurve import LightcurveArbitraryRaster
    from eas_framework.lightcurve_resample import LightcurveResampler

    times = curve.get_times()
    raster = np.arange(times.min(), times.max(), cadence_seconds / SECONDS_PER_DAY) if len(curve) else times
    if len(raster) < 2:
        raise LightcurveError(
            f"a light curve of {len(curve)} samples has no two bins of {cadence_seconds:g} s; "
            "give a shorter cadence"
        )
    is_wanted = np.ones(len(curve), dtype=bool)
    if drop_bad_samples:
        is_wanted = (curve.flags == 0) & np.isfinite(curve.fluxes)
    samples = LightcurveArbitraryRaster(
        times[is_wanted],
        curve.fluxes[is_wanted],
        curve.uncertainties[is_wanted],
        curve.flags[is_wanted],
        curve.metadata,
    )
    return LightcurveResampler(samples).onto_raster(raster)


def handler(attempt: TaskExecutionAttempt) -> None:
    """Write the binned curve, with the metadata of the input."""
    parameters = task_parameters(attempt, BinningKeys)
    curve = read_lightcurve(attempt)
    binned = bin_lightcurve(
        curve, cadence_seconds=parameters.cadence, drop_bad_samples=parameters.drop_bad_samples
    )
    write_lightcurve(attempt, "lightcurve", binned)
    record_metadata(attempt, binning_samples_in=len(curve), binning_samples_out=len(binned))


TASK_TYPE = TaskType(
    name="binning",
    handler=handler,
    parameters=BinningKeys,
    inputs=(FileSlot(name="lightcurve", summary="Any light curve."),),
    outputs=(FileSlot(name="lightcurve", summary="The curve on the regular raster."),),
    metadata={
        "binning_samples_in": "number of samples of the input",
        "binning_samples_out": "number of samples of the output",
    },
    summary="Average a light curve onto a regular raster; flux is conserved, errors shrink by 1/sqrt(n).",
    example={
        "task": "binning",
        "cadence": 1800.0,
        "inputs": {"lightcurve": "star.npy"},
        "outputs": {"lightcurve": "star_binned.npy"},
    },
)
