"""What is said of a detection: noise, chances, aliases, single transits, uncertainties, several planets."""

import json
from fractions import Fraction

import numpy as np
import pytest
from eas_tasks_tda import ffa
from eas_tasks_tda.aliases import aliases, relation
from eas_tasks_tda.assessing import assessed
from eas_tasks_tda.false_alarms import SearchVolume, excursions, false_alarm_probability, noise_scale
from eas_tasks_tda.pink_noise import as_for_known_noise, noise_ratio, slot_noise_ratios
from eas_tasks_tda.prepare import CleanCurve
from eas_tasks_tda.refine import Peak, describe
from eas_tasks_tda.saving import COLUMNS, periodogram, record, table
from eas_tasks_tda.search import search_planets
from eas_tasks_tda.settings import SearchSettings
from eas_tasks_tda.several import stands_out
from eas_tasks_tda.slots import Slots
from eas_tasks_tda.strength import detection_statistic
from eas_tasks_tda.transit_depths import secondary_eclipse, transit_depths
from eas_tasks_tda.uncertainties import ingress_days, trapezoid_sigmas
from scipy.stats import norm
from scipy.stats import t as student

from eas_framework.lightcurve import LightcurveArbitraryRaster

CADENCE = 30 / 1440
NOISE = 3e-4
PEAK = Peak(period=4.3, t0=1.7, duration=0.15)


def boxes(times, *, period, t0, duration=0.15, depth=2e-3):
    """Missing flux of box-shaped transits."""
    return depth * (np.abs(np.remainder(times - t0 + period / 2, period) - period / 2) < duration / 2)


def clean(missing=0.0, *, days=60, seed=1, noise=NOISE, keep=None):
    """White noise with something missing; all samples or those where `keep` is true."""
    times = np.arange(0, days, CADENCE)
    missing = missing(times) if callable(missing) else missing
    fluxes = 1 - missing + np.random.default_rng(seed).normal(0, noise, len(times))
    chosen = slice(None) if keep is None else keep(times)
    return CleanCurve.clean(times[chosen], fluxes[chosen])


def of_peak(times):
    return boxes(times, period=4.3, t0=1.7)


# ---------------------------------------------------------------- noise
def test_white_noise_has_a_ratio_of_one():
    assert noise_ratio(clean(), 0.15) == pytest.approx(1.0, abs=0.15)  # 400 windows know it to 4 %


