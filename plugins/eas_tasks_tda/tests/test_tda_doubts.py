"""What speaks against a signal that noise does not explain, and how a search goes on after it."""

import json

import numpy as np
import pytest
from eas_tasks_tda import ffa
from eas_tasks_tda.aliases import relation
from eas_tasks_tda.assessing import assessed
from eas_tasks_tda.damage import is_damaged
from eas_tasks_tda.doubts import (
    INCOMPLETE,
    JUMP,
    NOT_UNIQUE,
    SAME_PERIOD,
    TOO_LONG,
    TOO_SHORT,
    UNRESOLVED,
    UPSIDE_DOWN,
    is_complete,
)
from eas_tasks_tda.prepare import CleanCurve, UnsearchableError
from eas_tasks_tda.recorded import recorded_planets
from eas_tasks_tda.refine import Peak, transit_shape
from eas_tasks_tda.result import TransitResult
from eas_tasks_tda.saving import record
from eas_tasks_tda.search import search_planets
from eas_tasks_tda.settings import SearchSettings
from eas_tasks_tda.several import doubted, stands_out

from eas_framework.lightcurve import LightcurveArbitraryRaster

CADENCE = 0.5 / 24
NOISE = 1e-4
DAYS = 80


def transits(times, *, period, t0, duration, depth):
    """Missing flux of limb-darkened transits."""
    phases = np.remainder(times - t0 + period / 2, period) - period / 2
    return depth * transit_shape(2 * phases / duration)


def curve(missing, *, days=DAYS, cadence=CADENCE, noise=NOISE, seed=1, keep=None):
    times = np.arange(0, days, cadence)
    times = times if keep is None else times[keep(times)]
    fluxes = 1 - missing(times) + np.random.default_rng(seed).normal(0, noise, len(times))
    return LightcurveArbitraryRaster(times, fluxes)


def found_in(lightcurve, *, max_planets=3, **settings):
    return search_planets(
        ffa.search, lightcurve, settings=ffa.FfaSettings(**settings), max_planets=max_planets
    )


def doubts_of(lightcurve, **settings):
    return set(found_in(lightcurve, max_planets=1, **settings)[0].doubts)


# ---------------------------------------------------------------- what is doubted
def test_nothing_speaks_against_a_planet():
    assert not doubts_of(curve(lambda t: transits(t, period=6.3, t0=2.0, duration=0.15, depth=1e-3)))


def test_nothing_speaks_against_a_single_transit():
    result = found_in(curve(lambda t: transits(t, period=500, t0=31, duration=0.4, depth=2e-3)))[0]
    assert result.period_days is None
    assert not result.doubts


@pytest.mark.parametrize("period", [0.7, 1.3, 2.9])
def test_a_sine_has_brightenings_as_strong_as_its_dips(period):
    # as long as a transit of 12 % of the period may be, or longer: one of the two always speaks against it
    result = doubts_of(curve(lambda t: 3e-3 * np.sin(2 * np.pi * t / period)))
    assert result & {UPSIDE_DOWN, TOO_LONG}


def test_a_pulsation_shorter_than_a_transit_is_no_planet():
    assert UPSIDE_DOWN in doubts_of(curve(lambda t: 2e-3 * np.sin(2 * np.pi * t / 0.11), cadence=0.01))


def test_one_low_sample_is_no_single_transit():
    def one_sample(times):
        return np.where(np.arange(len(times)) == 1500, 8e-3, 0.0)

    assert {UNRESOLVED, TOO_SHORT} <= doubts_of(curve(one_sample))


def test_a_dip_at_the_edge_of_a_gap_is_no_single_transit():
    def ramp(times):
        return np.where(times > 40, 3e-3 * np.exp(-(times - 40) / 0.2), 0.0)

    assert INCOMPLETE in doubts_of(curve(ramp, keep=lambda t: (t < 36) | (t > 40)))


def test_one_whole_transit_and_one_beside_a_gap_are_no_period():
    def two(times):
        return transits(times, period=34, t0=20, duration=0.4, depth=8e-4)

    cut = curve(two, keep=lambda t: (t < 54.1) | (t > 55))
    assert found_in(cut)[0].period_days == pytest.approx(34, abs=0.1)
    assert INCOMPLETE in doubts_of(cut)
    assert not doubts_of(curve(two))


def test_a_jump_that_heals_is_no_single_transit():
    def jump(times):
        return np.where(times > 40, 3e-3 * np.exp(-(times - 40) / 0.25), 0.0)

    assert JUMP in doubts_of(curve(jump))


def test_one_of_many_dips_is_no_single_transit():
    def many(times):
        at = np.random.default_rng(3).uniform(3, 77, 7)
        return sum(transits(times, period=500, t0=t0, duration=0.4, depth=2e-3) for t0 in at)

    found = found_in(curve(many))
    assert all(NOT_UNIQUE in one.doubts for one in found if one.period_days is None)


