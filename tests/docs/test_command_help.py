"""Every command that the help lists is there, explains itself on one screen, and ends with examples."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest

from eas_framework.cli.command_table import COMMANDS
from eas_framework.cli.main import cli

SCREEN_LINES, SCREEN_COLUMNS = 50, 80


def every_context(command: click.Command, parent: click.Context, name: str) -> Iterator[click.Context]:
    """The contexts of a command and of the commands inside it."""
    context = click.Context(command, parent=parent, info_name=name, terminal_width=SCREEN_COLUMNS)
    yield context
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            assert found is not None
            yield from every_context(found, context, inner)


def contexts_of(name: str) -> list[click.Context]:
    top = click.Context(cli, info_name="eas", terminal_width=SCREEN_COLUMNS, **cli.context_settings)
    command = cli.get_command(top, name)
    assert command is not None
    return list(every_context(command, top, name))


@pytest.mark.parametrize("name", COMMANDS)
def test_help_fits_one_screen(name: str):
    for context in contexts_of(name):
        lines = context.get_help().splitlines()
        assert len(lines) <= SCREEN_LINES, context.command_path
        assert max(map(len, lines)) <= SCREEN_COLUMNS, context.command_path


@pytest.mark.parametrize("name", COMMANDS)
def test_help_ends_with_examples_that_name_the_command(name: str):
    context = contexts_of(name)[0]
    _, _, examples = context.get_help().partition("Examples:\n")
    lines = examples.splitlines()
    assert lines
    assert all(f"eas {name}" in line or "eas-run " in line for line in lines)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_does(name: str):
    for context in contexts_of(name):
        for parameter in context.command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, f"{context.command_path} {parameter.opts}"
