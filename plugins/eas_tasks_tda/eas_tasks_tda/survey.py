"""Task `transit_survey`: a light-curve file is read, detrended and searched in one task.

It gives what `read_lightcurve`, `detrend_wotan` and `transit_search_ffa` give one after the other, and stores
no light curve in between: for surveys of so many stars that the files and records of three tasks cost more
than the search.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field

from eas_framework import task_io
from eas_framework.plugins import Resources, TaskType
from eas_framework.tasks import read_lightcurve
from eas_tasks_tda import detrend_wotan, detrending, examples, ffa
from eas_tasks_tda.detrend_settings import DetrendParameters
from eas_tasks_tda.search import RESULT_FILES, SEARCH_METADATA, can_be_stored, searched

if TYPE_CHECKING:
    from eas_framework.lightcurve import LightcurveArbitraryRaster
    from eas_framework.task_objects import TaskExecutionAttempt


class SurveyParameters(ffa.FfaParameters, read_lightcurve.ReadKeys):
    """Keys of the survey of one light-curve file: those of reading and of searching, and the detrending."""

    detrending: DetrendParameters | None = Field(
        default_factory=DetrendParameters, description="As the keys of detrend_wotan; null does not detrend."
    )


def handler(attempt: TaskExecutionAttempt) -> None:
    """Read, detrend and search the light curve; record all at once what each of these records.

    Raises:
        TaskFailed: The file may not be read, or the method of detrending cannot treat the light curve.
        LightcurveError: The file or its light curve is unfit; says why.
    """
    given = task_io.task_parameters(attempt, SurveyParameters)
    curve, recorded = read_lightcurve.read_curve(given)
    recorded["lightcurve_metadata"] = _storable(curve)
    if given.detrending is not None:
        curve, how = detrend_wotan.detrended(curve, parameters=given.detrending)
        recorded |= how
    found = searched(ffa.search, curve, attempt=attempt, given=given)
    task_io.record_metadata(attempt, **recorded, **found)


def _storable(curve: LightcurveArbitraryRaster) -> dict[str, Any]:
    return {key: value for key, value in curve.metadata.items() if can_be_stored(value)}


def external_inputs(attempt: TaskExecutionAttempt) -> Mapping[str, str]:
    """SHA-256 of the file, by its path."""
    return read_lightcurve.file_read(task_io.task_parameters(attempt, SurveyParameters))


def warm_up() -> None:
    """Compile, or load from numba's cache, what detrending and search need."""
    detrending.warm_up()
    ffa.warm_up()


TASK_TYPE = TaskType(
    name="transit_survey",
    handler=handler,
    external_inputs=external_inputs,
    resources=Resources(cpu=1, memory_gb=2),
    parameters=SurveyParameters,
    inputs=(),
    outputs=RESULT_FILES,
    metadata={
        **read_lightcurve.TASK_TYPE.metadata,
        "lightcurve_metadata": "Of the file: columns used, time system, samples left out, what was assumed.",
        **detrend_wotan.DETREND_METADATA,
        **SEARCH_METADATA,
    },
    packages=("wotan", "numba", "numpy", "scipy"),
    warm_up=warm_up,
    summary="Read, detrend and search a light-curve file in one task, for surveys of many stars.",
    example=examples.survey_job("transit_survey"),
)
