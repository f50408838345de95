"""Flagging outliers: sigma clipping about a running median.

Flares and cosmic rays lie above the star's flux, transits below: the limits on the two sides are apart, and
by default there is none below. A star that varies much within a window sticks out of its own running median:
detrend it first, or shorten the window.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from eas_framework.errors import LightcurveError
from eas_tasks_tda.elliptic import FloatArray
from eas_tasks_tda.good_samples import FEWEST_GOOD, is_good
from eas_tasks_tda.prepare import MAD_TO_SIGMA, CurveLike, check_times_are_days, neighbour_scatter
from eas_tasks_tda.running_median import running_median

log = logging.getLogger(__name__)

CLIPPED_FLAG = 1
MANY = 0.01  # of the good samples: more outliers than this are worth a warning


class ClipParameters(BaseModel):
    """Keys of a clipping task."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    sigma_upper: float | None = Field(
        5.0,
        gt=0,
        description="Samples more standard deviations above the running median are flagged; null: none.",
    )
    sigma_lower: float | None = Field(
        None, gt=0, description="The same below it; null, the default, leaves dips alone: transits are dips."
    )
    window_days: float = Field(
        1.0, gt=0, description="Length of the running median's window, longer than two transits [d]."
    )
    iterations: int = Field(
        5, ge=1, le=100, description="Rounds at most; each leaves out what those before have flagged."
    )

    @model_validator(mode="after")
    def _must_clip(self) -> Self:
        if self.sigma_upper is None and self.sigma_lower is None:
            raise ValueError("sigma_upper and sigma_lower are both null; give one of them, or leave it out")
        return self


@dataclass(frozen=True, kw_only=True)
class Clipped:
    """What became of a light curve's samples.

    Attributes:
        flags: Those of the input, and 1 for outliers, shape (n,).
        above: Number of samples flagged because they lie above the running median.
        below: Number of those below it.
        scatter: Standard deviation about the running median in the last round, the curve's unit; None where
            fewer than two samples are good.
    """

    flags: NDArray[np.int64]
    above: int
    below: int
    scatter: float | None


def clip(curve: CurveLike, *, parameters: ClipParameters | None = None) -> Clipped:
    """Flags for a light curve whose outliers are flagged; no sample is changed or left out.

    The standard deviation is 1.4826 times the median distance from the running median, or that of the noise
    between neighbours where it is larger (on slopes the median follows the samples); one number for the whole
    curve. Flagged and NaN samples shape neither and stay as they are, and so do the first sample and the
    last, and those beside gaps longer than half a window, which have nothing on one side.
    Where all samples are equal none is an outlier.

    Args:
        curve: Times in days in any order, fluxes in any unit and about any level.
        parameters: Limits and window; the defaults where not given.

    Raises:
        LightcurveError: Times that cannot be days, or a window in which most samples have no neighbours.
    """
    parameters = parameters or ClipParameters()
    flags = np.array(curve.flags, dtype=np.int64)
    good = np.flatnonzero(is_good(curve))
    good = good[np.argsort(curve.times[good], kind="stable")]
    _check_window(curve.times[good], window_days=parameters.window_days)
    count = len(good)
    above, below, scatter = 0, 0, None
    for _ in range(parameters.iterations if count >= FEWEST_GOOD else 0):
        is_high, is_low, scatter = _outliers(curve.times[good], curve.fluxes[good], parameters)
        is_outlier = is_high | is_low
        if not is_outlier.any():
            break
        above += int(np.count_nonzero(is_high))
        below += int(np.count_nonzero(is_low))
        flags[good[is_outlier]] = CLIPPED_FLAG
        good = good[~is_outlier]
    _warn_of_many(above + below, count, window_days=parameters.window_days)
    return Clipped(flags=flags, above=above, below=below, scatter=scatter)


def _check_window(times: FloatArray, *, window_days: float) -> None:
    """Refuse times that cannot be days, and a window that holds single samples."""
    if len(times) < FEWEST_GOOD:
        return
    check_times_are_days(times)
    cadence = float(np.median(np.diff(times)))
    if window_days < 2 * cadence:
        raise LightcurveError(
            f"window_days = {window_days:g} holds no neighbours of most samples, which are {cadence:g} d "
            "apart; give a window of many samples"
        )


def _outliers(
    times: FloatArray, fluxes: FloatArray, parameters: ClipParameters
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], float]:
    """Which fluxes are too high, which too low, and the standard deviation; samples in order of time."""
    residuals = fluxes - running_median(times, fluxes, window_days=parameters.window_days)
    scatter = max(MAD_TO_SIGMA * float(np.median(np.abs(residuals))), neighbour_scatter(fluxes))
    upper, lower = (
        np.inf if limit is None or scatter == 0 else limit * scatter
        for limit in (parameters.sigma_upper, parameters.sigma_lower)
    )
    return residuals > upper, residuals < -lower, scatter


def _warn_of_many(flagged: int, count: int, *, window_days: float) -> None:
    """Say it where so much is flagged that it will be the star and not outliers."""
    if flagged > MANY * count:
        log.warning(
            "%d of %d good samples are flagged; if the star varies within %g d, detrend it first, or give "
            "a shorter window_days",
            flagged,
            count,
            window_days,
        )


def warm_up() -> None:
    """Compile, or load from numba's cache, what the running median needs."""
    running_median(np.arange(3.0), np.arange(3.0), window_days=1.0)
