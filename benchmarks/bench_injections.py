"""How many injected planets the folding search finds, beside transitleastsquares on the same light curves.

Light curves of 80 days of K2 (30 min, a gap of 3 d, 3 % of samples missing, errors that differ by a factor of
two) with one planet of a Sun-like star: period even in its logarithm from 0.6 d to half the data,
signal-to-noise ratio 8 to 30, at least three transits with data. A period is recovered where it is within 1 %
of the injected one. Every --tls-every-th light curve is searched by TLS as well, with its exact backend
``fused``, and compared.

One JSON object per light curve, and one that sums up. ``--check`` exits with 1 unless 99 % of the signals of
a ratio of 12 or more are recovered, and every one that TLS recovers.

    python benchmarks/bench_injections.py --check --tls-every 4
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from typing import Any

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[_variable] = "1"  # before numpy is imported

import numpy as np  # noqa: E402 - the number of threads is read at import
from eas_tasks_tda import ffa  # noqa: E402 - after the number of threads is set
from eas_tasks_tda.assessing import assessed  # noqa: E402 - after the number of threads is set
from eas_tasks_tda.prepare import CleanCurve  # noqa: E402 - after the number of threads is set
from eas_tasks_tda.synthesis import model_flux  # noqa: E402 - after the number of threads is set
from eas_tasks_tda.synthesis_settings import TransitSpecs  # noqa: E402 - after the number of threads is set

SEED = 8_000_122
DAYS, CADENCE_SECONDS, NOISE = 80.0, 1800.0, 3e-4
SHORTEST_DAYS, RECOVERED, STRONG, WANTED = 0.6, 0.01, 12.0, 0.99


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--tls-every", type=int, default=0, help="search every n-th with TLS; 0 none")
    parser.add_argument("--check", action="store_true", help="exit with 1 where a mark is missed")
    given = parser.parse_args()
    rows = []
    for number in range(given.count):
        with_tls = given.tls_every > 0 and number % given.tls_every == 0
        rows.append(one_curve(number, with_tls=with_tls))
        print(json.dumps(rows[-1]), flush=True)
    summary = summed_up(rows)
    print(json.dumps(summary), flush=True)
    fails = summary["strong_share"] < WANTED or summary["lost_beside_tls"] > 0
    return int(given.check and fails)


def one_curve(number: int, *, with_tls: bool) -> dict[str, Any]:
    """One injection and what was found."""
    curve, truth = injected(np.random.default_rng((SEED, number)))
    started = time.process_time()
    settings = ffa.FfaSettings()
    result = assessed(ffa.search(curve, settings=settings), curve, settings=settings)
    row = {
        "number": number, **truth, "found": result.period_days, "found_snr": result.snr,
        "false_alarm_probability": result.false_alarm_probability,
        "recovered": is_recovered(result.period_days, truth["period"]),
        "cpu_s": round(time.process_time() - started, 4),
    }  # fmt: skip
    if result.period_days is not None and row["recovered"]:
        row["period_pull"] = (result.period_days - truth["period"]) / (
            result.period_uncertainty_days or np.nan
        )
    if with_tls:
        found = tls_period(curve)
        row |= {"tls_found": found, "tls_recovered": is_recovered(found, truth["period"])}
    return row


def injected(rng: np.random.Generator) -> tuple[CleanCurve, dict[str, float]]:
    """A light curve with a planet that has three transits with data, and what the planet is."""
    times = np.arange(0, DAYS, CADENCE_SECONDS / 86_400)
    times = times[(np.abs(times - rng.uniform(10, 70)) > 1.5) & (rng.random(len(times)) > 0.03)]
    sigmas = NOISE * rng.uniform(0.7, 1.6, len(times))
    snr = rng.uniform(8, 30)
    while True:
        period = float(np.exp(rng.uniform(np.log(SHORTEST_DAYS), np.log(DAYS / 2))))
        specs = TransitSpecs(
            duration=DAYS,
            sampling_cadence=CADENCE_SECONDS,
            exposure_time=CADENCE_SECONDS,
            orbital_period=period,
            semi_major_axis=(period / 365.25) ** (2 / 3),
            t0=rng.uniform(0, period),
            planet_radius=0.1,
            impact_parameter=rng.uniform(0, 0.8),
            u1=0.4804,
            u2=0.1867,
        )
        shape = 1 - model_flux(specs, times)
        epochs = np.rint((times[shape > 0] - specs.t0) / period)
        if len(np.unique(epochs)) >= 3:
            break
    scale = snr / np.sqrt(np.sum((shape / sigmas) ** 2))
    fluxes = 1 - scale * shape + rng.normal(0, sigmas)
    curve = CleanCurve.clean(times, fluxes, uncertainties=sigmas)
    return curve, {"period": period, "snr": snr, "transits": len(np.unique(epochs))}


def tls_period(curve: CleanCurve) -> float | None:
    """The period that TLS finds with its exact backend, on its own grid from 0.5 d to half the span."""
    from transitleastsquares import transitleastsquares

    model = transitleastsquares(curve.times, curve.fluxes, curve.sigmas, verbose=False)
    found = model.power(
        period_min=0.5, period_max=curve.span_days / 2, backend="fused", use_threads=1,
        show_progress_bar=False, verbose=False,
    )  # fmt: skip
    return float(found.period) if np.isfinite(found.period) else None


def is_recovered(found: float | None, true: float) -> bool:
    """Whether a period is within 1 % of the true one."""
    return found is not None and bool(abs(found - true) < RECOVERED * true)


def summed_up(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Shares of recovered signals, pairs with TLS, and the scatter of the period over its claimed error."""
    strong = [row["recovered"] for row in rows if row["snr"] >= STRONG]
    paired = [row for row in rows if "tls_found" in row]
    pulls = [row["period_pull"] for row in rows if "period_pull" in row]
    return {
        "curves": len(rows),
        "share": float(np.mean([row["recovered"] for row in rows])),
        "strong": len(strong),
        "strong_share": float(np.mean(strong)) if strong else 1.0,
        "paired": len(paired),
        "tls_share": float(np.mean([row["tls_recovered"] for row in paired])) if paired else None,
        "lost_beside_tls": sum(row["tls_recovered"] and not row["recovered"] for row in paired),
        "won_beside_tls": sum(row["recovered"] and not row["tls_recovered"] for row in paired),
        "period_pull_median": float(np.median(np.abs(pulls))) if pulls else None,
        "period_pull_rms": float(np.sqrt(np.mean(np.square(pulls)))) if pulls else None,
        "cpu_s": float(np.median([row["cpu_s"] for row in rows])),
    }


if __name__ == "__main__":
    sys.exit(main())
