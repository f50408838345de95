"""What light curves cost on disk and in resampling; one JSON object per line.

*Files*: writing and reading 252,288 samples (730 days at 250 s) in the internal form, against gzipped text
that ``numpy.savetxt`` writes and a loop reads line by line. *Resampling*: 1,000,000 samples onto 100,000,
with and without uncertainties and flags, against ``numpy.interp`` at as many points, which neither conserves
flux nor looks at the samples in between. All take turns; the median of the repeats counts. Files count in
wall-clock time, resampling in CPU time of its one thread, so that neighbours on the machine do not matter.

``--check`` exits with 1 where a mark is missed: files 50 times as fast, resampling within 50 ms.

    python benchmarks/bench_lightcurve.py --repeats 3 --check
"""

from __future__ import annotations

import argparse
import gzip
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from figures import report, spread

from eas_framework.lightcurve import LightcurveArbitraryRaster
from eas_framework.lightcurve_resample import LightcurveResampler

SAMPLES = 252_288
CADENCE_DAYS = 250 / 86400
FROM_SAMPLES, TO_SAMPLES = 1_000_000, 100_000
FILE_RATIO, RESAMPLING_MS = 50.0, 50.0


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--check", action="store_true", help="exit with 1 where a mark is missed")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="eas_bench_") as folder:
        met = [bench_files(Path(folder), arguments.repeats), bench_resampling(5 * arguments.repeats)]
    return int(arguments.check and not all(met))


def curve_of(count: int) -> LightcurveArbitraryRaster:
    """White noise with one bad sample in a hundred."""
    rng = np.random.default_rng(1)
    return LightcurveArbitraryRaster(
        np.arange(count) * CADENCE_DAYS,
        1 + 1e-3 * rng.standard_normal(count),
        np.full(count, 1e-3),
        (rng.random(count) < 0.01).astype(np.int64),
    )


# ------------------------------------------------------------- files
def bench_files(folder: Path, repeats: int) -> bool:
    """Write and read in the three forms; whether the internal one is as many times faster as it must be."""
    curve = curve_of(SAMPLES)
    ours = seconds_of(
        {
            "internal": lambda: ours_round_trip(curve, folder / "curve.npy", binary=True),
            "eas text, gzip": lambda: ours_round_trip(curve, folder / "curve.gz", binary=False),
            "savetxt, gzip": lambda: peer_round_trip(curve, folder / "peer.gz"),
        },
        repeats,
        time.perf_counter,
    )
    peer = ours["savetxt, gzip"]
    ratios = [theirs / own for theirs, own in zip(peer, ours["internal"], strict=True)]
    is_met = statistics.median(ratios) >= FILE_RATIO
    report(
        "write and read",
        samples=SAMPLES,
        seconds={name: spread(values) for name, values in ours.items()},
        ratio=spread(ratios),
        mark_ratio=FILE_RATIO,
        met=is_met,
    )
    return is_met


def ours_round_trip(curve: LightcurveArbitraryRaster, path: Path, *, binary: bool) -> None:
    metadata = curve.to_file(path, binary=binary)
    require_same(curve, LightcurveArbitraryRaster.from_file(path, metadata).fluxes)


def peer_round_trip(curve: LightcurveArbitraryRaster, path: Path) -> None:
    table = np.stack((curve.times * 86400, curve.fluxes, curve.flags, curve.uncertainties), axis=1)
    with gzip.open(path, "wt") as stream:
        np.savetxt(stream, table)
    columns: list[list[float]] = [[], [], [], []]
    with gzip.open(path, "rt") as stream:
        for line in stream:
            for column, word in zip(columns, line.split(), strict=True):
                column.append(float(word))
    require_same(curve, np.array(columns[1]))


def require_same(curve: LightcurveArbitraryRaster, fluxes: np.ndarray[Any, Any]) -> None:
    if not np.array_equal(curve.fluxes, fluxes):
        sys.exit("the fluxes that were read are not those that were written")


# ------------------------------------------------------------- resampling
def bench_resampling(repeats: int) -> bool:
    """Resampling with and without uncertainties and flags; whether both are within the mark."""
    full = curve_of(FROM_SAMPLES)
    plain = LightcurveArbitraryRaster(full.times, full.fluxes)
    new = np.linspace(full.times[5], full.times[-5], TO_SAMPLES)
    # Resamplers are made once: a raster is checked when its curve is given.
    resamplers = {"plain": LightcurveResampler(plain), "uncertainties and flags": LightcurveResampler(full)}
    seconds = seconds_of(
        {
            "plain": lambda: resamplers["plain"].onto_raster(new, resample_flags=False),
            "uncertainties and flags": lambda: resamplers["uncertainties and flags"].onto_raster(new),
            "numpy.interp": lambda: np.interp(new, full.times, full.fluxes),
        },
        repeats,
        time.process_time,
    )
    interp = statistics.median(seconds["numpy.interp"])
    is_met = True
    for name in resamplers:
        milliseconds = [1e3 * value for value in seconds[name]]
        is_within = statistics.median(milliseconds) <= RESAMPLING_MS
        is_met &= is_within
        report(
            f"resampling, {name}",
            samples=[FROM_SAMPLES, TO_SAMPLES],
            cpu_ms=spread(milliseconds),
            interp_cpu_ms=spread([1e3 * value for value in seconds["numpy.interp"]]),
            ratio_to_interp=round(statistics.median(seconds[name]) / interp, 2),
            mark_ms=RESAMPLING_MS,
            met=is_within,
        )
    return is_met


# ------------------------------------------------------------- helpers
def seconds_of(
    works: Mapping[str, Callable[[], object]], repeats: int, clock: Callable[[], float]
) -> dict[str, list[float]]:
    """Each piece of work in turn, after one turn that does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(repeats + 1):
        for name, work in works.items():
            start = clock()
            work()
            if turn:
                seconds[name].append(clock() - start)
    return seconds


if __name__ == "__main__":
    sys.exit(main())
