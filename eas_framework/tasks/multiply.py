"""``multiply``: the product of two light curves, for example of a star and a planet's transits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eas_framework.plugins.task import FileSlot, TaskType
from eas_framework.task_io import read_lightcurve, record_metadata, write_lightcurve
from eas_framework.tasks.parameters import NoKeys

if TYPE_CHECKING:
    from eas_framework.task_objects import TaskExecutionAttempt

# What the metadata of a file say about its form; not a result of the task.
_FORM = frozenset({"binary", "gzipped"})


def handler(attempt: TaskExecutionAttempt) -> None:
    """Write the product, at the times of the first curve, with the metadata of both; the second's win."""
    product = read_lightcurve(attempt, "lightcurve_1") * read_lightcurve(attempt, "lightcurve_2")
    write_lightcurve(attempt, "lightcurve", product)
    record_metadata(attempt, **{key: value for key, value in product.metadata.items() if key not in _FORM})


TASK_TYPE = TaskType(
    name="multiply",
    handler=handler,
    parameters=NoKeys,
    inputs=(
        FileSlot(name="lightcurve_1", summary="Gives the times."),
        FileSlot(name="lightcurve_2", summary="Is resampled onto the times of the first."),
    ),
    outputs=(FileSlot(name="lightcurve", summary="The product; NaN and flagged where the second ends."),),
    summary="Multiply two light curves, for example to inject a transit.",
    example={
        "task": "multiply",
        "inputs": {"lightcurve_1": "star.npy", "lightcurve_2": "transits.npy"},
        "outputs": {"lightcurve": "star_with_planet.npy"},
    },
)
