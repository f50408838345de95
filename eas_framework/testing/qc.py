"""The contract of a quality-control metric."""

from __future__ import annotations

import copy
import re

import pytest

from eas_framework.plugins import QcMetric
from eas_framework.task_database.metadata import encode_value
from eas_framework.task_database.names import MAX_KEY_LENGTH
from eas_framework.task_objects import TaskExecutionAttempt


class QcMetricContract:
    """What every metric must do. A subclass supplies the fixtures `metric` and `attempt`."""

    @pytest.fixture
    def metric(self) -> QcMetric:
        """To be overridden."""
        pytest.fail(f"{type(self).__name__} must define a pytest fixture `metric` that returns a QcMetric")

    @pytest.fixture
    def attempt(self) -> TaskExecutionAttempt:
        """To be overridden."""
        pytest.fail(
            f"{type(self).__name__} must define a pytest fixture `attempt` that returns a "
            "TaskExecutionAttempt with the metadata on which the metric has something to say"
        )

    def test_it_has_a_name_and_a_line_that_says_what_it_measures(self, metric: QcMetric) -> None:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", metric.name), "a name is lower case, digits and underscores"
        assert metric.summary, "give the metric a summary of one line"
        assert "\n" not in metric.summary

    def test_it_names_the_task_types_that_it_measures(self, metric: QcMetric) -> None:
        assert metric.task_types, "name at least one task type"
        assert all(isinstance(name, str) and name for name in metric.task_types)

    def test_what_it_measures_can_be_stored(self, metric: QcMetric, attempt: TaskExecutionAttempt) -> None:
        found = metric.measure(attempt)
        assert found, "the metric says nothing of the attempt that the fixture gives it"
        for keyword, value in found.items():
            assert 0 < len(keyword) <= MAX_KEY_LENGTH
            assert encode_value(keyword, value)[0] in ("int", "float", "str", "bool")

    def test_it_gives_the_same_twice_and_leaves_the_attempt_as_it_was(
        self, metric: QcMetric, attempt: TaskExecutionAttempt
    ) -> None:
        before = copy.deepcopy(attempt.as_dict())
        assert metric.measure(attempt) == metric.measure(attempt)
        assert attempt.as_dict() == before

    def test_it_says_nothing_of_an_attempt_that_recorded_nothing(self, metric: QcMetric) -> None:
        assert dict(metric.measure(TaskExecutionAttempt())) == {}
