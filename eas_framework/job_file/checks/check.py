"""All checks of one job."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Required, TypedDict, Unpack

from eas_framework.errors import JobFileError
from eas_framework.job_file.checks.flow import Flow, ProductExists, Use
from eas_framework.job_file.checks.place import Place
from eas_framework.job_file.checks.report import Report
from eas_framework.job_file.checks.top import check_top
from eas_framework.job_file.checks.walk import OpenLoop, TaskCount, TypesKnown, Walk
from eas_framework.job_file.document import Document, Position, Problem
from eas_framework.job_file.model import DEFAULT_MAX_TASKS, Job
from eas_framework.plugins.task import TaskType

BUDGET_SECONDS = 1.0
"""Time for evaluating names at further values of loops, in all."""


@dataclass(frozen=True, kw_only=True)
class KnownFile:
    """A file of the store that the job names: its folder, its name, and where the job says so."""

    directory: str
    filename: str
    position: Position


@dataclass(frozen=True, kw_only=True)
class JobCheck:
    """What the checks of a job have found.

    Attributes:
        problems: Errors and warnings in the order of the file.
        outputs: Files that the job makes, as far as their names are known before it runs.
        inputs_from_outside: Files that no task of the job makes and the database has.
        task_types: Names of the task types that the job uses.
        task_count: Tasks of the whole job; loops inside loops at their first values, do-while loops once.
    """

    problems: tuple[Problem, ...]
    outputs: tuple[KnownFile, ...]
    inputs_from_outside: tuple[KnownFile, ...]
    task_types: frozenset[str]
    task_count: int

    @property
    def errors(self) -> tuple[str, ...]:
        """``file:line:column: message`` of each mistake."""
        return tuple(str(problem) for problem in self.problems if problem.severity == "error")

    @property
    def warnings(self) -> tuple[str, ...]:
        """``file:line:column: message`` of what the author should look at."""
        return tuple(str(problem) for problem in self.problems if problem.severity == "warning")


class CheckOptions(TypedDict, total=False):
    """What the checks of a job need to know.

    Attributes:
        task_types: Types that can run here, by name.
        declared_types: Further names that the registry declares; their tasks are accepted with a warning.
        product_exists: Whether the database has a file of that folder and name; by default it has none.
        max_tasks: Most tasks that the job may have; a million by default.
        budget_seconds: Time for evaluating names at further values of loops, in all; one second by default.
    """

    task_types: Required[Mapping[str, TaskType]]
    declared_types: Collection[str]
    product_exists: ProductExists
    max_tasks: int
    budget_seconds: float


def check_job(job: Job, **options: Unpack[CheckOptions]) -> JobCheck:
    """Warnings, files and task types of a job that can run.

    Args:
        job: What `read_job` gave.
        options: See `CheckOptions`.

    Raises:
        JobFileError: All mistakes at once, one message for each.
    """
    check = inspect_job(job, **options)
    if check.errors:
        raise JobFileError(*check.errors)
    return check


def inspect_job(job: Job, **options: Unpack[CheckOptions]) -> JobCheck:
    """As `check_job`, with the mistakes in the result."""
    max_tasks = options.get("max_tasks", DEFAULT_MAX_TASKS)
    report = Report(job.document)
    check_top(job, report)
    flow = Flow(report)
    types = TypesKnown(installed=options["task_types"], declared=options.get("declared_types", ()))
    walk = Walk(types, report, flow, input_folder=job.input_folder)
    count = TaskCount()
    place = Place(metadata={}, directory=job.working_directory)
    walk.tasks(job.description.get("task_list"), ("task_list",), place, count)
    _LoopRounds(walk, report, flow, max_tasks=max_tasks).run(options.get("budget_seconds", BUDGET_SECONDS))
    if count.total() > max_tasks:
        text = f"the job has {count.total():,} tasks; at most {max_tasks:,} are allowed"
        report.error(("task_list",), text, topic="count")
    from_outside = flow.finish(options.get("product_exists", _no_product))
    return JobCheck(
        problems=report.problems,
        outputs=tuple(_known_files(flow.made(), job.document)),
        inputs_from_outside=tuple(_known_files(from_outside, job.document)),
        task_types=frozenset(walk.used_types),
        task_count=count.total(),
    )


def _no_product(_directory: str, _filename: str) -> bool:
    """A database without any file."""
    return False


def _known_files(uses: Iterator[Use] | list[Use], document: Document) -> Iterator[KnownFile]:
    """The files with their places in the job file."""
    for use in uses:
        directory, filename = use.product
        yield KnownFile(directory=directory, filename=filename, position=document.position(use.path))


class _LoopRounds:
    """Walks through the further turns of all loops, within the time allowed."""

    def __init__(self, walk: Walk, report: Report, flow: Flow, *, max_tasks: int) -> None:
        self._walk = walk
        self._report = report
        self._flow = flow
        self._max_turns = max_tasks

    def run(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Give each loop an equal share of the time that is left; count the turns of all."""
        end = clock() + seconds
        loops = self._walk.open_loops
        for number, loop in enumerate(loops):
            now = clock()
            share = max(end - now, 0.0) / (len(loops) - number)
            self._round(loop, lambda until=now + share: clock() < until)  # type: ignore[misc] # a bound default

    def _round(self, loop: OpenLoop, is_time_left: Callable[[], bool]) -> None:
        checked = 1
        while (turn := self._walk.next_turn(loop)) is not None:
            loop.count.turns += 1
            if loop.count.turns > self._max_turns:
                text = f"the loop has more than {self._max_turns:,} turns"
                self._report.error((*loop.turns.path, loop.turns.source), text, topic="count")
                break
            if checked == loop.count.turns - 1 and is_time_left():
                self._walk.further_turn(loop, turn)
                checked += 1
        if checked < loop.count.turns:
            self._flow.cut(loop.turns.path)
            text = f"names were checked for {checked:,} of the {loop.count.turns:,} turns of this loop"
            self._report.warning(loop.turns.path, text)
