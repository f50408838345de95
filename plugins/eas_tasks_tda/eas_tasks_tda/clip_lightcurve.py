"""Task `clip_lightcurve`: flag the outliers of a light curve."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eas_framework import task_io
from eas_framework.plugins import FileSlot, Resources, TaskType
from eas_tasks_tda import examples
from eas_tasks_tda.clipping import ClipParameters, clip, warm_up

if TYPE_CHECKING:
    from eas_framework.task_objects import TaskExecutionAttempt


def handler(attempt: TaskExecutionAttempt) -> None:
    """Write the light curve with its outliers flagged; its metadata say how they were found, and how many."""
    parameters = task_io.task_parameters(attempt, ClipParameters)
    curve = task_io.read_lightcurve(attempt, "lightcurve")
    clipped = clip(curve, parameters=parameters)
    known = {f"clip_{name}": value for name, value in parameters.model_dump().items()}
    known |= {"clip_scatter": clipped.scatter, "clipped_above": clipped.above, "clipped_below": clipped.below}
    flagged = curve.with_columns(flags=clipped.flags, metadata=curve.metadata | known)
    task_io.write_lightcurve(attempt, "lightcurve", flagged)
    task_io.record_metadata(attempt, **known)


TASK_TYPE = TaskType(
    name="clip_lightcurve",
    handler=handler,
    resources=Resources(cpu=1, memory_gb=1),
    parameters=ClipParameters,
    inputs=(FileSlot(name="lightcurve", summary="Any light curve."),),
    outputs=(FileSlot(name="lightcurve", summary="The same samples, outliers flagged."),),
    metadata={
        **{f"clip_{name}": field.description or "" for name, field in ClipParameters.model_fields.items()},
        "clip_scatter": "Robust standard deviation about the running median, in the curve's unit.",
        "clipped_above": "Number of samples that were flagged above the running median.",
        "clipped_below": "Number of samples that were flagged below it.",
    },
    packages=("numba", "numpy"),
    warm_up=warm_up,
    summary="Flag outliers of a light curve: flares and cosmic rays, not transits.",
    example=examples.curve_job("clip_lightcurve", name="clipping", output="clipped.lc"),
)
