"""All searches for periodic transits find what was injected, and nothing where nothing is."""

import io
import logging
import threading
from contextlib import redirect_stdout

import numpy as np
import pytest
from eas_tasks_tda import bls, bls_kovacs, bls_reference, ffa, tls
from eas_tasks_tda.box_search import BoxSettings
from eas_tasks_tda.prepare import CleanCurve
from eas_tasks_tda.search import search_lightcurve, search_metadata
from eas_tasks_tda.settings import SearchSettings
from eas_tasks_tda.synthesis import synthesise
from eas_tasks_tda.synthesis_settings import TransitSpecs

from eas_framework.errors import LightcurveError
from eas_framework.lightcurve import LightcurveArbitraryRaster

SEARCHES = {
    "bls": (bls.search, BoxSettings),
    "bls_kovacs": (bls_kovacs.search, BoxSettings),
    "bls_reference": (bls_reference.search, SearchSettings),
    "tls": (tls.search, tls.TlsSettings),
    "ffa": (ffa.search, ffa.FfaSettings),
}
PLANETS = {  # period [d], planet radius [Jupiter], noise of 25 s, impact parameter
    "hot Jupiter": (2.71, 1.0, 0.004, 0.2),
    "sub-Neptune": (5.123, 0.25, 0.0008, 0.5),
    "grazing": (3.4, 1.0, 0.002, 0.98),
}


def light_curve(period, radius, noise, impact, *, seed=11, duration=27.0, t0=1.9):
    specs = TransitSpecs(
        duration=duration,
        orbital_period=period,
        t0=t0,
        planet_radius=radius,
        noise=noise,
        impact_parameter=impact,
        semi_major_axis=(period / 365.25) ** (2 / 3),  # Kepler's third law for one solar mass
        sampling_cadence=900,
        exposure_time=900,
    )
    made = synthesise(specs, seed=seed)
    return LightcurveArbitraryRaster(made.times, made.fluxes, made.uncertainties, metadata=made.metadata)


@pytest.fixture(params=SEARCHES)
def run(request):
    """Run one search on a light curve."""
    search, settings = SEARCHES[request.param]

    def run_search(curve, *, duration_days=None, threads=1, **given):
        return search_lightcurve(
            search, curve, settings=settings(**given), duration_days=duration_days, threads=threads
        )

    return run_search


@pytest.mark.parametrize("planet", PLANETS)
def test_an_injected_planet_is_recovered(run, planet):
    period, radius, noise, impact = PLANETS[planet]
    result = run(light_curve(period, radius, noise, impact))
    assert result.found
    # a refined period is far better than the grid's 0.1 %; 5 sigma of the uncertainty it claims, or 1e-4
    error = abs(result.period_days - period)
    assert error < max(5 * result.period_uncertainty_days, 1e-4 * period)
    assert result.t0_days == pytest.approx(1.9, abs=0.02)
    assert result.transit_count == int((27 - 1.9) / period) + 1


def test_the_spectrum_that_was_searched_comes_with_the_result_and_peaks_at_its_period(run):
    result = run(light_curve(*PLANETS["hot Jupiter"]))
    spectrum = result.periodogram
    assert np.all(np.diff(spectrum.periods) < 0)
    peak = spectrum.periods[np.argmax(spectrum.residue)]
    assert peak == pytest.approx(result.period_days, rel=0.02)  # the width of a peak: T14 / P / cycles
    assert result.sde_raw == pytest.approx(spectrum.sde_raw)


def test_depth_duration_and_signal_to_noise_are_those_injected(run):
    curve = light_curve(*PLANETS["hot Jupiter"])
    result = run(curve)
    # (Rp / R*)²; limb darkening makes the centre (TLS) 9 % deeper, the mean over all (BLS) is shallower
    assert result.depth == pytest.approx((1 / 9.728) ** 2, rel=0.2)
    # first to last contact: P/π asin(sqrt((1+k)² - b²) / a) for a = 8.2 stellar radii
    assert result.duration_hours == pytest.approx(2.75, rel=0.12)
    assert result.snr == pytest.approx(curve.metadata["mes"], rel=0.1)
    assert result.sde > 7


