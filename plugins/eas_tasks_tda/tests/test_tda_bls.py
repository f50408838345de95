"""The statistics of the searches for boxes, against astropy and against their definitions."""

import numpy as np
import pytest
from astropy.timeseries import BoxLeastSquares
from eas_tasks_tda import bls, bls_kovacs
from eas_tasks_tda.box_grid import BINS_PER_DURATION, octaves
from eas_tasks_tda.box_kernels import LIKELIHOOD, RESIDUE, scan_boxes
from eas_tasks_tda.box_search import BoxSettings
from eas_tasks_tda.prepare import CleanCurve

SETTINGS = BoxSettings(period_min=0.8)


def curve_with(period, *, depth=1.5e-3, days=30.0, seed=2):
    """Boxes of 0.13 d in white noise of unequal errors, at uneven times and with a gap."""
    rng = np.random.default_rng(seed)
    times = np.sort(rng.uniform(0, days, 1500))
    times = times[(times < 11) | (times > 13)]
    sigmas = rng.uniform(5e-4, 1.5e-3, len(times))
    fluxes = 1 + rng.normal(0, sigmas)
    fluxes[np.abs((times - 1.7 + period / 2) % period - period / 2) < 0.065] -= depth
    return CleanCurve.clean(times, fluxes, uncertainties=sigmas)


def test_the_power_is_that_of_astropy_on_the_same_grid():
    curve = curve_with(3.217)
    found = bls.periodogram(curve, settings=SETTINGS)
    compared, start = 0, 0
    for octave in octaves(curve, settings=SETTINGS):
        binned, part = octave.binned, slice(start, start + len(octave.periods))
        model = BoxLeastSquares(binned.times, binned.fluxes, dy=binned.sigmas)
        peer = model.power(
            octave.periods, octave.durations, objective="likelihood", oversample=BINS_PER_DURATION
        )
        # astropy's boxes reach only five bins over phase 0, and lose the bin before it
        within = np.ones(len(octave.periods), bool)
        for middles, durations in (
            (found.mid_transits[part], found.durations[part]),
            (np.asarray(peer.transit_time), np.asarray(peer.duration)),
        ):
            first = (middles - binned.times[0] - durations / 2) % octave.periods
            within &= first + durations < octave.periods - 2 * octave.bin_days
        np.testing.assert_allclose(found.power[part][within], peer.power[within], rtol=1e-9)
        np.testing.assert_allclose(found.durations[part][within], peer.duration[within], rtol=1e-9)
        compared += int(within.sum())
        start = part.stop
    assert compared > 0.8 * len(found.periods)


def best_by_definition(curve, period, bin_days, widths, statistic):
    """The best value of all boxes, each summed over its samples."""
    phases, count = (curve.times - curve.times[0]) % period, int(np.ceil(period / bin_days))
    place = np.minimum((phases / bin_days).astype(int), count - 1)
    weights = curve.sigmas**-2 / np.sum(curve.sigmas**-2)
    deviations = curve.fluxes - np.sum(weights * curve.fluxes)
    best = 0.0
    for width in widths:
        for first in range(count):
            inside = (place - first) % count < width
            if not inside.any() or inside.all():
                continue
            r, s = weights[inside].sum(), np.sum((weights * deviations)[inside])
            level = np.sum((weights * curve.fluxes)[~inside]) / (1 - r)
            depth = level - np.sum((weights * curve.fluxes)[inside]) / r
            likelihood = 0.5 * np.sum(curve.sigmas[inside] ** -2) * depth**2
            if depth > 0:
                best = max(best, likelihood if statistic == LIKELIHOOD else s**2 / (r * (1 - r)))
    return best


@pytest.mark.parametrize("statistic", [LIKELIHOOD, RESIDUE])
def test_the_best_of_all_boxes_is_found(statistic):
    curve = curve_with(3.217, days=6.0)
    periods, bins = np.array([2.9, 1.35, 0.77]), np.array([0.1, 0.1, 0.077])
    widths = np.array([[1, 2, 5], [2, 3, 0], [1, 9, 0]])
    weights = curve.sigmas**-2
    mean = np.average(curve.fluxes, weights=weights)
    samples = np.stack([weights * (mean - curve.fluxes), weights, curve.times - curve.times[0]])
    out = np.zeros((3, 3))

    scan_boxes(samples, (periods, bins, widths), statistic, 0, 1, out)

    for i in range(3):
        wanted = best_by_definition(curve, periods[i], bins[i], widths[i][widths[i] > 0], statistic)
        assert out[0, i] == pytest.approx(wanted, rel=1e-9)


def test_the_residue_is_that_of_the_injected_box():
    curve = curve_with(3.217, depth=4e-3)
    found = bls_kovacs.periodogram(curve, settings=SETTINGS)
    best = int(np.argmax(found.power))
    inside = np.abs((curve.times - 1.7 + 3.217 / 2) % 3.217 - 3.217 / 2) < 0.065
    weights = curve.sigmas**-2 / np.sum(curve.sigmas**-2)
    r = weights[inside].sum()
    assert found.periods[best] == pytest.approx(3.217, rel=2e-3)
    # SR of a box of depth d is d sqrt(r (1 - r)); noise and the grid move it by a few per cent
    assert found.power[best] == pytest.approx(4e-3 * np.sqrt(r * (1 - r)), rel=0.08)
    assert found.durations[best] == pytest.approx(0.13, rel=0.3)


@pytest.mark.parametrize("module", [bls, bls_kovacs])
def test_threads_share_the_periods(module):
    curve = curve_with(3.217)
    one, three = (module.periodogram(curve, settings=SETTINGS, threads=n) for n in (1, 3))
    np.testing.assert_array_equal(one.power, three.power)
    np.testing.assert_array_equal(one.mid_transits, three.mid_transits)


@pytest.mark.parametrize("module", [bls, bls_kovacs])
def test_the_bins_are_fine_enough_for_every_possible_transit(module):
    curve = curve_with(3.217)
    for octave in octaves(curve, settings=SETTINGS):
        bins, widths = module.boxes(octave)
        most = (widths * bins[:, None]).max(axis=1)
        least = np.where(widths > 0, widths, 10**6).min(axis=1) * bins
        np.testing.assert_allclose(least, octave.durations[0], rtol=0.25)
        assert (most > octave.durations[-1] * 0.9).all()
        assert (widths.max(axis=1) * bins < octave.periods).all()


@pytest.mark.parametrize("module", [bls, bls_kovacs])
def test_the_record_keeps_the_power_of_the_peak(module):
    curve = curve_with(3.217)
    result = module.search(curve, settings=SETTINGS)
    assert result.period_days == pytest.approx(3.217, rel=1e-3)
    assert result.extras["power"] == module.periodogram(curve, settings=SETTINGS).power.max()
    assert result.sde > 7
