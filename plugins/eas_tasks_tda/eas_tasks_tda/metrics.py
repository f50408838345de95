"""How far a detection lies from the truth: quality-control metrics of search tasks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from eas_framework.plugins import QcMetric
from eas_framework.task_objects import plain_values

if TYPE_CHECKING:
    from eas_framework.task_objects import TaskExecutionAttempt

SEARCHES = frozenset(
    {
        "transit_search_bls",
        "transit_search_bls_kovacs",
        "transit_search_bls_reference",
        "transit_search_ffa",
        "transit_search_qats",
        "transit_search_tls",
        "transit_survey",
    }
)


def period_error(attempt: TaskExecutionAttempt) -> dict[str, float | str]:
    """``period_error``: (found - true) / true period, where both are known."""
    found, target = _numbers(attempt.metadata, "period", "target_period")
    if found is None or not target:
        return {}
    return {"period_error": (found - target) / target}


def epoch_error(attempt: TaskExecutionAttempt) -> dict[str, float | str]:
    """``epoch_error_durations``: distance of t0 from the nearest true mid-transit, in transit durations."""
    values = _numbers(attempt.metadata, "t0", "target_t0", "target_period", "duration_hours")
    t0, target_t0, period, duration_hours = values
    if t0 is None or target_t0 is None or not period or not duration_hours:
        return {}
    distance = (t0 - target_t0 + period / 2) % period - period / 2
    return {"epoch_error_durations": 24 * distance / duration_hours}


def _numbers(metadata: Mapping[str, Any], *keywords: str) -> list[float | None]:
    """Values of metadata that are numbers, None for the others."""
    values = plain_values(metadata)
    found = (values.get(keyword) for keyword in keywords)
    return [float(v) if isinstance(v, int | float) and not isinstance(v, bool) else None for v in found]


METRICS = (
    QcMetric(
        name="transit_period_error",
        task_types=SEARCHES,
        measure=period_error,
        summary="Relative error of the found period against the light curve's orbital_period.",
    ),
    QcMetric(
        name="transit_epoch_error",
        task_types=SEARCHES,
        measure=epoch_error,
        summary="Error of the found mid-transit in transit durations.",
    ),
)
