"""A plugin as a third party writes it, to be checked by ``mypy --strict`` and never run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from pydantic import BaseModel, Field

from eas_framework.lightcurve import LightcurveArbitraryRaster
from eas_framework.plugins import (
    FileSlot,
    LightcurveReader,
    QcMetric,
    QcVerdict,
    ReadOptions,
    Resources,
    TaskType,
    hookimpl,
)
from eas_framework.task_database import TaskDatabaseConnection
from eas_framework.task_execution import (
    call_subprocess_and_catch_stdout,
    call_subprocess_and_log_output,
    eas_pipeline_task,
    verdict_of,
)
from eas_framework.task_io import read_lightcurve, record_metadata, task_parameters
from eas_framework.task_objects import TaskExecutionAttempt


class Parameters(BaseModel):
    """The task's own keys."""

    window_days: float = Field(default=1.0, gt=0, description="Width of the window, in days.")


def handler(attempt: TaskExecutionAttempt) -> None:
    """Record the scatter of a light curve."""
    parameters = task_parameters(attempt, Parameters)
    curve = read_lightcurve(attempt)
    record_metadata(attempt, scatter=float(np.std(curve.fluxes)), window_days=parameters.window_days)


@eas_pipeline_task
def task_handler(execution_attempt: TaskExecutionAttempt) -> None:
    """A task in the prototype's form."""
    is_good, printed = call_subprocess_and_catch_stdout(["date"], time_limit_s=10)
    if not is_good or not call_subprocess_and_log_output("ls -l"):
        raise ValueError(printed.decode())


@eas_pipeline_task
def qc_handler(execution_attempt: TaskExecutionAttempt) -> None:
    """Its quality control."""
    attempt_id = execution_attempt.attempt_id
    with TaskDatabaseConnection() as task_db:
        task_db.execution_attempt_update(attempt_id=attempt_id, all_products_passed_qc=True)


def judge(attempt: TaskExecutionAttempt) -> QcVerdict:
    """Everything is good."""
    return QcVerdict(outputs={})


def measure(attempt: TaskExecutionAttempt) -> Mapping[str, float | str]:
    """A number and a word."""
    return {"answer": 42.0, "unit": "none"}


def read(path: Path, options: ReadOptions) -> LightcurveArbitraryRaster:
    """An empty-handed reader."""
    times = np.loadtxt(path)
    return LightcurveArbitraryRaster(times=times, fluxes=np.ones_like(times))


@hookimpl
def eas_task_types() -> list[TaskType]:
    """One task type."""
    return [
        TaskType(
            name="scatter",
            handler=handler,
            quality_control=judge,
            parameters=Parameters,
            inputs=(FileSlot(name="lightcurve"),),
            outputs=(),
            resources=Resources(cpu=1, memory_gb=1),
            metadata={"scatter": "Standard deviation of the flux."},
        ),
        TaskType(name="old", handler=task_handler, quality_control=verdict_of(qc_handler)),
    ]


@hookimpl
def eas_qc_metrics() -> list[QcMetric]:
    """One metric."""
    return [QcMetric(name="answer", task_types=frozenset({"scatter"}), measure=measure)]


@hookimpl
def eas_lightcurve_readers() -> list[LightcurveReader]:
    """One reader."""
    return [
        LightcurveReader(name="times only", sniff=lambda head, path: head.startswith(b"#times"), read=read)
    ]
