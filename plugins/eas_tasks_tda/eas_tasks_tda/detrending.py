"""Removing slow trends of star and instrument with the package wotan (Hippke et al. 2019, AJ 158, 143).

Samples near the transits of known planets may be left out, so that the trend passes beneath them. Methods
that fit a whole part of the light curve at once get a mask. Those with a running window (`RUNNING`) get the
transits bridged (`bridging`); what cannot be bridged, a transit at the edge of a part, is masked, and NaN for
the two that know no mask (`IN_CADENCES`), which gives it no trend.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eas_framework.errors import TaskFailed
from eas_tasks_tda.bridging import bridged
from eas_tasks_tda.detrend_settings import DetrendParameters
from eas_tasks_tda.detrend_window import Window, chosen_window
from eas_tasks_tda.edges import extended
from eas_tasks_tda.elliptic import FloatArray
from eas_tasks_tda.good_samples import flux_level, is_good
from eas_tasks_tda.prepare import CurveLike
from eas_tasks_tda.result import TransitResult
from eas_tasks_tda.rotation import rotation_period
from eas_tasks_tda.rotation_model import rotation_model, scatter_left
from eas_tasks_tda.several import near_transits

log = logging.getLogger(__name__)

IN_CADENCES = frozenset({"savgol", "medfilt"})  # they count samples instead of time, and know no mask
SLIDING = frozenset({
    "biweight", "andrewsinewave", "welsch", "hodges", "median", "mean", "trim_mean", "winsorize",
    "hampelfilt", "huber_psi", "tau",
})  # fmt: skip
"""Location estimates in a window of time, which an edge makes one-sided."""

MOST_LEFT = 1.5
"""Scatter over a few hours that the window may leave, in that of independent samples."""
ROTATING_WINDOW_DAYS = 0.6
"""The longest window behind a rotation model, for what of the spots it does not hold."""

RUNNING = IN_CADENCES | SLIDING | {"huber", "hampel", "ramsay", "lowess", "supersmoother"}


@dataclass(frozen=True, kw_only=True)
class Detrended:
    """Columns in the order of the input: fluxes about 1, and what was divided out (`trend`, input's unit).

    `protected` are the samples that were left out of the trend because they are near a known transit.
    """

    fluxes: FloatArray
    uncertainties: FloatArray
    flags: NDArray[np.int64]
    trend: FloatArray
    protected: NDArray[np.bool_]
    window: Window


def detrend(
    curve: CurveLike, *, parameters: DetrendParameters | None = None, planets: Sequence[TransitResult] = ()
) -> Detrended:
    """The light curve divided by its trend.

    Flagged samples do not shape the trend and stay flagged. Samples without a trend (NaN, edges, isolated
    ones, the transits at an edge) get NaN and flag 1. Uncertainties are divided by the trend as well.

    Args:
        curve: Times in days in any order, fluxes in any unit with a positive median.
        parameters: Method and windows; the defaults where not given.
        planets: Whose transits do not shape the trend, beside those of ``parameters.protect``.

    Raises:
        LightcurveError: No good sample, a median flux that is not positive, or times that cannot be days.
        TaskFailed: The method needs a package that is not installed, or cannot treat this curve.
    """
    parameters = parameters or DetrendParameters()
    times, fluxes = np.asarray(curve.times, dtype=np.float64), np.asarray(curve.fluxes, dtype=np.float64)
    good = is_good(curve)
    known = [*(planet.transits for planet in parameters.protect), *planets]
    protected = good & protected_samples(times, known, durations=parameters.protect_durations)
    shaping = good & ~protected
    where = f" outside of protected transits ({protected.sum()} inside)" if protected.any() else ""
    scale = flux_level(times[shaping], fluxes[shaping], purpose="detrending", where=where)
    window = chosen_window(times[shaping], fluxes[shaping], parameters=parameters)
    relative = fluxes / scale
    if parameters.method in RUNNING and protected.any():
        bridge = bridged(
            times,
            relative,
            shaping=shaping,
            protected=protected,
            reach_days=window.days,
            longest_gap_days=parameters.break_tolerance_days or np.inf,
        )
        relative, shaping = bridge.fluxes, shaping | bridge.filled
    trend, window = _best_trend(times, relative, good=shaping, parameters=parameters, window=window)
    trend *= scale
    trend = np.where(trend > 0, trend, np.nan)
    flat = fluxes / trend
    return Detrended(
        fluxes=flat,
        uncertainties=np.asarray(curve.uncertainties) / trend,
        flags=np.where(np.isfinite(flat), curve.flags, np.maximum(curve.flags, 1)),
        trend=trend,
        protected=protected,
        window=window,
    )


def protected_samples(
    times: FloatArray, planets: Sequence[TransitResult], *, durations: float
) -> NDArray[np.bool_]:
    """Which `times` [d] lie in so many durations around a mid-transit of any planet."""
    protected = np.zeros(len(times), dtype=np.bool_)
    for planet in planets:
        near = near_transits(times, planet, durations=durations)
        if not near.any():
            log.warning("no sample lies near a transit of the planet with t0 = %s d", planet.t0_days)
        protected |= near
    return protected


def _best_trend(
    times: FloatArray,
    fluxes: FloatArray,
    *,
    good: NDArray[np.bool_],
    parameters: DetrendParameters,
    window: Window,
) -> tuple[FloatArray, Window]:
    """The trend, which holds the rotation of a star too fast for the window, and the window that slid."""
    trend_of = _whole_trend if parameters.method in SLIDING else _trend
    trend = trend_of(times, fluxes, good=good, parameters=parameters, window_days=window.days)
    if parameters.rotation_model == "never":
        return trend, window
    left = scatter_left(times, fluxes / trend, good=good)
    if left < MOST_LEFT:
        return trend, window
    rotation = window.rotation or rotation_period(times[good], fluxes[good])
    if rotation is None or window.days <= parameters.rotation_fraction * rotation.period_days:
        return trend, window
    model = rotation_model(times, fluxes, good=good, period_days=rotation.period_days)
    days = min(window.days, ROTATING_WINDOW_DAYS)
    rest = trend_of(times, fluxes / model, good=good, parameters=parameters, window_days=days)
    if scatter_left(times, fluxes / (model * rest), good=good) >= left:
        return trend, window
    log.info("the star rotates in %.3g d; its harmonics are divided out", rotation.period_days)
    return model * rest, Window(days=days, origin="rotation_model", rotation=rotation)


def _whole_trend(
    times: FloatArray,
    fluxes: FloatArray,
    *,
    good: NDArray[np.bool_],
    parameters: DetrendParameters,
    window_days: float,
) -> FloatArray:
    """As `_trend`, with windows that are whole at the edges of each part."""
    longest = parameters.break_tolerance_days or np.inf
    more = extended(times, fluxes, good=good, window_days=window_days, longest_gap_days=longest)
    uncut = parameters.model_copy(update={"edge_cutoff_days": 0.0})
    trend = _trend(more.times, more.fluxes, good=more.good, parameters=uncut, window_days=window_days)
    cut = more.from_edge < parameters.edge_cutoff_days
    return np.where(cut, np.nan, trend[: len(times)])


def _trend(
    times: FloatArray,
    fluxes: FloatArray,
    *,
    good: NDArray[np.bool_],
    parameters: DetrendParameters,
    window_days: float,
) -> FloatArray:
    """Wotan's trend of fluxes with median 1; NaN where it has none."""
    import wotan

    arguments: dict[str, Any] = {"window_length": window_days, "mask": ~good}
    if parameters.method in IN_CADENCES:
        fluxes = np.where(good, fluxes, np.nan)
        arguments = {"window_length": _window_in_cadences(times[good], window_days)}
    if parameters.method == "gp":
        arguments |= {"kernel": "squared_exp", "kernel_size": window_days}
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
    parameters = DetrendParameters()
    _trend(times, 1 + 1e-3 * np.sin(times), good=times > 0, parameters=parameters, window_days=1.0)
