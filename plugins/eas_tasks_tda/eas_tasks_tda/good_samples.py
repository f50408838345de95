"""Which samples of a light curve are good, and how bright the star is in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eas_framework.errors import LightcurveError
from eas_tasks_tda.elliptic import FloatArray
from eas_tasks_tda.prepare import CurveLike, check_times_are_days

FEWEST_GOOD = 2


def is_good(curve: CurveLike) -> NDArray[np.bool_]:
    """Whether each sample has a time and a flux and no flag, shape (n,)."""
    good: NDArray[np.bool_] = np.isfinite(curve.times) & np.isfinite(curve.fluxes) & (curve.flags == 0)
    return good


def flux_level(
    times: FloatArray,
    fluxes: FloatArray,
    *,
    purpose: str,
    where: str = "",
    average: Callable[[FloatArray], Any] = np.median,
) -> float:
    """Average of good fluxes, once they are known to be fit to be divided by it.

    Args:
        times: Of the good samples [d], any order.
        fluxes: Any unit.
        purpose: What needs them, for errors.
        where: Which part of the light curve they are, for errors.
        average: `np.median` or `np.mean`.

    Raises:
        LightcurveError: Fewer than two samples, a level that is not positive, or times that cannot be days.
    """
    if len(times) < FEWEST_GOOD:
        raise LightcurveError(
            f"the light curve has {len(times)} good samples{where}; {purpose} needs at least {FEWEST_GOOD}"
        )
    check_times_are_days(np.sort(times))
    level = float(average(fluxes))
    if not level > 0:
        raise LightcurveError(
            f"the {average.__name__} flux is {level:g}: {purpose} needs fluxes above zero; add 1 to relative "
            "deviations"
        )
    return level
