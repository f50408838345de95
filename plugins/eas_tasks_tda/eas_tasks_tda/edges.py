"""Light curves carried on beyond their edges, so that a running window is whole at the first and last sample.

A window at an edge sees one side only: a location estimate there is off by the slope of the star times a
quarter of the window, and the detrended light curve rises or falls beside every gap. A straight line through
the samples nearest to the edge takes the place of what is missing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eas_tasks_tda.bridging import parts_of, polynomial
from eas_tasks_tda.elliptic import FloatArray

_DEGREE = 1
_REACH = 0.5  # windows: so far from the edge samples shape its line
_FEWEST = 5  # samples that shape a line


@dataclass(frozen=True, kw_only=True)
class Extended:
    """Samples with those beyond the edges behind them; the parts are moved apart in time.

    `from_edge` is how far the samples without those are from the nearest edge of their part [d].
    """

    times: FloatArray
    fluxes: FloatArray
    good: NDArray[np.bool_]
    from_edge: FloatArray


def extended(
    times: FloatArray,
    fluxes: FloatArray,
    *,
    good: NDArray[np.bool_],
    window_days: float,
    longest_gap_days: float,
) -> Extended:
    """The samples, and lines at the spacing of the samples over half a window beyond both edges of each part.

    Args:
        times: Days, shape (n,), any order.
        fluxes: Any unit, shape (n,).
        good: The samples that shape the lines, finite.
        window_days: Length of the running window; the lines are fitted to half as much.
        longest_gap_days: A longer gap parts the samples; inf where none does.
    """
    finite = np.isfinite(times) & np.isfinite(fluxes)
    columns = [times.copy()], [fluxes]
    from_edge = np.full(len(times), np.inf)
    apart = 2 * window_days + (longest_gap_days if np.isfinite(longest_gap_days) else 0.0)
    for number, part in enumerate(parts_of(times, finite, longest_gap_days=longest_gap_days)):
        first, last = times[part[0]], times[part[-1]]
        from_edge[part] = np.minimum(times[part] - first, last - times[part])
        shift = number * apart
        columns[0][0][part] += shift
        known = part[good[part]]
        for edge, direction in ((first, -1), (last, 1)):
            near = known[np.abs(times[known] - edge) <= _REACH * window_days]
            if len(near) < _FEWEST:
                continue
            spacing = float(np.median(np.diff(times[near])))
            beyond = edge + direction * np.arange(spacing, window_days / 2, spacing)
            columns[0].append(beyond + shift)
            columns[1].append(polynomial(times[near], fluxes[near], at=beyond, degree=_DEGREE))
    moved, extended_fluxes = (np.concatenate(column) for column in columns)
    more = np.ones(len(moved) - len(times), dtype=np.bool_)
    return Extended(
        times=moved, fluxes=extended_fluxes, good=np.concatenate([good, more]), from_edge=from_edge
    )
