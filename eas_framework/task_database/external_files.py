"""Files outside the store that tasks read, and whether they are still what they were."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Stamp = tuple[int, int, int]
"""Size in bytes, and times of the last change of the content and of the file's entry in ns since 1970."""
FileState = Literal["same", "changed", "missing", "unreadable"]

# Times of files are this coarse where they are coarsest: what was changed within it may show no newer time.
_TICK_NS = 2_000_000_000


@dataclass(frozen=True, kw_only=True)
class Look:
    """What a file is now, beside what was read of it; and its stamp, where that is worth to be kept."""

    state: FileState
    stamp: Stamp | None = None


_SAME = Look(state="same")


def stamps_of(names: Iterable[str], *, folder: Path, began_ns: int) -> dict[str, Stamp | tuple[()]]:
    """The stamp of each file whose content was read since `began_ns`; empty for one that is too new to trust.

    Args:
        names: Paths, absolute or below the folder. Those of no file are left out.
        folder: Of input light curves.
        began_ns: Time before the first file was read, ns since 1970.
    """
    found: dict[str, Stamp | tuple[()]] = {}
    for name in names:
        try:
            stamp = _stamp(folder / name)
        except (OSError, ValueError):
            continue
        found[name] = stamp if _is_settled(stamp, began_ns) else ()
    return found


def look_at(path: Path, *, sha256: str, stamp: Sequence[int] = (), now_ns: int) -> Look:
    """Whether a file is what was read; it is read again only where the stamp leaves a doubt.

    Args:
        path: The file.
        sha256: Of what was read, hexadecimal.
        stamp: That of the file when it was read; empty where none was kept.
        now_ns: The time, ns since 1970.
    """
    try:
        now = _stamp(path)
        if now == tuple(stamp):
            return _SAME
        if stamp and now[0] != stamp[0]:
            return Look(state="changed")
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except (FileNotFoundError, NotADirectoryError):
        return Look(state="missing")
    except (OSError, ValueError):
        return Look(state="unreadable")
    if digest != sha256:
        return Look(state="changed")
    return Look(state="same", stamp=now if _is_settled(now, now_ns) else None)


def _stamp(path: Path) -> Stamp:
    """The stamp of a plain file; `OSError` for what is none."""
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise OSError(f"{path} is not a plain file")
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _is_settled(stamp: Stamp, began_ns: int) -> bool:
    """Whether any change since `began_ns` would show in the times of the file."""
    return max(stamp[1:]) < began_ns - _TICK_NS
