"""The searches for boxes of this package: from the grid to the refined best transit."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from eas_tasks_tda.box_grid import BINS_PER_DURATION, Octave, Periodogram, octaves
from eas_tasks_tda.elliptic import FloatArray
from eas_tasks_tda.false_alarms import SearchVolume
from eas_tasks_tda.prepare import CleanCurve
from eas_tasks_tda.refine import describe
from eas_tasks_tda.result import TransitResult, nothing_found
from eas_tasks_tda.settings import SearchParameters, SearchSettings
from eas_tasks_tda.spectrum import ResidueSpectrum, near_period

_WIDEST_IN_BINS = 7
# lengths of a bin at each period [d], and the widths tried at each in bins, rows filled up with 0
Boxes = tuple[FloatArray, NDArray[np.int64]]


class BoxSettings(SearchSettings):
    """Settings of the searches for boxes."""

    peak_count: int = Field(50, ge=1, le=1000, description="Peaks of the spectrum that are refined.")


class BoxParameters(SearchParameters):
    """Keys of a search for boxes."""

    search_settings: BoxSettings = Field(default_factory=BoxSettings, description="See the fields.")


def periodogram(
    curve: CleanCurve,
    *,
    settings: SearchSettings,
    boxes: Callable[[Octave], Boxes],
    statistic: int,
    threads: int = 1,
) -> Periodogram:
    """The best box at every period.

    Args:
        curve: The light curve.
        settings: Periods and star.
        boxes: Bins and widths at the periods of an octave.
        statistic: One of those of `box_kernels`.
        threads: Threads that fold side by side.
    """
    parts, periods = [], []
    for octave in octaves(curve, settings=settings):
        parts.append(_searched(octave, boxes(octave), statistic=statistic, threads=threads))
        periods.append(octave.periods)
    power, durations, mid_transits = np.concatenate(parts, axis=1)
    return Periodogram(
        periods=np.concatenate(periods), power=power, durations=durations, mid_transits=mid_transits
    )


def _searched(octave: Octave, boxes: Boxes, *, statistic: int, threads: int) -> FloatArray:
    """Statistic, duration and mid-transit of the best box at each period of an octave, shape (3, n)."""
    from eas_tasks_tda.box_kernels import scan_boxes  # late: loads numba

    binned = octave.binned
    weights = binned.sigmas**-2
    mean = np.average(binned.fluxes, weights=weights)
    samples = np.stack([weights * (mean - binned.fluxes), weights, binned.times - binned.times[0]])
    out, grid = np.zeros((3, len(octave.periods))), (octave.periods, *boxes)
    with ThreadPoolExecutor(threads) as pool:
        turns = [
            pool.submit(scan_boxes, samples, grid, statistic, first, threads, out) for first in range(threads)
        ]
        for turn in turns:
            turn.result()
    out[2] += binned.times[0]
    return out


def refined(
    curve: CleanCurve, found: Periodogram, *, drop: FloatArray, settings: BoxSettings
) -> TransitResult:
    """The common record of the best of the highest peaks, refined.

    Args:
        curve: The light curve.
        found: The best box at each period; the `power` of the best one is recorded.
        drop: Of χ² at each period.
        settings: Peaks, and what counts as a detection.
    """
    from eas_tasks_tda.folding import most_surprising, refined_peaks  # late: loads numba
    from eas_tasks_tda.folding_spectrum import highest  # late: loads numba
    from eas_tasks_tda.slots import Slots  # late: loads numba

    apart = 2 * settings.oversampling
    places = highest(drop, settings.peak_count, apart=apart)
    slots = Slots.of(curve, shortest_transit_days=float(found.durations.min()))
    bins = np.maximum(found.durations[places] / (BINS_PER_DURATION * slots.slot_days), 1.0)
    narrowest = np.where(bins > 1, BINS_PER_DURATION // 2, 1)
    limits = np.column_stack([narrowest, np.full(len(places), _WIDEST_IN_BINS)])
    peaks = refined_peaks(slots, trials=found.periods[places], bins=bins, limits=limits)
    if not peaks:
        return nothing_found("no trial period has a transit with data")
    periods = (float(found.periods.min()), float(found.periods.max()))
    volume = SearchVolume.of_slots(slots, limits=periods, star=settings.star)
    best = most_surprising(peaks, slots, volume)[0].peak
    near = near_period(found.periods, best.period, apart=apart)
    total = np.sum(((curve.fluxes - 1) / curve.sigmas) ** 2)
    chi_squared = np.maximum(total - drop, 1e-12 * total)
    spectrum = ResidueSpectrum.of(
        found.periods, chi_squared.min() / chi_squared, oversampling=settings.oversampling
    )
    return describe(
        curve,
        best,
        sde=float(spectrum.sde[near].max()),
        extras={"power": float(found.power[near].max())},
        snr_min=settings.snr_min,
    ).with_spectrum(spectrum)
