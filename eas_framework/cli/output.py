"""Rows to standard output: a table to read, JSON or CSV to go on with. Options that commands share."""

from __future__ import annotations

import csv
import json
import math
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import PurePath
from typing import Any, Literal, TypeVar

import click

Row = Mapping[str, Any]
Format = Literal["table", "json", "csv"]
FORMATS: tuple[Format, ...] = ("table", "json", "csv")
Command = TypeVar("Command", bound=Callable[..., Any])


def format_option(command: Command) -> Command:
    """Give a command the option ``--format`` and its argument `format`."""
    decorate = click.option(
        "--format", type=click.Choice(FORMATS), default="table", show_default=True, help="How to print."
    )
    return decorate(command)


def job_option(command: Command) -> Command:
    """Give a command the option ``--job`` and its argument `job`."""
    return click.option("--job", metavar="NAME", help="Only this job: its name or its id.")(command)


def examples(*lines: str) -> str:
    """An epilog for the help of a command: the lines as they are, under a heading."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def write(
    rows: Iterable[Row], format: Format, *, columns: Sequence[str] | None = None, title: str | None = None
) -> None:
    """Print rows on standard output.

    Args:
        rows: Read once; with `columns`, JSON and CSV need no more memory for a million rows than for one.
        format: ``table``; ``json``, a list of objects where NaN and infinities are null; or ``csv``.
        columns: Which to print, in this order; by default all, in order of appearance.
        title: Line above a table, or all of it where there is no row; the other formats have none.
    """
    names, kept = (list(columns), rows) if columns is not None else _columns_of(rows)
    _WRITERS[format](names, kept, title)


def _columns_of(rows: Iterable[Row]) -> tuple[list[str], list[Row]]:
    kept = list(rows)
    return list(dict.fromkeys(chain.from_iterable(kept))), kept


def _write_json(columns: Sequence[str], rows: Iterable[Row], _: str | None) -> None:
    separator = "[\n"
    for row in rows:
        record = {name: as_json(row.get(name)) for name in columns}
        sys.stdout.write(f"{separator}  {json.dumps(record, ensure_ascii=False, allow_nan=False)}")
        separator = ",\n"
    sys.stdout.write("[]\n" if separator == "[\n" else "\n]\n")


def as_json(value: Any) -> Any:
    """The value as JSON can hold it: NaN and infinities None, numpy's kinds as numbers and lists."""
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, Mapping):
        return {str(key): as_json(item) for key, item in value.items()}
    if hasattr(value, "tolist"):
        return as_json(value.tolist())
    if isinstance(value, list | tuple | set | frozenset):
        return [as_json(item) for item in value]
    return str(value)


def _write_csv(columns: Sequence[str], rows: Iterable[Row], _: str | None) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_as_csv(row.get(name)) for name in columns] for row in rows)


def _as_csv(value: Any) -> Any:
    if value is None or isinstance(value, str | int | float | PurePath):
        return value
    plain = as_json(value)
    return json.dumps(plain, ensure_ascii=False) if isinstance(plain, dict | list) else plain


def _write_table(columns: Sequence[str], rows: Iterable[Row], title: str | None) -> None:
    cells = [[as_text(row.get(name)) for name in columns] for row in rows]
    headings = [as_text(name) for name in columns]
    if title and not cells:
        click.echo(printable(title))
        return
    if _is_for_a_person():
        from eas_framework.cli.rich_table import show  # late: only for a terminal

        show(headings, cells, title and printable(title))
        return
    if title:
        click.echo(printable(title))
    for line in plain_table(headings, cells):
        click.echo(line)


def _is_for_a_person() -> bool:
    context = click.get_current_context(silent=True)
    color = context.color if context else None
    return bool(color) or (sys.stdout.isatty() and color is not False)


def plain_table(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> Iterator[str]:
    """The lines of a table without colours: two blanks between columns, nothing cut off, numbers right."""
    if not columns:
        return
    lines = [list(columns), *(list(row) for row in cells)]
    widths = [max(len(line[index]) for line in lines) for index in range(len(columns))]
    to_right = [is_numeric(row[index] for row in cells) for index in range(len(columns))]
    for line in lines:
        parts = zip(line, widths, to_right, strict=True)
        yield "  ".join(f"{text:{'>' if right else '<'}{width}}" for text, width, right in parts).rstrip()


def is_numeric(texts: Iterable[str]) -> bool:
    """Whether all texts that say something are numbers, and at least one is."""
    said = [text for text in texts if text != NOTHING]
    return bool(said) and all(_is_number(text) for text in said)


def _is_number(text: str) -> bool:
    try:
        float(text.removesuffix("%"))
    except ValueError:
        return False
    return True


NOTHING = "-"
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def as_text(value: Any) -> str:
    """The value on one line of a table, without control characters."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.7g}"
    plain = as_json(value)
    text = json.dumps(plain, ensure_ascii=False) if isinstance(plain, dict | list) else str(plain)
    return printable(text.replace("\r", " ").replace("\n", " ⏎ "))


def printable(text: str) -> str:
    """The text with control characters written out, so that no name or message steers the terminal."""
    return _CONTROL.sub(lambda match: repr(match[0])[1:-1], text)


_WRITERS: Mapping[Format, Callable[[Sequence[str], Iterable[Row], str | None], None]] = {
    "table": _write_table,
    "json": _write_json,
    "csv": _write_csv,
}
