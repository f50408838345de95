"""The task type `over_median`: a light curve in, a light curve out. The handler takes three lines."""

import numpy as np

from eas_framework.lightcurve import LightcurveArbitraryRaster
from eas_framework.plugins import FileSlot, TaskType
from eas_framework.task_io import read_lightcurve, write_lightcurve
from eas_framework.task_objects import TaskExecutionAttempt


def over_median(curve: LightcurveArbitraryRaster) -> LightcurveArbitraryRaster:
    """The curve with fluxes and uncertainties over the median flux of its good samples."""
    level = float(np.nanmedian(curve.fluxes[curve.flags == 0]))
    return curve.with_columns(fluxes=curve.fluxes / level, uncertainties=curve.uncertainties / level)


def handler(attempt: TaskExecutionAttempt) -> None:
    curve = read_lightcurve(attempt)
    relative = over_median(curve)
    write_lightcurve(attempt, "lightcurve", relative, sample_count=len(relative))


TASK_TYPE = TaskType(
    name="over_median",
    handler=handler,
    inputs=(FileSlot(name="lightcurve"),),
    outputs=(FileSlot(name="lightcurve"),),
    summary="Fluxes over their median.",
)
