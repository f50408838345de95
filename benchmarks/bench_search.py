"""How fast the folding search is beside transitleastsquares and astropy's box least squares, on one thread.

Four light curves of a Sun-like star with one planet and white noise: 80 days of K2, four years of Kepler, two
years of PLATO at 600 s, 90 days at 25 s. In every round each program searches once, one after the other,
compiled and warm; CPU time of the process is compared. TLS runs with its default backend on its own grid,
astropy with ten durations of 0.05 to 0.2 d on the grid of Ofir (2014); where a whole grid takes minutes they
search every n-th of its periods, at least --subset of them, and their time is scaled (``scaled_cpu_s``).
The folding search covers periods from 0.5 d to half the span and refines its highest peaks, once with
folded weights and once with the uniform coverage used. Memory is the peak of a process that only searches.

One JSON object per line. ``--check`` exits with 1 where a median misses a mark: TLS / folding (weights
folded) 70, 45, 45, 130; astropy / folding 25; memory 350 MB.

    python benchmarks/bench_search.py --rounds 3 --check
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[_variable] = "1"  # before numpy is imported

import numpy as np  # noqa: E402 - the number of threads is read at import
from eas_tasks_tda import ffa, grids  # noqa: E402 - after the number of threads is set
from eas_tasks_tda.prepare import CleanCurve  # noqa: E402 - after the number of threads is set
from eas_tasks_tda.synthesis import model_flux  # noqa: E402 - after the number of threads is set
from eas_tasks_tda.synthesis_settings import TransitSpecs  # noqa: E402 - after the number of threads is set

EARTH_RADIUS = 6371 / 71_492  # in Jupiter radii
SHORTEST_DAYS = 0.5
ASTROPY_RATIO, MOST_MEGABYTES = 25.0, 350.0


@dataclass(frozen=True, kw_only=True)
class Workload:
    """A light curve and the ratio of CPU times to TLS that is wanted; whether peers search only a part."""

    days: float
    cadence_s: float
    period: float
    t0: float
    earth_radii: float
    impact: float
    noise: float
    seed: int
    ratio: float
    tls_in_part: bool = False
    astropy_in_part: bool = False

    def curve(self) -> CleanCurve:
        """Made by the package's own transit model."""
        specs = TransitSpecs(
            duration=self.days,
            sampling_cadence=self.cadence_s,
            exposure_time=self.cadence_s,
            orbital_period=self.period,
            semi_major_axis=(self.period / 365.25) ** (2 / 3),
            t0=self.t0,
            planet_radius=self.earth_radii * EARTH_RADIUS,
            impact_parameter=self.impact,
            u1=0.4804,
            u2=0.1867,
        )
        times = np.arange(0, self.days, self.cadence_s / 86_400)
        noise = np.random.default_rng(self.seed).normal(0, self.noise, len(times))
        sigmas = np.full(len(times), self.noise)
        return CleanCurve.clean(times, model_flux(specs, times) + noise, uncertainties=sigmas)