def test_d61_the_depth_is_a_positive_fraction_and_not_the_flux_that_is_left(run):
    assert 0.005 < run(light_curve(*PLANETS["hot Jupiter"])).depth < 0.02


def test_gaps_flags_and_undefined_samples_do_not_hide_a_planet(run):
    curve = light_curve(*PLANETS["sub-Neptune"])
    curve.fluxes[1000:1300] = np.nan
    curve.flags[400:500] = 1
    curve.fluxes[400:500] = 0.0
    order = np.random.default_rng(0).permutation(len(curve.times))
    columns = (curve.times, curve.fluxes, curve.uncertainties, curve.flags)
    shuffled = LightcurveArbitraryRaster(*(column[order] for column in columns))
    assert run(shuffled).period_days == pytest.approx(5.123, rel=1e-3)


def test_a_light_curve_without_noise_is_searched(run):
    assert run(light_curve(2.71, 1.0, 0.0, 0.2)).period_days == pytest.approx(2.71, rel=1e-3)


@pytest.mark.parametrize("flux", [1.0, np.nan])
def test_d55_where_nothing_can_be_found_the_result_says_so(run, flux):
    curve = LightcurveArbitraryRaster(np.arange(500) * 0.02, np.full(500, flux))
    result = run(curve)
    assert not result.found
    assert result.note
    metadata = search_metadata(result, curve)
    assert metadata["outcome"] == "UNDEFINED"
    assert "period" not in metadata


def test_two_samples_are_a_result_without_a_planet(run):
    assert not run(LightcurveArbitraryRaster([0.0, 1.0], [1.0, 0.9])).found


def test_signals_below_the_wanted_strength_are_no_detection(run):
    noise = LightcurveArbitraryRaster(
        np.arange(1000) * 0.02, 1 + np.random.default_rng(8).normal(0, 1e-3, 1000)
    )
    result = run(noise, snr_min=7.1)
    assert not result.found
    assert "signal-to-noise" in result.note


def test_brightenings_are_not_transits(run):
    curve = light_curve(*PLANETS["hot Jupiter"])
    upside_down = LightcurveArbitraryRaster(curve.times, 2 - curve.fluxes)
    assert not run(upside_down, snr_min=7.1).found


def test_only_the_wanted_length_from_the_first_sample_on_is_searched(run):
    curve = light_curve(*PLANETS["hot Jupiter"])
    late = LightcurveArbitraryRaster(curve.times + 2000, curve.fluxes)
    result = run(late, duration_days=9.0)
    assert result.transit_count == 3  # t0 = 1.9, period 2.71: transits at 1.9, 4.61, 7.32
    assert 2000 < result.t0_days < 2009


def test_the_periods_asked_for_bound_the_search(run):
    result = run(light_curve(*PLANETS["hot Jupiter"]), period_min=4.0, period_max=12.0)
    assert 4.0 <= result.period_days <= 12.0


def test_d58_periods_beyond_the_data_are_no_silent_search(run):
    assert "period_min" in run(light_curve(*PLANETS["hot Jupiter"]), period_min=20.0).note


def test_times_in_seconds_are_an_error_and_not_a_missing_planet(run):
    curve = light_curve(*PLANETS["hot Jupiter"])
    with pytest.raises(LightcurveError, match="seconds"):
        run(LightcurveArbitraryRaster(curve.times * 86400, curve.fluxes))


def test_the_caller_s_light_curve_is_not_changed(run):
    curve = light_curve(*PLANETS["hot Jupiter"])
    before = curve.fluxes.copy()
    run(curve)
    np.testing.assert_array_equal(curve.fluxes, before)


