"""What running a job would do."""

from __future__ import annotations

from collections.abc import Iterator

from eas_framework.cli.changed_inputs import changed_lines
from eas_framework.cli.job_report import state_counts
from eas_framework.diagnostics.changed_inputs import changed_inputs
from eas_framework.pipeline import PreparedJob, find_workspace_database
from eas_framework.pipeline.submission import job_in_the_way
from eas_framework.task_database import TaskDatabaseConnection


def plan(prepared: PreparedJob, *, force: bool, take_place: bool) -> Iterator[str]:
    """The lines that tell what a run would do; the database is only read.

    Raises:
        JobFileError: Another job makes some of the outputs, and `take_place` was not given.
    """
    job, check = prepared.job, prepared.check
    yield f"job {job.name}, working directory {job.working_directory}, seed {job.seed}"
    yield f"  {check.task_count:,} tasks of the types {', '.join(sorted(check.task_types))}"
    yield f"  {len(check.outputs):,} files to be made, as far as their names are known before the run"
    yield from (f"  cannot run here: {missing}" for missing in prepared.missing_types)
    database = find_workspace_database()
    if database is None:
        yield "  new: all tasks would run"
    else:
        with database:
            yield f"  {_reason(database, prepared, force=force, take_place=take_place)}"
    yield "nothing was stored"


def _reason(database: TaskDatabaseConnection, prepared: PreparedJob, *, force: bool, take_place: bool) -> str:
    """Which tasks would run, and why."""
    old = job_in_the_way(database, prepared.job, outputs=prepared.check.outputs, take_place=take_place)
    if old is None:
        return "new: all tasks would run"
    if take_place:
        return f"tasks of job {old.job_id} that were made from the same would be taken over, the others run"
    counts = state_counts(database.queries, old)
    if force:
        return f"known as job {old.job_id} ({counts}): all tasks would run again"
    changed = changed_lines(changed_inputs(database, old.job_id, may_write=False))
    return "\n  ".join([f"known as job {old.job_id} ({counts}): what has not ended would run", *changed])
