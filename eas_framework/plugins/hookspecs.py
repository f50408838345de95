"""The five hooks. Each returns values; the manager checks and holds them, and nothing happens at import."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from eas_framework.plugins.database import DatabaseInterface
    from eas_framework.plugins.qc import QcMetric
    from eas_framework.plugins.queue import TaskQueue
    from eas_framework.plugins.readers import LightcurveReader
    from eas_framework.plugins.task import TaskType

PROJECT = "eas_framework"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def eas_database_backends() -> Mapping[str, type[DatabaseInterface]]:  # type: ignore[empty-body] # a specification
    """Database backends, by the name used in the setting ``db_engine``."""


@hookspec
def eas_queue_backends() -> Mapping[str, type[TaskQueue]]:  # type: ignore[empty-body] # a specification
    """Queue backends, by the name used in the setting ``queue_implementation``."""


@hookspec
def eas_task_types() -> Iterable[TaskType]:  # type: ignore[empty-body] # a specification
    """Task types that this package can run."""


@hookspec
def eas_qc_metrics() -> Iterable[QcMetric]:  # type: ignore[empty-body] # a specification
    """Quality-control metrics, each for the task types it names."""


@hookspec
def eas_lightcurve_readers() -> Iterable[LightcurveReader]:  # type: ignore[empty-body] # a specification
    """Readers of light-curve files."""
