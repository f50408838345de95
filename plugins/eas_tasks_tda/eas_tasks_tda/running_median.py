"""The median of the samples around each sample, in windows of time.

From window to window few samples change. The samples of a stretch of windows are ranked once; which of the
ranks lie in the window is kept in a table, and the rank of the median moves by as many places as the window
changed. The cost is that of sorting, whatever the length of the window (compare Suomela 2014,
arXiv:1406.1717).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eas_tasks_tda.elliptic import FloatArray

_SHORTEST_STRETCH = 256


def running_median(times: FloatArray, values: FloatArray, *, window_days: float) -> FloatArray:
    """Median of each value, and of as many before it as after it in a window of time, shape (n,).

    On a slope the median lags where a window reaches further to one side, so that none does: at the ends and
    beside gaps windows hold fewer samples, and the first sample and the last are medians of their own.

    Args:
        times: Days, shape (n,), in order, finite.
        values: Any unit, shape (n,), finite.
        window_days: Length of the window, with the sample in its middle.
    """
    from eas_tasks_tda.median_kernel import medians_of_windows  # late: loads numba

    reach = _reach(times, window_days=window_days)
    medians = np.empty(len(times))
    start = 0
    while start < len(times):
        stop = min(start + max(_SHORTEST_STRETCH, 2 * int(reach[start])), len(times))
        middle = np.arange(start, stop)
        first, last = middle - reach[start:stop], middle + reach[start:stop] + 1
        near = slice(first.min(), last.max())
        order = np.argsort(values[near], kind="stable")
        windows = (first - near.start, last - near.start)
        medians_of_windows(values[near][order], order, *windows, medians[start:stop])
        start = stop
    return medians


def _reach(times: FloatArray, *, window_days: float) -> NDArray[np.int64]:
    """How many samples on each side of each one lie in its window: the smaller of both numbers."""
    here = np.arange(len(times))
    before = here - np.searchsorted(times, times - window_days / 2, side="left")
    after = np.searchsorted(times, times + window_days / 2, side="right") - 1 - here
    reach: NDArray[np.int64] = np.minimum(before, after)
    return reach
