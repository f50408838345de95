"""Change single values of a job from the command line: ``--set NAME.KEY=VALUE`` and ``--limit N``.

``search.lc_duration=30`` sets a key of every task whose ``name`` is ``search``,
``search.search_settings.period_max=9`` one inside a table, ``grid.linear_range.2=5`` an item of a list, and
``job.working_directory=test`` a key of the job itself. Values are read as YAML reads them without quotes;
lists and tables are written as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from eas_framework.errors import JobFileError
from eas_framework.job_file.document import Document, KeyPath
from eas_framework.job_file.scalars import plain_scalar
from eas_framework.suggestions import did_you_mean

JOB = "job"
_LIST_KEYS = ("task_list", "else_task_list")
_FIXED_KEYS = ("name", *_LIST_KEYS)


@dataclass(frozen=True, kw_only=True)
class Override:
    """One ``--set``: which tasks, which key inside them, and the value."""

    text: str
    target: str
    keys: tuple[str, ...]
    value: Any


def parse_override(text: str) -> Override:
    """The parts of ``NAME.KEY=VALUE``.

    Raises:
        JobFileError: It does not have this form, or the value cannot be read.
    """
    name, equals, value = text.partition("=")
    target, *keys = (part.strip() for part in name.split("."))
    if not equals or not target or not keys or not all(keys):
        raise JobFileError(f"--set {text}: write NAME.KEY=VALUE, NAME being a task's name, or job")
    if keys[0] in _FIXED_KEYS:
        raise JobFileError(f"--set {text}: {keys[0]!r} can be changed in the file only")
    return Override(text=text, target=target, keys=tuple(keys), value=_value(text, value.strip()))


def _value(text: str, value: str) -> Any:
    """What the text after the equals sign means."""
    try:
        value.encode()
        return json.loads(value) if value[:1] in ("[", "{", '"') else plain_scalar(value)
    except ValueError as error:
        raise JobFileError(f"--set {text}: the value cannot be read: {error}") from error


def apply_overrides(document: Document, overrides: Sequence[str]) -> None:
    """Change the document's values in place, later ones over earlier ones.

    Raises:
        JobFileError: All overrides that cannot be read or name no task.
    """
    faults: list[str] = []
    for text in overrides:
        try:
            _apply(document, parse_override(text))
        except JobFileError as error:
            faults.extend(error.messages)
    if faults:
        raise JobFileError(*faults)


def apply_limit(document: Document, limit: int) -> None:
    """Let each for loop make at most so many turns, by the key ``limit`` of the loop; a smaller one stays."""
    for path, loop in _tasks(document.value, ()):
        if loop.get("task") == "execution_for_loop":
            given = loop.get("limit")
            loop["limit"] = min(limit, given) if isinstance(given, int) else limit
            document.origins[(*path, "limit")] = f"--limit {limit}"


def _apply(document: Document, override: Override) -> None:
    if override.target == JOB:
        _set(document, (), override)
        return
    named = list(_named_tasks(document.value, ()))
    paths = [path for name, path in named if name == override.target]
    if not paths:
        hint = did_you_mean(override.target, [JOB, *(name for name, _ in named)])
        raise JobFileError(f"--set {override.text}: no task has the name {override.target!r}; {hint}")
    for path in paths:
        _set(document, path, override)


def _named_tasks(value: Any, path: KeyPath) -> Iterator[tuple[str, KeyPath]]:
    """Name and path of every task that has a name, at any depth."""
    for here, task in _tasks(value, path):
        if isinstance(task.get("name"), str):
            yield task["name"].strip(), here


def _tasks(value: Any, path: KeyPath) -> Iterator[tuple[KeyPath, dict[str, Any]]]:
    """Path and descriptor of every task, at any depth."""
    for key in _LIST_KEYS:
        tasks = value.get(key) if isinstance(value, dict) else None
        for index, task in enumerate(tasks if isinstance(tasks, list) else []):
            if isinstance(task, dict):
                yield (*path, key, index), task
                yield from _tasks(task, (*path, key, index))


def _set(document: Document, path: KeyPath, override: Override) -> None:
    """Set the value below the task or job at `path`; tables on the way are made."""
    holder: Any = document.value
    for step in path:
        holder = holder[step]
    for key in override.keys[:-1]:
        index = _step(holder, key, override)
        if isinstance(holder, dict):
            holder.setdefault(index, {})
        holder = holder[index]
        path = (*path, index)
    last = _step(holder, override.keys[-1], override)
    holder[last] = override.value
    document.origins[(*path, last)] = f"--set {override.text}"


def _step(holder: Any, key: str, override: Override) -> str | int:
    """The key or index by which to go into a table or list."""
    if isinstance(holder, dict):
        return key
    if isinstance(holder, list) and key.isascii() and key.isdigit() and int(key[:9]) < len(holder):
        return int(key)
    what = f"a list of {len(holder)}" if isinstance(holder, list) else repr(holder)
    raise JobFileError(f"--set {override.text}: there is no {key!r} in {what}")
