"""Read JSON with the position of every value; mistakes are explained in the words of a job's author."""

from __future__ import annotations

import bisect
import json
import re
from collections.abc import Callable
from typing import Any

from eas_framework.errors import JobFileError
from eas_framework.job_file.document import Document, DocumentBuilder, KeyPath, Position
from eas_framework.job_file.json_explanations import (
    explain_between,
    explain_key,
    explain_text,
    explain_value,
    word_at,
)
from eas_framework.job_file.scalars import checked_number

_BLANKS = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?(?![0-9A-Za-z_.])")
_HALF_PAIR = re.compile("[\ud800-\udfff]")
_WORDS = {"true": True, "false": False, "null": None}
_DECODER = json.JSONDecoder()


class _JsonReader:
    """One text on its way to values; offsets count characters from 0."""

    def __init__(self, text: str, source: str) -> None:
        self._text = text
        self._builder = DocumentBuilder(source)
        self._line_starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._open: list[int] = []

    def read(self) -> Document:
        """The whole document."""
        value, end = self._value(self._skip(0), ())
        end = self._skip(end)
        if end != len(self._text):
            raise self._failure(end, "text after the end of the job")
        return self._builder.finish(value)

    # ------------------------------------------------------------- places
    def _position(self, offset: int) -> Position:
        line = bisect.bisect_right(self._line_starts, offset)
        return Position(line, offset - self._line_starts[line - 1] + 1)

    def _failure(self, offset: int, text: str) -> JobFileError:
        return self._builder.failure(self._position(offset), text)

    def _explained(self, offset: int, explain: Callable[[str, int], str]) -> JobFileError:
        """The error for something unexpected at the offset, or for a file that ends here."""
        if offset < len(self._text):
            return self._failure(offset, explain(self._text, offset))
        if not self._open:
            return self._failure(offset, "the file is empty")
        opened = self._position(self._open[-1])
        sign = self._text[self._open[-1]]
        return self._failure(
            offset,
            f"the file ends, but the {sign} of line {opened.line}, column {opened.column} is not closed",
        )

    def _skip(self, offset: int) -> int:
        """The offset of the next character that is not blank."""
        match = _BLANKS.match(self._text, offset)
        return match.end() if match else offset

    # ------------------------------------------------------------- values
    def _value(self, offset: int, path: KeyPath) -> tuple[Any, int]:
        """The value that begins at the offset, and where it ends."""
        self._builder.place(path, self._position(offset))
        sign = self._text[offset : offset + 1]
        if sign == "{":
            return self._table(offset, path)
        if sign == "[":
            return self._list(offset, path)
        if sign == '"':
            return self._quoted(offset)
        match = _NUMBER.match(self._text, offset)
        if match:
            return self._number(match), match.end()
        word = word_at(self._text, offset)
        if word in _WORDS:
            return _WORDS[word], offset + len(word)
        raise self._explained(offset, explain_value)

    def _number(self, match: re.Match[str]) -> float:
        text = match.group()
        try:
            return checked_number(float(text) if match[1] or match[2] else int(text[:40]))
        except ValueError as error:
            raise self._failure(match.start(), str(error)) from error

    def _quoted(self, offset: int) -> tuple[str, int]:
        """A text in double quotes."""
        try:
            text, end = _DECODER.raw_decode(self._text, offset)
        except json.JSONDecodeError as error:
            raise self._failure(error.pos, explain_text(error.msg)) from error
        if _HALF_PAIR.search(text):
            raise self._failure(offset, "half of a surrogate pair is not a character")
        return text, end

    def _table(self, offset: int, path: KeyPath) -> tuple[dict[str, Any], int]:
        """A table: the text between braces."""
        table: dict[str, Any] = {}
        self._open.append(offset)
        offset = self._skip(offset + 1)
        while self._text[offset : offset + 1] != "}":
            if self._text[offset : offset + 1] != '"':
                raise self._explained(offset, explain_key)
            key_position = self._position(offset)
            key, offset = self._quoted(offset)
            offset = self._skip(offset)
            if self._text[offset : offset + 1] != ":":
                raise self._failure(offset, f"a : is missing after {key!r}")
            self._builder.place_key(table, (*path, key), key_position)
            table[key], offset = self._value(self._skip(offset + 1), (*path, key))
            offset = self._next(offset, "}")
        self._open.pop()
        return table, offset + 1

    def _list(self, offset: int, path: KeyPath) -> tuple[list[Any], int]:
        """A list: the text between square brackets."""
        items: list[Any] = []
        self._open.append(offset)
        offset = self._skip(offset + 1)
        while self._text[offset : offset + 1] != "]":
            item, offset = self._value(offset, (*path, len(items)))
            items.append(item)
            offset = self._next(offset, "]")
        self._open.pop()
        return items, offset + 1

    def _next(self, offset: int, closing: str) -> int:
        """The offset of the next entry, or of the closing bracket."""
        offset = self._skip(offset)
        sign = self._text[offset : offset + 1]
        if sign == closing:
            return offset
        if sign != ",":
            raise self._explained(offset, explain_between)
        after = self._skip(offset + 1)
        if self._text[after : after + 1] == closing:
            raise self._failure(offset, f"remove this comma: a {closing} follows")
        return after


def read_json(text: str, source: str) -> Document:
    """The values of a JSON text.

    Raises:
        JobFileError: ``source:line:column: what is wrong``, for a syntax error or a key given twice.
    """
    return _JsonReader(text, source).read()