def test_what_is_recorded_names_result_truth_and_verdict(run):
    curve = light_curve(*PLANETS["hot Jupiter"])
    metadata = search_metadata(run(curve), curve)
    assert metadata["outcome"] == "PASS"
    assert metadata["target_period"] == 2.71
    assert metadata["target_t0"] == 1.9
    assert {"period", "t0", "duration_hours", "depth", "snr", "sde", "transit_count"} <= set(metadata)
    assert metadata["mes"] == curve.metadata["mes"]
    assert "duration" not in metadata  # d61: that word means the length of a light curve


def test_bls_keeps_the_power_of_its_peak():
    curve = CleanCurve.of(light_curve(*PLANETS["hot Jupiter"]))
    assert bls_reference.search(curve, settings=SearchSettings()).extras["power"] > 100


def test_tls_reaches_periods_below_three_solar_radii_when_asked():
    curve = CleanCurve.of(light_curve(0.43, 1.0, 0.004, 0.2, duration=9.0))
    result = tls.search(curve, settings=tls.TlsSettings(period_min=0.3))
    assert result.period_days == pytest.approx(0.43, rel=1e-3)


def test_tls_prints_nothing_and_its_processes_end_with_the_search():
    curve = CleanCurve.of(light_curve(*PLANETS["hot Jupiter"]))
    settings = tls.TlsSettings(period_min=2.0, period_max=5.0)
    before, printed = threading.active_count(), io.StringIO()
    with redirect_stdout(printed):
        two = tls.search(curve, settings=settings, threads=2)
    assert printed.getvalue() == ""
    assert threading.active_count() == before
    assert two == tls.search(curve, settings=settings, threads=1)


def test_tls_explains_in_the_log_that_the_star_limits_the_periods(caplog):
    curve = CleanCurve.of(light_curve(*PLANETS["hot Jupiter"]))
    with caplog.at_level(logging.WARNING):
        tls.search(curve, settings=tls.TlsSettings(period_max=5.0, r_star=1.0, r_star_min=1.0))
    assert "three stellar radii" in caplog.text


def test_tls_says_when_it_fits_no_transit_at_all():
    fluxes = 1 + np.random.default_rng(3).normal(0, 1e-8, 1000)  # TLS fits nothing below 10 ppm
    result = tls.search(CleanCurve.clean(np.arange(1000) * 0.02, fluxes), settings=tls.TlsSettings())
    assert not result.found
    assert "no transit" in result.note


def test_tls_passes_on_why_it_cannot_search():
    curve = CleanCurve.of(light_curve(*PLANETS["hot Jupiter"]))
    with pytest.raises(LightcurveError, match="TLS cannot search this light curve: Empty period grid"):
        tls.search(curve, settings=tls.TlsSettings(period_min=4.0, period_max=4.00001))


def test_a_decade_without_data_between_two_months_does_not_hide_a_planet():
    curve = light_curve(*PLANETS["hot Jupiter"], duration=3650.0)
    held = (curve.times < 20) | (curve.times > 3630)
    short = LightcurveArbitraryRaster(curve.times[held], curve.fluxes[held])
    settings = SearchSettings(period_min=2.5, period_max=3.0)
    result = search_lightcurve(bls_reference.search, short, settings=settings)
    assert result.period_days == pytest.approx(2.71, abs=1e-5)
    assert result.transit_count == 15  # 1.9 + 2.71 n d: n = 0 to 6 and 1339 to 1346


def test_noise_alone_gives_a_weak_signal_and_no_verdict(run):
    noise = LightcurveArbitraryRaster(
        np.arange(2000) * 0.02, 1 + np.random.default_rng(9).normal(0, 1e-3, 2000)
    )
    result = run(noise)
    assert result.snr < 7.1  # the threshold of Kepler's pipeline
    assert search_metadata(result, noise)["outcome"] == "UNDEFINED"
