"""What every transit search returns: one record with units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fractions import Fraction

    from eas_tasks_tda.spectrum import ResidueSpectrum
    from eas_tasks_tda.transit_depths import TransitDepths

# metadata keyword: unit and meaning
RESULT_METADATA: Mapping[str, str] = {
    "period": "Orbital period [d]; absent where nothing was found.",
    "t0": "Time of the first mid-transit [d, as the light curve's times].",
    "duration_hours": "Duration of the transit, first to last contact [h].",
    "depth": "Depth of the transit as a positive fraction of the flux.",
    "snr": "Signal-to-noise ratio of the mean depth of all transits, for white noise.",
    "sde": "Signal detection efficiency: height of the peak of the spectrum in standard deviations.",
    "transit_count": "Number of transits with at least one sample.",
    "period_uncertainty": "Standard deviation of the period [d].",
    "t0_uncertainty": "Standard deviation of t0 [d].",
    "duration_uncertainty_hours": "Standard deviation of the duration [h].",
    "depth_uncertainty": "Standard deviation of the depth.",
    "snr_pink": "Signal-to-noise ratio for the noise that means over a transit have in these data.",
    "noise_ratio": "Noise of means over a transit in these data, over that for white noise.",
    "statistic": "Square root of the drop of χ² that the transits bring, on which the chances are defined.",
    "log_false_alarms": "How many signals as surprising white noise has in such a search: natural logarithm.",
    "false_alarm_probability": "Chance that white noise alone gives as surprising a signal in this search.",
    "false_alarm_probability_pink": "The same for the statistic over noise_ratio, where that is above 1.",
    "sde_raw": "Signal detection efficiency of the spectrum with its trend.",
    "odd_even_difference": "Depth of odd transits minus that of even ones.",
    "odd_even_significance": "odd_even_difference without its sign, in standard deviations.",
    "secondary_phase": "Phase of the deepest dip between transits, in periods from mid-transit.",
    "secondary_depth": "Its depth, a positive fraction of the flux.",
    "secondary_significance": "Its depth in standard deviations; up to about 4 is noise.",
    "aliases": "Other periods that the data do not exclude: [ratio to the period, period in days].",
    "alias_of": "Which earlier planet's transits this signal repeats, and at what ratio of periods.",
    "doubts": "Why it may be no planet, whatever its significance; absent where nothing speaks against it.",
    "power": "Height of the peak in the units of the algorithm.",
    "note": "Why nothing was found, where nothing was found.",
}

SMALLEST_SINGLE_SNR = 7.1  # below, noise makes as strong a single dip in almost every light curve
_OF_ONE_ALGORITHM = frozenset({"power"})
_RECORDED = [keyword for keyword in RESULT_METADATA if keyword not in _OF_ONE_ALGORITHM]
_FIELDS = {
    "period": "period_days",
    "t0": "t0_days",
    "period_uncertainty": "period_uncertainty_days",
    "t0_uncertainty": "t0_uncertainty_days",
}


@dataclass(frozen=True, kw_only=True)
class TransitResult:
    """The best periodic transit in a light curve; `period_days` is None where none was found.

    Attributes:
        period_days: Orbital period.
        t0_days: Time of the first mid-transit, in the time system of the light curve.
        duration_hours: Duration from first to last contact.
        depth: Positive fraction of the flux.
        snr: Mean depth of all transits over its standard deviation, for white noise.
        sde: Signal detection efficiency (Kovács et al. 2002) of the spectrum without its trend.
        transit_count: Number of transits with at least one sample.
        period_uncertainty_days: Standard deviation of the period.
        t0_uncertainty_days: Standard deviation of t0.
        duration_uncertainty_hours: Standard deviation of the duration.
        depth_uncertainty: Standard deviation of the depth.
        snr_pink: `snr` for correlated noise (Pont, Zucker & Queloz 2006).
        noise_ratio: Standard deviation of means over a duration, over that for white noise.
        statistic: Square root of the drop of χ² that the transits bring (`strength.detection_statistic`).
        log_false_alarms: Logarithm of how many signals as surprising white noise has in such a search.
        false_alarm_probability: That white noise gives as surprising a signal.
        false_alarm_probability_pink: That it does so after division by a `noise_ratio` above 1.
        sde_raw: As `sde`, of the spectrum with its trend.
        odd_even_difference: Depth of odd minus that of even transits.
        odd_even_significance: Its size in standard deviations.
        secondary_phase: Of the deepest dip between transits, in periods.
        secondary_depth: Of that dip.
        secondary_significance: Of that dip, in standard deviations.
        aliases: Ratio and period [d] of other periods that the data do not exclude.
        alias_of: Ratio to, and number of, the earlier planet whose transits these are.
        doubts: Why it may be no planet (`doubts`).
        transits: Depth of each transit.
        periodogram: The spectrum that was searched.
        extras: What only this algorithm gives, by metadata keyword.
        note: Why nothing was found.
    """

    period_days: float | None = None
    t0_days: float | None = None
    duration_hours: float | None = None
    depth: float | None = None
    snr: float | None = None
    sde: float | None = None
    transit_count: int = 0
    period_uncertainty_days: float | None = None
    t0_uncertainty_days: float | None = None
    duration_uncertainty_hours: float | None = None
    depth_uncertainty: float | None = None
    snr_pink: float | None = None
    noise_ratio: float | None = None
    statistic: float | None = None
    log_false_alarms: float | None = None
    false_alarm_probability: float | None = None
    false_alarm_probability_pink: float | None = None
    sde_raw: float | None = None
    odd_even_difference: float | None = None
    odd_even_significance: float | None = None
    secondary_phase: float | None = None
    secondary_depth: float | None = None
    secondary_significance: float | None = None
    aliases: tuple[tuple[Fraction, float], ...] = ()
    alias_of: str | None = None
    doubts: tuple[str, ...] = ()
    transits: TransitDepths | None = field(default=None, compare=False, repr=False)
    periodogram: ResidueSpectrum | None = field(default=None, compare=False, repr=False)
    extras: Mapping[str, float | int | str] = field(default_factory=dict)
    note: str | None = None

    @property
    def found(self) -> bool:
        """Whether there is a transit."""
        return self.period_days is not None

    def with_spectrum(self, spectrum: ResidueSpectrum) -> TransitResult:
        """The same with the spectrum that was searched; without a peak where nothing was found."""
        return replace(self, periodogram=spectrum, sde_raw=spectrum.sde_raw if self.found else None)

    def as_metadata(self) -> dict[str, Any]:
        """The values that exist, by the keywords of `RESULT_METADATA`."""
        items: dict[str, Any] = {
            keyword: getattr(self, _FIELDS.get(keyword, keyword)) for keyword in _RECORDED
        }
        items["aliases"] = [[str(ratio), period] for ratio, period in self.aliases] or None
        items["doubts"] = list(self.doubts) or None
        return {keyword: value for keyword, value in items.items() if value is not None} | dict(self.extras)


def nothing_found(note: str) -> TransitResult:
    """The result of a search that found no transit, and why."""
    return TransitResult(note=note)
