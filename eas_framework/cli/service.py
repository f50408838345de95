"""What ``eas worker`` and ``eas scheduler`` share as services: their options, their log, how they are."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from eas_framework.cli.log_setup import log_as_json
from eas_framework.cli.output import Row, write

if TYPE_CHECKING:
    from eas_framework.pipeline.service_state import ServiceState, StateFile

LIVE, READY = "live", "ready"
NOT_SO = 1
COLUMNS = ("name", "pid", "state", "alive", "beat_age_s", "detail")
Command = TypeVar("Command", bound=Callable[..., Any])

_DECORATORS = (
    click.option(
        "--name", metavar="NAME", help="Name of this service on its host; by default its process id."
    ),
    click.option(
        "--check",
        type=click.Choice([READY, LIVE]),
        is_flag=False,
        flag_value=READY,
        help="Look at those of this host and end: with 0 when all are ready (or live), else with 1.",
    ),
    click.option(
        "--log-format",
        type=click.Choice(["text", "json"]),
        help="How log records are written; by default as the setting log_format says.",
    ),
)


def service_options(command: Command) -> Command:
    """Give a command the options ``--name``, ``--check`` and ``--log-format``."""
    for decorate in reversed(_DECORATORS):
        command = decorate(command)
    return command


def check_services(kind: str, name: str | None, wanted: str) -> int:
    """Print how the services of a kind on this host are; the exit code says whether all are as wanted."""
    from eas_framework.pipeline.service_state import list_services  # late: reads settings
    from eas_framework.settings import configuration

    found, now = list_services(configuration().local_data_path, kind, name=name), time.time()
    which = f"{kind} named {name}" if name else kind
    write(
        [_row(one, now) for one in found],
        "table",
        columns=COLUMNS,
        title=None if found else f"no {which} runs here",
    )
    is_so = all(one.is_alive(now=now) and (wanted == LIVE or one.state == READY) for one in found)
    return 0 if found and is_so else NOT_SO


def _row(one: ServiceState, now: float) -> Row:
    return {
        "name": one.name,
        "pid": one.pid,
        "state": one.state,
        "alive": one.is_alive(now=now),
        "beat_age_s": now - one.beat,
        "detail": one.detail,
    }


def begin_service(kind: str, *, name: str | None, log_format: str | None) -> StateFile:
    """Set up the log as option or setting say; the file that tells how the service is."""
    from eas_framework.pipeline.service_state import StateFile  # late: reads settings
    from eas_framework.settings import configuration

    config = configuration()
    if (log_format or config.log_format) == "json":
        log_as_json(config.log_level)
    return StateFile(config.local_data_path, kind, name=name)
