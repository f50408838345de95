"""How far the peak of a search's spectrum stands out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eas_tasks_tda.elliptic import FloatArray

_PEAK_WIDTHS = 30  # width of the running median in units of the oversampling, as in Hippke & Heller (2019)


@dataclass(frozen=True, kw_only=True)
class ResidueSpectrum:
    """The spectrum of a search, in falling order of the period; all of shape (n,).

    Attributes:
        periods: Days.
        residue: Signal residue: smallest χ² of all periods over that of each (Hippke & Heller 2019, eq. 2).
        sde: Signal detection efficiency, the residue without its trend in standard deviations.
    """

    periods: FloatArray
    residue: FloatArray
    sde: FloatArray

    @classmethod
    def of(cls, periods: FloatArray, residue: FloatArray, *, oversampling: int) -> ResidueSpectrum:
        """The spectrum with its signal detection efficiency; see `signal_detection_efficiency`."""
        sde = signal_detection_efficiency(residue, oversampling=oversampling)
        return cls(periods=periods, residue=residue, sde=sde)

    @property
    def sde_raw(self) -> float:
        """Highest signal detection efficiency of the spectrum as it is, with its trend."""
        scatter = float(np.std(self.residue))
        return float((self.residue.max() - self.residue.mean()) / scatter) if scatter > 0 else 0.0


def near_period(periods: FloatArray, period: float, *, apart: int) -> slice:
    """The places of a spectrum at most `apart` from a period; a refined one may have left its own peak."""
    place = int(np.argmin(np.abs(periods - period)))
    return slice(max(place - apart, 0), place + apart + 1)


def signal_detection_efficiency(spectrum: FloatArray, *, oversampling: int) -> FloatArray:
    """The spectrum without its trend, in standard deviations (Kovács et al. 2002, eq. 6).

    The trend is a running median over 30 widths of a peak, which removes the rise of the noise floor with the
    period, as Hippke & Heller (2019) define it; spectra shorter than that lose their mean only.

    Args:
        spectrum: Signal residue at each period: smallest χ² of all over that of the period; shape (n,), in
            order of frequency.
        oversampling: Periods per width of a peak.
    """
    from scipy.ndimage import median_filter

    width = 2 * (_PEAK_WIDTHS * oversampling // 2) + 1
    is_long = len(spectrum) > width
    trend = median_filter(spectrum, width, mode="nearest") if is_long else spectrum.mean()
    flat: FloatArray = spectrum - trend
    scatter = float(np.std(flat))
    return flat / scatter if scatter > 0 else np.zeros_like(flat)
