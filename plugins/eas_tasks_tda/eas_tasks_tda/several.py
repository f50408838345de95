"""Several planets of one star: search, mask what was found, repeat until nothing stands out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from eas_tasks_tda.aliases import relation, shares_period
from eas_tasks_tda.damage import is_damaged
from eas_tasks_tda.doubts import ONE_SIDED, SAME_PERIOD, SHORT, VARIATION
from eas_tasks_tda.elliptic import FloatArray
from eas_tasks_tda.prepare import CleanCurve
from eas_tasks_tda.refine import Peak
from eas_tasks_tda.result import SMALLEST_SINGLE_SNR, TransitResult

MASKED = 2.0  # durations around each mid-transit; a template is narrower than a transit with a long ingress


def peak_of(result: TransitResult) -> Peak | None:
    """The transits of a result; None where there is no period."""
    if result.period_days is None or result.t0_days is None or result.duration_hours is None:
        return None
    return Peak(period=result.period_days, t0=result.t0_days, duration=result.duration_hours / 24)


def stands_out(result: TransitResult, *, fap_max: float) -> bool:
    """Whether a result is a planet rather than noise, so that it is worth to look for another one.

    Periodic transits by their false-alarm probability for pink noise, a single one by its signal-to-noise
    ratio for pink noise; and nothing may speak against either (`doubts`).
    """
    return is_significant(result, fap_max=fap_max) and not result.doubts


def is_significant(result: TransitResult, *, fap_max: float) -> bool:
    """Whether noise alone hardly gives such a signal, be it a planet or not."""
    if result.period_days is not None:
        probability = result.false_alarm_probability_pink
        return probability is not None and probability <= fap_max
    return result.t0_days is not None and (result.snr_pink or 0.0) >= SMALLEST_SINGLE_SNR


def without_transits(curve: CleanCurve, result: TransitResult) -> CleanCurve:
    """The samples that lie at least one duration from the mid-transits of a result.

    Raises:
        UnsearchableError: Too few samples are left.
    """
    return curve.where(~near_transits(curve.times, result, durations=MASKED))


def without_signal(curve: CleanCurve, result: TransitResult) -> CleanCurve:
    """The samples in which to go on after a signal.

    One that is shorter than transits is damage: all of its kind goes at once.

    Raises:
        UnsearchableError: Too few samples are left.
    """
    left = without_transits(curve, result)
    return left.where(~is_damaged(left)) if SHORT.intersection(result.doubts) else left


def still_observed(times: FloatArray, result: TransitResult) -> FloatArray:
    """The times [d] beside which a transit counts as complete: not those of a ramp or a jump."""
    if not ONE_SIDED.intersection(result.doubts):
        return times
    return times[~near_transits(times, result, durations=MASKED)]


def near_transits(times: FloatArray, result: TransitResult, *, durations: float) -> NDArray[np.bool_]:
    """Which `times` [d] lie in so many durations around a mid-transit; none without epoch and duration.

    Without a period there is one transit.
    """
    if result.t0_days is None or result.duration_hours is None:
        return np.zeros(len(times), dtype=np.bool_)
    peak = peak_of(result)
    distances = times - result.t0_days if peak is None else peak.phases(times)
    near: NDArray[np.bool_] = np.abs(distances) <= durations / 2 * result.duration_hours / 24
    return near


def doubted(
    result: TransitResult, passed_over: Sequence[TransitResult], *, span_days: float
) -> TransitResult:
    """The result with one doubt more where it keeps the period of a variation that was passed over."""
    peak = peak_of(result)
    variations = [peak_of(before) for before in passed_over if VARIATION.intersection(before.doubts)]
    if peak is None or not any(
        shares_period(peak, before, span_days=span_days) for before in variations if before is not None
    ):
        return result
    return replace(result, doubts=(*result.doubts, SAME_PERIOD))


def named_relations(results: Sequence[TransitResult], *, span_days: float) -> list[TransitResult]:
    """The results with what each is an alias of, where it is one of a planet before it."""
    named: list[TransitResult] = []
    for result in results:
        text = _relation_text(result, named, span_days=span_days)
        named.append(result if text is None else replace(result, alias_of=text))
    return named


def _relation_text(
    result: TransitResult, earlier: Sequence[TransitResult], *, span_days: float
) -> str | None:
    peak = peak_of(result)
    for number, before in enumerate(earlier, start=1):
        other = peak_of(before)
        if peak is None or other is None:
            continue
        ratio = relation(peak, other, span_days=span_days)
        if ratio is not None:
            return f"{ratio} of planet {number}"
    return None
