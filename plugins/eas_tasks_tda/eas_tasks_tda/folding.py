"""The fast-folding search from a light curve to refined candidates; `ffa` is the task around it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eas_tasks_tda import grids
from eas_tasks_tda.aliases import relation
from eas_tasks_tda.elliptic import FloatArray
from eas_tasks_tda.false_alarms import SearchVolume
from eas_tasks_tda.folding_plan import FEWEST_BINS, DurationClass, classes, trial_count
from eas_tasks_tda.folding_scan import Trials, scan_blocks
from eas_tasks_tda.folding_spectrum import Spectrum, highest
from eas_tasks_tda.folding_wrapped import scan_wrapped
from eas_tasks_tda.peak_kernels import refine_peaks
from eas_tasks_tda.pink_noise import slot_noise_ratios
from eas_tasks_tda.prepare import CleanCurve
from eas_tasks_tda.profile_search import WIDTHS
from eas_tasks_tda.refine import Peak
from eas_tasks_tda.settings import SearchSettings
from eas_tasks_tda.single_transit import SingleTransit, strongest_single
from eas_tasks_tda.slots import Slots

_WIDEST_IN_LONG_BINS = 6
_WORTH_A_THREAD = 20_000  # trials
_MEAN_CHORD = math.pi / 4  # of the star's diameter, for planets at all distances from its centre
_UNDECIDED = 4.0  # of χ²
_LIKELY_NOISE = math.log(0.01)  # logarithm of a number of false alarms; noise has many aliases


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A refined peak.

    Attributes:
        snr: Signal-to-noise ratio of its transits.
        peak: The transits.
        log_false_alarms: How many signals as surprising noise has, natural logarithm; see `false_alarms`.
    """

    snr: float
    peak: Peak
    log_false_alarms: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """What a folding search has found.

    Attributes:
        peaks: Refined, the most surprising first.
        single: The strongest single transit.
        periods: Of the spectrum, falling [d], shape (n,).
        snr: Highest signal-to-noise ratio of the trials near each period, shape (n,).
        trial_count: Number of folds searched.
    """

    peaks: list[Candidate]
    single: SingleTransit
    periods: FloatArray
    snr: FloatArray
    trial_count: int


def candidates(
    curve: CleanCurve,
    *,
    settings: SearchSettings,
    peak_count: int,
    fold_weights: bool | None = None,
    threads: int = 1,
) -> Candidates:
    """The strongest periodic and single transits in a light curve.

    Args:
        curve: The light curve.
        settings: Periods and star.
        peak_count: How many peaks of the spectrum are refined.
        fold_weights: Whether weights are folded; None folds them where coverage is not uniform.
        threads: Threads that fold side by side.

    Raises:
        UnsearchableError: The data are too short for the shortest period.
    """
    shortest, longest = grids.period_range(
        curve.span_days, shortest=settings.period_min, longest=settings.period_max
    )
    star = settings.star
    slots = Slots.of(curve, shortest_transit_days=star.shortest_transit(shortest))
    plan = classes(len(slots), slot_days=slots.slot_days, shortest=shortest, longest=longest, star=star)
    periods = grids.ofir_periods(
        curve.span_days, shortest=shortest, longest=longest, star=star, oversampling=settings.oversampling
    )
    spectrum, trials = Spectrum.empty(periods), 0
    for part in plan:
        trials += _scan(slots, part, spectrum, fold_weights=fold_weights, threads=threads)
    spectrum = spectrum.without_holes()
    peaks = _refined(slots, spectrum, count=peak_count, apart=2 * settings.oversampling)
    volume = SearchVolume.of_slots(slots, limits=(shortest, longest), star=star)
    return Candidates(
        peaks=most_surprising(peaks, slots, volume),
        single=strongest_single(slots, longest_days=star.longest_transit(curve.span_days), star=star),
        periods=periods,
        snr=spectrum.snr,
        trial_count=trials,
    )


