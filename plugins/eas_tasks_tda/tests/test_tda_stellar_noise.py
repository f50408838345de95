"""Noise of star and instrument: variances, spectra, seeds, drifts."""

import math

import numpy as np
import pytest
from eas_tasks_tda.stellar_noise import (
    activity_power,
    correlated_noise,
    granulation_power,
    noisy_flux,
    nu_max,
    quarterly_drifts,
    white_noise,
)
from eas_tasks_tda.synthesis_noise_settings import NoiseSpecs
from pydantic import ValidationError

FREQUENCY = np.linspace(0, 2e6, 4_000_001)  # µHz, in steps of 0.5


def test_the_components_of_the_spectrum_have_the_variance_that_they_are_given():
    step = FREQUENCY[1]
    # both integrals follow from those of 1 / (1 + x⁴) and 1 / (1 + x²) from 0 to infinity
    granules = granulation_power(FREQUENCY, amplitude=30.0, knee=800.0)
    assert granules.sum() * step - granules[0] * step / 2 == pytest.approx(900.0, rel=1e-3)
    spots = activity_power(FREQUENCY, sigma=40.0, tau=1 / 600.0)
    assert spots.sum() * step - spots[0] * step / 2 == pytest.approx(1600.0, rel=1e-3)


def test_the_sun_oscillates_at_its_own_frequency_and_a_giant_more_slowly():
    assert nu_max(log_g=4.438, teff=5777.0) == pytest.approx(3090.0)
    assert nu_max(log_g=3.438, teff=5777.0) == pytest.approx(309.0)


def test_correlated_noise_has_the_spectrum_asked_for():
    cadence, samples = 600.0, 20_000
    rng = np.random.default_rng(3)
    powers = []
    for _ in range(20):
        noise = correlated_noise(
            lambda nu: granulation_power(nu, amplitude=50.0, knee=60.0),
            samples=samples,
            cadence_seconds=cadence,
            rng=rng,
        )
        window = np.hanning(samples)
        powers.append(np.abs(np.fft.rfft(noise * window)) ** 2 * 2 * cadence * 1e-6 / np.sum(window**2))
    frequency = np.fft.rfftfreq(samples, d=cadence) * 1e6
    mean = np.mean(powers, axis=0)
    for low, high in ((5, 15), (40, 80), (150, 300)):
        band = (frequency > low) & (frequency < high)
        wanted = granulation_power(frequency[band], amplitude=50.0, knee=60.0)
        wanted *= np.sinc(frequency[band] * 1e-6 * cadence) ** 2  # the exposure averages
        # the fewest bins of a band are 120; times 20 series: 1 sigma is at most 2 %
        assert np.mean(mean[band] / wanted) == pytest.approx(1.0, abs=0.08)


def test_the_photon_noise_of_an_hour_averages_down_to_its_setting():
    specs = NoiseSpecs(duration=200, sampling_cadence=600, nsr=50, granulation=False)
    times, fluxes = noisy_flux(specs, seed=1)
    assert white_noise(specs) == pytest.approx(50e-6 * math.sqrt(6))
    assert fluxes.std() == pytest.approx(white_noise(specs), rel=0.02)  # 28,800 samples: 1 sigma is 0.4 %
    hours = fluxes.reshape(-1, 6).mean(axis=1)
    assert hours.std() == pytest.approx(50e-6, rel=0.05)
    assert times[-1] == pytest.approx(200 - 600 / 86_400)


def test_granulation_adds_what_kallinger_et_al_say_of_the_sun():
    quiet = NoiseSpecs(duration=100, sampling_cadence=60, nsr=0)
    _, fluxes = noisy_flux(quiet, seed=2)
    amplitude = 3382 * 3090**-0.609  # 25.3 ppm for each of the two components
    assert fluxes.std() * 1e6 == pytest.approx(math.sqrt(2) * amplitude, rel=0.05)


def test_equal_seeds_give_equal_noise_and_the_parts_do_not_depend_on_each_other():
    both = NoiseSpecs(duration=5, sampling_cadence=600)
    white = NoiseSpecs(duration=5, sampling_cadence=600, granulation=False)
    np.testing.assert_array_equal(noisy_flux(both, seed=4)[1], noisy_flux(both, seed=4)[1])
    assert not np.array_equal(noisy_flux(both, seed=4)[1], noisy_flux(both, seed=5)[1])
    star_alone = noisy_flux(both, seed=4)[1] - noisy_flux(white, seed=4)[1]
    only_star = noisy_flux(NoiseSpecs(duration=5, sampling_cadence=600, nsr=0), seed=4)[1] - 1
    np.testing.assert_allclose(star_alone, only_star, atol=1e-15)


def test_each_quarter_drifts_by_itself_around_the_mean_flux():
    times = np.arange(0, 300, 0.01)
    drift = quarterly_drifts(times, amplitude=0.01, quarter_days=100.0, rng=np.random.default_rng(0))
    quarters = drift.reshape(3, -1)
    np.testing.assert_allclose(quarters.mean(axis=1), 1.0, atol=1e-5)
    assert np.abs(np.diff(drift)).max() > 1e-4  # it jumps between the quarters
    inner = np.diff(quarters, axis=1)
    assert np.abs(inner).max() < 1e-4
    for quarter in quarters:  # a quadratic: its third differences vanish
        np.testing.assert_allclose(np.diff(quarter, n=3), 0.0, atol=1e-12)


@pytest.mark.parametrize("wrong", [{"nsr": -1}, {"duration": 0}, {"systematics": 0.5}, {"colour": "red"}])
def test_impossible_settings_are_refused_by_name(wrong):
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        NoiseSpecs(**wrong)
