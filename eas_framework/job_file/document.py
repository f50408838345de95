"""A job file as plain values, with the line and column of every value and key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from eas_framework.errors import JobFileError

MAX_BYTES = 16 * 2**20
MAX_VALUES = 500_000
MAX_DEPTH = 100

KeyPath = tuple[str | int, ...]
"""Keys and list indices that lead from the whole document to a value."""

Severity = Literal["error", "warning"]


@dataclass(frozen=True, order=True, slots=True)
class Position:
    """A place in a text; lines and columns count from 1, columns in characters."""

    line: int
    column: int


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A mistake in a job file, or something that its author should look at."""

    severity: Severity
    source: str
    position: Position
    text: str

    def __str__(self) -> str:
        return f"{self.source}:{self.position.line}:{self.position.column}: {self.text}"


@dataclass(kw_only=True)
class Document:
    """The values of a file and where they stand.

    Attributes:
        source: Name of the file, for messages.
        value: Nested dicts, lists, texts, numbers, truth values and None.
        values: Position of each value.
        keys: Position of each key, by the path of its value.
        origins: What set a value, where that was not the file: ``--set a.b=1``.
    """

    source: str
    value: Any = None
    values: dict[KeyPath, Position] = field(default_factory=dict)
    keys: dict[KeyPath, Position] = field(default_factory=dict)
    origins: dict[KeyPath, str] = field(default_factory=dict)

    def position(self, path: KeyPath, *, of_key: bool = False) -> Position:
        """Where the value or its key stands, or the nearest value around it."""
        if of_key and path in self.keys:
            return self.keys[path]
        while path and path not in self.values:
            path = path[:-1]
        return self.values.get(path, Position(1, 1))

    def problem(
        self, path: KeyPath, text: str, *, severity: Severity = "error", of_key: bool = False
    ) -> Problem:
        """A problem with the value at `path`, or with its key."""
        origin = next(
            (self.origins[path[:end]] for end in range(len(path), 0, -1) if path[:end] in self.origins), ""
        )
        position = self.position(path, of_key=of_key)
        return Problem(
            severity=severity,
            source=self.source,
            position=position,
            text=f"{origin}: {text}" if origin else text,
        )


class DocumentBuilder:
    """Collects the values of one document while it is read, within the limits."""

    def __init__(self, source: str) -> None:
        self.document = Document(source=source)
        self._problems: list[Problem | str] = []
        self._count = 0

    def failure(self, position: Position, text: str) -> JobFileError:
        """The error with which to give up at this place; holds all problems noted so far."""
        self.note(position, text)
        return JobFileError(*map(str, self._problems))

    def note(self, position: Position, text: str) -> None:
        """Remember an error after which reading can go on."""
        source = self.document.source
        self._problems.append(Problem(severity="error", source=source, position=position, text=text))

    def adopt(self, error: JobFileError) -> None:
        """Remember the mistakes of another file that this one names."""
        self._problems += error.messages

    def place(self, path: KeyPath, position: Position) -> None:
        """Record where a value begins."""
        self._count += 1
        if self._count > MAX_VALUES:
            raise self.failure(
                position, f"more than {MAX_VALUES} values (aliases count as often as they are used)"
            )
        if len(path) > MAX_DEPTH:
            raise self.failure(position, f"nested more than {MAX_DEPTH} deep")
        self.document.values[path] = position

    def place_key(self, table: Mapping[str, Any], path: KeyPath, position: Position) -> None:
        """Record where a key stands; a second one of the same name is an error."""
        key = path[-1]
        if key in table:
            first = self.document.keys[path]
            self.note(position, f"the key {key!r} is given twice; first in line {first.line}")
            return
        self.document.keys[path] = position

    def repeat(self, value: Any, source: KeyPath, target: KeyPath) -> Any:
        """A copy of a value read before, placed at another path too."""
        self.place(target, self.document.values[source])
        if isinstance(value, dict):
            copy = {}
            for key, item in value.items():
                self.document.keys[(*target, key)] = self.document.keys[(*source, key)]
                copy[key] = self.repeat(item, (*source, key), (*target, key))
            return copy
        if isinstance(value, list):
            return [self.repeat(item, (*source, index), (*target, index)) for index, item in enumerate(value)]
        return value

    def finish(self, value: Any) -> Document:
        """The document; JobFileError with every problem noted on the way."""
        if self._problems:
            raise JobFileError(*map(str, self._problems))
        self.document.value = value
        return self.document
