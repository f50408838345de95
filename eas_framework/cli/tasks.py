"""``eas tasks``: which task types there are, and what each takes and gives."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from eas_framework.cli.output import Format, as_json, examples, format_option, write

if TYPE_CHECKING:
    from eas_framework.plugins import TaskType
    from eas_framework.plugins.loading import PluginSource
    from eas_framework.task_types import TaskTypeList

COLUMNS = ("name", "here", "containers", "plugin", "package", "version", "summary")


@click.group(epilog=examples("eas tasks list", "eas tasks show multiply"))
def command() -> None:
    """Look at task types: what a job can ask for."""


@command.command("list", epilog=examples("eas tasks list --here", "eas tasks list --format csv"))
@click.option("--here", is_flag=True, help="Only those that can run on this machine.")
@format_option
def list_types(here: bool, format: Format) -> None:
    """List the task types: whether they can run here, in which containers, from which plugin."""
    from eas_framework.plugins.manager import plugin_manager  # late: imports plugins
    from eas_framework.task_types import task_types_here

    types, manager = task_types_here(), plugin_manager()
    installed = manager.task_types()
    rows = [
        _row(name, types, installed.get(name), manager.task_type_source(name) if name in installed else None)
        for name in types.task_type_names()
        if name in types.installed or not here
    ]
    write(rows, format, columns=COLUMNS)


def _row(
    name: str, types: TaskTypeList, task_type: TaskType | None, source: PluginSource | None
) -> dict[str, Any]:
    places = "all" if name in types.everywhere else ", ".join(sorted(types.task_list[name]))
    return {
        "name": name,
        "here": task_type is not None,
        "containers": places,
        "plugin": source and source.plugin,
        "package": source and source.package,
        "version": source and source.version,
        "summary": task_type and task_type.summary,
    }


@command.command(epilog=examples("eas tasks show multiply", "eas tasks show multiply --format json"))
@click.argument("name")
@format_option
def show(name: str, format: Format) -> None:
    """Show parameters with unit, type and default, inputs, outputs, metadata, resources, an example job."""
    from eas_framework.plugins.manager import plugin_manager  # late: imports plugins
    from eas_framework.task_types import task_types_here
    from eas_framework.task_types.describe import COLUMNS as DETAILS
    from eas_framework.task_types.describe import describe

    types = task_types_here()
    types.require_runnable(name)
    manager = plugin_manager()
    task_type = manager.task_types()[name]
    rows = describe(task_type, resources=types.resources(name))
    if format != "table":
        write(rows, format, columns=DETAILS)
        return
    title = f"{name}: {task_type.summary or 'no summary'}  [{manager.task_type_source(name)}]"
    write([row for row in rows if row["section"] != "example"], format, columns=DETAILS, title=title)
    if task_type.example:
        click.echo("\nExample job:\n" + json.dumps(as_json(task_type.example), indent=2))