def test_a_transit_is_complete_where_no_gap_is_near_it():
    times = np.concatenate([np.arange(0, 10, CADENCE), np.arange(12, 20, CADENCE)])
    peak = Peak(period=3.0, t0=0.1, duration=0.2)
    middles = np.array([0.1, 3.1, 9.9, 12.1, 15.1, 19.5])
    assert list(is_complete(times, peak, middles)) == [False, True, False, False, True, True]


def test_short_and_long_exposures_in_one_light_curve_leave_transits_complete():
    times = np.concatenate([np.arange(0, 20, 0.5 / 24), np.arange(20, 30, 200 / 86400)])
    assert is_complete(times, Peak(period=4.0, t0=2.0, duration=0.12), np.array([2.0, 6.0, 22.0])).all()


def test_transits_beside_those_of_a_planet_found_before_are_complete():
    def near(times):
        inner = transits(times, period=2.0, t0=1.0, duration=0.12, depth=2e-3)
        return inner + transits(times, period=10.0, t0=1.25, duration=0.2, depth=1e-3)

    found = found_in(curve(near))
    assert [one.period_days for one in found] == pytest.approx([2.0, 10.0], abs=0.01)


def test_samples_that_a_signal_fills_altogether_are_a_result_and_no_crash():
    times = np.arange(0, 30, CADENCE)
    kept = times[np.abs(np.remainder(times, 1.0) - 0.5) < 0.2]
    dim = CleanCurve.clean(kept, 1 + np.random.default_rng(2).normal(0, NOISE, len(kept)))
    everywhere = TransitResult(period_days=1.0, t0_days=0.5, duration_hours=24.0, snr=9.0, depth=1e-3)
    with pytest.raises(UnsearchableError, match="outside"):
        assessed(everywhere, dim, settings=SearchSettings())


# ---------------------------------------------------------------- how a search goes on
def test_damaged_samples_do_not_hide_a_planet():
    def damaged(times):
        low = np.zeros(len(times))
        low[np.random.default_rng(5).integers(0, len(times), 15)] = 1e-2
        return low + transits(times, period=9.1, t0=4.0, duration=0.2, depth=5e-4)

    found = found_in(curve(damaged))
    assert [one.period_days for one in found] == pytest.approx([9.1], abs=0.01)
    assert stands_out(found[0], fap_max=0.01)


def test_runs_of_up_to_two_low_samples_are_damage_and_longer_ones_are_not():
    times = np.arange(0, 20, CADENCE)
    fluxes = 1 + np.random.default_rng(1).normal(0, NOISE, len(times))
    fluxes[[100, 200, 201, 300, 301, 302]] -= 5e-3
    clean = CleanCurve.clean(times, fluxes)
    assert list(np.flatnonzero(is_damaged(clean))) == [100, 200, 201]


def test_where_only_a_variation_is_found_the_record_says_so():
    found = found_in(curve(lambda t: 2e-3 * np.sin(2 * np.pi * t / 0.11), cadence=0.01))
    assert len(found) == 1
    assert not stands_out(found[0], fap_max=1.0)
    assert found[0].as_metadata()["doubts"]


def test_what_keeps_the_period_of_a_variation_is_no_planet_either():
    variation = TransitResult(period_days=0.54, t0_days=0.1, duration_hours=1.0, doubts=(UPSIDE_DOWN,))
    rest = TransitResult(period_days=1.08, t0_days=0.3, duration_hours=1.0)
    other = TransitResult(period_days=3.9, t0_days=0.3, duration_hours=1.0)
    assert doubted(rest, [variation], span_days=27).doubts == (SAME_PERIOD,)
    assert doubted(other, [variation], span_days=27).doubts == ()


def test_a_planet_that_is_doubted_is_not_protected(tmp_path):
    sure = TransitResult(t0_days=7.0, duration_hours=5.0, snr_pink=12.0)
    doubtful = TransitResult(t0_days=9.0, duration_hours=5.0, snr_pink=12.0, doubts=(JUMP,))
    path = tmp_path / "record.json"
    path.write_text(json.dumps(record([sure, doubtful])), encoding="utf-8")
    assert [one.t0_days for one in recorded_planets(path, fap_max=0.01)] == [7.0]


# ---------------------------------------------------------------- periods
def ultra_short(times):
    return transits(times, period=0.37, t0=0.2, duration=0.04, depth=8e-4)


def test_a_period_below_the_default_range_is_found():
    found = found_in(curve(ultra_short, cadence=0.007))
    assert [one.period_days for one in found] == pytest.approx([0.37], abs=1e-4)


def test_a_shortest_period_that_is_asked_for_is_kept():
    found = found_in(curve(ultra_short, cadence=0.007), period_min=0.5, max_planets=1)
    assert found[0].period_days == pytest.approx(0.74, abs=1e-4)


def test_the_secondary_eclipse_of_an_eccentric_pair_has_the_period_of_the_first():
    primary, secondary = (Peak(period=9.03, t0=t0, duration=0.2) for t0 in (1.0, 4.1))
    assert relation(secondary, primary, span_days=27) == 1
