"""Everything that is known of one task, in sections."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from eas_framework.diagnostics.files import logical_path
from eas_framework.diagnostics.logs import log_messages
from eas_framework.plugins.database import Row
from eas_framework.task_database import TaskDatabaseConnection
from eas_framework.task_database.metadata import Owner
from eas_framework.task_objects import AttemptId, TaskId, TaskState

COLUMNS = ("section", "name", "value")
_LOG_LINES = 50


def task_details(database: TaskDatabaseConnection, task_id: TaskId) -> list[Row]:
    """What is known of a task: state, parameters, inputs, outputs, attempts, provenance, newest log messages.

    Returns:
        Rows with ``section`` (task, parameters, input, output, attempt N, metadata, provenance,
        environment, log), ``name`` and ``value``.

    Raises:
        NotFoundError: There is no such task.
    """
    row = database.tasks.row(task_id)
    attempts = database.queries.rows("report_attempts_of_task", task_id=task_id)
    parts: Iterable[Iterator[Row]] = (
        _section("task", _state(row)),
        _section("parameters", _parameters(row, attempts)),
        _section("input", _inputs(database, task_id)),
        _section("output", _outputs(database, task_id)),
        *(_section(f"attempt {attempt['attempt']}", _attempt(attempt)) for attempt in attempts),
        *(_section("metadata", _recorded(database, attempt)) for attempt in attempts[-1:]),
        *(_section("provenance", _provenance(attempt)) for attempt in attempts[-1:]),
        *(_section("environment", json.loads(attempt["environment"] or "{}")) for attempt in attempts[-1:]),
        _section("log", _log(database, task_id)),
    )
    return [line for part in parts for line in part]


def _section(name: str, values: Mapping[str, Any]) -> Iterator[Row]:
    return ({"section": name, "name": key, "value": value} for key, value in values.items())


def _state(row: Row) -> dict[str, Any]:
    found = {
        "id": row["taskId"],
        "name": row["taskName"],
        "type": row["taskTypeName"],
        "job": row["jobName"],
        "state": row["state"],
        "waits for": row["unmetDependencies"] if row["state"] == TaskState.WAITING else None,
        "blocked by task": row["blockedBy"],
        "because": row["blockedReason"],
        "working directory": row["workingDirectory"],
        "parent": row["parentTask"],
        "seed": row["seed"],
        "attempts left": row["attemptsLeft"],
        "time limit, s": row["timeLimit"],
        "memory limit, GB": row["memoryLimit"],
        "created": row["createdTime"],
    }
    return {name: value for name, value in found.items() if value not in (None, "")}


def _parameters(row: Row, attempts: list[Row]) -> dict[str, Any]:
    """The description as the newest attempt saw it, evaluated; before that, as it was written."""
    evaluated = [a["evaluatedDescription"] for a in attempts if a["evaluatedDescription"]]
    described = json.loads(evaluated[-1] if evaluated else row["description"] or "{}")
    return described if isinstance(described, dict) else {"description": described}


def _inputs(database: TaskDatabaseConnection, task_id: TaskId) -> dict[str, Any]:
    checksums = {file.name: file.sha256 for file in database.versions.visible_inputs(task_id)}
    return {
        row["name"]: {
            "file": logical_path(row),
            "sha256": checksums.get(row["name"]),
            "made by task": row["madeBy"],
            "is there": bool(row["isMet"]),
        }
        for row in database.queries.rows("report_inputs_of_task", task_id=task_id)
    }


def _outputs(database: TaskDatabaseConnection, task_id: TaskId) -> dict[str, Any]:
    """Outputs by name; one that several attempts wrote has the newest version."""
    return {
        row["name"]: {
            "file": logical_path(row),
            "version": row["version"],
            "bytes": row["fileSize"],
            "md5": row["fileMD5"],
            "sha256": row["fileSHA256"],
            "passed": None if row["passedQc"] is None else bool(row["passedQc"]),
            "attempt": row["attempt"],
        }
        for row in database.queries.rows("report_outputs_of_task", task_id=task_id)
    }


def _attempt(row: Row) -> dict[str, Any]:
    is_stalled = row["state"] == "running" and (row["leaseUntil"] or 0) < row["now"]
    found = {
        "state": "stalled" if is_stalled else row["state"],
        "error": row["errorText"],
        "host": row["hostname"],
        "worker": row["workerId"],
        "queued": row["queuedTime"],
        "started": row["startTime"],
        "ended": row["endTime"],
        "wall clock, s": row["runTimeWallClock"],
        "cpu, s": row["runTimeCpu"],
        "cpu with children, s": row["runTimeCpuIncChildren"],
        "memory, GB": row["maxMemory"],
    }
    return {name: value for name, value in found.items() if value is not None}


def _recorded(database: TaskDatabaseConnection, row: Row) -> dict[str, Any]:
    metadata = database.metadata.of(Owner("attempt", AttemptId(row["attempt"])))
    return {name: item.value for name, item in metadata.items()}


def _provenance(row: Row) -> dict[str, Any]:
    fields = json.loads(row["contentFields"] or "{}")
    shown = {name: value for name, value in fields.items() if name != "description"}
    return {"content key": row["contentKey"], **shown} if row["contentKey"] else {}


def _log(database: TaskDatabaseConnection, task_id: TaskId) -> dict[str, Any]:
    messages = log_messages(database.queries, task_id=task_id, limit=_LOG_LINES)
    return {f"{row['message_id']} {row['level']}": row["message"] for row in messages}
