"""What is said of a job at the end of a run: how it stands, what failed, what is blocked, what to do next."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence

import click

from eas_framework.cli.changed_inputs import changed_lines, has_changed
from eas_framework.diagnostics.changed_inputs import ChangedInput
from eas_framework.diagnostics.failures import blocked_tasks, failures, grouped_failures
from eas_framework.diagnostics.job_summary import count_work
from eas_framework.diagnostics.progress import STATES, TOTAL, progress_summary, totals
from eas_framework.pipeline import Outcome
from eas_framework.plugins.database import Row
from eas_framework.task_database import TaskDatabaseConnection
from eas_framework.task_database.jobs import JobRecord, JobState
from eas_framework.task_database.queries import Queries

FAILED, INTERRUPTED = 1, 130
_GROUPS_SHOWN = 10
_NAMES_SHOWN = 5
_WIDTH = 200


def report(database: TaskDatabaseConnection, outcome: Outcome, *, renew: str = "") -> int:
    """Print how a run ended; its exit code.

    Args:
        database: The connection.
        outcome: What the run gave.
        renew: Command that does again what read files which have changed; the job's own where it is empty.
    """
    job = database.jobs.get(outcome.job_id)
    click.echo("\n".join(summary(database, job, changed=outcome.changed_inputs, renew=renew)))
    return exit_code(outcome)


def exit_code(outcome: Outcome) -> int:
    """0 for a job that passed, 130 for one that a person stopped, 1 for all others.

    A job that passed with files that are no longer what they were has not passed with what there is now: 1.
    """
    if outcome.state is JobState.PASSED:
        return FAILED if has_changed(outcome.changed_inputs) else 0
    is_open = outcome.state is JobState.RUNNING
    return INTERRUPTED if is_open and outcome.was_interrupted else FAILED


def summary(
    database: TaskDatabaseConnection,
    job: JobRecord,
    *,
    changed: Sequence[ChangedInput] = (),
    renew: str = "",
) -> Iterator[str]:
    """The lines to print when a run has ended; `changed` and `renew` as for `report`."""
    queries = database.queries
    has_old = has_changed(changed)
    but = ", but of older files" if has_old else ""
    yield f"job {job.job_id} ({job.name}): {_state_text(job.state)}{but}"
    yield f"  {state_counts(queries, job)}"
    if job.replaces is not None:
        taken_over, done = count_work(queries, job.job_id)
        yield f"  {taken_over} taken over from job {job.replaces}, {done} run"
    yield from _shown(list(_failure_lines(queries, job)), "errors")
    yield from _shown(list(_blocked_lines(blocked_tasks(queries, job.job_id))), "causes")
    yield from changed_lines(changed)
    yield f"next: {_renewing(job, renew) if has_old else _next_command(job)}"


def state_counts(queries: Queries, job: JobRecord) -> str:
    """How many tasks are in which state, in the order of their lives."""
    counts = totals(progress_summary(queries, job.job_id))
    parts = [f"{counts[state]} {state}" for state in STATES if counts[state]]
    return f"{counted(counts[TOTAL])}: {', '.join(parts) or 'none'}"


def counted(number: int, noun: str = "task") -> str:
    """The number with its noun: ``1 task``, ``12 tasks``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def task_label(row: Row) -> str:
    """How a task is named to a person: ``search (task 12, transit_search_tls)``."""
    number, task_type = f"task {row['task_id']}", row["task_type"]
    return f"{row['task']} ({number}, {task_type})" if row["task"] else f"{task_type} ({number})"


def _state_text(state: JobState) -> str:
    return "not finished" if state is JobState.RUNNING else str(state)


def _shown(lines: list[str], what: str) -> Iterator[str]:
    yield from lines[:_GROUPS_SHOWN]
    if len(lines) > _GROUPS_SHOWN:
        yield f"and {len(lines) - _GROUPS_SHOWN} other {what}"


def _failure_lines(queries: Queries, job: JobRecord) -> Iterator[str]:
    rows = failures(queries, job.job_id)
    labels = {row["task_id"]: task_label(row) for row in rows}
    for group in grouped_failures(rows):
        text = group["error"]
        text = text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"
        first = labels[group["first_task"]]
        yield (
            f"failed: {first}: {text}"
            if group["count"] == 1
            else (f"failed: {group['count']} × {text} (first: {first})")
        )


def _blocked_lines(rows: Iterable[Row]) -> Iterator[str]:
    groups: dict[str, list[str]] = {}
    for row in rows:
        groups.setdefault(_cause(row), []).append(task_label(row))
    for cause, labels in groups.items():
        more = f" and {len(labels) - _NAMES_SHOWN} more" if len(labels) > _NAMES_SHOWN else ""
        yield f"blocked by {cause}: {', '.join(labels[:_NAMES_SHOWN])}{more}"


def _cause(row: Row) -> str:
    """The task that blocks, and why where that is not just its failure."""
    number, reason = row["blocked_by"], row["reason"] or ""
    is_plain = reason in ("", f"task {number} failed", f"task {number} cancelled")
    return f"{row['cause']} (task {number})" + ("" if is_plain else f", {reason}")


def _renewing(job: JobRecord, renew: str) -> str:
    """The command that does again what read files which have changed since."""
    own = f"eas run {shlex.quote(job.source_file or 'JOB')} --replace, with the options it was run with"
    return f"{renew or own}; it does again what read these files and what hangs on that, and keeps the rest"


def _next_command(job: JobRecord) -> str:
    if job.state is JobState.PASSED:
        return f"eas results {job.name}"
    if job.state is JobState.RUNNING:
        return "the same command again goes on where this run stopped"
    return f"eas retry {job.name}, once the cause is gone"
