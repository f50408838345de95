"""Task `transit_search_bls`: box least squares (Kovács, Zucker & Mazeh 2002), folded sample by sample.

The statistic and the grid are those of `transit_search_bls_reference`; the loops are compiled for this
machine, boxes reach over phase 0 whatever their length, and the highest peaks are refined on the samples.
"""

from __future__ import annotations

import numpy as np

from eas_framework.plugins import Resources, TaskType
from eas_tasks_tda import box_search, examples
from eas_tasks_tda.box_grid import Octave, Periodogram
from eas_tasks_tda.box_search import BoxParameters, BoxSettings
from eas_tasks_tda.prepare import CleanCurve
from eas_tasks_tda.result import TransitResult
from eas_tasks_tda.search import CURVE_IN, RESULT_FILES, SEARCH_METADATA, transit_search
from eas_tasks_tda.settings import SearchSettings
from eas_tasks_tda.warm_curve import curve_with_dips


def search(curve: CleanCurve, *, settings: BoxSettings, threads: int = 1) -> TransitResult:
    """The best box in a light curve, its peak refined; searched with `threads` threads."""
    found = periodogram(curve, settings=settings, threads=threads)
    return box_search.refined(curve, found, drop=2 * found.power, settings=settings)


def periodogram(curve: CleanCurve, *, settings: SearchSettings, threads: int = 1) -> Periodogram:
    """The best box at every period: gain in log-likelihood over no transit."""
    from eas_tasks_tda.box_kernels import LIKELIHOOD  # late: loads numba

    return box_search.periodogram(
        curve, settings=settings, boxes=boxes, statistic=LIKELIHOOD, threads=threads
    )


def boxes(octave: Octave) -> box_search.Boxes:
    """Bins of one length at all periods, a fifth of the shortest duration; all durations."""
    widths = np.unique(np.rint(octave.durations / octave.bin_days).astype(np.int64))
    shape = (len(octave.periods), len(widths))
    return np.full(shape[0], octave.bin_days), np.broadcast_to(widths, shape).copy()


def warm_up() -> None:
    """Compile, or load from numba's cache, what a search needs."""
    search(curve_with_dips(), settings=BoxSettings())


TASK_TYPE = TaskType(
    name="transit_search_bls",
    handler=transit_search(search, BoxParameters),
    resources=Resources(cpu=1, memory_gb=1),
    parameters=BoxParameters,
    inputs=CURVE_IN,
    outputs=RESULT_FILES,
    metadata=SEARCH_METADATA,
    packages=("numba", "numpy", "scipy"),
    warm_up=warm_up,
    summary="Search for transits with box least squares.",
    example=examples.search_job("transit_search_bls"),
)