WORKLOADS = {
    "k2": Workload(
        days=80, cadence_s=1800, period=9.137, t0=3.3, earth_radii=2.2, impact=0.3, noise=250e-6, seed=1,
        ratio=70,
    ),
    "kepler": Workload(
        days=1461, cadence_s=1800, period=88.31, t0=31.7, earth_radii=1.0, impact=0.2, noise=110e-6, seed=2,
        ratio=45, tls_in_part=True, astropy_in_part=True,
    ),
    "plato": Workload(
        days=730, cadence_s=600, period=117.43, t0=41.2, earth_radii=1.2, impact=0.2, noise=150e-6, seed=3,
        ratio=45, tls_in_part=True, astropy_in_part=True,
    ),
    "plato_25s": Workload(
        days=90, cadence_s=25, period=13.371, t0=4.4, earth_radii=1.4, impact=0.1, noise=700e-6, seed=4,
        ratio=130, astropy_in_part=True,
    ),
}  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--subset", type=int, default=3000, help="fewest periods searched of a long grid")
    parser.add_argument("--workload", choices=WORKLOADS, action="append", help="only these")
    parser.add_argument("--check", action="store_true", help="exit with 1 where a mark is missed")
    parser.add_argument("--memory-of", choices=WORKLOADS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.memory_of:
        return print_memory(WORKLOADS[arguments.memory_of])
    names = arguments.workload or list(WORKLOADS)
    met = [bench(name, rounds=arguments.rounds, subset=arguments.subset) for name in names]
    return int(arguments.check and not all(met))


def bench(name: str, *, rounds: int, subset: int) -> bool:
    """Measure one workload, print its figures, and say whether its marks are met."""
    workload = WORKLOADS[name]
    curve = workload.curve()
    programs = {
        "folding": lambda: folding(curve, fold_weights=True),
        "folding_uniform": lambda: folding(curve, fold_weights=None),
        "tls": lambda: tls(curve, subset=subset if workload.tls_in_part else None),
        "astropy": lambda: astropy_bls(curve, subset=subset if workload.astropy_in_part else None),
    }
    for program in programs.values():
        program()  # compiled and loaded
    seconds: dict[str, list[float]] = {program: [] for program in programs}
    for _ in range(rounds):
        for program, run in programs.items():
            taken, found = timed(run)
            scale = found.get("periods_of_grid", 1) / found.get("periods_searched", 1)
            seconds[program].append(taken * scale)
            print_line(workload=name, program=program, cpu_s=taken, scaled_cpu_s=taken * scale, **found)
    ratios = {
        f"{peer}_over_{ours}": [
            theirs / own for theirs, own in zip(seconds[peer], seconds[ours], strict=True)
        ]
        for peer in ("tls", "astropy")
        for ours in ("folding", "folding_uniform")
    }
    memory = peak_megabytes(name)
    marks = {
        f"tls_over_folding >= {workload.ratio:g}": median(ratios["tls_over_folding"]) >= workload.ratio,
        f"astropy_over_folding >= {ASTROPY_RATIO:g}": (
            median(ratios["astropy_over_folding"]) >= ASTROPY_RATIO
        ),
        f"memory_mb <= {MOST_MEGABYTES:g}": memory <= MOST_MEGABYTES,
    }
    spread = {
        key: [median(values), min(values), max(values)] for key, values in {**seconds, **ratios}.items()
    }
    print_line(workload=name, samples=len(curve.times), memory_mb=memory, marks=marks, **spread)
    return all(marks.values())


# ------------------------------------------------------------- the programs
def folding(curve: CleanCurve, *, fold_weights: bool | None) -> dict[str, Any]:
    result = ffa.search(curve, settings=ffa.FfaSettings(fold_weights=fold_weights))
    return {"period": result.period_days, "snr": result.snr, "sde": result.sde}


def tls(curve: CleanCurve, *, subset: int | None) -> dict[str, Any]:
    from transitleastsquares import transitleastsquares

    class InPart(transitleastsquares):  # type: ignore[misc] # it has no types
        """TLS on every n-th period of its grid."""

        def _grids(self) -> Any:
            periods, durations = super()._grids()
            self.whole = len(periods)
            return periods[:: stride(len(periods), subset)], durations

    model = InPart(curve.times, curve.fluxes, curve.sigmas, verbose=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = model.power(period_min=SHORTEST_DAYS, use_threads=1, show_progress_bar=False, verbose=False)
    return {
        "period": float(found.period),
        "snr": float(found.snr),
        "sde": float(found.SDE),
        "periods_searched": len(found.periods),
        "periods_of_grid": model.whole,
    }


def astropy_bls(curve: CleanCurve, *, subset: int | None) -> dict[str, Any]:
    from astropy.timeseries import BoxLeastSquares

    periods = grids.ofir_periods(
        curve.span_days, shortest=SHORTEST_DAYS, longest=curve.span_days / 2, star=grids.Star()
    )
    part = periods[:: stride(len(periods), subset)]
    found = BoxLeastSquares(curve.times, curve.fluxes, dy=curve.sigmas).power(
        part, np.linspace(0.05, 0.2, 10)
    )
    best = int(np.argmax(found.power))
    return {
        "period": float(part[best]),
        "periods_searched": len(part),
        "periods_of_grid": len(periods),
    }


def stride(count: int, subset: int | None) -> int:
    """Every how many-th of `count` periods is searched so that at least `subset` are."""
    return 1 if subset is None else max(1, count // subset)


# ------------------------------------------------------------- measuring
def timed(run: Callable[[], dict[str, Any]]) -> tuple[float, dict[str, Any]]:
    """CPU seconds and result of a call."""
    start = time.process_time()
    found = run()
    return time.process_time() - start, found


def print_memory(workload: Workload) -> int:
    """Print the peak memory [MB] of this process after a search."""
    folding(workload.curve(), fold_weights=True)
    # not ru_maxrss, which begins with the size of the process that started this one
    status = Path("/proc/self/status").read_text()
    print(int(status.partition("VmHWM:")[2].split()[0]) / 1024)
    return 0


def peak_megabytes(name: str) -> float:
    """Peak memory of a process of its own that searches with compiled code from the cache."""
    command = [sys.executable, __file__, "--memory-of", name]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def median(values: list[float]) -> float:
    return statistics.median(values)


def print_line(**figures: Any) -> None:
    """One JSON object, numbers with four digits."""

    def rounded(value: Any) -> Any:
        if isinstance(value, float) and math.isfinite(value):
            return float(f"{value:.6g}")
        return [rounded(item) for item in value] if isinstance(value, list) else value

    print(json.dumps({key: rounded(value) for key, value in figures.items()}), flush=True)


if __name__ == "__main__":
    sys.exit(main())
