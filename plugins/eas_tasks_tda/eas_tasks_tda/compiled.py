"""Compiled functions: one decorator for all kernels, and where their machine code is kept.

numba would put its cache beside the source, which may be read-only or on a network disk, and would look only
at the file of a function, not at the files of the functions that are compiled into it. Here it is a folder
of the user and the host, the one that executors are told by their supervisor, and in it one for each state
of the package's sources.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from numba import config, njit

from eas_framework.worker.kernel_cache import cache_environment

Function = TypeVar("Function", bound=Callable[..., Any])

_settings: Any = config  # its attributes are made when it is loaded


def sources_digest(folder: Path) -> str:
    """Sixteen hexadecimal digits that change with any module in a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


@cache
def cache_folder() -> Path:
    """Where the machine code of this package is kept."""
    given = _settings.CACHE_DIR or os.environ.get("NUMBA_CACHE_DIR")
    base = given or cache_environment()["NUMBA_CACHE_DIR"]
    return Path(base) / f"eas_tasks_tda-{sources_digest(Path(__file__).parent)}"


def is_compiling() -> bool:
    """Whether kernels are compiled; ``NUMBA_DISABLE_JIT=1`` runs them as they are written."""
    return not _settings.DISABLE_JIT


def kernel(function: Function) -> Function:
    """The function as machine code, compiled at its first call or loaded from the cache.

    It holds no lock, so that threads run side by side, and may reorder sums.
    """
    folder, others = str(cache_folder()), _settings.CACHE_DIR
    _settings.CACHE_DIR = folder  # read when the function is made, by nobody else in between
    try:
        compiled: Function = njit(
            function, cache=True, fastmath=True, nogil=True, error_model="numpy", boundscheck=False
        )
    finally:
        _settings.CACHE_DIR = others
    return compiled
