"""``eas retry``: try again what failed, once the cause is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from eas_framework.cli.job_options import executors_option
from eas_framework.cli.output import examples
from eas_framework.errors import UsageError
from eas_framework.task_objects import TaskId

if TYPE_CHECKING:
    from eas_framework.task_database import TaskDatabaseConnection
    from eas_framework.task_database.jobs import JobRecord


@click.command(
    epilog=examples("eas retry hot_jupiter", "eas retry --task 17", "eas retry hot_jupiter --no-run")
)
@click.argument("job", required=False)
@click.option("--task", "tasks", type=int, multiple=True, metavar="ID", help="Only this task; repeatable.")
@executors_option
@click.option("--no-run", is_flag=True, help="Only open them again, for workers that run elsewhere.")
@click.option("--no-progress", is_flag=True, help="Do not show how far the job is.")
def command(
    job: str | None, tasks: tuple[int, ...], executors: int | None, no_run: bool, no_progress: bool
) -> int:
    """Try failed tasks again, with all that waits for them, and run the job to its end.

    JOB is a name or an id. Tasks of a cancelled job are opened again as well.
    """
    from eas_framework.cli.job_report import counted, report  # late: reads plugins and settings
    from eas_framework.cli.progress import ShowingObserver, tell
    from eas_framework.diagnostics.opening import open_database
    from eas_framework.pipeline import RunOptions, finish_job

    with open_database() as database:
        record, failed = _failed_tasks(database, job, tasks)
        database.lifecycle.retry(failed)
        tell(f"job {record.job_id} ({record.name}): {counted(len(failed))} tried again")
        if no_run:
            return 0
        outcome = finish_job(
            database,
            record.job_id,
            options=RunOptions(executors=executors),
            observer=ShowingObserver(with_progress=not no_progress),
        )
        return report(database, outcome)


def _failed_tasks(
    database: TaskDatabaseConnection, job: str | None, tasks: tuple[int, ...]
) -> tuple[JobRecord, list[TaskId]]:
    """The job, and those of its tasks that are to be tried again.

    Raises:
        UsageError: Neither or both of job and task are given, the tasks are of several jobs, or one has not
            failed.
        NotFoundError: There is no such job or task.
    """
    from eas_framework.pipeline import find_job

    if (job is None) == (not tasks):
        raise UsageError("name a job, or tasks with --task ID")
    if job is not None:
        record = find_job(database, job)
        return record, database.lifecycle.list_failed(record.job_id)
    ids = [TaskId(number) for number in tasks]
    job_ids = {database.tasks.row(task_id)["jobId"] for task_id in ids}
    if len(job_ids) != 1 or None in job_ids:
        raise UsageError("the tasks belong to several jobs, or to none; try those of one job at a time")
    record = database.jobs.get(job_ids.pop())
    failed = set(database.lifecycle.list_failed(record.job_id))
    others = [task_id for task_id in ids if task_id not in failed]
    if others:
        states = ", ".join(f"task {task_id} {database.tasks.row(task_id)['state']}" for task_id in others)
        raise UsageError(f"only tasks that failed themselves can be tried again; {states}")
    return record, ids
