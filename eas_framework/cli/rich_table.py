"""Tables for a terminal; rich is imported here only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import click
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from eas_framework.cli.output import is_numeric

# Never the only sign: the word stands there as well.
_STYLES = {
    "passed": "green", "ok": "green", "running": "cyan", "failed": "bold red", "bad": "bold red",
    "lost": "red", "blocked": "yellow", "cancelled": "yellow", "warning": "yellow",
}  # fmt: skip


def console(*, stderr: bool = False) -> Console:
    """A console that follows ``--color`` and NO_COLOR."""
    context = click.get_current_context(silent=True)
    color = context.color if context else None
    return Console(
        stderr=stderr, no_color=color is False, force_terminal=True if color else None, highlight=False
    )


def show(columns: Sequence[str], cells: Sequence[Sequence[str]], title: str | None) -> None:
    """Print the table; cells that are too long for the terminal go on below, none is cut off."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for index, name in enumerate(columns):
        to_right = is_numeric(row[index] for row in cells)
        whole = all(" " not in row[index] and len(row[index]) <= 20 for row in cells)
        table.add_column(name, justify="right" if to_right else "left", overflow="fold", no_wrap=whole)
    for row in cells:
        table.add_row(*(Text(cell, style=_STYLES.get(cell, "")) for cell in row))
    console().print(table)


@contextmanager
def live_table(columns: Sequence[str]) -> Iterator[Callable[[Sequence[Sequence[str]]], None]]:
    """A table on standard error that the given function draws anew; it is gone at the end of the block."""
    with Live(console=console(stderr=True), transient=True, auto_refresh=False) as live:

        def draw(cells: Sequence[Sequence[str]]) -> None:
            table = Table(box=None, pad_edge=False, header_style="bold")
            for index, name in enumerate(columns):
                table.add_column(name, justify="right" if index else "left", no_wrap=True)
            for row in cells:
                table.add_row(*row)
            live.update(table, refresh=True)

        yield draw
