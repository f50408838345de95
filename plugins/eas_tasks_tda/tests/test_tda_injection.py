"""Transits put into light curves."""

import logging

import numpy as np
import pytest
from eas_tasks_tda import ffa
from eas_tasks_tda.injection import InjectionParameters, InjectionSpecs, inject
from eas_tasks_tda.search import search_lightcurve
from eas_tasks_tda.settings import SearchParameters
from eas_tasks_tda.synthesis import synthesise
from eas_tasks_tda.synthesis_settings import TransitSpecs

from eas_framework.errors import LightcurveError
from eas_framework.lightcurve import LightcurveArbitraryRaster

PLANET = {
    "orbital_period": 2.9,
    "t0": 1.3,
    "planet_radius": 1.2,
    "semi_major_axis": 0.04,
    "impact_parameter": 0.3,
    "exposure_time": 900.0,
}
OBSERVED = {"duration": 20.0, "sampling_cadence": 900.0, "noise": 2e-3}
SPECS = InjectionSpecs(**PLANET)


def quiet(level=1.0):
    made = synthesise(TransitSpecs(**OBSERVED, planet_radius=0), seed=5)
    return LightcurveArbitraryRaster(made.times, level * made.fluxes, level * made.uncertainties)


def test_a_star_of_constant_flux_becomes_the_synthetic_light_curve():
    made = synthesise(TransitSpecs(**PLANET, **OBSERVED | {"noise": 0.0}), seed=0)
    injected = inject(LightcurveArbitraryRaster(made.times, np.full(len(made.times), 7.0)), specs=SPECS)
    np.testing.assert_allclose(injected.fluxes, 7.0 * made.fluxes, rtol=1e-14)


def test_uncertainties_are_dimmed_as_fluxes_are():
    star = quiet(level=4000.0)
    injected = inject(star, specs=SPECS)
    model = injected.fluxes / star.fluxes
    assert model.min() < 0.99
    np.testing.assert_allclose(injected.uncertainties, star.uncertainties * model, rtol=1e-14)


def test_the_product_of_star_and_transits_is_the_same():
    star = quiet(level=4000.0)
    made = synthesise(TransitSpecs(**PLANET, **OBSERVED | {"noise": 0.0}), seed=0)
    product = star * LightcurveArbitraryRaster(made.times, made.fluxes)
    injected = inject(star, specs=SPECS)
    np.testing.assert_allclose(injected.fluxes, product.fluxes, rtol=1e-14)
    np.testing.assert_allclose(injected.uncertainties, product.uncertainties, rtol=1e-14)


def test_the_truth_has_the_keys_and_figures_of_a_synthesis():
    made = synthesise(TransitSpecs(**PLANET, **OBSERVED), seed=0)
    found = inject(quiet(), specs=SPECS).metadata
    assert found.items() >= PLANET.items()
    assert set(made.metadata) - set(found) == {"duration", "noise", "sampling_cadence", "seed"}
    for name in ("integrated_transit_power", "pixels_in_transit", "pixels_out_of_transit"):
        assert found[name] == pytest.approx(made.metadata[name])
    # its noise is measured on neighbours, with an uncertainty of a few per cent
    assert found["mes"] == pytest.approx(made.metadata["mes"], rel=0.1)


def test_the_search_finds_what_was_injected_and_its_verdict_knows_it():
    star = quiet()
    injected = inject(star, specs=SPECS)
    curve = LightcurveArbitraryRaster(
        star.times, injected.fluxes, injected.uncertainties, metadata=injected.metadata
    )
    settings = SearchParameters(search_settings={"period_min": 1}).search_settings
    settings = ffa.FfaSettings(**settings.model_dump())
    assert search_lightcurve(ffa.search, curve, settings=settings).period_days == pytest.approx(2.9, rel=1e-3)


def test_transits_lie_before_t0_as_after_it_and_on_the_curve_s_own_time_zero():
    star = quiet()
    later = LightcurveArbitraryRaster(star.times + 1354.1, star.fluxes, star.uncertainties)
    moved = InjectionSpecs(**PLANET | {"t0": 1.3 + 1354.1 + 3 * 2.9})
    np.testing.assert_allclose(inject(later, specs=moved).fluxes, inject(star, specs=SPECS).fluxes, rtol=1e-9)


def test_bad_samples_stay_bad_and_are_not_counted():
    star = quiet()
    whole = inject(star, specs=SPECS)
    in_transit = np.flatnonzero(whole.fluxes < star.fluxes)
    star.flags[in_transit[:3]] = 4
    star.fluxes[in_transit[3]] = np.nan
    star.times[in_transit[4]] = np.nan
    found = inject(star, specs=SPECS)
    assert found.metadata["pixels_in_transit"] == whole.metadata["pixels_in_transit"] - 5
    assert found.metadata["pixels_out_of_transit"] == whole.metadata["pixels_out_of_transit"]
    np.testing.assert_array_equal(found.fluxes[in_transit[:3]], whole.fluxes[in_transit[:3]])
    assert np.isnan(found.fluxes[in_transit[3]])
    assert found.fluxes[in_transit[4]] == star.fluxes[in_transit[4]]  # no time, no transit


def test_the_input_is_not_changed():
    star = quiet()
    inject(star, specs=SPECS)
    np.testing.assert_array_equal(star.fluxes, quiet().fluxes)


def test_a_planet_that_does_not_transit_in_the_data_is_told_and_has_no_significance(caplog):
    specs = InjectionSpecs(**PLANET | {"orbital_period": 400.0, "semi_major_axis": 1.0, "t0": -30.0})
    with caplog.at_level(logging.WARNING):
        found = inject(quiet(), specs=specs)
    assert (found.metadata["pixels_in_transit"], found.metadata["mes"]) == (0, 0.0)
    assert "no good sample lies in a transit of period 400 d" in caplog.text


@pytest.mark.parametrize("level", [0.0, -1.0])
def test_fluxes_without_the_star_s_level_are_refused(level):
    star = quiet()
    star.fluxes += level - 1.2
    with pytest.raises(LightcurveError, match="above zero"):
        inject(star, specs=SPECS)


def test_times_in_seconds_are_refused():
    star = quiet()
    star.times *= 86400
    with pytest.raises(LightcurveError, match="seconds"):
        inject(star, specs=SPECS)


def test_a_curve_without_good_samples_is_refused():
    star = quiet()
    star.flags[:] = 1
    with pytest.raises(LightcurveError, match="0 good samples"):
        inject(star, specs=SPECS)


@pytest.mark.parametrize("wrong", ["noise", "duration", "sampling_cadence", "seed", "orbital_perod"])
def test_settings_of_an_observation_are_refused_as_misspelt_ones_are(wrong):
    with pytest.raises(ValueError, match=wrong):
        InjectionParameters.model_validate({"specs": {**PLANET, wrong: 1}})


def test_an_impossible_planet_is_refused():
    with pytest.raises(ValueError, match="touches the star"):
        InjectionSpecs(semi_major_axis=0.001)
