"""The verdict on a detection against the known period."""

import math
from types import SimpleNamespace

import pytest

from eas_framework.quality_control import transit_detection_quality_control
from eas_framework.task_objects import MetadataItem


def judge(target, found):
    lc = SimpleNamespace(metadata={} if target is None else {"orbital_period": target})
    return transit_detection_quality_control(lc=lc, metadata={} if found is None else {"period": found})


@pytest.mark.parametrize("found", [10.0, 9.71, 10.3])
def test_a_period_within_three_percent_passes(found):
    assert judge(10.0, found) == {"outcome": "PASS", "target_period": 10.0}


# 0.97 < target/found < 1.03: the limits themselves fail (definition of the criterion)
@pytest.mark.parametrize("found", [0.97, 1.03])
def test_the_limits_of_the_criterion_are_excluded(found):
    assert judge(found, 1.0)["outcome"] == "FAIL"


def test_metadata_items_and_plain_numbers_are_judged_alike():
    assert judge(MetadataItem("orbital_period", 10.0), MetadataItem("period", 10.1)) == judge(10.0, 10.1)


@pytest.mark.parametrize("found", [None, 0, 0.0, -3.0, math.nan, math.inf, "none", True])
def test_d55_no_detection_is_undefined_and_never_a_crash(found):
    assert judge(10.0, found) == {"outcome": "UNDEFINED", "target_period": 10.0}


@pytest.mark.parametrize("target", [None, 0, math.nan, "unknown"])
def test_d55_an_unknown_truth_is_undefined_with_a_target_that_is_not_a_number(target):
    verdict = judge(target, 5.0)
    assert verdict["outcome"] == "UNDEFINED"
    assert math.isnan(verdict["target_period"])


@pytest.mark.parametrize(
    ("found", "alias"),
    [(25.0, "1/2"), (100.0, "2"), (75.0, "3/2"), (33.4, "2/3"), (16.6, "1/3"), (151.0, "3")],
)
def test_d55_an_alias_fails_and_says_which_one_it_is(found, alias):
    assert judge(50.0, found) == {"outcome": "FAIL", "target_period": 50.0, "alias": alias}


def test_a_period_without_a_simple_ratio_is_a_plain_fail():
    assert judge(50.0, 41.0) == {"outcome": "FAIL", "target_period": 50.0}
