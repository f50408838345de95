"""The group of all commands: loads each when it is called, groups them in the help, suggests near names."""

from __future__ import annotations

import importlib
from typing import NoReturn

import click

from eas_framework.cli.command_table import COMMANDS, EXAMPLES, GROUPS
from eas_framework.suggestions import did_you_mean


class CommandGroup(click.Group):
    """A click group whose help comes from the command table, so that showing it imports no command."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now; None for a name that is no command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"eas_framework.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first word names; a usage error with the nearest names where there is none."""
        if args[0] not in COMMANDS and not args[0].startswith("-") and not ctx.resilient_parsing:
            _refuse(ctx, args[0])
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands in their groups, without blank lines between these: all is to fit one screen."""
        formatter.write_paragraph()
        for title, commands in GROUPS.items():
            formatter.write_heading(title)
            with formatter.indentation():
                formatter.write_dl(list(commands.items()))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The examples, each on its line."""
        with formatter.section("Examples"):
            for line in EXAMPLES:
                formatter.write(f"{'':{formatter.current_indent}}{line}\n")


def _refuse(ctx: click.Context, word: str) -> NoReturn:
    ctx.fail(f"no command and no file {word!r}; {did_you_mean(word, COMMANDS)}")
