"""Where compiled kernels are kept, and of which task types they are known to be there.

Beside the kernels lies a stamp for each task type whose `warm_up` has ended well. The name of a stamp follows
from all that makes a compiler compile again: Python, processor, versions of packages, sources of the plugin,
and numba's own settings. Where a stamp errs, kernels are compiled when they are first used.
"""

from __future__ import annotations

import hashlib
import os
import platform
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from eas_framework.installation import cpu_model, version_of
from eas_framework.plugins.task import TaskType

_VARIABLE = "NUMBA_CACHE_DIR"
_STAMPS = "eas-warm"


def cache_environment() -> Mapping[str, str]:
    """Where compiled kernels are kept: a folder of the user and host on local disk, unless one is set."""
    if os.environ.get(_VARIABLE):
        return {}
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return {_VARIABLE: str(base / "eas" / f"numba-{socket.gethostname()}")}


def is_cold(task_type: TaskType) -> bool:
    """Whether a task type has a warm-up that is not known to be done; without a compiler none is."""
    if task_type.warm_up is None or os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0"):
        return False
    try:
        return not _stamp(task_type, task_type.warm_up).exists()
    except OSError:  # warming up will say what is wrong with the folder
        return True


def warm_up(task_type: TaskType) -> None:
    """Do what a task type does before its first task, and note that it is done; raises what it raises."""
    if task_type.warm_up is None:
        return
    task_type.warm_up()
    stamp = _stamp(task_type, task_type.warm_up)
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.touch()


def _stamp(task_type: TaskType, warm: Callable[[], None]) -> Path:
    """The file that says that a task type is warm."""
    state = (
        *(sys.version, sys.prefix, platform.machine(), cpu_model()),
        *((name, version_of(name)) for name in task_type.packages),
        *sorted(item for item in os.environ.items() if item[0].startswith("NUMBA_") and item[0] != _VARIABLE),
        *_sources(getattr(sys.modules.get(warm.__module__), "__file__", None)),
    )
    digest = hashlib.sha256(repr(state).encode()).hexdigest()[:32]
    folder = Path({**os.environ, **cache_environment()}[_VARIABLE])
    return folder / _STAMPS / f"{task_type.name}-{digest}"


def _sources(module_file: str | None) -> list[tuple[str, int, int]]:
    """Path, size and time of change of the modules in the folder of one: caches go by these, too."""
    if module_file is None:
        return []
    found = [(str(path), path.lstat()) for path in sorted(Path(module_file).parent.glob("*.py"))]
    return [(path, status.st_size, status.st_mtime_ns) for path, status in found]
