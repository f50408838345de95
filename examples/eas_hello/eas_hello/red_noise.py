"""The quality-control metric `red_noise`: how much of the scatter is not white noise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eas_framework.plugins import QcMetric
from eas_framework.task_objects import TaskExecutionAttempt, plain_values


def red_noise_ratio(metadata: Mapping[str, Any]) -> dict[str, float | str]:
    """Scatter over point-to-point noise: 1 for white noise, more for trends, spots and transits.

    Empty where one of the two is missing or the noise is zero: a metric adds facts, and there is none.
    """
    scatter, noise = metadata.get("flux_scatter_ppm"), metadata.get("flux_noise_ppm")
    if scatter is None or not noise:
        return {}
    return {"red_noise_ratio": float(scatter) / float(noise)}


def measure(attempt: TaskExecutionAttempt) -> dict[str, float | str]:
    """The metric on an attempt that has just ended well."""
    return red_noise_ratio(plain_values(attempt.metadata))


METRIC = QcMetric(
    name="red_noise",
    task_types=frozenset({"flux_statistics"}),
    measure=measure,
    summary="Scatter of the fluxes over their point-to-point noise.",
)
