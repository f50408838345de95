"""Periods and durations that are tried."""

import numpy as np
import pytest
from eas_tasks_tda import grids
from eas_tasks_tda.prepare import UnsearchableError
from eas_tasks_tda.settings import SearchSettings

from eas_framework.errors import LightcurveError

SUN = grids.Star()


def test_the_earth_crosses_the_sun_in_thirteen_hours():
    hours = 24 * grids.central_transit_days(365.25, radius=1, mass=1)
    assert hours == pytest.approx(12.98, abs=0.05)  # 2 R_sun / (2 π AU / yr) = 12.97 h


def test_an_orbit_at_three_solar_radii_takes_six_tenths_of_a_day():
    assert grids.radius_for_orbit(0.6016, mass=1) == pytest.approx(1.0, abs=1e-3)  # Kepler's third law


def test_the_grid_has_the_number_of_periods_that_ofir_gives():
    periods = grids.ofir_periods(80, shortest=0.6016, longest=40, star=SUN)
    # transitleastsquares 2.0.4 makes 8494-8505 periods for 80 d from the same equations
    assert len(periods) == pytest.approx(8500, rel=0.01)
    assert (periods[0], periods[-1]) == pytest.approx((40, 0.6016))


def test_from_one_period_to_the_next_a_transit_drifts_by_a_third_of_its_duration():
    periods = grids.ofir_periods(100, shortest=1, longest=50, star=SUN)
    for i in (0, len(periods) // 2, len(periods) - 2):
        cycles = 100 / periods[i]
        drift = cycles * (periods[i] - periods[i + 1])
        duration = grids.central_transit_days(periods[i], radius=1, mass=1)
        assert drift == pytest.approx(duration / 3, rel=0.02)


def test_d58_limits_that_contradict_each_other_are_refused():
    with pytest.raises(LightcurveError, match=r"period_max = 2 d must be above period_min = 5 d"):
        grids.period_range(100, shortest=5, longest=2)
    with pytest.raises(ValueError, match=r"period_max = 2 d must be above period_min = 5 d"):
        SearchSettings(period_min=5, period_max=2)


def test_d58_a_curve_too_short_for_two_periods_is_unsearchable_and_not_searched_backwards():
    with pytest.raises(UnsearchableError, match="less than 2 periods"):
        grids.period_range(0.8, shortest=0.5, longest=None)


def test_the_longest_period_is_half_the_span_unless_given():
    assert grids.period_range(80, shortest=0.5, longest=None) == (0.5, 40)
    assert grids.period_range(80, shortest=0.5, longest=60) == (0.5, 60)


def test_octaves_keep_all_periods_and_each_spans_less_than_a_factor_two():
    periods = grids.ofir_periods(80, shortest=0.5, longest=40, star=SUN)
    parts = grids.octaves(periods)
    np.testing.assert_array_equal(np.concatenate(parts), periods)
    assert len(parts) == 7  # 40 / 0.5 = 80 = 2^6.3
    assert all(part[0] / part[-1] < 2 for part in parts)


def test_durations_reach_both_ends_in_steps_not_above_the_one_wanted():
    found = grids.durations(0.02, 0.3, step=1.2)
    assert (found[0], found[-1]) == pytest.approx((0.02, 0.3))
    assert (found[1:] / found[:-1]).max() <= 1.2 + 1e-9


def test_the_range_of_stars_widens_to_hold_the_star_that_is_given():
    star = SearchSettings(r_star=6.0, m_star=1.8).star
    assert (star.largest_radius, star.largest_mass) == (6.0, 1.8)


@pytest.mark.parametrize("limits", [{"r_star": 1, "r_star_min": 2}, {"m_star": 1, "m_star_max": 0.5}])
def test_a_star_outside_its_own_limits_is_refused(limits):
    with pytest.raises(ValueError, match="is needed"):
        SearchSettings(**limits)


def test_settings_of_other_searches_are_kept_aside():
    assert SearchSettings(duration_count=16).unknown == ["duration_count"]
