"""``eas doctor``: is everything there that jobs need?"""

from __future__ import annotations

from dataclasses import asdict

import click

from eas_framework.cli.output import Format, examples, format_option, write

EXIT_BAD = 3


@click.command(epilog=examples("eas doctor", "eas doctor --warm", "eas doctor --format json"))
@click.option(
    "--warm", is_flag=True, help="Also compile what the task types compile before their first task."
)
@format_option
def command(warm: bool, format: Format) -> int:
    """Check Python, packages, plugins, workspace, disk, database and queue.

    Ends with 3 when something that jobs need is bad.
    """
    from eas_framework.diagnostics.health import check_all  # late: imports plugins

    found = list(check_all(warm=warm))
    write([asdict(check) for check in found], format, columns=("check", "state", "detail"))
    return EXIT_BAD if any(check.state == "bad" for check in found) else 0
