"""What a job file may hold: the keys of a job and of its tasks, and the job as it was read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from eas_framework.job_file.document import Document

DEFAULT_MAX_TASKS = 1_000_000
DEFAULT_MAX_ITERATIONS = 1_000
"""Iterations that a do-while loop may make."""

Range = tuple[float, float, int]
Keep = Literal["all", "final"] | list[str]


class _Keys(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class JobDefaults(_Keys):
    """Limits for tasks that give none of their own."""

    max_attempts: int | None = Field(None, ge=1, description="Attempts at a task that was lost or killed.")
    time_limit_s: float | None = Field(None, gt=0, description="Wall-clock limit of one attempt, in seconds.")
    memory_gb: float | None = Field(None, gt=0, description="Memory limit of one attempt, in gigabytes.")


class JobKeys(_Keys):
    """Keys of a job file."""

    job_name: str | None = Field(None, description="Label of the job; by default the file's name.")
    working_directory: str | None = Field(
        None, description="Folder of the store for all outputs; by default the job's name."
    )
    task_list: list[Any] = Field(
        description="The tasks; those not linked by files or metadata run side by side."
    )
    seed: int = Field(0, description="Seed of all random numbers of the job.")
    defaults: JobDefaults = Field(JobDefaults(), description="Limits for tasks that give none of their own.")
    keep: Keep = Field(
        "all",
        description="Files to keep: all; final, which are those that no task of the job reads; or a list of "
        "patterns of names to keep beside the final ones.",
    )


class TaskKeys(_Keys):
    """Keys that every task may have."""

    task: str = Field(description="Task type.")
    name: str | None = Field(
        None, description="Label by which later tasks of the same list ask for metadata."
    )
    inputs: dict[str, str] = Field({}, description="Files needed: name of the input to file name.")
    outputs: dict[str, str] = Field({}, description="Files to be made: name of the output to file name.")
    job_name: str | None = Field(None, description="Label of this task's part of the job.")
    working_directory: str | None = Field(None, description="Folder of this task, and of those below it.")
    requires_metadata_from: list[str] = Field([], description="Earlier tasks of the same list, by name.")
    max_attempts: int | None = Field(None, ge=1, description="Attempts at this task if lost or killed.")
    time_limit_s: float | None = Field(None, gt=0, description="Wall-clock limit of one attempt, in seconds.")


class ChainKeys(_Keys):
    """Keys of ``execution_chain``."""

    task_list: list[Any] = Field([], description="The tasks of the chain.")


class ConditionalKeys(_Keys):
    """Keys of ``execution_conditional``."""

    criterion: Any = Field(description="Expression whose truth value selects one of the lists.")
    task_list: list[Any] = Field([], description="Tasks for a true criterion.")
    else_task_list: list[Any] = Field([], description="Tasks for a false criterion.")


class ForLoopKeys(_Keys):
    """Keys of ``execution_for_loop``, of which exactly one says over what it runs."""

    task_list: list[Any] = Field([], description="The tasks done for each value.")
    parameter: str | None = Field(
        None, description="Name of the loop variable; <parameter>_index counts 0, 1, 2, …"
    )
    values: list[Any] | None = Field(None, description="Values of the loop variable.")
    linear_range: Range | None = Field(
        None, description="[start, end, number]: evenly spaced, with both ends."
    )
    log_range: Range | None = Field(
        None, description="[start, end, number]: evenly spaced logarithms, both ends."
    )
    table: str | None = Field(None, description="CSV or ECSV file; every column becomes a loop variable.")
    where: str | None = Field(None, description="Expression that selects rows of the table.")
    files: str | None = Field(
        None, description="Pattern of files below the input folder, such as 'tess/*.fits'."
    )
    limit: int | None = Field(None, ge=1, description="Turns to make at most, from the first on.")


class DoWhileKeys(_Keys):
    """Keys of ``execution_do_while_loop``."""

    task_list: list[Any] = Field([], description="The tasks of one iteration.")
    iteration_name: str = Field(description="<iteration_name>_index counts the iterations 1, 2, 3, …")
    repeat_criterion: Any = Field(description="Expression; the loop is repeated while it is true.")
    requires_metadata_from_child: list[str] = Field(
        [], description="Tasks of task_list whose metadata the criterion uses."
    )


CONTROL_FLOW_KEYS: Mapping[str, type[BaseModel]] = {
    "execution_chain": ChainKeys,
    "execution_conditional": ConditionalKeys,
    "execution_for_loop": ForLoopKeys,
    "execution_do_while_loop": DoWhileKeys,
}


@dataclass(frozen=True, kw_only=True)
class Job:
    """A job file that was read; `eas_framework.job_file.checks.check_job` says whether it is right.

    Attributes:
        name: Label; the file's stem where the file gives none.
        working_directory: Folder of the store; the job's name where the file gives none.
        seed: Seed of all random numbers.
        defaults: Limits for tasks that give none of their own.
        description: All keys of the job, with overrides, seed, name and folder filled in.
        digest: SHA-256 that identifies the job: its description, the tables and files of its loops.
        canonical_text: The description as JSON with sorted keys.
        path: The job file.
        document: Where each value stands.
        input_folder: Gives the folder below which tables and files of loops are looked for.
    """

    name: str
    working_directory: str
    seed: int
    defaults: JobDefaults
    description: Mapping[str, Any]
    digest: str
    canonical_text: str
    path: Path
    document: Document = field(repr=False, compare=False)
    input_folder: Callable[[], Path] = field(repr=False, compare=False)

    @property
    def kept_files(self) -> list[str] | None:
        """Patterns of the names of files to keep beside the final ones; None keeps all."""
        keep: Keep = self.description.get("keep", "all")
        return None if keep == "all" else [] if keep == "final" else list(keep)