def test_correlated_noise_has_the_ratio_of_its_means():
    rng = np.random.default_rng(3)
    times = np.arange(0, 200, CADENCE)
    slow = np.repeat(rng.normal(0, NOISE, len(times) // 48), 48)  # constant over each day
    curve = CleanCurve(
        times=times, fluxes=1 + slow + rng.normal(0, NOISE, len(times)), sigmas=np.full(len(times), NOISE)
    )
    # means over 12 samples: variance σ²/12 + σ², over σ²/12
    assert noise_ratio(curve, 12 * CADENCE) == pytest.approx(np.sqrt(13), rel=0.15)


def test_the_scale_of_the_noise_passes_over_outliers():
    curve = clean()
    curve.fluxes[100] = 0.5
    assert noise_scale(curve) == pytest.approx(1.0, abs=0.05)


# ---------------------------------------------------------------- chances
def test_the_statistic_of_transits_at_random_places_is_standard_normal():
    rng = np.random.default_rng(4)
    curve = clean(days=100)
    found = []
    for _ in range(1000):
        period = rng.uniform(2, 9)
        found.append(
            detection_statistic(curve, Peak(period=period, t0=rng.uniform(0, period), duration=0.15))
        )
    # brightenings count as 0: half of them; 1 in 44 above 2 standard deviations
    assert np.mean(np.array(found) > 0) == pytest.approx(0.5, abs=0.08)
    assert np.mean(np.array(found) > 2) == pytest.approx(0.023, abs=0.015)


def test_many_independent_numbers_count_one_by_one_and_fine_steps_by_their_drift():
    # steps so wide that neighbours are independent count fully, fine ones as u² δ
    assert excursions(np.array([50.0]), 5.0) == pytest.approx(1.0, rel=0.05)
    assert excursions(np.array([1e-6]), 5.0) == pytest.approx(25e-6, rel=0.01)


def false_alarms(volume, statistic, *, period=5.0, duration=0.12):
    return volume.log_false_alarms(np.array([statistic]), np.array([period]), np.array([duration]))[0]


def test_false_alarms_fall_with_the_statistic_and_rise_with_the_number_of_periods():
    curve = clean()
    wide, narrow = (SearchVolume.of(curve, SearchSettings(period_max=most)) for most in (30.0, 6.0))
    expected = [false_alarms(wide, u) for u in (3.0, 5.0, 6.0, 8.0, 40.0)]
    assert expected == sorted(expected, reverse=True)
    chances = [false_alarm_probability(one) for one in expected]
    assert chances[0] == 1.0
    assert chances[-1] < 1e-300
    # all periods have the same chance in the logarithm: ln(30/0.5) / ln(6/0.5) times as many
    difference = false_alarms(wide, 6.0) - false_alarms(narrow, 6.0)
    assert difference == pytest.approx(np.log(np.log(60) / np.log(12)), abs=0.01)


def test_a_range_of_periods_that_is_one_period_still_has_all_its_epochs():
    curve = clean()
    limits = ({"period_min": 5.0, "period_max": most} for most in (5.0000001, 5.000001))
    one, hardly_more = (SearchVolume.of(curve, SearchSettings(**given)) for given in limits)
    assert false_alarms(one, 6.0) == pytest.approx(false_alarms(hardly_more, 6.0), abs=0.02)


def test_short_transits_must_be_stronger_for_they_can_be_placed_in_more_ways():
    volume = SearchVolume.of(clean(), SearchSettings())
    difference = false_alarms(volume, 6.0, duration=0.09) - false_alarms(volume, 6.0, duration=0.18)
    assert difference == pytest.approx(np.log(2**2), abs=0.2)  # epochs and drifts: each as 1 / duration


def test_durations_that_a_known_star_cannot_have_surprise_less():
    sun = {"r_star_min": 0.95, "r_star_max": 1.05, "m_star_min": 0.95, "m_star_max": 1.05}
    volume = SearchVolume.of(clean(), SearchSettings(**sun))
    central = 0.129  # of 5 d before the Sun [d]
    usual, short, long = (false_alarms(volume, 6.5, duration=central * x) for x in (0.98, 0.4, 1.6))
    assert usual < short - 2
    assert usual < long


def test_the_level_of_the_slots_is_the_mean_and_deep_transits_do_not_move_it():
    quiet, deep = clean(), clean(lambda times: boxes(times, period=4.3, t0=1.7, depth=0.05))
    slots = Slots.of(quiet, shortest_transit_days=0.05)
    assert slots.missing.sum() / slots.weights.sum() == pytest.approx(0, abs=2e-6)
    of_deep = Slots.of(deep, shortest_transit_days=0.05)
    outside = of_deep.missing / np.maximum(of_deep.weights, 1) < 0.02
    level = of_deep.missing[outside].sum() / of_deep.weights[outside].sum()
    assert level == pytest.approx(0, abs=4 * NOISE / np.sqrt(len(deep.times)))


def test_the_noise_of_slots_counts_only_where_it_is_clearly_correlated():
    durations = np.array([0.1, 0.25, 0.5])
    white = Slots.of(clean(days=200), shortest_transit_days=0.05)
    np.testing.assert_array_equal(slot_noise_ratios(white, durations), 1.0)
    rng = np.random.default_rng(3)
    times = np.arange(0, 200, CADENCE)
    slow = np.repeat(rng.normal(0, NOISE, len(times) // 48), 48)  # constant over each day
    fluxes = 1 + slow + rng.normal(0, NOISE, len(times))
    red = Slots.of(CleanCurve.clean(times, fluxes), shortest_transit_days=0.05)
    # means over 24 samples: variance σ²/24 + σ², over σ²/24; the lower limit of what 400 windows tell
    assert slot_noise_ratios(red, durations)[2] == pytest.approx(5, rel=0.25)
    assert np.all(np.diff(slot_noise_ratios(red, durations)) > 0)


def test_noise_that_few_windows_tell_makes_a_signal_less_rare():
    for u, windows in ((1.0, 10), (4.0, 20), (6.0, 70)):
        assert norm.sf(as_for_known_noise(u, windows=windows)) == pytest.approx(student.sf(u, windows))
    assert as_for_known_noise(6.0, windows=1e6) == pytest.approx(6.0, rel=1e-4)
    # so strong that no chance can be written: as strong signals go on to differ
    assert as_for_known_noise(300.0, windows=1000.0) < as_for_known_noise(400.0, windows=1000.0)


def test_a_planet_in_slow_noise_is_preferred_to_stronger_swings():
    rng = np.random.default_rng(8)
    times = np.arange(0, 80, CADENCE)
    slow = np.convolve(rng.normal(0, 1, len(times) + 47), np.full(48, 1 / 48), "valid")
    missing = boxes(times, period=4.3, t0=1.7, duration=0.1, depth=1e-3)
    fluxes = 1 + 1.5e-3 * slow - missing + rng.normal(0, NOISE, len(times))
    found = ffa.search(CleanCurve.clean(times, fluxes), settings=ffa.FfaSettings())
    assert found.period_days == pytest.approx(4.3, rel=0.005)


def test_one_in_ten_searches_of_noise_has_a_false_alarm_probability_below_a_tenth():
    found = []
    for seed in range(100):
        result = search_planets(
            ffa.search, as_lightcurve(clean(seed=seed, days=40)), settings=ffa.FfaSettings()
        )[0]
        found.append(result.false_alarm_probability or 1.0)
    # 10 expected of 100, standard deviation 3; benchmarks/bench_null.py has the sharp test
    assert 1 <= np.count_nonzero(np.array(found) < 0.1) <= 24


def as_lightcurve(curve):
    return LightcurveArbitraryRaster(curve.times, curve.fluxes, curve.sigmas)


# ---------------------------------------------------------------- single transits
def test_each_transit_with_data_has_its_depth():
    transits = transit_depths(clean(of_peak, keep=lambda times: (times < 20) | (times > 26)), PEAK)
    assert list(transits.epochs) == [n for n in range(14) if not 20 < 1.7 + 4.3 * n < 26]
    pulls = (transits.depths - 2e-3) / transits.sigmas
    assert np.sqrt(np.mean(pulls**2)) == pytest.approx(1.0, abs=0.6)  # 12 transits: 20 %
    assert transits.times[1] == pytest.approx(6.0)


def test_stars_that_eclipse_each_other_differ_in_odd_and_even_transits():
    def eclipses(times):
        return boxes(times, period=8.6, t0=1.7, depth=2e-3) + boxes(times, period=8.6, t0=6.0, depth=1e-3)

    difference, sigma = transit_depths(clean(eclipses), PEAK).odd_even()
    assert difference == pytest.approx(-1e-3, abs=4 * sigma)
    assert abs(difference) / sigma > 5
    same, sigma = transit_depths(clean(of_peak), PEAK).odd_even()
    assert abs(same) < 4 * sigma


def test_a_secondary_eclipse_is_found_where_it_is():
    def planet(times):
        return of_peak(times) + boxes(times, period=4.3, t0=1.7 + 0.4 * 4.3, depth=5e-4)

    dip = secondary_eclipse(clean(planet), PEAK)
    assert dip.phase == pytest.approx(0.4, abs=0.02)
    assert dip.depth == pytest.approx(5e-4, rel=0.3)
    assert dip.depth / dip.sigma > 8
    assert secondary_eclipse(clean(of_peak), Peak(period=1.0, t0=0.5, duration=0.5)) is None


# ---------------------------------------------------------------- aliases
@pytest.mark.parametrize(
    ("ratio", "found"), [(Fraction(2), 2.15), (Fraction(1, 2), 8.6), (Fraction(3), 4.3 / 3)]
)
def test_a_search_that_ends_at_an_alias_is_moved_to_the_period(ratio, found):
    curve = clean(of_peak)
    wrong = describe(curve, Peak(period=found, t0=1.7, duration=0.14), sde=9.0)
    right = assessed(wrong, curve, settings=SearchSettings())
    assert right.period_days == pytest.approx(4.3, abs=0.005), ratio


def test_a_period_that_only_gaps_hide_is_named_as_an_alias():
    def no_second_transit(times):
        return np.abs(np.remainder(times - 6.0 + 4.3, 8.6) - 4.3) > 0.5

    curve = clean(of_peak, keep=no_second_transit)
    found = aliases(curve, PEAK, shortest=0.5, longest=30.0)
    statistic = detection_statistic(curve, PEAK)
    assert found[0].ratio == 2
    assert found[0].statistic == pytest.approx(statistic, rel=1e-6)
    result = assessed(describe(curve, PEAK, sde=9.0), curve, settings=SearchSettings())
    assert [str(ratio) for ratio, _ in result.aliases] == ["2"]


def test_planets_near_a_resonance_are_no_aliases():
    inner = Peak(period=3.69068, t0=1.0, duration=0.05)
    outer = Peak(period=7.45072, t0=2.0, duration=0.05)  # L 98-59 c and d, Kostov et al. 2019
    assert relation(outer, inner, span_days=328) is None
    assert relation(Peak(period=7.38136, t0=1.0, duration=0.05), inner, span_days=328) == 2
    assert relation(Peak(period=7.38136, t0=2.9, duration=0.05), inner, span_days=328) is None


# ---------------------------------------------------------------- uncertainties
def test_an_ingress_takes_the_time_that_a_planet_needs_for_its_own_diameter():
    # a chord at 0.3 radii, radius ratio 0.1: (1 - sqrt((0.9² - 0.3²)/(1.1² - 0.3²))) / 2 of the transit
    assert ingress_days(0.1, 0.01) == pytest.approx(0.1 * (1 - np.sqrt(0.72 / 1.12)) / 2)
    assert ingress_days(0.1, 0.9) == 0.05


def test_the_claimed_errors_of_hard_edged_transits_are_their_scatter():
    pulls = []
    for seed in range(40):
        t0 = 1.7 + seed * 0.013

        def missing(times, t0=t0):
            return boxes(times, period=4.3, t0=t0, depth=6e-4)

        curve = clean(missing, seed=seed)
        start = Peak(period=4.301, t0=t0 + 0.01, duration=0.14)
        result = assessed(describe(curve, start, sde=9.0), curve, settings=SearchSettings())
        pulls.append((result.period_days - 4.3) / result.period_uncertainty_days)
    # 40 draws give the scatter to 11 %; the errors must not be too small and not useless
    assert 0.4 < np.sqrt(np.mean(np.square(pulls))) < 1.35


def test_a_single_transit_gives_no_error_of_the_period():
    curve = clean(lambda times: boxes(times, period=100.0, t0=20.0))
    peak = Peak(period=100.0, t0=20.0, duration=0.15)
    sigmas = trapezoid_sigmas(curve, peak, transit_depths(curve, peak), depth=2e-3, snr=17.0)
    assert sigmas.period is None
    assert 0 < sigmas.t0 < 0.01


# ---------------------------------------------------------------- several planets and the files
@pytest.fixture(scope="module")
def two_planets():
    """What is found of two planets, asked for five."""

    def both(times):
        return of_peak(times) + boxes(times, period=7.1, t0=3.3, depth=1e-3)

    return search_planets(ffa.search, as_lightcurve(clean(both)), settings=ffa.FfaSettings(), max_planets=5)


def test_planets_are_found_one_after_the_other_until_noise_is_left(two_planets):
    assert [result.period_days for result in two_planets] == pytest.approx([4.3, 7.1], abs=0.005)
    assert [result.alias_of for result in two_planets] == [None, None]
    assert all(stands_out(result, fap_max=0.01) for result in two_planets)


def test_the_record_is_json_with_each_transit(two_planets):
    said = json.loads(json.dumps(record(two_planets), allow_nan=False))
    first = said["planets"][0]
    assert first["period"] == pytest.approx(4.3, abs=0.005)
    assert len(first["transits"]["depth"]) == first["transit_count"] == 14
    assert set(first) - {"transits"} <= set(said["columns"])


def test_the_table_has_a_row_for_each_planet_and_the_periodogram_each_spectrum(two_planets):
    rows = table(two_planets)
    assert rows.dtype.names == COLUMNS
    assert list(rows["period"]) == [result.period_days for result in two_planets]
    spectra = periodogram(two_planets)
    first = spectra[spectra["planet"] == 1]
    assert first["period"][np.argmax(first["sde"])] == pytest.approx(4.3, rel=0.005)
    assert first["sde"].max() == pytest.approx(two_planets[0].sde)
