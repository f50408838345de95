"""The plugin keeps the contracts of the framework; executors find it once its package is installed."""

import eas_hello
import pytest

from eas_framework.task_objects import TaskExecutionAttempt
from eas_framework.testing import QcMetricContract, TaskTypeContract

pytest_plugins = ["eas_framework.testing.fixtures"]


class TestFluxStatistics(TaskTypeContract):
    @pytest.fixture
    def task_type(self):
        (task_type,) = eas_hello.eas_task_types()
        return task_type


class TestRedNoise(QcMetricContract):
    @pytest.fixture
    def metric(self):
        (metric,) = eas_hello.eas_qc_metrics()
        return metric

    @pytest.fixture
    def attempt(self):
        attempt = TaskExecutionAttempt()
        attempt.set_metadata("flux_scatter_ppm", 600.0)
        attempt.set_metadata("flux_noise_ppm", 400.0)
        return attempt
