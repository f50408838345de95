"""How many Earths around Suns are found: the benchmark of Hippke & Heller (2019, A&A 623, A39).

White noise of 110 ppm in 30 min over 1095.75 d, in which an Earth (365.25 d, central transits, exposures of
30 min) transits three times. Each program searches the same seeded curves, as many with the planet as without
one, on 150-548 d. The threshold of a program is what its statistic exceeds in 1 % of the curves without a
planet (a Gumbel distribution fitted, error by bootstrap); one counts as found where the statistic is above
it and the period right to 1 %. Pairs of programs are compared by McNemar's test on the curves with a planet.

Statistics: ``snr`` and ``sde`` of each; for the folding search also ``rarity``, minus the logarithm of the
number of false alarms, by which it chooses.

Programs: ``ffa``; ``ffa_prior``, told that radius and mass are those of the Sun to 5 %; ``tls``, the default
backend of transitleastsquares; ``ffa_full``, from 0.5 d on. One JSON object per line and curve is appended to
a file of each program as soon as it is known, so that an interrupted run goes on where it stopped.

    python benchmarks/bench_earth_sun.py run --program ffa --curves 150
    python benchmarks/bench_earth_sun.py report
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[_variable] = "1"  # before numpy is imported

import numpy as np  # noqa: E402 - the number of threads is read at import
from eas_tasks_tda import ffa  # noqa: E402 - after the number of threads is set
from eas_tasks_tda.assessing import assessed  # noqa: E402 - after the number of threads is set
from eas_tasks_tda.prepare import CleanCurve  # noqa: E402 - after the number of threads is set
from eas_tasks_tda.synthesis import model_flux  # noqa: E402 - after the number of threads is set
from eas_tasks_tda.synthesis_settings import TransitSpecs  # noqa: E402 - after the number of threads is set

from eas_framework.diagnostics.completeness import (  # noqa: E402 - after the number of threads is set
    gumbel_threshold,
    wilson_interval,
)

RESULTS = Path(__file__).with_name("earth_sun")
YEAR, SPAN, NOISE = 365.25, 1095.75, 110e-6
EARTH_RADIUS = 6371 / 71_492  # in Jupiter radii
SHORTEST, LONGEST = 150.0, 548.0
FALSE_ALARM = 0.01
SOLAR = {f"{what}_star{limit}": value for what in "rm" for limit, value in
         (("", 1.0), ("_min", 0.95), ("_max", 1.05))}  # fmt: skip
NOTHING = {"snr": 0.0, "sde": 0.0, "rarity": -3.0}  # rarity of noise is -1 to 2
STATISTICS = tuple(NOTHING)
Found = dict[str, float | None]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, dest="command")
    run = commands.add_parser("run", help="search curves that are not in the program's file yet")
    run.add_argument("--program", choices=PROGRAMS, required=True)
    run.add_argument("--curves", type=int, default=150, help="with a planet, and as many without")
    commands.add_parser("report", help="thresholds, recovered shares, pairs")
    given = parser.parse_args()
    if given.command == "run":
        return search_all(given.program, given.curves)
    return report()


# ------------------------------------------------------------- the curves and the programs
def curve(kind: str, seed: int) -> CleanCurve:
    """The curve of a seed; one with a planet has other noise than the one without."""
    rng = np.random.default_rng([seed, int(kind == "planet")])
    times = np.arange(0, SPAN, 1 / 48)
    fluxes = 1 + rng.normal(0, NOISE, len(times))
    if kind == "planet":
        specs = TransitSpecs(
            duration=SPAN,
            sampling_cadence=1800,
            exposure_time=1800,
            orbital_period=YEAR,
            t0=float(rng.uniform(0.5, YEAR - 0.5)),
            planet_radius=EARTH_RADIUS,
            impact_parameter=0.0,
            u1=0.4804,
            u2=0.1867,
        )
        fluxes *= model_flux(specs, times)
    return CleanCurve.clean(times, fluxes, uncertainties=np.full(len(times), NOISE))


def folding(**settings: Any) -> Callable[[CleanCurve], Found]:
    """The folding search with these settings."""

    def run(given: CleanCurve) -> Found:
        chosen = ffa.FfaSettings(**settings)
        found = assessed(ffa.search(given, settings=chosen), given, settings=chosen)
        rarity = None if found.log_false_alarms is None else -found.log_false_alarms
        return {"period": found.period_days, "snr": found.snr, "sde": found.sde, "rarity": rarity}

    return run


def tls(given: CleanCurve) -> Found:
    from transitleastsquares import transitleastsquares

    model = transitleastsquares(given.times, given.fluxes, given.sigmas, verbose=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = model.power(
            period_min=SHORTEST, period_max=LONGEST, use_threads=1, show_progress_bar=False, verbose=False
        )
    return {"period": float(found.period), "snr": float(found.snr), "sde": float(found.SDE)}


PROGRAMS: dict[str, Callable[[CleanCurve], Found]] = {
    "ffa": folding(period_min=SHORTEST, period_max=LONGEST),
    "ffa_prior": folding(period_min=SHORTEST, period_max=LONGEST, **SOLAR),
    "ffa_full": folding(period_min=0.5, period_max=LONGEST),
    "tls": tls,
}


def search_all(program: str, count: int) -> int:
    """Search what is missing, seed by seed, with and without a planet."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{program}.jsonl"
    known = {(line["kind"], line["seed"]) for line in results(program)}
    package = "transitleastsquares" if program == "tls" else "eas-tasks-tda"
    for seed in range(count):
        for kind in ("planet", "null"):
            if (kind, seed) in known:
                continue
            given = curve(kind, seed)
            start = time.process_time()
            found = PROGRAMS[program](given)
            line = {"kind": kind, "seed": seed, **found, "cpu_s": round(time.process_time() - start, 3)}
            with path.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(line | {"version": version(package)}) + "\n")
            print(json.dumps({"program": program, **line}), flush=True)
    return 0


