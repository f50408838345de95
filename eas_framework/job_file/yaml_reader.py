"""Read YAML with the position of every value, without its traps.

Values follow the core schema of YAML 1.2: ``1e-3`` is a number, ``no`` and ``1:30`` are texts. Tags, merge
keys and several documents are refused; aliases are copied and counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from eas_framework.errors import JobFileError
from eas_framework.job_file.document import Document, DocumentBuilder, KeyPath, Position
from eas_framework.job_file.scalars import Scalar, plain_scalar

MAX_ALIASES = 1000

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_HINTS = (
    ("mapping values are not allowed", "quote a text that contains ': '"),
    (
        "did not find expected",
        "check the indentation; an expression that begins with a quote stands in double quotes",
    ),
    ("cannot start any token", "quote a text that begins with one of % @ ` & * ! | >"),
    ("found undefined alias", "an alias *name needs an anchor &name before it"),
)


class _YamlReader:
    """One text on its way to values, event by event."""

    def __init__(self, text: str, source: str) -> None:
        self._text = text
        self._builder = DocumentBuilder(source)
        self._anchors: dict[str, tuple[KeyPath, Any]] = {}
        self._aliases = 0
        self._events: Iterator[yaml.Event] = iter(())

    def read(self) -> Document:
        """The whole document."""
        try:
            self._events = yaml.parse(self._text, Loader=_LOADER)
            return self._builder.finish(self._document())
        except yaml.MarkedYAMLError as error:
            raise self._syntax_failure(error) from error
        except yaml.YAMLError as error:
            raise self._builder.failure(Position(1, 1), str(error)) from error

    def _document(self) -> Any:
        """The value of the only document of the stream."""
        value: Any = None
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self._failure(event, "a second document begins here; a job file has one")
                value = self._value(next(self._events), ())
        if not documents:
            raise self._builder.failure(Position(1, 1), "the file is empty")
        return value

    # ------------------------------------------------------------- places
    def _position(self, event: yaml.Event) -> Position:
        mark: Any = event.start_mark  # None only for events made by hand
        return Position(mark.line + 1, mark.column + 1)

    def _failure(self, event: yaml.Event, text: str) -> JobFileError:
        return self._builder.failure(self._position(event), text)

    def _syntax_failure(self, error: yaml.MarkedYAMLError) -> JobFileError:
        """Say what the parser says, with a hint for the usual causes."""
        mark = error.problem_mark or error.context_mark
        position = Position(mark.line + 1, mark.column + 1) if mark else Position(1, 1)
        problem = error.problem or str(error)
        lines = self._text.splitlines()
        line = lines[position.line - 1] if position.line <= len(lines) else ""
        if "\t" in line[: position.column]:
            return self._builder.failure(position, "YAML cannot be indented with tabs; use blanks")
        hint = next((hint for words, hint in _HINTS if words in problem), "")
        return self._builder.failure(position, f"{problem} ({hint})" if hint else problem)

    # ------------------------------------------------------------- values
    def _value(self, event: yaml.Event, path: KeyPath) -> Any:
        """The value that the event begins."""
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, path)
        self._builder.place(path, self._position(event))
        self._refuse_tag(event)
        anchor = event.anchor if isinstance(event, yaml.NodeEvent) else None
        if anchor:
            self._anchors[anchor] = (path, _OPEN)
        value = self._content(event, path)
        if anchor:
            self._anchors[anchor] = (path, value)
        return value

    def _content(self, event: yaml.Event, path: KeyPath) -> Any:
        if isinstance(event, yaml.MappingStartEvent):
            return self._table(path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(path)
        return self._scalar(event, path)

    def _refuse_tag(self, event: yaml.Event) -> None:
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise self._failure(event, f"the tag {tag} is not allowed; quote a text, write a number plainly")

    def _scalar(self, event: Any, path: KeyPath) -> Scalar:
        """A text, or what it means where it stands without quotes."""
        text: str = event.value
        if not event.implicit[0]:
            return text
        if text == "null" and path and path[-1] == "task":
            return text  # there is a task of this name
        try:
            return plain_scalar(text)
        except ValueError as error:
            raise self._failure(event, str(error)) from error

    def _list(self, path: KeyPath) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._value(event, (*path, len(items))))
        return items

    def _table(self, path: KeyPath) -> dict[str, Any]:
        table: dict[str, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._key(event)
            self._builder.place_key(table, (*path, key), self._position(event))
            table[key] = self._value(next(self._events), (*path, key))
        return table

    def _key(self, event: yaml.Event) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            raise self._failure(event, "a key must be a text")
        self._refuse_tag(event)
        if event.value == "<<" and event.implicit[0]:
            raise self._failure(
                event, "merge keys (<<) are not available; write the keys out, or use an alias for the whole"
            )
        return str(event.value)

    def _alias(self, event: yaml.AliasEvent, path: KeyPath) -> Any:
        """A copy of what the anchor marks."""
        self._aliases += 1
        if self._aliases > MAX_ALIASES:
            raise self._failure(event, f"more than {MAX_ALIASES} aliases")
        if event.anchor not in self._anchors:
            raise self._failure(event, f"the alias *{event.anchor} needs an anchor &{event.anchor} before it")
        source, value = self._anchors[event.anchor]
        if value is _OPEN:
            raise self._failure(event, f"*{event.anchor} refers to a value that contains it")
        return self._builder.repeat(value, source, path)


_OPEN = object()


def read_yaml(text: str, source: str) -> Document:
    """The values of a YAML text.

    Raises:
        JobFileError: ``source:line:column: what is wrong``, for a syntax error, a key given twice, or
            what a job may not use.
    """
    return _YamlReader(text, source).read()
