"""Names of files and folders inside the store: what keeps them there; and how long names may be."""

from __future__ import annotations

import re
from typing import Any

RESERVED_FOLDER = ".staging"
"""Folder of the store in which files wait until they are complete."""

MAX_NAME_BYTES = 255
MAX_DIRECTORY_LENGTH = 512

MAX_TITLE_LENGTH = 255
"""Characters of the name of a job or task."""

_CONTROL = re.compile("[\x00-\x1f\x7f]")


def path_fault(text: Any, *, what: str = "file name") -> str | None:
    """Why the text cannot name a file or folder below the store; None when it can."""
    if not isinstance(text, str):
        return f"the {what} must be a text, not {text!r}"
    if not text:
        return f"the {what} is empty"
    if _CONTROL.search(text):
        return f"the {what} {text!r} has a control character"
    if text.startswith(("/", "~")) or "\\" in text:
        return f"the {what} {text!r} must be relative, with / between folders"
    return _part_fault(text, what)


def title_fault(text: str, *, what: str) -> str | None:
    """Why the text cannot be the name of a job or task; None when it can."""
    if len(text) > MAX_TITLE_LENGTH:
        return f"the {what} {text[:40]!r}… is longer than {MAX_TITLE_LENGTH} characters"
    return None


def filename_fault(text: Any) -> str | None:
    """Why the text cannot name a file in a folder of the store; None when it can."""
    fault = path_fault(text)
    if fault is None and "/" in text:
        return f"the file name {text!r} has a '/'; folders belong into working_directory"
    return fault


def _part_fault(text: str, what: str) -> str | None:
    """Why one part between slashes is not allowed."""
    for part in text.split("/"):
        if part == "..":
            return f"the {what} {text!r} leaves the store by '..'"
        if part in ("", "."):
            return f"the {what} {text!r} has an empty part"
        if part == RESERVED_FOLDER:
            return f"the {what} {text!r} has the part {RESERVED_FOLDER}, which the store keeps for itself"
        if len(part.encode()) > MAX_NAME_BYTES:
            return f"a part of the {what} {text[:40]!r}… is longer than {MAX_NAME_BYTES} bytes"
    if len(text) > MAX_DIRECTORY_LENGTH:
        return f"the {what} {text[:40]!r}… is longer than {MAX_DIRECTORY_LENGTH} characters"
    return None
