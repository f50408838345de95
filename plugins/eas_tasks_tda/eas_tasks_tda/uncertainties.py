"""How well a fit knows period, epoch and duration of its transits.

For a trapezoid of total signal-to-noise ratio Q, duration T (middle of ingress to middle of egress) and
ingress τ, Carter et al. (2008), ApJ 689, 499, give ``σ(t_c) = sqrt(τ T / 2) / Q`` and
``σ(T) = sqrt(2 τ T) / Q``. An exposure longer than the ingress takes its place (Price & Rogers 2014, ApJ
794, 92). The curvature of χ² at the best point misses this where the samples are so sparse
that χ² is a staircase.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from eas_tasks_tda.prepare import CleanCurve
from eas_tasks_tda.refine import IMPACT, Peak
from eas_tasks_tda.transit_depths import TransitDepths


@dataclass(frozen=True, kw_only=True)
class TimingSigmas:
    """Standard deviations in days."""

    period: float | None
    t0: float
    duration: float


def ingress_days(duration_days: float, depth: float) -> float:
    """Duration of ingress of a planet on a chord at 0.3 stellar radii; at most half of the transit."""
    ratio = math.sqrt(min(max(depth, 0.0), 1.0))
    outer, inner = ((1 + sign * ratio) ** 2 - IMPACT**2 for sign in (1, -1))
    if inner <= 0:
        return duration_days / 2
    return duration_days * (1 - math.sqrt(inner / outer)) / 2


def trapezoid_sigmas(
    curve: CleanCurve, peak: Peak, transits: TransitDepths, *, depth: float, snr: float
) -> TimingSigmas:
    """Standard deviations for white noise; that of the period is None for a single transit.

    Args:
        curve: For its cadence, which stands for the exposure.
        peak: The transits.
        transits: Which of them have data, and how good they are.
        depth: Positive fraction of the flux.
        snr: Of all transits together.
    """
    ingress = ingress_days(peak.duration, depth)
    length = max(peak.duration - ingress, ingress)
    blurred = _blurred(ingress, curve.cadence_days)
    centre = math.sqrt(blurred * length / 2) / snr
    weights = transits.sigmas**-2
    middle = float(np.average(transits.epochs, weights=weights))
    spread = math.sqrt(float(np.average((transits.epochs - middle) ** 2, weights=weights)))
    period = centre / spread if spread > 0 else None
    return TimingSigmas(
        period=period,
        t0=math.hypot(centre, middle * (period or 0.0)),
        duration=2 * centre,
    )


def _blurred(ingress: float, exposure: float) -> float:
    """The ingress that gives the same uncertainty without blurring by the exposure."""
    if ingress >= exposure:
        return ingress / (1 - exposure / (3 * ingress))
    return exposure / (1 - ingress / (3 * exposure))
