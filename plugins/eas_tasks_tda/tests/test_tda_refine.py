"""Refinement of a grid's peak."""

import numpy as np
import pytest
from eas_tasks_tda.prepare import CleanCurve
from eas_tasks_tda.refine import Peak, describe, refine
from eas_tasks_tda.synthesis import synthesise
from eas_tasks_tda.synthesis_settings import TransitSpecs

# 18 transits of 0.119 d (P/π asin((1 + k) R*/a)) and 0.19 % in 60 d, white noise 0.1 % per sample
PERIOD, T0, DURATION, NOISE = 3.456, 0.9, 0.119, 1e-3
SPECS = TransitSpecs(
    duration=60,
    orbital_period=PERIOD,
    t0=T0,
    planet_radius=0.42,
    semi_major_axis=0.0447,
    sampling_cadence=864,
    exposure_time=864,
    noise=NOISE * np.sqrt(864 / 25),
)
TRUTH = Peak(period=PERIOD, t0=T0, duration=DURATION)


@pytest.fixture(scope="module")
def curves():
    """The transits in twenty draws of the noise."""
    draws = [synthesise(SPECS, seed=seed) for seed in range(20)]
    return [CleanCurve.clean(draw.times, draw.fluxes, clip_above=None) for draw in draws]


def test_a_peak_that_is_off_by_the_step_of_the_grid_is_moved_to_the_truth(curves):
    for curve in curves[:5]:
        found = refine(curve, Peak(period=PERIOD + 0.002, t0=T0 - 0.02, duration=0.15))
        assert found.period == pytest.approx(PERIOD, abs=5e-4)
        assert found.t0 == pytest.approx(T0, abs=5e-3)
        assert found.duration == pytest.approx(DURATION, rel=0.15)


def test_the_uncertainties_are_the_scatter_of_repeated_measurements(curves):
    peaks = [refine(curve, TRUTH) for curve in curves]
    for value, truth in (("period", PERIOD), ("t0", T0)):
        errors = np.array([getattr(peak, value) - truth for peak in peaks])
        claimed = np.median([getattr(peak, f"{value}_sigma") for peak in peaks])
        # 20 draws give the scatter to 16 %
        assert 0.6 < np.sqrt(np.mean(errors**2)) / claimed < 1.6


def test_t0_is_the_first_mid_transit_in_the_data(curves):
    found = refine(curves[0], Peak(period=PERIOD, t0=T0 + 7 * PERIOD, duration=DURATION))
    assert found.t0 == pytest.approx(T0, abs=5e-3)


def test_depth_and_signal_to_noise_follow_from_the_samples(curves):
    results = [describe(curve, TRUTH, sde=9.0) for curve in curves[:10]]
    # mean of the model over the 227 samples in transit: 1.755e-3; its multiple-event statistic: 26.04
    assert np.mean([result.depth for result in results]) == pytest.approx(1.755e-3, rel=0.05)
    assert np.mean([result.snr for result in results]) == pytest.approx(26.04, rel=0.05)
    assert {result.transit_count for result in results} == {18}


def test_transits_in_gaps_are_not_counted(curves):
    curve = curves[0]
    gap = (curve.times > 10) & (curve.times < 20)
    holey = CleanCurve(times=curve.times[~gap], fluxes=curve.fluxes[~gap], sigmas=curve.sigmas[~gap])
    assert (
        describe(holey, TRUTH, sde=9.0).transit_count == 15
    )  # 0.9 + 3.456 n lies in (10, 20) for n = 3, 4, 5
