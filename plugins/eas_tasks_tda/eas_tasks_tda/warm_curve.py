"""A small light curve on which searches are compiled."""

from __future__ import annotations

import numpy as np

from eas_tasks_tda.prepare import CleanCurve


def curve_with_dips() -> CleanCurve:
    """Twenty days with a dip every five, and a faint wave."""
    times = np.arange(0.0, 20.0, 0.02)
    fluxes = 1 + 1e-4 * np.sin(times * 37.0)
    fluxes[np.remainder(times, 5.0) < 0.15] -= 1e-2
    return CleanCurve.clean(times, fluxes)
