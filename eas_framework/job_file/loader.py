"""Read a job file, JSON or YAML, into a document with positions."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from eas_framework.errors import JobFileError
from eas_framework.job_file.document import MAX_BYTES, Document
from eas_framework.job_file.json_reader import read_json

TextFormat = Literal["json", "yaml"]

_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SUFFIXES: dict[str, TextFormat] = {".json": "json", ".yaml": "yaml", ".yml": "yaml"}


def _place(text: str) -> str:
    """Line and column just after the text."""
    return f"{text.count(chr(10)) + 1}:{len(text) - (text.rfind(chr(10)) + 1) + 1}"


def decode(data: bytes, source: str) -> str:
    """The bytes of a file as text.

    Raises:
        JobFileError: Not UTF-8, or with control characters; names the place.
    """
    if len(data) > MAX_BYTES:
        raise JobFileError(
            f"{source}:1:1: larger than {MAX_BYTES // 2**20} MiB; a loop can read long lists from a table"
        )
    if data.startswith(_UTF16_MARKS):
        raise JobFileError(f"{source}:1:1: the file is UTF-16; save it as UTF-8")
    try:
        text = data.removeprefix(_UTF8_MARK).decode()
    except UnicodeDecodeError as error:
        place = _place(error.object[: error.start].decode())
        byte = error.object[error.start]
        raise JobFileError(
            f"{source}:{place}: the byte 0x{byte:02x} is not UTF-8; save it as UTF-8"
        ) from error
    control = _CONTROL.search(text)
    if control:
        place = _place(text[: control.start()])
        raise JobFileError(
            f"{source}:{place}: the control character U+{ord(control.group()):04X} is not allowed"
        )
    return text


def text_format(path: Path, text: str) -> TextFormat:
    """The format by the file's suffix; else JSON for what begins with a bracket, YAML for the rest."""
    by_suffix = _SUFFIXES.get(path.suffix.lower())
    if by_suffix is not None:
        return by_suffix
    return "json" if text.lstrip()[:1] in ("{", "[") else "yaml"


def read_document(path: Path | str, *, data: bytes | None = None) -> Document:
    """The values of a job file with their positions.

    Args:
        path: The file; its name appears in messages.
        data: Its contents, where they are known already.

    Raises:
        JobFileError: The file cannot be read, or is not JSON or YAML; every message names line and column.
    """
    path = Path(path)
    if data is None:
        data = read_bytes(path)
    text = decode(data, str(path))
    if text_format(path, text) == "json":
        return read_json(text, str(path))
    from eas_framework.job_file.yaml_reader import read_yaml  # late: a JSON job needs no YAML

    return read_yaml(text, str(path))


def read_bytes(path: Path) -> bytes:
    """The contents of a job file, at most a little more than the limit.

    Raises:
        JobFileError: It cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise JobFileError(f"{path}: the job file cannot be read: {error.strerror or error}") from error
