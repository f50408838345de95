"""How strongly the data ask for transits: one number for all searches, on which probabilities are defined."""

from __future__ import annotations

import math

import numpy as np

from eas_tasks_tda.prepare import CleanCurve
from eas_tasks_tda.refine import Peak, transit_shape

_PARTS_PER_DURATION = 20


def detection_statistic(curve: CleanCurve, peak: Peak) -> float:
    """Square root of the drop of χ² that transits bring, for the best depth and level; 0 for a brightening.

    With a the shape of the transits averaged over the exposures, f the fluxes, w inverse variances and bars
    weighted means: ``Σ w (a - ā)(f̄ - f) / sqrt(Σ w (a - ā)²)``. Standard normal where the noise is white and
    the transits were not looked for; the depth of the fit over its standard deviation.
    """
    phases = np.abs(peak.phases(curve.times))
    reach = (peak.duration + curve.cadence_days) / 2
    near = phases < reach
    parts = max(1, math.ceil(_PARTS_PER_DURATION * curve.cadence_days / peak.duration))
    offsets = curve.cadence_days * ((np.arange(parts) + 0.5) / parts - 0.5)
    shape = np.zeros(np.count_nonzero(near))
    signed = peak.phases(curve.times[near])
    for offset in offsets:
        shape += transit_shape(2 * (signed + offset) / peak.duration) / parts
    weights = curve.sigmas**-2
    total = weights.sum()
    level = float(weights @ curve.fluxes / total)
    inside = weights[near]
    norm = float(inside @ shape**2 - (inside @ shape) ** 2 / total)
    projection = float(inside @ (shape * (level - curve.fluxes[near])))
    return projection / math.sqrt(norm) if norm > 0 and projection > 0 else 0.0
