"""How fast the search for almost periodic transits is beside the loops of its paper, on one thread.

The statistic of Carter & Agol (2013) is computed for single cells of their grid, an interval of spacings and
a width, in three ways: by the package; by the loops as the paper has them, that is for every number of
transits anew with a maximum over all spacings (``paper``); and by the same loops once for all numbers of
transits (``paper_once``). All three are compiled by numba with the same options and give the same numbers,
which is checked. In every round each runs once on each cell, for at least --seconds; CPU time of the process
is compared. The sums over boxes, which all cells of one width share, are made before.

The data are those of Kepler-36 in the folder EAS_TEST_LIGHT_CURVES where there is one, else white noise of
the same length. A last line is a whole search of that length with the default settings; the time of the
paper's loops for it is estimated from every n-th cell.

One JSON object per line. ``--check`` exits with 1 where the package is not 5 times faster than ``paper`` on
every cell, or a statistic differs.

    python benchmarks/bench_qats.py --rounds 5 --check
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[_variable] = "1"  # before numpy is imported

import numpy as np  # noqa: E402 - the number of threads is read at import
from eas_tasks_tda import qats_grid, qats_kernels  # noqa: E402 - after the number of threads is set
from eas_tasks_tda.qats_settings import QatsSettings  # noqa: E402 - after the number of threads is set
from numba import njit  # noqa: E402 - after the number of threads is set

FASTER = 5.0
SAMPLES, CADENCE_DAYS = 43_053, 29.424 / 1440
# shortest and longest spacing, width: windows of 1, 2, 4, 31 and 201 samples
CELLS = [(794, 794, 14), (794, 795, 14), (794, 797, 14), (400, 430, 9), (2000, 2200, 14)]
ROOT = Path(__file__).parents[1]
FOLDER = Path(os.environ.get("EAS_TEST_LIGHT_CURVES", ROOT.parent / "shared" / "data" / "light_curves"))
compiled: Any = njit(cache=True, fastmath=True, nogil=True, error_model="numpy", boundscheck=False)


@compiled
def paper_for(dips: Any, width: int, limits: Any, count: int, before: Any, row: Any) -> float:
    """The highest sum of `count` boxes."""
    shortest, longest = limits
    length, first, last = len(dips) + width - 1, 0, 0
    for m in range(1, count + 1):
        first = max((m - 1) * shortest, length - longest - (count - m) * longest)
        last = min(longest - width + (m - 1) * longest, length - width - (count - m) * shortest)
        low = max((m - 2) * shortest, length - longest - (count - m + 1) * longest, 0)
        high = min(longest - width + (m - 2) * longest, length - width - (count - m + 1) * shortest)
        for n in range(max(first, 0), last + 1):
            best = 0.0
            if m > 1:
                best = -1e300
                for k in range(max(n - longest, low), min(n - shortest, high) + 1):
                    best = max(best, before[k])
            row[n] = dips[n] + best
        before, row = row, before
    top = -1e300
    for n in range(max(first, 0), last + 1):
        top = max(top, before[n])
    return top


@compiled
def paper(dips: Any, width: int, shortest: int, longest: int) -> Any:
    """Statistic and number of transits, each number on its own."""
    length = len(dips) + width - 1
    fewest, most = max((length + width - 1) // longest, 1), (length - width) // shortest + 1
    before, row = np.empty(len(dips)), np.empty(len(dips))
    best, found = 0.0, 0
    for count in range(fewest, most + 1):
        value = paper_for(dips, width, (shortest, longest), count, before, row) / math.sqrt(count * width)
        if value > best:
            best, found = value, count
    return best, found


@compiled
def paper_once(dips: Any, width: int, shortest: int, longest: int) -> Any:
    """Statistic and number of transits, all numbers at once; otherwise the paper's loops."""
    length = len(dips) + width - 1
    fewest, most = max((length + width - 1) // longest, 1), (length - width) // shortest + 1
    before, row = np.empty(len(dips)), np.empty(len(dips))
    best, found, low, high = 0.0, 0, 0, 0
    for m in range(1, most + 1):
        first, last = (m - 1) * shortest, min(longest - width + (m - 1) * longest, length - width)
        for n in range(first, last + 1):
            largest = 0.0
            if m > 1:
                largest = -1e300
                for k in range(max(n - longest, low), min(n - shortest, high) + 1):
                    largest = max(largest, before[k])
            row[n] = dips[n] + largest
        if m >= fewest:
            top = -1e300
            for n in range(max(first, length - longest), last + 1):
                top = max(top, row[n])
            if top / math.sqrt(m * width) > best:
                best, found = top / math.sqrt(m * width), m
        before, row, low, high = row, before, first, last
    return best, found


def package(dips: Any, width: int, shortest: int, longest: int) -> Any:
    """Statistic and number of transits as the search computes them."""
    out = np.zeros((1, 2))
    qats_kernels.scan(dips, width, np.array([[shortest, longest]]), 0, 1, out)
    return float(out[0, 0]), int(out[0, 1])


PROGRAMS: dict[str, Callable[..., Any]] = {"package": package, "paper": paper, "paper_once": paper_once}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.1, help="CPU time of each measurement, at least")
    parser.add_argument("--check", action="store_true", help="exit with 1 where the mark is missed")
    arguments = parser.parse_args()
    fluxes, source = data()
    met = [
        bench(fluxes, cell, rounds=arguments.rounds, seconds=arguments.seconds, source=source)
        for cell in CELLS
    ]
    whole_search(fluxes, rounds=min(arguments.rounds, 3))
    return int(arguments.check and not all(met))


