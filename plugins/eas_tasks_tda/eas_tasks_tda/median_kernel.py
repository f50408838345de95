"""The inner loop of the running median."""

from __future__ import annotations

from typing import Any

import numpy as np

from eas_tasks_tda.compiled import kernel


@kernel
def toggle(is_inside: Any, rank: int, middle: int) -> int:
    """Take a rank into the window, or out of it; the change of the number of ranks below `middle`."""
    is_inside[rank] = not is_inside[rank]
    if rank >= middle:
        return 0
    return 1 if is_inside[rank] else -1


@kernel
def medians_of_windows(values: Any, order: Any, first: Any, last: Any, medians: Any) -> None:
    """Write the median of each window ``first[i] <= k < last[i]`` of samples, none of them empty.

    Args:
        values: Of the samples, increasing, shape (m,).
        order: Number of the sample at each place of `values`, shape (m,).
        first: First sample of each window, shape (n,).
        last: Sample behind each window, shape (n,).
        medians: Written, shape (n,).
    """
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.arange(len(order))
    is_inside = np.zeros(len(order), np.bool_)
    left = right = first[0]
    middle, below = 0, 0  # rank of the lower median, and how many in the window lie below it
    for i in range(len(first)):
        for k in range(min(left, first[i]), max(left, first[i])):
            below += toggle(is_inside, ranks[k], middle)
        for k in range(min(right, last[i]), max(right, last[i])):
            below += toggle(is_inside, ranks[k], middle)
        left, right = first[i], last[i]
        wanted = (right - left - 1) // 2
        while below > wanted:
            middle -= 1
            below -= 1 if is_inside[middle] else 0
        while below < wanted or not is_inside[middle]:
            below += 1 if is_inside[middle] else 0
            middle += 1
        upper = middle
        if (right - left) % 2 == 0:
            upper += 1
            while not is_inside[upper]:
                upper += 1
        medians[i] = 0.5 * (values[middle] + values[upper])
