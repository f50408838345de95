"""Thresholds from noise, recovered shares with their errors, and their picture."""

import math

import numpy as np
import pytest
from lxml import etree

from eas_framework.diagnostics.completeness import (
    Threshold,
    completeness,
    gumbel_fit,
    gumbel_threshold,
    measured_thresholds,
    wilson_interval,
)
from eas_framework.diagnostics.heat_map import colour_of, heat_map
from eas_framework.errors import UsageError


def search(detector="transit_search_ffa", *, snr, outcome="PASS", period=3.0, size=2, null=False):
    found = {"task_type": detector, "outcome": outcome, "snr": snr, "period": 2.9, "size": size}
    return {**found, "parameter.period": period, **({} if null else {"target_period": period})}


def test_wilson_s_interval_is_that_of_the_textbook():
    # Brown, Cai & DasGupta (2001): p is in it where (p̂ - p)² <= z² p (1 - p) / n; the ends fulfil equality
    for successes, trials, z in [(81, 263, 1.96), (3, 3, 1.0), (0, 10, 1.0), (5, 9, 2.0)]:
        share = successes / trials
        for end in wilson_interval(successes, trials, z=z):
            assert (share - end) ** 2 == pytest.approx(z**2 * end * (1 - end) / trials, abs=1e-12)


def test_a_gumbel_distribution_gives_its_parameters_back():
    values = np.random.default_rng(3).gumbel(5.0, 0.4, 20_000)
    location, scale = gumbel_fit(values)
    assert location == pytest.approx(5.0, abs=0.015)  # standard error 1.053 · 0.4 / sqrt(20,000) = 0.003
    assert scale == pytest.approx(0.4, abs=0.012)  # 0.78 · 0.4 / sqrt(20,000) = 0.0022


def test_a_threshold_is_exceeded_as_often_as_it_says_and_knows_its_error():
    rng = np.random.default_rng(8)
    value, error = gumbel_threshold(rng.gumbel(5.0, 0.4, 500), probability=0.01)
    true = 5.0 - 0.4 * math.log(-math.log(0.99))
    assert abs(value - true) < 4 * error
    assert 0.02 < error < 0.2
    again = np.mean(rng.gumbel(5.0, 0.4, 200_000) > value)
    assert again == pytest.approx(0.01, abs=0.005)


def test_equal_values_have_no_spread():
    assert gumbel_fit(np.full(30, 4.0)) == (4.0, 0.0)


def test_each_detector_gets_its_threshold_from_curves_without_planets():
    rng = np.random.default_rng(1)
    rows = [search("a", snr=x, outcome="UNDEFINED", null=True) for x in rng.gumbel(5, 0.3, 200)]
    rows += [search("b", snr=x, outcome="FAIL") | {"pixels_in_transit": 0} for x in rng.gumbel(9, 0.3, 200)]
    rows += [search("a", snr=1000.0), search("b", snr=1000.0)]  # planets do not count
    first, second = measured_thresholds(rows, statistic="snr", false_alarm=0.1)
    assert (first.detector, second.detector, first.curves) == ("a", "b", 200)
    assert first.value == pytest.approx(5 - 0.3 * math.log(-math.log(0.9)), abs=0.15)
    assert second.value - first.value == pytest.approx(4.0, abs=0.25)


def test_too_few_curves_without_planets_are_refused_with_their_number():
    with pytest.raises(UsageError, match=r"transit_search_ffa: 2 light curves .* 20 are needed"):
        measured_thresholds(
            [search(snr=1.0, null=True)] * 2 + [search(snr=9.0)], statistic="snr", false_alarm=0.01
        )


def test_a_planet_is_recovered_with_the_right_period_and_enough_significance():
    rows = [
        search(snr=9.0),
        search(snr=9.0, outcome="FAIL"),  # another period
        search(snr=6.9),  # too weak
        search(snr=8.0, size=4),
        search(snr=None, size=4, outcome="UNDEFINED"),  # nothing found
        search(snr=50.0, null=True),
    ]
    limit = [Threshold(detector="transit_search_ffa", value=7.0)]
    cells = completeness(rows, thresholds=limit, by=["period", "size"], statistic="snr")
    assert [(cell["period"], cell["size"]) for cell in cells] == [(3.0, 2), (3.0, 4)]  # the parameter's value
    assert [(cell["recovered"], cell["injected"]) for cell in cells] == [(1, 3), (1, 2)]
    assert cells[0]["completeness"] == pytest.approx(1 / 3)
    assert cells[0]["low"] < 1 / 3 < cells[0]["high"]


def test_the_map_has_a_labelled_cell_for_each_row_and_a_panel_for_each_detector():
    rows = [
        {"detector": name, "period": period, "size": "<big>", "recovered": 1, "injected": 4, "share": 0.25}
        for name in ("a", "b")
        for period in (1.5, 3.0)
    ]
    picture = etree.fromstring(
        heat_map(rows, x="period", y="size", value="share", counts=("recovered", "injected"))
    )
    texts = [item.text for item in picture.iter("{*}text")]
    assert texts.count("1/4") == 4
    assert {"a", "b", "1.5", "3", "<big>", "period", "size"} <= set(texts)
    colours = [item.get("fill") for item in picture.iter("{*}rect")]
    assert colours.count(colour_of(0.25)) == 4


def test_colours_run_from_nothing_to_all():
    assert (colour_of(0.0), colour_of(1.0)) == ("#440154", "#fde725")
    assert colour_of(-1) == colour_of(0)
    assert len({colour_of(share) for share in np.linspace(0, 1, 30)}) == 30