def results(program: str) -> list[dict[str, Any]]:
    """The lines of a program's file."""
    path = RESULTS / f"{program}.jsonl"
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


# ------------------------------------------------------------- the report
def report() -> int:
    """Print the figures of each program for each statistic, and those of the pairs."""
    found: dict[tuple[str, str], dict[int, bool]] = {}
    for program in PROGRAMS:
        lines = results(program)
        for statistic in STATISTICS:
            if lines and statistic in lines[0]:
                found[program, statistic] = judged(program, lines, statistic)
    names = list(found)
    for first in names:
        for second in names:
            if (
                first[1] == "rarity"
                and second[0] != first[0]
                and (second[0] == "tls" or second[1] == "rarity")
            ):
                compare(first, second, found)
    return 0


def judged(program: str, lines: list[dict[str, Any]], statistic: str) -> dict[int, bool]:
    """Which planets are found, by seed; prints threshold and recovered share."""
    nulls = np.array([value_of(line, statistic) for line in lines if line["kind"] == "null"])
    limit, error = gumbel_threshold(nulls, probability=FALSE_ALARM)

    def share(least: float) -> float:
        return float(
            np.mean([is_found(line, statistic, least) for line in lines if line["kind"] == "planet"])
        )

    found = {line["seed"]: is_found(line, statistic, limit) for line in lines if line["kind"] == "planet"}
    low, high = wilson_interval(sum(found.values()), len(found))
    print_line(
        program=program,
        statistic=statistic,
        planets=len(found),
        nulls=len(nulls),
        threshold=limit,
        threshold_error=error,
        recovered=sum(found.values()),
        share=share(limit),
        share_wilson=[low, high],
        share_at_threshold_errors=[share(limit + error), share(limit - error)],
        nulls_above=int(np.sum(nulls > limit)),
        cpu_s_median=float(np.median([line["cpu_s"] for line in lines])),
    )
    return found


def is_found(line: dict[str, Any], statistic: str, least: float) -> bool:
    period = line["period"]
    return period is not None and abs(period / YEAR - 1) < 0.01 and value_of(line, statistic) >= least


def value_of(line: dict[str, Any], statistic: str) -> float:
    """A statistic of a curve; where no period was found, as small as a clear case of noise."""
    value = line[statistic]
    return NOTHING[statistic] if value is None else float(value)


def compare(
    first: tuple[str, str], second: tuple[str, str], found: dict[tuple[str, str], dict[int, bool]]
) -> None:
    """McNemar's exact test on the seeds that both have searched, one-sided: is the first worse?"""
    seeds = found[first].keys() & found[second].keys()
    only_first = sum(found[first][seed] and not found[second][seed] for seed in seeds)
    only_second = sum(found[second][seed] and not found[first][seed] for seed in seeds)
    print_line(
        pair=[" by ".join(first), " by ".join(second)],
        seeds=len(seeds),
        only_first=only_first,
        only_second=only_second,
        p_first_worse=binomial_tail(only_second, only_first + only_second),
        p_first_better_by_chance=binomial_tail(only_first, only_first + only_second),
    )


def binomial_tail(least: int, trials: int) -> float:
    """Probability of at least so many heads."""
    return sum(math.comb(trials, heads) for heads in range(least, trials + 1)) / 2**trials


def print_line(**figures: Any) -> None:
    rounded = {k: float(f"{v:.4g}") if isinstance(v, float) else v for k, v in figures.items()}
    print(json.dumps({"benchmark": "earth_sun", **rounded}), flush=True)


if __name__ == "__main__":
    sys.exit(main())
