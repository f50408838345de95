"""The length of the window of a detrending: as given, or from the rotation of the star."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Literal

from eas_tasks_tda.detrend_settings import DetrendParameters
from eas_tasks_tda.elliptic import FloatArray
from eas_tasks_tda.rotation import Rotation, rotation_period

log = logging.getLogger(__name__)

WINDOW_OVER_TRANSIT = 3.0  # a shorter one eats into transits (Hippke et al. 2019, AJ 158, 143)


@dataclass(frozen=True, kw_only=True)
class Window:
    """A window's length, the parameter that set it, and the rotation that was seen where one was sought."""

    days: float
    origin: Literal["window_days", "rotation", "longest_transit_hours", "rotation_model"] = "window_days"
    rotation: Rotation | None = None


def chosen_window(times: FloatArray, fluxes: FloatArray, *, parameters: DetrendParameters) -> Window:
    """The window for a light curve.

    A running mean over the window w leaves ``1 - sin(πw/P) / (πw/P)`` of a sine of period P in the fluxes:
    1.6 % for the default of w = P / 10.

    Args:
        times: Days, shape (n,), of good samples outside of known transits, any order.
        fluxes: Any unit, shape (n,).
        parameters: What the job says.
    """
    if parameters.window == "fixed":
        return Window(days=parameters.window_days)
    rotation = rotation_period(times, fluxes)
    if rotation is None:
        log.info("no rotation period stands out; the window is window_days, %g d", parameters.window_days)
        return Window(days=parameters.window_days)
    wanted = parameters.rotation_fraction * rotation.period_days
    shortest = WINDOW_OVER_TRANSIT * parameters.longest_transit_hours / 24
    if wanted < shortest:
        log.info(
            "the star rotates in %.3g d; the window is %g d, for transits of up to %g h",
            rotation.period_days,
            shortest,
            parameters.longest_transit_hours,
        )
        return Window(days=shortest, origin="longest_transit_hours", rotation=rotation)
    log.info("the star rotates in %.3g d; the window is %.3g d", rotation.period_days, wanted)
    return Window(days=wanted, origin="rotation", rotation=rotation)
