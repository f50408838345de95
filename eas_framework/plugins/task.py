"""What a task plugin supplies: `TaskType`, and the small records it is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pydantic import BaseModel

    from eas_framework.plugins.qc import QualityControl
    from eas_framework.task_objects import TaskExecutionAttempt

    Handler = Callable[[TaskExecutionAttempt], None]


@dataclass(frozen=True, kw_only=True)
class Resources:
    """What one running task of a type needs: CPU cores, GPU units, gigabytes of memory."""

    cpu: float = 1.0
    gpu: float = 0.0
    memory_gb: float = 8.0


@dataclass(frozen=True, kw_only=True)
class FileSlot:
    """An input or output that a task type declares.

    `kind` is "lightcurve" or "file". An output that is not `required` may be named in a job and never
    written.
    """

    name: str
    summary: str = ""
    required: bool = True
    kind: Literal["lightcurve", "file"] = "lightcurve"


@dataclass(frozen=True, kw_only=True)
class TaskType:
    """A kind of task: how it is done (the handler), and what is needed to place and check it.

    Attributes:
        name: Identifier used in job files.
        handler: Called with the `TaskExecutionAttempt`; whatever it raises fails the attempt.
        quality_control: Judges the outputs; None means every output written, complete and readable.
        container: Worker container that offers the type where the registry does not say otherwise.
        resources: Needs of one running task; the registry's figures win.
        parameters: pydantic model of the task's own keys in a job file; None accepts any key.
        inputs: Declared input files; None accepts any name.
        outputs: Declared output files; None accepts any name.
        metadata: Names of the metadata it records, with a one-line meaning (units included).
        makes_undeclared_outputs: Registers products while running (ingest); later inputs are not checked.
        is_control_flow: Registers child tasks; done when all below it is done.
        uses_seed: Draws random numbers from the task's seed, which then belongs to the content key.
        retry_on: Further exceptions worth a repetition, beside OSError, DatabaseError and QueueError.
        max_attempts: Attempts allowed in all; None takes the job's or the default of 3.
        time_limit_s: Wall-clock limit of one attempt in seconds; None means none.
        external_inputs: Names and SHA-256 of the files outside the store that the task is going to read; they
            belong to the content key, so that a changed file makes a new result. Where the names are paths,
            absolute or below the folder of input light curves, later runs tell when a file has changed.
        packages: Distributions whose versions belong to the provenance of a result.
        warm_up: Called once before executors start (compiles kernels); must be idempotent.
        summary: One line for lists.
        example: Descriptor of a job in which the task runs as it stands.
    """

    name: str
    handler: Handler
    quality_control: QualityControl | None = None
    container: str = "eas_base"
    resources: Resources = field(default_factory=Resources)
    parameters: type[BaseModel] | None = None
    inputs: tuple[FileSlot, ...] | None = None
    outputs: tuple[FileSlot, ...] | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    makes_undeclared_outputs: bool = False
    is_control_flow: bool = False
    uses_seed: bool = False
    retry_on: tuple[type[Exception], ...] = ()
    max_attempts: int | None = None
    time_limit_s: float | None = None
    external_inputs: Callable[[TaskExecutionAttempt], Mapping[str, str]] | None = None
    packages: tuple[str, ...] = ()
    warm_up: Callable[[], None] | None = None
    summary: str = ""
    example: Mapping[str, Any] | None = None
