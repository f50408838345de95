"""The best box in a folded profile, with the fastest inner loops that this installation offers."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np

from eas_tasks_tda import plain_kernels
from eas_tasks_tda.compiled import is_compiling, kernel

log = logging.getLogger(__name__)

loops: Any = plain_kernels
try:
    from eas_tasks_tda import vector_kernels
except ImportError as error:  # they use parts of numba that may move
    log.warning("the search takes twice as long: its vector instructions are not available (%s)", error)
else:
    loops = vector_kernels if is_compiling() else plain_kernels

add, add_three, add_four = loops.add, loops.add_three, loops.add_four
whiten, whiten_four = loops.whiten, loops.whiten_four
boxes_1_3, boxes_1_5, boxes_1_7 = loops.boxes_1_3, loops.boxes_1_5, loops.boxes_1_7
boxes_4_5, boxes_4_7, boxes_6_7 = loops.boxes_4_5, loops.boxes_4_7, loops.boxes_6_7

WIDTHS = tuple(range(1, 8))  # of boxes, bins
HALO = 16  # bins that are read beyond the last phase
LAST_SHORT, LAST_MEDIUM = 3, 5
SHORT, MEDIUM, LONG = 1, 2, 4  # groups of boxes; a set of groups is their sum


@kernel
def padded(n: int) -> int:
    """The next multiple of the number of bins that inner loops treat as one."""
    return (n + plain_kernels.LANES - 1) // plain_kernels.LANES * plain_kernels.LANES


@kernel
def active_boxes(norm: Any, trials: Any, period: int) -> int:
    """Write the norms of the boxes possible at a period to `norm`, 0 for others; gives the groups in use."""
    groups = 0
    for i in range(len(norm)):
        norm[i] = 0
        if period + 1 > trials.shortest[i] and period < trials.longest[i]:
            norm[i] = trials.norm[i]
            groups |= SHORT if i < LAST_SHORT else MEDIUM if i < LAST_MEDIUM else LONG
    return groups


@kernel
def groups_at(groups: int, step: int, k: int) -> int:
    """The boxes for the k-th drift: where short ones need every drift, the longer ones take every second."""
    return groups & SHORT if step == 1 and groups & SHORT and k % 2 else groups


@kernel
def best_box(profile: Any, n: int, groups: int, norm: Any, edge: Any) -> Any:
    """The highest statistic of the boxes in use, for a whitened profile of `n` bins and a halo."""
    if groups == MEDIUM:
        return np.float32(boxes_4_5(profile, n, norm, edge))
    if groups == SHORT:
        return np.float32(boxes_1_3(profile, n, norm, edge))
    if groups == LONG:
        return np.float32(boxes_6_7(profile, n, norm, edge))
    if groups == SHORT + MEDIUM:
        return np.float32(boxes_1_5(profile, n, norm, edge))
    if groups == MEDIUM + LONG:
        return np.float32(boxes_4_7(profile, n, norm, edge))
    return np.float32(boxes_1_7(profile, n, norm, edge))