def data() -> tuple[Any, str]:
    """Deviations from the mean flux in standard deviations at even times, 0 where missing; whence."""
    path = FOLDER / "Kepler36_qats_kep36.dat"
    if path.is_file():
        return np.loadtxt(path), "Kepler-36"
    return np.random.default_rng(36).normal(size=SAMPLES), "white noise"


def bench(fluxes: Any, cell: tuple[int, int, int], *, rounds: int, seconds: float, source: str) -> bool:
    """Measure one cell, print its figures, and say whether the mark is met."""
    shortest, longest, width = cell
    dips = qats_grid.box_dips(-fluxes, width)
    found = {name: run(dips, width, shortest, longest) for name, run in PROGRAMS.items()}
    taken: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for _ in range(rounds):
        for name, run in PROGRAMS.items():
            taken[name].append(per_call(lambda run=run: run(dips, width, shortest, longest), seconds))  # type: ignore[misc] # of a loop
    ratios = {
        peer: [theirs / own for theirs, own in zip(taken[peer], taken["package"], strict=True)]
        for peer in ("paper", "paper_once")
    }
    statistic, count = found["package"]
    same = all(math.isclose(s, statistic, rel_tol=1e-9) and m == count for s, m in found.values())
    met = same and statistics.median(ratios["paper"]) >= FASTER
    print_line(
        data=source,
        cell=cell,
        window=longest - shortest + 1,
        statistic=statistic,
        transits=count,
        same=same,
        **{f"{name}_us": spread([1e6 * t for t in times]) for name, times in taken.items()},
        **{f"{peer}_over_package": spread(values) for peer, values in ratios.items()},
        mark={f"paper_over_package >= {FASTER:g}": met},
    )
    return met


def whole_search(fluxes: Any, *, rounds: int) -> None:
    """Print the time of a search of the whole grid, and an estimate of that of the paper's loops."""
    settings = QatsSettings()
    shortest, longest = settings.period_min / CADENCE_DAYS, len(fluxes) / settings.min_transit_count
    limits = qats_grid.spacings(shortest, longest, variation=settings.max_ttv_mag)
    durations = settings.duration_min / CADENCE_DAYS, settings.duration_max / CADENCE_DAYS
    grid = [(width, limits) for width in qats_grid.widths(*durations, count=settings.duration_count)]
    cells = sum(len(part) for _, part in grid)
    ours, theirs = [], []
    for _ in range(rounds):
        start = time.process_time()
        for width, part in grid:
            qats_kernels.scan(qats_grid.box_dips(-fluxes, width), width, part, 0, 1, np.zeros((len(part), 2)))
        ours.append(time.process_time() - start)
        start, searched = time.process_time(), 0
        for width, part in grid[:: max(len(grid) // 2, 1)]:
            dips = qats_grid.box_dips(-fluxes, width)
            for shortest, longest in part[::200]:
                paper(dips, width, shortest, longest)
                searched += 1
        theirs.append((time.process_time() - start) * cells / searched)
    print_line(
        cells=cells,
        package_s=spread(ours),
        paper_estimated_s=spread(theirs),
        paper_over_package=spread([b / a for a, b in zip(ours, theirs, strict=True)]),
    )


def per_call(run: Callable[[], Any], seconds: float) -> float:
    """CPU time of a call, the mean of as many as take `seconds`."""
    calls, start = 0, time.process_time()
    while time.process_time() - start < seconds:
        run()
        calls += 1
    return (time.process_time() - start) / calls


def spread(values: list[float]) -> list[float]:
    """Median, lowest and highest."""
    return [statistics.median(values), min(values), max(values)]


def print_line(**figures: Any) -> None:
    """One JSON object, numbers with four digits."""

    def rounded(value: Any) -> Any:
        if isinstance(value, float) and math.isfinite(value):
            return float(f"{value:.6g}")
        return [rounded(item) for item in value] if isinstance(value, list) else value

    print(json.dumps({key: rounded(value) for key, value in figures.items()}), flush=True)


if __name__ == "__main__":
    sys.exit(main())
