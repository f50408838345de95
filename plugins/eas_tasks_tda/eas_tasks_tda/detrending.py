"""Removing slow trends of star and instrument with the package wotan (Hippke et al. 2019, AJ 158, 143)."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from eas_framework.errors import LightcurveError, TaskFailed
from eas_tasks_tda.elliptic import FloatArray
from eas_tasks_tda.prepare import CurveLike, check_times_are_days

Method = Literal[
    "biweight", "andrewsinewave", "welsch", "hodges", "median", "mean", "trim_mean", "winsorize",
    "hampelfilt", "huber_psi", "tau", "lowess", "cofiam", "cosine", "rspline", "savgol", "medfilt",
    "hspline", "pspline", "huber", "hampel", "ramsay", "supersmoother", "gp", "ridge", "lasso", "elasticnet",
]  # fmt: skip
IN_CADENCES = frozenset({"savgol", "medfilt"})  # they count samples instead of time, and know no mask


class DetrendParameters(BaseModel):
    """Keys of a detrending task."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    method: Method = Field("biweight", description="Method of wotan; those after medfilt need more packages.")
    window_days: float = Field(1.0, gt=0, description="Length of the window, or the scale of the method [d].")
    break_tolerance_days: float = Field(
        0.5, ge=0, description="Gaps longer than this part the light curve [d]; 0 never does."
    )
    edge_cutoff_days: float = Field(
        0.0, ge=0, description="Samples this near to an edge of a part get no trend and are flagged [d]."
    )


@dataclass(frozen=True, kw_only=True)
class Detrended:
    """Columns in the order of the input: fluxes about 1, and what was divided out (`trend`, input's unit)."""

    fluxes: FloatArray
    uncertainties: FloatArray
    flags: NDArray[np.int64]
    trend: FloatArray


def detrend(curve: CurveLike, *, parameters: DetrendParameters | None = None) -> Detrended:
    """The light curve divided by its trend.

    Flagged samples do not shape the trend and stay flagged. Samples without a trend (NaN, edges, isolated
    ones) get NaN and flag 1. Uncertainties are divided by the trend as well.

    Args:
        curve: Times in days in any order, fluxes in any unit with a positive median.
        parameters: Method and windows; the defaults where not given.

    Raises:
        LightcurveError: No good sample, a median flux that is not positive, or times that cannot be days.
        TaskFailed: The method needs a package that is not installed, or cannot treat this curve.
    """
    parameters = parameters or DetrendParameters()
    fluxes = np.asarray(curve.fluxes, dtype=np.float64)
    good = np.isfinite(curve.times) & np.isfinite(fluxes) & (np.asarray(curve.flags) == 0)
    scale = _scale(np.asarray(curve.times)[good], fluxes[good])
    trend = scale * _trend(curve.times, fluxes / scale, good=good, parameters=parameters)
    trend = np.where(trend > 0, trend, np.nan)
    flat = fluxes / trend
    return Detrended(
        fluxes=flat,
        uncertainties=np.asarray(curve.uncertainties) / trend,
        flags=np.where(np.isfinite(flat), curve.flags, np.maximum(curve.flags, 1)),
        trend=trend,
    )


def _scale(times: FloatArray, fluxes: FloatArray) -> float:
    """Median of the good fluxes, once they are known to be fit for detrending."""
    if len(times) < 2:
        raise LightcurveError(f"the light curve has {len(times)} good samples; detrending needs at least 2")
    check_times_are_days(np.sort(times))
    median = float(np.median(fluxes))
    if not median > 0:
        raise LightcurveError(
            f"the median flux is {median:g}: the trend is divided out, so fluxes must be above zero"
        )
    return median


def _trend(
    times: FloatArray, fluxes: FloatArray, *, good: NDArray[np.bool_], parameters: DetrendParameters
) -> FloatArray:
    """Wotan's trend of fluxes with median 1; NaN where it has none."""
    import wotan

    arguments: dict[str, Any] = {"window_length": parameters.window_days, "mask": ~good}
    if parameters.method in IN_CADENCES:
        fluxes = np.where(good, fluxes, np.nan)
        arguments = {"window_length": _window_in_cadences(times[good], parameters.window_days)}
    if parameters.method == "gp":
        arguments |= {"kernel": "squared_exp", "kernel_size": parameters.window_days}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # points without a trend, which are flagged here
            _, trend = wotan.flatten(
                times,
                fluxes,
                method=parameters.method,
                break_tolerance=parameters.break_tolerance_days,
                edge_cutoff=parameters.edge_cutoff_days,
                return_trend=True,
                **arguments,
            )
    except ImportError as error:
        raise TaskFailed(
            f"detrend_wotan: method {parameters.method!r} needs a package that is not installed "
            f"({error}); biweight, the default, needs none"
        ) from error
    except (ValueError, np.linalg.LinAlgError) as error:
        raise TaskFailed(f"detrend_wotan: {parameters.method} cannot treat this curve: {error}") from error
    found: FloatArray = np.asarray(trend, dtype=np.float64)
    return found


def _window_in_cadences(times: FloatArray, window_days: float) -> int:
    """The window as an odd number of samples, at least 3."""
    cadence = float(np.median(np.diff(np.sort(times))))
    return max(3, 2 * int(window_days / cadence / 2) + 1)


def warm_up() -> None:
    """Compile, or load from numba's cache, what the default method needs."""
    times = np.arange(0.0, 3.0, 0.05)
    _trend(times, 1 + 1e-3 * np.sin(times), good=times > 0, parameters=DetrendParameters())
