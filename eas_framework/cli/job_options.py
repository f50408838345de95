"""Options that the commands which take a job file share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

_DECORATORS = (
    click.argument("job", type=click.Path(path_type=Path), metavar="JOB"),
    click.option(
        "--set", "overrides", multiple=True, metavar="NAME.KEY=VALUE", help="Change a value; repeatable."
    ),
    click.option("--seed", type=int, metavar="N", help="Seed of all random numbers."),
    click.option(
        "--limit", type=click.IntRange(min=1), metavar="N", help="A first sample: N turns of each loop."
    ),
    click.option("--force", is_flag=True, help="Do all tasks again, as new versions of the same files."),
    click.option("--replace", is_flag=True, help="Take the place of an older job; do only what changed."),
    click.option("--keep-old", is_flag=True, help="With --replace: keep results of older plugin versions."),
)


def job_options(command: Command) -> Command:
    """Give a command the argument JOB, and the options that say what of it is to be done."""
    for decorate in reversed(_DECORATORS):
        command = decorate(command)
    return command


def executors_option(command: Command) -> Command:
    """Give a command the option ``-j`` and its argument `executors`."""
    return click.option(
        "-j",
        "--jobs",
        "executors",
        type=click.IntRange(min=1),
        metavar="N",
        help="Tasks that run at once; by default one per core.",
    )(command)
