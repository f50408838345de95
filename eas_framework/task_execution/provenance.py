"""What a result was made from: the content key that makes it re-usable, and the environment it ran in."""

from __future__ import annotations

import hashlib
import json
import platform
import socket
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from eas_framework import __version__
from eas_framework.installation import cpu_model, version_of
from eas_framework.plugins.task import TaskType
from eas_framework.task_objects import Task, plain_values

# Keys of a descriptor that change how a task is run, but not what comes out.
_NO_CONTENT = frozenset({"max_attempts", "time_limit_s", "requires_metadata_from"})


def content_fields(
    task: Task,
    description: Mapping[str, Any],
    inputs: Mapping[str, str],
    *,
    external: Mapping[str, str],
    task_type: TaskType,
    source: Mapping[str, str],
) -> dict[str, Any]:
    """Everything that a task's result depends on, as far as the framework can know it.

    Args:
        task: The record, with its seed and requested metadata.
        description: Its evaluated description.
        inputs: SHA-256 of the stored inputs, by the name under which the task knows them.
        external: SHA-256 of the files outside the store that it reads, by name.
        task_type: Its type.
        source: The package that supplies the type, and its version.
    """
    return {
        "task_type": task_type.name,
        "package": source["package"],
        "version": source["version"],
        "description": {key: value for key, value in description.items() if key not in _NO_CONTENT},
        "inputs": dict(inputs),
        "external_inputs": dict(external),
        "requested_metadata": {name: plain_values(items) for name, items in task.input_metadata.items()},
        "seed": task.seed if task_type.uses_seed else None,
    }


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no blanks: equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)


def content_key(fields_text: str) -> str:
    """SHA-256 of the canonical JSON of the content fields."""
    return hashlib.sha256(fields_text.encode()).hexdigest()


def first_difference(old: Any, new: Any, path: str = "") -> str | None:
    """The first field in which two sets of content fields differ, such as ``description.specs.noise``."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted({*old, *new}):
            found = first_difference(old.get(key), new.get(key), f"{path}.{key}" if path else str(key))
            if found:
                return found
        return None
    return None if canonical_json(old) == canonical_json(new) else path


@cache
def environment(packages: tuple[str, ...], source: str) -> str:
    """Where an attempt runs, as canonical JSON: Python, packages, git commit, host, CPU."""
    names = ("eas-framework", "numpy", *packages)
    return canonical_json(
        {
            "eas_framework": __version__,
            "python": sys.version.split()[0],
            "packages": {name: version_of(name) for name in names},
            "git_commit": _git_commit(source),
            "host": socket.gethostname(),
            "platform": platform.platform(),
            "cpu": cpu_model(),
        }
    )


def _git_commit(module_file: str) -> str | None:
    """The commit of the checkout that tracks the code; with ``+changes`` where files differ from it."""
    folder = Path(module_file).parent
    if not _git(folder, "ls-files", "--", Path(module_file).name):
        return None  # installed, not in a checkout
    commit = _git(folder, "rev-parse", "HEAD")
    return f"{commit}+changes" if _git(folder, "status", "--porcelain", "--", ".") else commit


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603 - fixed arguments, no shell
            ["git", "-C", str(folder), *arguments],  # noqa: S607 - git is found by the PATH of the user
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
