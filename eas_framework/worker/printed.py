"""What handlers print, as text for the attempt's log.

An executor's standard output and error are a file that its supervisor opened for reading and writing.
"""

from __future__ import annotations

import ctypes
import os
import stat
import sys
from functools import cache

_STDOUT = 1
_MAX_BYTES = 64 * 1024
_MAX_FILE_BYTES = 1 << 20


class PrintedOutput:
    """Gives what was printed since the last look, the end of it where it is long."""

    def __init__(self, descriptor: int = _STDOUT) -> None:
        self._descriptor = descriptor
        self._is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
        self._seen = self._size()

    def take(self) -> str:
        """The text printed since the last call; empty where standard output is not a file."""
        if not self._is_file:
            return ""
        flush_all()
        size = self._size()
        new = size - self._seen
        if new <= 0:
            return ""
        start = size - min(new, _MAX_BYTES)
        text = os.pread(self._descriptor, _MAX_BYTES, start).decode(errors="replace").strip()
        self._seen = size
        self._shorten()
        left_out = new - _MAX_BYTES
        return f"({left_out} bytes left out)\n{text}" if left_out > 0 else text

    def _size(self) -> int:
        return os.fstat(self._descriptor).st_size

    def _shorten(self) -> None:
        """Begin the file anew when it has grown large."""
        if self._seen > _MAX_FILE_BYTES:
            os.ftruncate(self._descriptor, 0)
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            self._seen = 0


def flush_all() -> None:
    """Have everything that was printed reach the file, also what compiled code printed."""
    sys.stdout.flush()
    sys.stderr.flush()
    _program().fflush(None)


@cache
def _program() -> ctypes.CDLL:
    """The C library of this process."""
    return ctypes.CDLL(None)
