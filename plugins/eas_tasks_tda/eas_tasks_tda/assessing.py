"""What is said of every detection, whichever search made it.

Aliases first, since they may change the period; then uncertainties, pink noise, odd and even transits, a
secondary eclipse, and how often noise alone does as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from eas_tasks_tda.aliases import Alias, aliases, better_alias, possible_aliases
from eas_tasks_tda.doubts import Evidence, doubts, single_doubts
from eas_tasks_tda.elliptic import FloatArray
from eas_tasks_tda.false_alarms import SearchVolume, false_alarm_probability, noise_scale
from eas_tasks_tda.grids import Star
from eas_tasks_tda.pink_noise import as_for_known_noise, noise_ratio
from eas_tasks_tda.prepare import CleanCurve, UnsearchableError
from eas_tasks_tda.refine import Peak, describe
from eas_tasks_tda.result import TransitResult
from eas_tasks_tda.settings import SearchSettings
from eas_tasks_tda.several import peak_of
from eas_tasks_tda.strength import detection_statistic
from eas_tasks_tda.transit_depths import dips, transit_depths
from eas_tasks_tda.uncertainties import trapezoid_sigmas

_MOVES = 2  # from one alias to the next, as from four times the period over twice to the period
_BELOW_DEFAULT = 3.0
_BEYOND = 2.1  # spans: a period with which all data lie within half a period of the transit


def assessed(
    result: TransitResult,
    curve: CleanCurve,
    *,
    settings: SearchSettings,
    observed: FloatArray | None = None,
) -> TransitResult:
    """A result with all that the samples say of it; a single transit gets its noise and its doubts.

    Args:
        result: Of a search.
        curve: The samples that were searched.
        settings: Of the search.
        observed: Times [d] of the samples before those of other planets were left out, in order; those of
            `curve` where not given.

    Raises:
        UnsearchableError: The transits fill all the data.
    """
    observed = curve.times if observed is None else observed
    peak = peak_of(result)
    if peak is None:
        return _single(result, curve, observed=observed, star=settings.star)
    ratio = _noise_outside(curve, peak)
    statistic = detection_statistic(curve, peak)
    shortest, longest = alias_range(settings, span_days=curve.span_days)
    others = aliases(curve, peak, shortest=shortest, longest=longest)
    for _ in range(_MOVES):
        better = better_alias(others, statistic=statistic, noise_ratio=ratio)
        if better is None:
            break
        result, peak = _moved(result, curve, better)
        statistic = detection_statistic(curve, peak)
        others = aliases(curve, peak, shortest=shortest, longest=longest)
    found = possible_aliases(others, statistic=statistic, noise_ratio=ratio)
    result = replace(result, aliases=tuple(found), noise_ratio=ratio, statistic=statistic)
    result = _with_chances(
        result, curve, [Alias(ratio=Fraction(1), peak=peak, statistic=statistic), *others], settings
    )
    return _measured(result, curve, peak, observed=observed, star=settings.star)


def alias_range(settings: SearchSettings, *, span_days: float) -> tuple[float, float]:
    """Shortest and longest period [d] that an alias may have: those asked for, else as far as the data tell.

    A planet of a period below the default of ``period_min`` is found at two or three times its period.
    """
    is_asked = "period_min" in settings.model_fields_set
    shortest = settings.period_min if is_asked else settings.period_min / _BELOW_DEFAULT
    return shortest, settings.period_max or span_days


def _single(result: TransitResult, curve: CleanCurve, *, observed: FloatArray, star: Star) -> TransitResult:
    """A single transit with its signal-to-noise ratio for pink noise; nothing found as it is."""
    if result.t0_days is None or result.duration_hours is None or result.snr is None:
        return result
    duration = result.duration_hours / 24
    ratio = noise_ratio(curve.where(np.abs(curve.times - result.t0_days) > duration), duration)
    peak = Peak(period=_BEYOND * curve.span_days, t0=result.t0_days, duration=duration)
    signal = Evidence(
        curve=curve,
        peak=peak,
        observed=observed,
        snr=result.snr,
        noise_ratio=ratio,
        transits=transit_depths(curve, peak),
        others=dips(curve, peak),
        star=star,
    )
    against = tuple(single_doubts(signal))
    return replace(result, noise_ratio=ratio, snr_pink=result.snr / max(1.0, ratio), doubts=against)


def _noise_outside(curve: CleanCurve, peak: Peak) -> float:
    """The noise of means over a duration outside of the transits, over that for white noise."""
    return noise_ratio(_outside(curve, peak), peak.duration)


def _outside(curve: CleanCurve, peak: Peak) -> CleanCurve:
    """The samples more than a duration from mid-transit, which tell the noise."""
    outside = np.abs(peak.phases(curve.times)) > peak.duration
    if not outside.any():
        raise UnsearchableError("no sample lies outside of the transits of the best period")
    return curve.where(outside)


def _moved(result: TransitResult, curve: CleanCurve, alias: Alias) -> tuple[TransitResult, Peak]:
    """The record for another period of the same transits; the spectrum stays that of the search."""
    moved = describe(curve, alias.peak, sde=result.sde or 0.0, extras=dict(result.extras), is_refined=True)
    peak = peak_of(moved)
    if peak is None:
        return result, alias.peak
    kept = {name: getattr(result, name) for name in ("sde_raw", "periodogram")}
    return replace(moved, **kept), peak


def _with_chances(
    result: TransitResult, curve: CleanCurve, periods: Sequence[Alias], settings: SearchSettings
) -> TransitResult:
    """The result with its false-alarm probabilities for white and for pink noise.

    They are those of the signal: at that of its possible periods at which it is the most surprising.

    Args:
        result: The signal.
        curve: The samples in which it was found.
        periods: That which is reported, and its aliases; those that were not searched do not count.
        settings: Of the search.
    """
    volume, peak = SearchVolume.of(curve, settings), periods[0].peak
    outside = _outside(curve, peak)
    scale = noise_scale(outside)
    windows = max(1.0, len(outside.times) * outside.cadence_days / peak.duration)
    noise = max(scale, result.noise_ratio or 1.0)
    searched = [one for one in periods if volume.shortest <= one.peak.period <= volume.longest] or periods[:1]
    white = _fewest(volume, searched, [one.statistic / scale for one in searched])
    pink = _fewest(
        volume, searched, [as_for_known_noise(one.statistic / noise, windows=windows) for one in searched]
    )
    return replace(
        result,
        log_false_alarms=white,
        false_alarm_probability=false_alarm_probability(white),
        false_alarm_probability_pink=false_alarm_probability(pink),
    )


def _fewest(volume: SearchVolume, periods: Sequence[Alias], statistics: Sequence[float]) -> float:
    """The smallest logarithm of a number of false alarms."""
    days = [(one.peak.period, one.peak.duration) for one in periods]
    return float(volume.log_false_alarms(np.array(statistics), *np.array(days).T).min())


def _measured(
    result: TransitResult, curve: CleanCurve, peak: Peak, *, observed: FloatArray, star: Star
) -> TransitResult:
    """The result with uncertainties, single transits, the dip between them, and what speaks against it."""
    snr, depth = result.snr or 0.0, result.depth or 0.0
    transits = transit_depths(curve, peak)
    if not (snr > 0 and depth > 0 and len(transits)):
        return result
    ratio = max(1.0, result.noise_ratio or 1.0)
    sigmas = trapezoid_sigmas(curve, peak, transits, depth=depth, snr=snr)
    period = max(result.period_uncertainty_days or 0.0, sigmas.period or 0.0)
    others, odd_even = dips(curve, peak), transits.odd_even()
    secondary = None if others is None else others.deepest()
    signal = Evidence(
        curve=curve,
        peak=peak,
        observed=observed,
        snr=snr,
        noise_ratio=ratio,
        transits=transits,
        others=others,
        star=star,
    )
    return replace(
        result,
        period_uncertainty_days=period * ratio or None,
        t0_uncertainty_days=max(result.t0_uncertainty_days or 0.0, sigmas.t0) * ratio,
        duration_uncertainty_hours=24 * sigmas.duration * ratio,
        depth_uncertainty=depth / snr * ratio,
        snr_pink=snr / ratio,
        doubts=tuple(doubts(signal)),
        transits=transits,
        odd_even_difference=odd_even[0] if odd_even else None,
        odd_even_significance=abs(odd_even[0]) / odd_even[1] / ratio if odd_even else None,
        secondary_phase=secondary.phase if secondary else None,
        secondary_depth=secondary.depth if secondary else None,
        secondary_significance=secondary.depth / secondary.sigma / ratio if secondary else None,
    )
