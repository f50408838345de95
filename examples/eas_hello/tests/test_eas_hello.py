"""The plugin: its numbers on light curves whose answer is known, and what its hooks give."""

from pathlib import Path

import eas_hello
import numpy as np
import pytest
from eas_hello.flux_statistics import FluxStatisticsParameters, flux_statistics
from eas_hello.red_noise import measure, red_noise_ratio

from eas_framework.errors import LightcurveError
from eas_framework.plugins import QcMetric, TaskType
from eas_framework.task_objects import TaskExecutionAttempt

COUNT = 20_000
SIGMA = 500e-6  # 500 ppm


@pytest.fixture
def white_noise():
    """Times in days and fluxes about 1 with Gaussian noise of 500 ppm."""
    times = np.arange(COUNT) * 600 / 86_400
    return times, 1 + np.random.default_rng(1).normal(0, SIGMA, COUNT)


# The relative error of a standard deviation of 20,000 samples is 0.5 %, that of the median absolute deviation
# of their differences about 1.2 %: 5 % is far outside either.
def test_scatter_and_noise_of_white_noise_agree(white_noise):
    found = flux_statistics(*white_noise)
    assert found["sample_count"] == COUNT
    assert found["flux_median"] == pytest.approx(1, abs=5 * SIGMA / COUNT**0.5)
    assert found["flux_scatter_ppm"] == pytest.approx(500, rel=0.05)
    assert found["flux_noise_ppm"] == pytest.approx(500, rel=0.05)


def test_a_slow_wave_adds_to_the_scatter_and_not_to_the_noise(white_noise):
    times, fluxes = white_noise
    found = flux_statistics(times, fluxes + 0.01 * np.sin(2 * np.pi * times / 10))
    assert found["flux_noise_ppm"] == pytest.approx(500, rel=0.05)
    # A sine of amplitude a has the standard deviation a / sqrt(2); variances add.
    assert found["flux_scatter_ppm"] == pytest.approx((500**2 + (10_000 / 2**0.5) ** 2) ** 0.5, rel=0.01)


def test_the_order_of_the_samples_and_the_unit_of_flux_do_not_matter(white_noise):
    times, fluxes = white_noise
    shuffled = np.random.default_rng(2).permutation(COUNT)
    there, back = flux_statistics(times, fluxes), flux_statistics(times[shuffled], 1e4 * fluxes[shuffled])
    assert back["flux_noise_ppm"] == pytest.approx(there["flux_noise_ppm"], rel=1e-9)
    assert back["flux_scatter_ppm"] == pytest.approx(there["flux_scatter_ppm"], rel=1e-9)


def test_samples_that_are_not_numbers_are_left_out(white_noise):
    times, fluxes = white_noise
    fluxes[::10] = np.nan
    times[5] = np.inf
    assert flux_statistics(times, fluxes)["sample_count"] == COUNT - COUNT // 10 - 1


@pytest.mark.parametrize(
    ("fluxes", "message"),
    [
        ([1.0, 1.0], "2 good samples are too few"),
        ([-1.0, 0.0, 0.0], "one above zero"),
        ([], "0 good samples"),
    ],
)
def test_a_curve_without_an_answer_is_refused_with_a_reason(fluxes, message):
    with pytest.raises(LightcurveError, match=message):
        flux_statistics(np.arange(len(fluxes), dtype=float), np.array(fluxes))


def test_the_metric_is_the_ratio_of_scatter_and_noise():
    attempt = TaskExecutionAttempt()
    attempt.set_metadata("flux_scatter_ppm", 600.0)
    attempt.set_metadata("flux_noise_ppm", 400.0)
    assert measure(attempt) == {"red_noise_ratio": 1.5}


@pytest.mark.parametrize(
    "metadata", [{}, {"flux_scatter_ppm": 1.0}, {"flux_scatter_ppm": 1.0, "flux_noise_ppm": 0.0}]
)
def test_the_metric_says_nothing_where_it_knows_nothing(metadata):
    assert red_noise_ratio(metadata) == {}


def test_the_hooks_give_one_task_type_and_one_metric_for_it():
    (task_type,) = eas_hello.eas_task_types()
    (metric,) = eas_hello.eas_qc_metrics()
    assert isinstance(task_type, TaskType)
    assert isinstance(metric, QcMetric)
    assert metric.task_types == {task_type.name}
    assert task_type.parameters is FluxStatisticsParameters


def test_what_is_recorded_is_what_is_declared(white_noise):
    (task_type,) = eas_hello.eas_task_types()
    assert set(flux_statistics(*white_noise)) == set(task_type.metadata)


def test_the_job_uses_the_task():
    assert "task: flux_statistics" in (Path(__file__).parent.parent / "job.yaml").read_text(encoding="utf-8")
