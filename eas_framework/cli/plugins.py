"""``eas plugins``: what is installed, what it supplies, what went wrong."""

from __future__ import annotations

import click

from eas_framework.cli.output import Format, examples, format_option, write

COLUMNS = ("plugin", "package", "version", "status", "supplies", "problem")
EXIT_BAD = 3


@click.command(
    epilog=examples("eas plugins", "EAS_DISABLED_PLUGINS=mysql eas plugins", "eas plugins --format json")
)
@format_option
def command(format: Format) -> int:
    """List the installed plugins, what each supplies, and why one is not used.

    Ends with 3 when a plugin has a fault and the setting strict_plugins is true.
    """
    from eas_framework.plugins.manager import plugin_manager  # late: imports plugins
    from eas_framework.settings import configuration

    manager = plugin_manager()
    write(manager.report(), format, columns=COLUMNS)
    return EXIT_BAD if configuration().strict_plugins and manager.faults() else 0
