"""The programs ``eas`` and ``eas-run``: global options, one logging set-up, and errors as exit codes."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

import click

from eas_framework import __version__
from eas_framework.cli.arguments import arrange
from eas_framework.cli.command_group import CommandGroup
from eas_framework.cli.log_setup import log_to_standard_error, writes_json
from eas_framework.errors import (
    DatabaseError,
    EasError,
    ExpressionError,
    JobFileError,
    PluginError,
    QueueError,
    SettingsError,
    UnknownTaskTypeError,
    UsageError,
)

log = logging.getLogger(__name__)

FAILED, MISUSED, ENVIRONMENT, INTERRUPTED = 1, 2, 3, 130
_EXIT_CODES: dict[tuple[type[EasError], ...], int] = {
    (UsageError, JobFileError, ExpressionError, UnknownTaskTypeError): MISUSED,
    (SettingsError, PluginError, DatabaseError, QueueError): ENVIRONMENT,
}
_COLORS = {"auto": None, "always": True, "never": False}


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--workspace", type=click.Path(path_type=Path), metavar="DIR", help="Folder with eas.yaml or .eas/."
)
@click.option(
    "--color", type=click.Choice(list(_COLORS)), default="auto", help="Colours; auto follows NO_COLOR."
)
@click.option("--debug", is_flag=True, help="Log everything; show where an error arose.")
@click.option("-v", "--verbose", count=True, help="Log more; -vv still more.")
@click.option("-q", "--quiet", is_flag=True, help="Log errors only.")
@click.version_option(__version__, message="eas-framework %(version)s")
@click.pass_context
def cli(
    ctx: click.Context, workspace: Path | None, color: str, debug: bool, verbose: int, quiet: bool
) -> None:
    """Run transit searches over light curves. `eas-run JOB` is `eas run JOB`."""
    ctx.color = _COLORS[color] if color != "auto" else _automatic_color()
    log_to_standard_error(2 if debug else verbose - quiet)
    if workspace or debug:
        from eas_framework.settings import load_configuration, use_configuration  # late: not for --help

        use_configuration(load_configuration(workspace=workspace, overrides={"debug": debug or None}))


def _automatic_color() -> bool | None:
    """False where the environment asks for plain text, else None: what the terminal can do."""
    return False if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" else None


def execute(words: Sequence[str], *, program: str) -> int:
    """Run one command line; return its exit code, errors told on standard error."""
    try:
        result = cli.main(arrange(words), prog_name=program, standalone_mode=False)
        sys.stdout.flush()
    except click.Abort:
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except EasError as error:
        return _tell(error, with_traceback="--debug" in words)
    except BrokenPipeError:  # the reader of our output has gone; there is nobody to tell
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception:
        traceback.print_exc()
        click.echo(f"This is a bug in eas-framework {__version__} or a plugin; please report it.", err=True)
        return FAILED
    return result if isinstance(result, int) else 0


def _tell(error: EasError, *, with_traceback: bool) -> int:
    if with_traceback:
        traceback.print_exception(error)
    # Lines of a job file begin with file:line:column, which editors understand.
    if writes_json():
        log.error("%s", error)
    else:
        click.echo(str(error) if isinstance(error, JobFileError) else f"error: {error}", err=True)
    return next((code for kinds, code in _EXIT_CODES.items() if isinstance(error, kinds)), FAILED)


def _start(program: str) -> None:
    if sys.platform == "win32":
        sys.exit(f"{program}: Windows is not supported; use Linux, or the Windows Subsystem for Linux.")
    sys.exit(execute(sys.argv[1:], program=program))


def main() -> None:
    """The program ``eas``."""
    _start("eas")


def main_run() -> None:
    """The program ``eas-run``, for machines where another tool owns the name ``eas``."""
    _start("eas-run")
