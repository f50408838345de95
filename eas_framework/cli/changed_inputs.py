"""What is said where files outside the store are no longer what passed tasks read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from eas_framework.cli.output import printable

if TYPE_CHECKING:
    from eas_framework.diagnostics.changed_inputs import ChangedInput

_FILES_SHOWN = 10
_READERS_SHOWN = 3
_WORDS = {"changed": "changed since", "missing": "not found any more", "unreadable": "cannot be read now"}


def has_changed(found: Sequence[ChangedInput]) -> bool:
    """Whether results are known to be of older files; a file that is gone does not prove it."""
    return any(file.state == "changed" for file in found)


def changed_lines(found: Sequence[ChangedInput]) -> Iterator[str]:
    """Which files are not what was read, who read them, and what that means."""
    for state, words in _WORDS.items():
        files = [file for file in found if file.state == state]
        for file in files[:_FILES_SHOWN]:
            yield f"{words}: {printable(file.file)}, read by {_readers(file)}"
        if len(files) > _FILES_SHOWN:
            yield f"{words}: {len(files) - _FILES_SHOWN:,} other files"
        if files and state == "changed":
            yield "the results of these tasks, and of those that use them, are of the older files"
        elif files:
            yield "what these are now cannot be told; the results are kept, but --replace needs the files"


def in_short(found: Sequence[ChangedInput]) -> str:
    """Which file has changed, or the first of several and how many they are."""
    names = [printable(file.file) for file in found if file.state == "changed"]
    more = f" and {len(names) - 1:,} other input files have" if names[1:] else " has"
    return f"{names[0]}{more} changed since passed tasks read {'them' if names[1:] else 'it'}"


def _readers(found: ChangedInput) -> str:
    from eas_framework.cli.job_report import task_label  # late: imports diagnostics

    labels = [printable(task_label(row)) for row in found.readers[:_READERS_SHOWN]]
    more = len(found.readers) - _READERS_SHOWN
    return ", ".join(labels) + (f" and {more:,} others" if more > 0 else "")
