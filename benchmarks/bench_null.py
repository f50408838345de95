"""How often the searches raise a false alarm in noise, beside how often they say that they do.

Light curves without any planet are searched with the defaults, and the share of them whose strongest signal
has a false-alarm probability below 1 % and 10 % is counted. The sets:

white        80 d of K2 (30 min, a gap of 3 d, 3 % of samples missing, errors that differ by a factor of two)
long         240 d of the same with three gaps
red_X_Y      as white, with correlated noise of Y times the white standard deviation added whose correlation
             falls by 1/e in X hours

For the sets ``white`` and ``long`` the probability for white noise is the one that must hold. For correlated
noise that one is wrong by construction; both it and the probability for pink noise, by which
``--max-planets`` decides, are given as they are. Standard errors are binomial; ``ks_p`` is the probability of
the Kolmogorov-Smirnov test that the probabilities are uniform.

One JSON object per line. ``--check`` exits with 1 unless in ``white`` 0.6 to 1.5 % lie below 1 % and 8.5 to
11.5 % below 10 %, and in ``long`` ks_p is above 0.01.

    python benchmarks/bench_null.py --check
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[_variable] = "1"  # before numpy is imported

import numpy as np  # noqa: E402 - the number of threads is read at import
from eas_tasks_tda import bls_reference, ffa, tls  # noqa: E402 - after the number of threads is set
from eas_tasks_tda.search import search_lightcurve  # noqa: E402 - after the number of threads is set
from eas_tasks_tda.settings import SearchSettings  # noqa: E402 - after the number of threads is set
from scipy.signal import lfilter  # noqa: E402 - after the number of threads is set
from scipy.stats import kstest  # noqa: E402 - after the number of threads is set

from eas_framework.lightcurve import LightcurveArbitraryRaster  # noqa: E402 - after the number of threads is set

SEED = 31_415_926
CADENCE_DAYS = 30 / 1440
NOISE = 3e-4
RED = ((2.0, 0.3), (2.0, 0.6), (2.0, 1.0), (12.0, 0.3), (12.0, 0.6), (12.0, 1.0))  # hours, ratio
DETECTORS = {
    "ffa": (ffa.search, ffa.FfaSettings()),
    "bls_reference": (bls_reference.search, SearchSettings()),
    "tls": (tls.search, tls.TlsSettings()),
}
MARKS = {"white": ((0.01, 0.006, 0.015), (0.1, 0.085, 0.115))}
SMALLEST_KS = 0.01


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--white", type=int, default=3000, help="light curves of white noise")
    parser.add_argument("--long", type=int, default=300, help="longer ones")
    parser.add_argument("--red", type=int, default=200, help="of each kind of correlated noise")
    parser.add_argument("--detector", choices=DETECTORS, default="ffa")
    parser.add_argument("--check", action="store_true", help="exit with 1 where a mark is missed")
    given = parser.parse_args()
    sets = [("white", given.white, 80.0, 0.0, 0.0), ("long", given.long, 240.0, 0.0, 0.0)]
    sets += [(f"red_{hours:g}h_{ratio:g}", given.red, 80.0, hours, ratio) for hours, ratio in RED]
    failed = False
    for number, (name, count, days, hours, ratio) in enumerate(sets):
        if count > 0:
            row = one_set(given.detector, count, days=days, hours=hours, ratio=ratio, seed=(SEED, number))
            failed |= misses_mark(name, row)
            print(json.dumps({"set": name, "detector": given.detector, **row}), flush=True)
    return int(failed and given.check)


def one_set(
    detector: str, count: int, *, days: float, hours: float, ratio: float, seed: tuple[int, int]
) -> dict[str, float]:
    """Shares of false alarms in `count` light curves, their standard errors, and CPU seconds per curve."""
    search, settings = DETECTORS[detector]
    started = time.process_time()
    found = np.zeros((count, 2))
    for number in range(count):
        curve = noise(np.random.default_rng((*seed, number)), days=days, hours=hours, ratio=ratio)
        result = search_lightcurve(search, curve, settings=settings)
        white, pink = result.false_alarm_probability, result.false_alarm_probability_pink
        found[number] = (1.0 if white is None else white, 1.0 if pink is None else pink)
    row: dict[str, float] = {
        "curves": count,
        "days": days,
        "ks_p": float(kstest(found[:, 0], "uniform").pvalue),
    }
    for column, kind in enumerate(("", "_pink")):
        for nominal in (0.01, 0.1):
            share = float(np.mean(found[:, column] <= nominal))
            row[f"alarms{kind}_at_{nominal:g}"] = share
            row[f"error{kind}_at_{nominal:g}"] = (share * (1 - share) / count) ** 0.5
    row["cpu_s"] = (time.process_time() - started) / count
    return {name: round(value, 5) for name, value in row.items()}


def noise(rng: np.random.Generator, *, days: float, hours: float, ratio: float) -> LightcurveArbitraryRaster:
    """Noise with gaps and unequal errors; correlated noise of `ratio` times the white one is added."""
    times = np.arange(0, days, CADENCE_DAYS)
    red = np.zeros(len(times))
    if ratio > 0:
        kept = np.exp(-CADENCE_DAYS * 24 / hours)
        steps = rng.normal(0, np.sqrt(1 - kept**2), len(times))
        steps[0] = rng.normal()
        red = ratio * NOISE * lfilter([1.0], [1.0, -kept], steps)
    keep = rng.random(len(times)) > 0.03
    for _ in range(round(days / 80)):
        keep &= np.abs(times - rng.uniform(0.1 * days, 0.9 * days)) > 1.5
    sigmas = NOISE * rng.uniform(0.7, 1.6, len(times))
    fluxes = 1 + red + rng.normal(0, sigmas)
    return LightcurveArbitraryRaster(times[keep], fluxes[keep], uncertainties=sigmas[keep])


def misses_mark(name: str, row: dict[str, float]) -> bool:
    """Whether a set is not what the probabilities promise."""
    if name == "long":
        return row["ks_p"] <= SMALLEST_KS
    return any(not low <= row[f"alarms_at_{nominal:g}"] <= high for nominal, low, high in MARKS.get(name, ()))


if __name__ == "__main__":
    sys.exit(main())
