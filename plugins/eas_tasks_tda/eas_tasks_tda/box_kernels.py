"""The best box at each period of a light curve that is folded sample by sample: compiled loops.

Samples are summed in bins of phase; a box is a run of bins. With w the inverse variance of a sample, m the
weighted mean of all fluxes f, ``s = Σ w (m - f)`` and ``r = Σ w`` in the box and R of all samples, the mean
flux outside is higher than inside by ``s R / (r (R - r))``. The statistics are

* `LIKELIHOOD`, ``s² R² / (2 r (R - r)²)``: the logarithm of the likelihood over that of no transit where
  the flux outside is taken as known, as astropy's "likelihood";
* `RESIDUE`, ``s² / (r (R - r))``: the square of the signal residue of Kovács, Zucker & Mazeh (2002), A&A 391,
  369, eq. 5, whose s and r are divided by R; R times it is the drop of χ² when both levels are fitted.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from eas_tasks_tda.compiled import kernel

LIKELIHOOD, RESIDUE = 0, 1
_TINY = 1e-300


@kernel
def place_samples(times: Any, period: float, bin_days: float, count: int, places: Any) -> None:
    """Write the bin of phase of each sample, 0 to ``count - 1``; phase 0 is time 0."""
    cycles, bins = 1.0 / period, period / bin_days
    for i in range(len(times)):
        phase = times[i] * cycles
        phase -= np.floor(phase)
        places[i] = min(int(phase * bins), count - 1)


@kernel
def sum_bins(samples: Any, places: Any, count: int, halo: int, sums: Any) -> None:
    """Sums of missing flux and weight before each bin and behind the last of `halo` more, which repeat."""
    missing, weights = sums
    missing[: count + halo + 1] = 0.0
    weights[: count + halo + 1] = 0.0
    for i in range(len(places)):
        k = places[i]
        missing[k] += samples[0, i]
        weights[k] += samples[1, i]
    for k in range(halo):
        missing[count + k], weights[count + k] = missing[k % count], weights[k % count]
    before, weight_before = 0.0, 0.0
    for k in range(count + halo + 1):
        here, weight = missing[k], weights[k]
        missing[k], weights[k] = before, weight_before
        before += here
        weight_before += weight


@kernel
def best_likelihood(missing: Any, weights: Any, width: int, count: int, total: float) -> float:
    """The highest `LIKELIHOOD` over ``total² / 2`` of the boxes of `width` bins, 0 where all are brighter."""
    a, b, u, v = (
        missing[:count],
        missing[width : width + count],
        weights[:count],
        weights[width : width + count],
    )
    best = 0.0
    for k in range(count):
        s, r = b[k] - a[k], v[k] - u[k]
        value = s * abs(s) / (r * (total - r) * (total - r) + _TINY)
        best = value if value > best else best
    return best


@kernel
def best_residue(missing: Any, weights: Any, width: int, count: int, total: float) -> float:
    """The highest `RESIDUE` of the boxes of `width` bins, 0 where all are brighter."""
    a, b, u, v = (
        missing[:count],
        missing[width : width + count],
        weights[:count],
        weights[width : width + count],
    )
    best = 0.0
    for k in range(count):
        s, r = b[k] - a[k], v[k] - u[k]
        value = s * abs(s) / (r * (total - r) + _TINY)
        best = value if value > best else best
    return best


@kernel
def first_bin(missing: Any, weights: Any, box: Any, total: float, statistic: int) -> int:
    """The first bin of the box with the best value; `box` are its width, how many there are, the value."""
    width, count, best = box
    for k in range(count):
        s, r = missing[width + k] - missing[k], weights[width + k] - weights[k]
        rest = (total - r) * (total - r) if statistic == LIKELIHOOD else total - r
        if s * abs(s) / (r * rest + _TINY) >= best * (1 - 1e-9):
            return k
    return 0


@kernel
def scan_boxes(samples: Any, grid: Any, statistic: int, first: int, stride: int, out: Any) -> None:
    """The best box at every `stride`-th period from the `first` on.

    Args:
        samples: Missing flux times weight, weight, and time from the first sample; shape (3, n).
        grid: Periods, length of a bin at each [d], and the widths tried at each: shape (periods, widths),
            in bins, rows filled up with 0.
        statistic: `LIKELIHOOD` or `RESIDUE`.
        first: Of the periods.
        stride: Of the periods.
        out: Statistic, duration and mid-transit from the first sample; shape (3, periods).
    """
    periods, bin_days, widths = grid
    total, times = samples[1].sum(), samples[2]
    size = int((periods / bin_days).max()) + widths.max() + 3
    missing, weights = np.zeros(size), np.zeros(size)
    places = np.zeros(len(times), np.int32)
    for i in range(first, len(periods), stride):
        count = int(np.ceil(periods[i] / bin_days[i] - 1e-9))
        place_samples(times, periods[i], bin_days[i], count, places)
        sum_bins(samples, places, count, widths[i].max(), (missing, weights))
        best, width = 0.0, widths[i, 0]
        for trial in widths[i]:
            if trial == 0:
                break
            if statistic == LIKELIHOOD:
                value = best_likelihood(missing, weights, trial, count, total)
            else:
                value = best_residue(missing, weights, trial, count, total)
            if value > best:
                best, width = value, trial
        k = first_bin(missing, weights, (width, count, best), total, statistic)
        out[0, i] = 0.5 * total * total * best if statistic == LIKELIHOOD else best
        out[1, i], out[2, i] = width * bin_days[i], (k + 0.5 * width) * bin_days[i]
