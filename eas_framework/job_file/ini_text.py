"""Sections, keys and values of an INI text with their lines, as `configparser` splits it.

Case and percent signs stay as they are: nothing is interpolated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from eas_framework.job_file.document import DocumentBuilder, Position

_HEADER = re.compile(r"\[(?P<name>[^\]]+)\]\s*([#;].*)?$")
_ENTRY = re.compile(r"(?P<key>[^=:]*?)\s*[=:]\s*(?P<value>.*)$")


@dataclass(kw_only=True)
class Entry:
    """One ``key = value``; further lines of the value are indented more than its key."""

    section: str
    key: str
    value: str
    key_position: Position
    position: Position


@dataclass(frozen=True, kw_only=True)
class IniText:
    """The sections of a text with the place of their headers, and all entries in their order."""

    sections: dict[str, Position]
    entries: list[Entry]


class _IniReader:
    """One text on its way to sections; mistakes are noted with the builder and do not end the reading."""

    def __init__(self, builder: DocumentBuilder) -> None:
        self._builder = builder
        self._sections: dict[str, Position] = {}
        self._entries: list[Entry] = []
        self._seen: dict[tuple[str, str], int] = {}
        self._section: str | None = None
        self._open: Entry | None = None

    def read(self, text: str) -> IniText:
        """All of the text."""
        for number, indent, line in _lines(text):
            position = Position(number, indent + 1)
            if self._open is not None and indent >= self._open.key_position.column:
                self._open.value += f"\n{line}"
            elif line.startswith("["):
                self._begin_section(line, position)
            else:
                self._add_entry(line, position)
        return IniText(sections=self._sections, entries=self._entries)

    def _begin_section(self, line: str, position: Position) -> None:
        self._open = None
        header = _HEADER.match(line)
        if header is None:
            self._builder.note(position, f"a section is written [name], not {line!r}")
            return
        name = self._section = header["name"].strip()
        if name == "DEFAULT":
            self._builder.note(position, "write the keys of [DEFAULT] into the sections that need them")
        elif name in self._sections:
            first = self._sections[name].line
            self._builder.note(position, f"the section [{name}] is given twice; first in line {first}")
        else:
            self._sections[name] = position

    def _add_entry(self, line: str, position: Position) -> None:
        self._open = None
        entry = _ENTRY.match(line)
        if self._section is None:
            self._builder.note(position, "a section such as [task] must stand above the first key")
        elif entry is None or not entry["key"]:
            self._builder.note(position, f"a line is key = value, not {line!r}")
        else:
            self._keep(self._section, entry, position)

    def _keep(self, section: str, match: re.Match[str], position: Position) -> None:
        key = match["key"]
        if (section, key) in self._seen:
            first = self._seen[section, key]
            self._builder.note(
                position, f"the key {key!r} is given twice in [{section}]; first in line {first}"
            )
            return
        self._seen[section, key] = position.line
        place = Position(position.line, position.column + match.start("value"))
        self._open = Entry(
            section=section, key=key, value=match["value"], key_position=position, position=place
        )
        self._entries.append(self._open)


def _lines(text: str) -> Iterator[tuple[int, int, str]]:
    """Number, indentation and content of the lines that are neither blank nor a comment."""
    for number, whole in enumerate(text.splitlines(), 1):
        line = whole.strip()
        if line and not line.startswith(("#", ";")):
            yield number, len(whole) - len(whole.lstrip()), line


def read_ini(text: str, builder: DocumentBuilder) -> IniText:
    """The sections and entries of an INI text; mistakes are noted with the builder."""
    return _IniReader(builder).read(text)
