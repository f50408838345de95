"""Noise as a space telescope sees it: photons, granulation and activity of the star, drifts in its field.

The star's part is Gaussian noise with a power spectrum (one-sided, in ppm² per µHz):

* granulation, two components of Kallinger et al. (2014, A&A 570, A41, their model F):
  ``P(ν) = 2√2/π · a²/b / (1 + (ν/b)⁴)``, each of variance ``a²``, with ``a = 3382 ν_max^-0.609`` ppm,
  ``b₁ = 0.317 ν_max^0.970`` µHz and ``b₂ = 0.948 ν_max^0.992`` µHz, where
  ``ν_max = 3090 µHz · (g / g_sun) · (T_eff / 5777 K)^-1/2`` (Kjeldsen & Bedding 1995, A&A 293, 87);
* activity, the Lorentzian of an exponential decay (Harvey 1985, ESA SP-235, 199) with variance ``σ²``:
  ``P(ν) = 4 σ² τ / (1 + (2π ν τ)²)``.

An exposure averages over time, which multiplies the spectrum by ``sinc²(ν Δt)``. Oscillations are left out:
their periods (five minutes for the Sun) average away over the cadences at which transits are searched.

The instrument's part: in each quarter the star drifts over the pixels of its mask, and at the turn of the
telescope between quarters it lands on others. Each quarter gets a quadratic of its own, of mean 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from eas_tasks_tda.elliptic import FloatArray

if TYPE_CHECKING:
    from eas_tasks_tda.synthesis_noise_settings import NoiseSpecs

SECONDS_PER_DAY = 86_400.0
SECONDS_PER_HOUR = 3600.0
_MICROHERTZ = 1e-6
_PPM = 1e-6
SOLAR_NU_MAX = 3090.0  # µHz
SOLAR_TEFF = 5777.0  # K
SOLAR_LOGG = 4.438  # log10 of cm/s²

Spectrum = Callable[[FloatArray], FloatArray]


def noisy_flux(specs: NoiseSpecs, *, seed: int) -> tuple[FloatArray, FloatArray]:
    """Times [d] and relative fluxes around 1 of a star without planets; equal seeds, equal noise."""
    samples = math.ceil(specs.duration * SECONDS_PER_DAY / specs.sampling_cadence)
    times: FloatArray = np.arange(samples, dtype=np.float64) * (specs.sampling_cadence / SECONDS_PER_DAY)
    photons, star, instrument = (np.random.default_rng([seed, part]) for part in range(3))
    fluxes = 1.0 + photons.normal(0.0, white_noise(specs), samples)
    if specs.granulation or specs.activity_ppm > 0:
        spectrum = stellar_spectrum(specs)
        fluxes += _PPM * correlated_noise(
            spectrum, samples=samples, cadence_seconds=specs.sampling_cadence, rng=star
        )
    if specs.systematics > 0:
        fluxes *= quarterly_drifts(
            times, amplitude=specs.systematics, quarter_days=specs.quarter_days, rng=instrument
        )
    return times, fluxes


def white_noise(specs: NoiseSpecs) -> float:
    """Standard deviation of a sample, relative: that of an hour times the root of the samples in an hour."""
    return specs.nsr * _PPM * math.sqrt(SECONDS_PER_HOUR / specs.sampling_cadence)


# ------------------------------------------------------------- the star
def nu_max(*, log_g: float, teff: float) -> float:
    """Frequency of the largest oscillations [µHz], from log10 of the gravity [cm/s²] and temperature [K]."""
    return float(SOLAR_NU_MAX * 10 ** (log_g - SOLAR_LOGG) / math.sqrt(teff / SOLAR_TEFF))


def stellar_spectrum(specs: NoiseSpecs) -> Spectrum:
    """The one-sided power spectrum of the star [ppm²/µHz] as a function of frequency [µHz]."""
    peak = nu_max(log_g=specs.log_g, teff=specs.teff)

    def power(frequency: FloatArray) -> FloatArray:
        total = np.zeros_like(frequency)
        if specs.granulation:
            amplitude = 3382.0 * peak**-0.609
            for knee in (0.317 * peak**0.970, 0.948 * peak**0.992):
                total += granulation_power(frequency, amplitude=amplitude, knee=knee)
        if specs.activity_ppm > 0:
            tau = specs.activity_days * SECONDS_PER_DAY * _MICROHERTZ  # 1/µHz
            total += activity_power(frequency, sigma=specs.activity_ppm, tau=tau)
        return total

    return power


def granulation_power(frequency: FloatArray, *, amplitude: float, knee: float) -> FloatArray:
    """Power [ppm²/µHz] of one component of granulation with variance `amplitude` squared."""
    norm = 2 * math.sqrt(2) / math.pi * amplitude**2 / knee
    found: FloatArray = norm / (1 + (frequency / knee) ** 4)
    return found


def activity_power(frequency: FloatArray, *, sigma: float, tau: float) -> FloatArray:
    """Power [ppm²/µHz] of an exponential decay of time `tau` [1/µHz] with variance `sigma` squared."""
    found: FloatArray = 4 * sigma**2 * tau / (1 + (2 * math.pi * frequency * tau) ** 2)
    return found


def correlated_noise(
    spectrum: Spectrum, *, samples: int, cadence_seconds: float, rng: np.random.Generator
) -> FloatArray:
    """Gaussian noise with a power spectrum, averaged over exposures as long as the cadence.

    It is made twice as long as wanted, so that the end does not know of the beginning; frequencies above
    Nyquist's are not folded back, they are small after the averaging.

    Args:
        spectrum: One-sided power per µHz at frequencies [µHz].
        samples: How many.
        cadence_seconds: Time between them.
        rng: Source of the noise.

    Returns:
        Shape (samples,), the square root of the unit of the power's integral.
    """
    length = 2 * samples
    frequency: FloatArray = np.fft.rfftfreq(length, d=cadence_seconds).astype(np.float64) / _MICROHERTZ
    power = spectrum(frequency) * np.sinc(frequency * _MICROHERTZ * cadence_seconds) ** 2
    power[0] = 0.0  # the mean flux is 1
    step = 1.0 / (length * cadence_seconds) / _MICROHERTZ
    spread = np.sqrt(power * step / 2) * length / math.sqrt(2)
    waves = rng.normal(size=len(frequency)) + 1j * rng.normal(size=len(frequency))
    noise: FloatArray = np.fft.irfft(spread * waves, n=length)[:samples]
    return noise


# ------------------------------------------------------------- the instrument
def quarterly_drifts(
    times: FloatArray, *, amplitude: float, quarter_days: float, rng: np.random.Generator
) -> FloatArray:
    """A quadratic of mean 1 for each quarter, of which slope and curvature are normal with `amplitude`."""
    drift = np.ones_like(times)
    quarters = np.floor(times / quarter_days).astype(np.int64)
    for quarter in range(int(quarters[-1]) + 1 if len(times) else 0):
        slope, curvature = rng.normal(0.0, amplitude, 2)
        inside = quarters == quarter
        phase = 2 * (times[inside] / quarter_days - quarter) - 1  # -1 to 1
        drift[inside] += slope * phase + curvature * (phase**2 - 1 / 3)
    return drift
