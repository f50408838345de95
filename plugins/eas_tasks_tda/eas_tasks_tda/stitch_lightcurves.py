"""Task `stitch_lightcurves`: make one light curve of several of one star."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eas_framework import task_io
from eas_framework.errors import TaskFailed
from eas_framework.plugins import FileSlot, Resources, TaskType
from eas_tasks_tda import examples
from eas_tasks_tda.stitching import StitchParameters, stitch

if TYPE_CHECKING:
    from eas_framework.task_objects import TaskExecutionAttempt

EXAMPLE: dict[str, Any] = {
    "job_name": "example_stitch_lightcurves",
    "task_list": [
        examples.synthesis(),
        examples.synthesis(name="longer", output="longer.lc", duration=20),
        {
            "task": "stitch_lightcurves",
            "name": "stitching",
            "inputs": {"part_1": "star.lc", "part_2": "longer.lc"},
            "outputs": {"lightcurve": "stitched.lc"},
            "overlap": "first",
        },
    ],
}


def handler(attempt: TaskExecutionAttempt) -> None:
    """Write the stitched light curve; its metadata are those of all inputs, and what it is made of.

    Raises:
        TaskFailed: No input, or one file under two names.
    """
    parameters = task_io.task_parameters(attempt, StitchParameters)
    files = task_io.input_files(attempt)
    if not files:
        raise TaskFailed("inputs: name the light curves to stitch, each with a name of its own")
    names = {file: name for name, file in files.items()}
    if len(names) < len(files):
        twice = sorted(file for name, file in files.items() if names[file] != name)
        raise TaskFailed(f"inputs: {', '.join(twice)} is named twice; name each light curve once")
    curves = {file: task_io.read_lightcurve(attempt, name) for file, name in names.items()}
    settings = {f"stitch_{name}": value for name, value in parameters.model_dump().items()}
    curve = stitch(curves, parameters=parameters)
    made = {name: curve.metadata[name] for name in ("stitched_from", "stitched_left_out")}
    task_io.write_lightcurve(attempt, "lightcurve", curve, **settings)
    task_io.record_metadata(attempt, **settings, **made)


TASK_TYPE = TaskType(
    name="stitch_lightcurves",
    handler=handler,
    resources=Resources(cpu=1, memory_gb=2),
    parameters=StitchParameters,
    inputs=None,  # as many as there are, by any names
    outputs=(FileSlot(name="lightcurve", summary="All samples in order of time."),),
    metadata={
        **{f"stitch_{name}": f.description or "" for name, f in StitchParameters.model_fields.items()},
        "stitched_from": "One row for each input in order of time: its file, number of samples, first and "
        "last time in days, and the level that was divided out.",
        "stitched_left_out": "Number of samples left out: those in overlaps, and those without a time.",
    },
    packages=("numpy",),
    summary="Make one light curve of several (inputs of any names): quarters or sectors of one star.",
    example=EXAMPLE,
)
