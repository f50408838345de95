"""``eas config``: the settings, where each comes from, and how to change one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from eas_framework.cli.output import Format, examples, format_option, write
from eas_framework.errors import UsageError


@click.group(
    epilog=examples("eas config show --origin", "eas config set lease_seconds 60", "eas config path")
)
def command() -> None:
    """Show and change settings."""


@command.command(epilog=examples("eas config show --origin", "eas config show db_engine --format json"))
@click.argument("names", metavar="[SETTING]...", nargs=-1)
@click.option("--origin", is_flag=True, help="Tell where each value was given.")
@format_option
def show(names: tuple[str, ...], origin: bool, format: Format) -> None:
    """Show the settings that hold here. Passwords are never shown."""
    columns = ("setting", "value", "origin") if origin else ("setting", "value", "meaning")
    write(_settings(names), format, columns=columns)


def _settings(names: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    from eas_framework.settings import KEYS, configuration, get_key  # late: reads files

    config = configuration()
    if not names:
        place = {
            "value": config.workspace,
            "origin": config.origin("workspace"),
            "meaning": "Folder of eas.yaml or .eas/.",
        }
        yield {"setting": "workspace", **place}
    for key in [get_key(name) for name in names] or KEYS.values():
        value = getattr(config, key.name)
        yield {
            "setting": key.name,
            "value": str(value) if key.is_secret else value,
            "origin": config.origin(key.name),
            "meaning": key.summary,
        }


@command.command(epilog=examples("eas config path", "eas config path --format json"))
@format_option
def path(format: Format) -> None:
    """List the files that settings are read from, from weak to strong."""
    from eas_framework.settings import settings_files  # late: reads files

    rows = ({"file": path, "for": reach, "exists": path.is_file()} for path, reach in settings_files())
    write(rows, format, columns=("file", "for", "exists"))


@command.command("set", epilog=examples("eas config set lease_seconds 60", "eas config set db_password"))
@click.argument("name", metavar="SETTING")
@click.argument("value", required=False)
@click.option("--user", is_flag=True, help="For all workspaces of this user, not only for this one.")
def change(name: str, value: str | None, user: bool) -> None:
    """Write one setting to eas.yaml of the workspace; a password is asked for."""
    from eas_framework.settings import (  # late: reads files
        SETTINGS_FILE,
        configuration,
        get_key,
        use_configuration,
        user_file,
        write_setting,
    )

    given = _value(name, value, is_secret=get_key(name).is_secret)
    target = user_file() if user else configuration().workspace / SETTINGS_FILE
    key = write_setting(target, name, given)
    use_configuration(None)
    click.echo(f"{key.name}: written to {target}", err=True)
    _tell_if_overruled(key.name, target)


def _value(name: str, value: str | None, *, is_secret: bool) -> str:
    if is_secret and value is not None:
        raise UsageError(
            f"{name}: do not give a password on the command line, where others can see it; leave it out"
        )
    if is_secret:
        return str(click.prompt(name, hide_input=True, confirmation_prompt=True, err=True))
    if value is None:
        raise UsageError(f"{name}: give a value: eas config set {name} VALUE")
    return value


def _tell_if_overruled(name: str, target: Path) -> None:
    from eas_framework.settings import load_configuration  # late: reads files

    origin = load_configuration().origin(name)
    if not origin.startswith(f"{target}:"):
        click.echo(f"{name}: {origin} stands above it and still holds", err=True)
