"""The identity of a job: SHA-256 over its description, and over the tables and files of its loops."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eas_framework.errors import JobFileError
from eas_framework.expressions import is_expression
from eas_framework.job_file.rows import iterate_files

_CHUNK_BYTES = 2**20
_LIST_KEYS = ("task_list", "else_task_list")


@dataclass(frozen=True, kw_only=True)
class Folders:
    """Where tables and files are looked for: the job file's folder, and one that is asked for late."""

    job: Path
    input: Callable[[], Path]


def canonical_json(value: Any) -> str:
    """The value as JSON with sorted keys and no blanks: equal values give equal texts."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def job_digest(description: Mapping[str, Any], folders: Folders) -> str:
    """SHA-256 (64 hexadecimal digits) of a job.

    The content of each table and the names of the files of each loop belong to it, so that a longer table is
    another job. What cannot be read counts as absent here; the checks of the job report it.

    Args:
        description: The parsed job with seed and overrides applied.
        folders: Where tables and files are looked for.
    """
    digest = hashlib.sha256(canonical_json(description).encode())
    for loop in _loops(description):
        for part in _contents(loop, folders):
            digest.update(part)
    return digest.hexdigest()


def _contents(loop: Mapping[str, Any], folders: Folders) -> Iterator[bytes]:
    """What a loop runs over, as far as it stands in files."""
    for key, content in (("table", _table_content), ("files", _file_names)):
        given = loop.get(key)
        if isinstance(given, str) and not is_expression(given):
            yield from content(given, folders)


def _loops(description: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The descriptors that loop over a table or files, at any depth."""
    for key in _LIST_KEYS:
        tasks = description.get(key)
        for task in tasks if isinstance(tasks, list) else []:
            if not isinstance(task, Mapping):
                continue
            if "table" in task or "files" in task:
                yield task
            yield from _loops(task)


def find_table(name: str, folders: Folders) -> Path:
    """Where a table is: beside the job file if it is there, else below the input folder."""
    beside = folders.job / name
    if "\x00" in name or beside.is_file():
        return beside
    return folders.input() / name


def _table_content(name: str, folders: Folders) -> Iterator[bytes]:
    yield b"\ntable\n"
    try:
        with find_table(name, folders).open("rb") as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                yield chunk
    except (OSError, ValueError):
        return


def _file_names(pattern: str, folders: Folders) -> Iterator[bytes]:
    yield b"\nfiles\n"
    folder = folders.input()
    try:
        for path in iterate_files(pattern, folder):
            yield path.relative_to(folder).as_posix().encode(errors="surrogateescape") + b"\n"
    except JobFileError:
        return


def with_absolute_tables(description: Mapping[str, Any], folders: Folders) -> dict[str, Any]:
    """The description with every table named by its absolute path."""
    changed = dict(description)
    for key in _LIST_KEYS:
        if isinstance(changed.get(key), list):
            changed[key] = [
                with_absolute_tables(task, folders) if isinstance(task, Mapping) else task
                for task in changed[key]
            ]
    table = changed.get("table")
    is_path = isinstance(table, str) and table and not is_expression(table)
    if is_path and changed.get("task") == "execution_for_loop":
        changed["table"] = str(find_table(str(table), folders).absolute())
    return changed
