"""The documented names for tables: doors to the reports, in the form that the prototype's callers expect."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from itertools import groupby
from typing import Any

from eas_framework.diagnostics.doors_of_trees import UNTITLED
from eas_framework.diagnostics.opening import open_database
from eas_framework.diagnostics.progress import STALLED, TOTAL, progress_summary
from eas_framework.diagnostics.results import (
    OUTCOME,
    TASK_COLUMNS,
    TIME_COLUMNS,
    pass_fail_table,
    sort_key,
    timings_table,
)
from eas_framework.plugins.database import Row
from eas_framework.task_objects import TaskState

_PROGRESS = {
    "Waiting": (TaskState.WAITING, TaskState.READY),
    "Queued": (TaskState.QUEUED,),
    "Stalled": (STALLED, TaskState.FAILED, TaskState.BLOCKED, TaskState.CANCELLED),
    "Running": (TaskState.RUNNING,),
    "Done": (TaskState.PASSED,),
}
_TIMES = dict(zip(TIME_COLUMNS, ("runTimeWallClock", "runTimeCpu", "runTimeCpuIncChildren"), strict=False))
_LONGEST_TEXT, _TEXT_WIDTH = 25, 12
Texts = Callable[[Any], str]


def fetch_progress_summary(job_name: str | None = None) -> dict[str, Any]:
    """How many tasks of each type are waiting, queued, stalled, running, and done; each counts once.

    Failed, blocked and cancelled tasks count as stalled: none of them goes on by itself.

    Args:
        job_name: Count only tasks that carry this job name.

    Returns:
        ``column_headings`` ('Task', 'Waiting', 'Queued', 'Stalled', 'Running', 'Done') and ``rows``, lists of
        the type and five texts such as '2 ( 67%)', by name of the type.

    Raises:
        DatabaseError: The workspace has no task database.
    """
    with open_database() as database:
        rows = progress_summary(database.queries, job_name=job_name)
    return {
        "column_headings": ("Task", *_PROGRESS),
        "rows": [
            [
                row["task_type"],
                *(_share(sum(row[s] for s in states), row[TOTAL]) for states in _PROGRESS.values()),
            ]
            for row in rows
            if row[TOTAL]
        ],
    }


def fetch_pass_fail_table(job_name: str | None = None, task_type: str | None = None) -> list[dict[str, Any]]:
    """For each job and task type: which parameters gave the outcome PASS.

    Args:
        job_name: Only tasks that carry this job name.
        task_type: Only tasks of this type.

    Returns:
        Tables with ``title`` ('JOB  --  TYPE'), ``column_headings`` (the parameters by name, 'outcome') and
        ``data_rows``, each with ``row_values`` and ``row_str`` (one text per heading), sorted by their
        values. The outcome is 1 for PASS, else 0; a missing parameter is None, '--'. Texts of more than 25
        characters are left out.

    Raises:
        DatabaseError: The workspace has no task database.
    """
    with open_database() as database:
        rows = pass_fail_table(database.queries, task_type=task_type)
    results = {"passed": OUTCOME}
    return _tables(rows, job_name, results, text=str, left_out={OUTCOME})


def fetch_timings_table(job_name: str | None = None, task_type: str | None = None) -> list[dict[str, Any]]:
    """For each job and task type: how long each attempt took, also those that have not ended.

    Returns:
        Tables as in `fetch_pass_fail_table`, with 'runTimeWallClock', 'runTimeCpu' and
        'runTimeCpuIncChildren' [s] after the parameters; what is not known is None, '-'.

    Raises:
        DatabaseError: The workspace has no task database.
    """
    with open_database() as database:
        rows = timings_table(database.queries, task_type=task_type)
    life = {"attempt", "state", "start", "end", *TIME_COLUMNS} - set(_TIMES)
    return _tables(rows, job_name, _TIMES, text=_seconds, left_out=life)


def _tables(
    rows: Iterable[Row],
    job_name: str | None,
    results: dict[str, str],
    *,
    text: Texts,
    left_out: Collection[str],
) -> list[dict[str, Any]]:
    """The rows in tables by job and type; `results` are columns and their headings, `text` writes them."""
    kept = [row for row in rows if job_name in (None, row["job"])]
    fixed = {*TASK_COLUMNS, *results, *left_out}
    tables = []
    for (job, task_type), group in groupby(kept, key=lambda row: (row["job"], row["task_type"])):
        parts = [({k: v for k, v in row.items() if k not in fixed and _is_short(v)}, row) for row in group]
        names = sorted({name for parameters, _ in parts for name in parameters})
        lines = [
            ([parameters.get(name) for name in names], [row[column] for column in results])
            for parameters, row in parts
        ]
        lines.sort(key=lambda line: [sort_key(value) for values in line for value in values])
        tables.append(
            {
                "title": f"{job or UNTITLED}  --  {task_type}",
                "column_headings": [*names, *results.values()],
                "data_rows": [
                    {
                        "row_values": [*values, *ends],
                        "row_str": [*map(_parameter, values), *map(text, ends)],
                    }
                    for values, ends in lines
                ],
            }
        )
    return tables


def _share(number: int, total: int) -> str:
    return f"{number:d} ({100 * number / total:3.0f}%)"


def _is_short(value: Any) -> bool:
    return len(str(value)) <= _LONGEST_TEXT


def _parameter(value: Any) -> str:
    if value is None:
        return "--"
    return f"{value:12.8f}" if isinstance(value, int | float) else str(value)[:_TEXT_WIDTH]


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
