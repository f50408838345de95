"""Task `synthesis_batman`: the light curve of `synthesis_transit` computed by batman (Kreidberg 2015).

batman is a separate package under the GPL; it is imported only here, and only when such a task runs.
"""

from __future__ import annotations

import math

import numpy as np

from eas_framework.errors import TaskFailed
from eas_framework.plugins import Resources, TaskType
from eas_tasks_tda import examples
from eas_tasks_tda.elliptic import FloatArray
from eas_tasks_tda.synthesis import EXPOSURE_PART_SECONDS, SECONDS_PER_DAY
from eas_tasks_tda.synthesis_settings import BatmanParameters, TransitSpecs
from eas_tasks_tda.synthesis_transit import CURVE_OUT, SYNTHESIS_METADATA, synthesis


def batman_flux(specs: TransitSpecs, times: FloatArray) -> FloatArray:
    """Flux without noise at `times` [d] from batman; raises `TaskFailed` where batman is not installed."""
    try:
        import batman
    except ImportError as error:
        raise TaskFailed(
            "synthesis_batman needs batman, which is not installed: pip install 'eas-tasks-tda[batman]' "
            "(GPL); synthesis_transit makes the same light curve without it"
        ) from error
    planet = batman.TransitParams()
    planet.t0, planet.per = specs.t0, specs.orbital_period
    planet.rp, planet.a = specs.radius_ratio, specs.axis_in_stellar_radii
    planet.inc = math.degrees(specs.inclination)
    planet.ecc, planet.w = specs.eccentricity, specs.argument_of_periastron
    planet.limb_dark, planet.u = "quadratic", [specs.u1, specs.u2]
    exposure: dict[str, float] = {}
    if specs.exposure_time is not None:
        parts = max(5, math.ceil(specs.exposure_time / EXPOSURE_PART_SECONDS))
        exposure = {"supersample_factor": parts, "exp_time": specs.exposure_time / SECONDS_PER_DAY}
    flux: FloatArray = np.asarray(batman.TransitModel(planet, times, **exposure).light_curve(planet))
    return flux


TASK_TYPE = TaskType(
    name="synthesis_batman",
    handler=synthesis(BatmanParameters, batman_flux),
    resources=Resources(cpu=1, memory_gb=1),
    parameters=BatmanParameters,
    inputs=(),
    outputs=CURVE_OUT,
    metadata=SYNTHESIS_METADATA,
    uses_seed=True,
    packages=("batman-package", "numpy"),
    summary="Make the light curve of synthesis_transit with batman (optional, GPL).",
    example=examples.synthesis_job("synthesis_batman"),
)
