"""``verify``: what a light curve covers, and whether its raster is regular."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eas_framework.errors import LightcurveError
from eas_framework.plugins.task import FileSlot, TaskType
from eas_framework.task_io import read_lightcurve, record_metadata
from eas_framework.tasks.parameters import NoKeys

if TYPE_CHECKING:
    from eas_framework.lightcurve import Lightcurve
    from eas_framework.task_objects import TaskExecutionAttempt

_MISSING_POINTS_LOGGED = 4


def verification(curve: Lightcurve) -> dict[str, Any]:
    """What ``verify`` records of a light curve; extremes are those of its finite values, None without any.

    A curve whose times cannot be a raster (too few, or not increasing) is not regular; the text says why.
    """
    import numpy as np  # late: listing task types needs no numpy

    times, fluxes = curve.get_times(), curve.get_fluxes()
    finite_times, finite_fluxes = times[np.isfinite(times)], fluxes[np.isfinite(fluxes)]
    try:
        departures = curve.check_fixed_step(verbose=True, max_errors=_MISSING_POINTS_LOGGED)
        regularity: dict[str, Any] = {"verification": departures == 0, "verification_departures": departures}
    except LightcurveError as error:
        regularity = {"verification": False, "verification_reason": str(error)}
    return {
        "verification_time_min": float(finite_times.min()) if finite_times.size else None,
        "verification_time_max": float(finite_times.max()) if finite_times.size else None,
        "verification_flux_min": float(finite_fluxes.min()) if finite_fluxes.size else None,
        "verification_flux_max": float(finite_fluxes.max()) if finite_fluxes.size else None,
        "verification_samples": len(curve),
        "verification_samples_flagged": int(np.count_nonzero(curve.get_flags())),
        **regularity,
    }


def handler(attempt: TaskExecutionAttempt) -> None:
    """Record what the input covers and whether it is regular."""
    record_metadata(attempt, **verification(read_lightcurve(attempt)))


TASK_TYPE = TaskType(
    name="verify",
    handler=handler,
    parameters=NoKeys,
    inputs=(FileSlot(name="lightcurve", summary="Any light curve."),),
    outputs=(),
    metadata={
        "verification_time_min": "first time [d]",
        "verification_time_max": "last time [d]",
        "verification_flux_min": "lowest flux [the curve's unit]",
        "verification_flux_max": "highest flux [the curve's unit]",
        "verification_samples": "number of samples",
        "verification_samples_flagged": "number of samples with a flag",
        "verification_departures": "raster points without a sample, and samples beside the raster",
        "verification_reason": "why the times cannot be a raster",
        "verification": "whether the raster is regular",
    },
    summary="Record what a light curve covers, and whether its raster is regular.",
    example={"task": "verify", "inputs": {"lightcurve": "star.npy"}},
)