def _scan(
    slots: Slots, part: DurationClass, spectrum: Spectrum, *, fold_weights: bool | None, threads: int
) -> int:
    """Fold one class and take it into the spectrum; gives the number of trials."""
    length = -(-len(slots) // part.factor)
    searched = 0
    for trials, is_wrapped in ((part.wrapped, True), (part.blocks, False)):
        count = trial_count(trials, length)
        if count == 0:
            continue
        longest, shortest = int(trials.periods.max()), int(trials.periods.min())
        most_rows = None if is_wrapped else (length - 1) // shortest + 1
        series = slots.series(
            part.factor, longest_period=longest, most_rows=most_rows, fold_weights=fold_weights
        )
        found = np.zeros(count, np.float32)
        scan = scan_wrapped if is_wrapped else scan_blocks
        _on_threads(scan, (series, trials), found, threads=threads if count > _WORTH_A_THREAD else 1)
        spectrum.raise_by(
            trials,
            found,
            length=length,
            factor=part.factor,
            bin_days=part.factor * slots.slot_days,
            wrapped=is_wrapped,
        )
        searched += count
    return searched


def _on_threads(scan: Any, what: tuple[Any, Trials], found: NDArray[np.float32], *, threads: int) -> None:
    """Run a scan with every `threads`-th base period on each of as many threads; they share no results."""
    if threads == 1:
        scan(what[0], what[1], 0, 1, found)
        return
    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(scan, what[0], what[1], first, threads, found) for first in range(threads)]:
            done.result()


def most_surprising(peaks: list[Candidate], slots: Slots, volume: SearchVolume) -> list[Candidate]:
    """The peaks with how surprising each is, in the order of that.

    The noise of means over the duration is taken into account where it is clearly above that of white noise.
    Of the periods that the transits of a significant one may have, at simple ratios, see `_period_of_star`.
    """
    if not peaks:
        return []
    periods = np.array([one.peak.period for one in peaks])
    durations = np.array([one.peak.duration for one in peaks])
    snr = np.array([one.snr for one in peaks]) / slot_noise_ratios(slots, durations)
    chances = volume.log_false_alarms(snr, periods, durations)
    judged = [replace(one, log_false_alarms=float(x)) for one, x in zip(peaks, chances, strict=True)]
    judged.sort(key=lambda one: one.log_false_alarms)
    if judged[0].log_false_alarms > _LIKELY_NOISE:
        return judged
    span = len(slots) * slots.slot_days
    same: dict[Fraction, Candidate] = {}
    for one in judged:
        ratio = relation(one.peak, judged[0].peak, span_days=span)
        if ratio is not None:
            same.setdefault(ratio, one)
    best = _period_of_star(list(same.values()), volume.star)
    return [best, *(one for one in judged if one is not best)]


def _period_of_star(same: list[Candidate], star: grids.Star) -> Candidate:
    """Of several periods of the same transits, the one that fits best, or the star where the fit cannot tell.

    Transits last as the cube root of the period for one density of the star (Seager & Mallén-Ornelas 2003,
    ApJ 585, 1038): those of half the period too long, those of twice the period too short.
    """
    best = max(one.snr for one in same)

    def misfit(one: Candidate) -> float:
        central = grids.central_transit_days(one.peak.period, radius=star.radius, mass=star.mass)
        return abs(math.log(one.peak.duration / (_MEAN_CHORD * central)))

    return min((one for one in same if one.snr**2 > best**2 - _UNDECIDED), key=misfit)


def _refined(slots: Slots, spectrum: Spectrum, *, count: int, apart: int) -> list[Candidate]:
    """The most surprising peaks of a spectrum, refined on the slots, strongest first."""
    places = highest(spectrum.merit, count, apart=apart)
    factors = spectrum.factors[places]
    widest = np.where(factors == 1, WIDTHS[-1], _WIDEST_IN_LONG_BINS)
    narrowest = np.where(factors == 1, 1, FEWEST_BINS - 1)
    return refined_peaks(
        slots,
        trials=spectrum.best[places],
        bins=factors.astype(np.float64),
        limits=np.column_stack([narrowest, widest]),
    )


def refined_peaks(
    slots: Slots,
    *,
    trials: FloatArray,
    bins: FloatArray,
    limits: NDArray[np.int64],
) -> list[Candidate]:
    """Peaks of a spectrum refined on the slots, strongest first.

    Args:
        slots: The light curve.
        trials: Their periods [d].
        bins: Slots per bin with which each is folded first.
        limits: Fewest and most bins of a transit, shape (n, 2).
    """
    rows = np.zeros((len(trials), 4))
    refine_peaks(slots.cumulative, trials / slots.slot_days, bins, limits, rows)
    return sorted(_candidates(slots, rows), key=lambda candidate: -candidate.snr)


def _candidates(slots: Slots, rows: FloatArray) -> Iterator[Candidate]:
    """The refined peaks in days."""
    for snr, period, centre, duration in rows:
        if snr > 0:
            peak = Peak(
                period=float(period * slots.slot_days),
                t0=float(slots.start_days + centre * slots.slot_days),
                duration=float(duration * slots.slot_days),
            )
            yield Candidate(snr=float(snr), peak=peak)
