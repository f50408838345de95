"""Where a file comes from: the attempt that made it, what that read, and so on to the raw light curve."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from eas_framework.diagnostics.files import logical_path
from eas_framework.plugins.database import Row
from eas_framework.settings import configuration
from eas_framework.task_database import TaskDatabaseConnection
from eas_framework.task_database.external_files import look_at
from eas_framework.task_objects import AttemptId, ProductVersionId

RAW_FILE_KEYWORD = "ingested_from"
_SEEN = "as above"
_SHOWN_DIGITS = 12


class _Chain:
    """Walks from a file to its sources, each shown once."""

    def __init__(self, database: TaskDatabaseConnection) -> None:
        self._database, self._queries = database, database.queries
        self._seen: set[tuple[str, int]] = set()

    def file(self, version_id: ProductVersionId, level: int, role: str) -> Iterator[Row]:
        row = self._queries.one("report_version_origin", version_id=version_id)
        if row is None:
            return
        detail = {"version": version_id, "sha256": row["fileSHA256"], "bytes": row["fileSize"]}
        if row["droppedTime"] is not None:
            detail["dropped"] = _utc(row["droppedTime"])
        is_known = self._is_known("file", version_id)
        yield _line(level, "file", f"{role}{logical_path(row)}", {"seen": _SEEN} if is_known else detail)
        if is_known:
            return
        raw = self._database.versions.metadata_of(version_id).get(RAW_FILE_KEYWORD)
        raw_file = None if raw is None else str(raw.value)
        lines = list(self.attempt(row["attempt"], level + 1, raw_file=raw_file))
        yield from lines
        if raw is not None and not any(line["kind"] in ("file", "raw file") for line in lines):
            yield _line(level + 2, "raw file", str(raw.value), {})

    def attempt(
        self, attempt_id: AttemptId, level: int, role: str = "", raw_file: str | None = None
    ) -> Iterator[Row]:
        """An attempt and what it read; of several files outside the store only the one that is named."""
        row = self._queries.one("report_attempt_origin", attempt_id=attempt_id)
        if row is None:
            return
        fields = json.loads(row["contentFields"] or "{}")
        named = f"{role}task {row['taskId']} {row['taskName']}".rstrip()
        is_known = self._is_known("attempt", attempt_id)
        yield _line(level, "attempt", named, {"seen": _SEEN} if is_known else _made_by(row, fields))
        if is_known:
            return
        yield from self._inputs(row["taskId"], fields.get("inputs") or {}, level + 1)
        yield from self._raw_files(row, fields.get("external_inputs") or {}, level + 1, raw_file)
        for source in self._queries.rows("task_metadata_sources", task_id=row["taskId"]):
            if source["lastPassed"] is not None:
                yield from self.attempt(source["lastPassed"], level + 1, role="metadata of ")

    def _inputs(self, task_id: int, checksums: Mapping[str, str], level: int) -> Iterator[Row]:
        """The versions that were read: of each input, the newest with the checksum that was recorded."""
        versions = self._queries.rows("report_input_versions", task_id=task_id)
        for name, sha256 in sorted(checksums.items()):
            found = [v["version"] for v in versions if v["name"] == name and v["fileSHA256"] == sha256]
            if found:
                yield from self.file(ProductVersionId(found[0]), level, f"{name} = ")
            else:
                yield _line(level, "file", f"{name}: no longer in the store", {"sha256": sha256})

    def _raw_files(
        self, row: Row, checksums: Mapping[str, str], level: int, wanted: str | None
    ) -> Iterator[Row]:
        """The files outside the store that were read, and what has become of each."""
        stamps = json.loads(row["externalFiles"] or "{}")
        for name in sorted(checksums) if wanted is None else {wanted} & checksums.keys():
            sha256 = checksums[name]
            look = look_at(
                configuration().lc_path / name,
                sha256=sha256,
                stamp=stamps.get(name, ()),
                now_ns=time.time_ns(),
            )
            yield _line(level, "raw file", name, {"sha256": sha256, "now": look.state})

    def _is_known(self, kind: str, key: int) -> bool:
        is_known = (kind, key) in self._seen
        self._seen.add((kind, key))
        return is_known


def why(database: TaskDatabaseConnection, version_id: ProductVersionId) -> list[Row]:
    """The chain of provenance of a file, from the file back to what was not made by any task.

    Returns:
        Rows with ``depth`` (0 is the file itself), ``kind`` (``file``, ``attempt``, ``raw file``), ``what``
        (a name), and ``detail``, a table: of files version, SHA-256, bytes, and when they
        were ``dropped``; of raw files SHA-256 of what
        was read, and ``now``, what has become of them (``same``, ``changed``, ``missing``, ``unreadable``);
        of attempts id, task type,
        package and version, parameters, seed, content key, host, Python, packages, git commit, and start.
    """
    return list(_Chain(database).file(version_id, 0, ""))


def _made_by(row: Row, fields: Mapping[str, Any]) -> dict[str, Any]:
    environment = json.loads(row["environment"] or "{}")
    started = row["startTime"]
    return {
        "attempt": row["attempt"],
        "task_type": row["task_type"],
        "job": row["jobName"],
        "package": fields.get("package"),
        "version": fields.get("version"),
        "seed": fields.get("seed"),
        "content_key": row["contentKey"],
        "started": started and _utc(started),
        "host": row["hostname"],
        "python": environment.get("python"),
        "packages": environment.get("packages"),
        "git_commit": environment.get("git_commit"),
        "parameters": fields.get("description"),
        "requested_metadata": fields.get("requested_metadata") or None,
    }


def _utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _line(depth: int, kind: str, what: str, detail: Mapping[str, Any]) -> Row:
    return {"depth": depth, "kind": kind, "what": what, "detail": dict(detail)}


def short_detail(row: Row) -> str:
    """One line of what matters most in a row of `why`."""
    detail = row["detail"]
    if "seen" in detail:
        return str(detail["seen"])
    if row["kind"] == "attempt":
        made = " ".join(str(part) for part in (detail["package"], detail["version"]) if part)
        seed = "" if detail["seed"] is None else f", seed {detail['seed']}"
        return f"{detail['task_type']} ({made}){seed}, {detail['started']} on {detail['host']}"
    if "sha256" in detail:
        now = "dropped" if "dropped" in detail else detail.get("now", "same")
        return f"SHA-256 {detail['sha256'][:_SHOWN_DIGITS]}…{'' if now == 'same' else f', {now} since'}"
    return ""
