"""Task `transit_search_qats`: almost periodic transits (Carter & Agol 2013, ApJ 765, 132).

The transits of a planet that others pull at are not evenly spaced. This search asks only that from one to the
next there are between two limits of samples, tries intervals of such spacings, and finds in each the best
sequence of all by dynamic programming (`qats_kernels`), of any number of transits.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from eas_framework import task_io
from eas_framework.plugins import FileSlot, Resources, TaskType
from eas_framework.temporary_directory import TemporaryDirectory
from eas_tasks_tda import examples, grids
from eas_tasks_tda.elliptic import FloatArray
from eas_tasks_tda.prepare import CleanCurve, UnsearchableError
from eas_tasks_tda.qats_grid import EvenSamples, IntArray, box_dips, spacings, widths
from eas_tasks_tda.qats_settings import QatsParameters, QatsSettings
from eas_tasks_tda.qats_trace import Trace
from eas_tasks_tda.result import TransitResult
from eas_tasks_tda.search import CURVE_IN, RESULT_FILES, SEARCH_METADATA, transit_search
from eas_tasks_tda.warm_curve import curve_with_dips

if TYPE_CHECKING:
    from eas_framework.task_objects import TaskExecutionAttempt


def search(curve: CleanCurve, *, settings: QatsSettings, threads: int = 1) -> TransitResult:
    """The best sequence of almost periodic transits in a light curve."""
    return trace_of(curve, settings=settings, threads=threads).result(curve, settings=settings)


def trace_of(curve: CleanCurve, *, settings: QatsSettings, threads: int = 1) -> Trace:
    """The statistic on the whole grid and the best sequence.

    Raises:
        UnsearchableError: The data are too short for the shortest period.
        LightcurveError: The limits of the period contradict each other.
    """
    from eas_tasks_tda.qats_kernels import sequence  # late: loads numba

    samples = EvenSamples.of(curve, shortest_days=settings.duration_min)
    limits, sizes = _grid(curve, samples, settings=settings)
    found = np.zeros((len(sizes), len(limits), 2))
    _scan(samples, sizes, limits, found, threads=threads)
    best, cell = np.unravel_index(int(np.argmax(found[:, :, 0])), found.shape[:2])
    width, count = sizes[best], int(found[best, cell, 1])
    starts = np.zeros(0, np.int64)
    if count > 0:
        low, high = (int(limit) for limit in limits[cell])
        starts = sequence(box_dips(samples.missing, width), width, low, high, count)
    return Trace(samples=samples, widths=sizes, spacings=limits, found=found, starts=starts, width=width)


def _grid(curve: CleanCurve, samples: EvenSamples, *, settings: QatsSettings) -> tuple[IntArray, list[int]]:
    """Intervals of the spacing of transits, and widths, in samples."""
    shortest, longest = grids.period_range(
        curve.span_days,
        shortest=settings.period_min,
        longest=settings.period_max,
        transits=settings.min_transit_count,
    )
    cadence = samples.cadence_days
    limits = spacings(
        shortest / cadence, min(longest / cadence, len(samples)), variation=settings.max_ttv_mag
    )
    if len(limits) == 0:
        raise UnsearchableError(
            f"the light curve spans {curve.span_days:g} d, less than period_min = {shortest:g} d"
        )
    sizes = widths(
        settings.duration_min / cadence, settings.duration_max / cadence, count=settings.duration_count
    )
    return limits, [width for width in sizes if width <= limits[0, 0]] or [1]


def _scan(
    samples: EvenSamples, sizes: list[int], limits: IntArray, found: FloatArray, *, threads: int
) -> None:
    """Write statistic and number of transits of each width and interval of spacings to `found`."""
    from eas_tasks_tda.qats_kernels import scan  # late: loads numba

    with ThreadPoolExecutor(threads) as pool:
        for i, width in enumerate(sizes):
            dips = box_dips(samples.missing, width)
            turns = [
                pool.submit(scan, dips, width, limits, first, threads, found[i]) for first in range(threads)
            ]
            for turn in turns:
                turn.result()


def handler(attempt: TaskExecutionAttempt) -> None:
    """Search, record the result and the mid-transits, and write how it was found where that is asked for."""
    traces: list[Trace] = []

    def traced(curve: CleanCurve, *, settings: QatsSettings, threads: int) -> TransitResult:
        traces.append(trace_of(curve, settings=settings, threads=threads))
        return traces[-1].result(curve, settings=settings)

    transit_search(traced, QatsParameters)(attempt)
    for trace in traces:
        task_io.record_metadata(attempt, transit_times=[float(time) for time in trace.mid_transits])
        if task_io.wants_output(attempt, "debugging"):
            with TemporaryDirectory() as folder:
                path = Path(folder.tmp_dir) / "qats_debugging.tar.gz"
                trace.write(path)
                task_io.write_file(attempt, "debugging", path)


def warm_up() -> None:
    """Compile, or load from numba's cache, what a search needs."""
    search(curve_with_dips(), settings=QatsSettings())


TASK_TYPE = TaskType(
    name="transit_search_qats",
    handler=handler,
    resources=Resources(cpu=1, memory_gb=1),
    parameters=QatsParameters,
    inputs=CURVE_IN,
    outputs=(
        *RESULT_FILES,
        FileSlot(
            name="debugging",
            summary="The statistic on the whole grid and the best sequence, as tables in a gzipped archive.",
            required=False,
            kind="file",
        ),
    ),
    metadata={
        **SEARCH_METADATA,
        "period_span": "Number of periods from the first to the last transit.",
        "first_transit": "Time of the first mid-transit [d].",
        "last_transit": "Time of the last mid-transit [d].",
        "transit_times": "Mid-transits of the best sequence [d], those that fall into gaps included.",
    },
    packages=("numba", "numpy", "scipy"),
    warm_up=warm_up,
    summary="Search for transits that are not quite periodic (QATS).",
    example=examples.search_job(
        "transit_search_qats",
        outputs={"debugging": "qats_debugging.tar.gz"},
        search_settings={"period_min": 2.0},
    ),
)
