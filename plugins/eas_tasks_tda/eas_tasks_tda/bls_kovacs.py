"""Task `transit_search_bls_kovacs`: the signal residue of Kovács, Zucker & Mazeh (2002), A&A 391, 369.

Each period is folded into bins of phase, and the residue of every run of bins is taken whose length a transit
may have. There are five bins to the shortest transit possible at a period, but at most 2,000; a fixed small
number of bins, such as ten, would make the shortest box a tenth of the period.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from eas_framework.plugins import Resources, TaskType
from eas_tasks_tda import box_search, examples
from eas_tasks_tda.box_grid import BINS_PER_DURATION, Octave, Periodogram
from eas_tasks_tda.box_search import BoxParameters, BoxSettings
from eas_tasks_tda.prepare import CleanCurve
from eas_tasks_tda.result import TransitResult
from eas_tasks_tda.search import CURVE_IN, RESULT_FILES, SEARCH_METADATA, transit_search
from eas_tasks_tda.settings import SearchSettings
from eas_tasks_tda.warm_curve import curve_with_dips

MOST_BINS = 2000


def search(curve: CleanCurve, *, settings: BoxSettings, threads: int = 1) -> TransitResult:
    """The best box in a light curve, its peak refined; searched with `threads` threads."""
    found = periodogram(curve, settings=settings, threads=threads)
    total = float(np.sum(curve.sigmas**-2))
    return box_search.refined(curve, found, drop=total * found.power**2, settings=settings)


def periodogram(curve: CleanCurve, *, settings: SearchSettings, threads: int = 1) -> Periodogram:
    """The signal residue at every period, in units of the flux (their eq. 5)."""
    from eas_tasks_tda.box_kernels import RESIDUE  # late: loads numba

    found = box_search.periodogram(curve, settings=settings, boxes=boxes, statistic=RESIDUE, threads=threads)
    return replace(found, power=np.sqrt(found.power))


def boxes(octave: Octave) -> box_search.Boxes:
    """A whole number of bins to each period, and all widths between the shortest and longest duration."""
    periods, shortest, longest = octave.periods, octave.durations[0], octave.durations[-1]
    counts = np.minimum(np.ceil(BINS_PER_DURATION * periods / shortest), MOST_BINS)
    first = np.maximum((shortest / periods * counts).astype(np.int64), 1)
    last = np.minimum((longest / periods * counts).astype(np.int64) + 1, counts.astype(np.int64) - 1)
    widths = first[:, None] + np.arange(int((last - first).max()) + 1)
    widths[widths > last[:, None]] = 0
    return periods / counts, widths


def warm_up() -> None:
    """Compile, or load from numba's cache, what a search needs."""
    search(curve_with_dips(), settings=BoxSettings())


TASK_TYPE = TaskType(
    name="transit_search_bls_kovacs",
    handler=transit_search(search, BoxParameters),
    resources=Resources(cpu=1, memory_gb=1),
    parameters=BoxParameters,
    inputs=CURVE_IN,
    outputs=RESULT_FILES,
    metadata=SEARCH_METADATA,
    packages=("numba", "numpy", "scipy"),
    warm_up=warm_up,
    summary="Search for transits with the signal residue of Kovács et al. (2002).",
    example=examples.search_job("transit_search_bls_kovacs"),
)
