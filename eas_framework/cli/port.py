"""``eas port``: a plugin package made of task scripts of the prototype."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from eas_framework.cli.output import Format, examples, format_option, write

if TYPE_CHECKING:
    from eas_framework.porting import PortedPackage, ScriptFolder

COLUMNS = ("script", "kind", "what", "lines", "note")
_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command(
    epilog=examples(
        "eas port my_group/ --dry-run",
        "eas port my_group/ --name eas_transits --also wrappers/eas_tls_wrapper",
        "eas port my_group/ --with-base-tasks --without binning --force",
    )
)
@click.argument("scripts", metavar="SCRIPTDIR", type=_FOLDER)
@click.option(
    "-o", "--output", type=_FOLDER, metavar="DIR", help="Folder to make; by default ./NAME, with dashes."
)
@click.option("--name", metavar="NAME", help="Name of the package; by default made from SCRIPTDIR.")
@click.option("--with-base-tasks", is_flag=True, help="Also scripts of tasks that the framework does itself.")
@click.option("--without", multiple=True, metavar="TYPE", help="Leave a task type out; repeatable.")
@click.option(
    "--also",
    multiple=True,
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Take a package along that the scripts import, its imports rewritten; repeatable.",
)
@click.option("-n", "--dry-run", is_flag=True, help="Report only; write nothing.")
@click.option("--force", is_flag=True, help="Replace what this command has made there.")
@format_option
def command(
    scripts: Path,
    output: Path | None,
    name: str | None,
    with_base_tasks: bool,
    without: tuple[str, ...],
    also: tuple[Path, ...],
    dry_run: bool,
    force: bool,
    format: Format,
) -> None:
    """Report what task scripts of the prototype use, and make a plugin package of them.

    SCRIPTDIR holds task_implementations/ and task_qc_implementations/, or
    folders that do; nothing in it is changed. The package has the scripts with
    their imports rewritten, the entry point, tests, and a registry of where
    the types run. The report has a row for each documented call, setting, SQL
    statement, file and package, and for what needs a person's eye (attention).
    """
    from eas_framework.porting import make_package, read_folder, read_further, write_package  # late
    from eas_framework.porting.package import name_for
    from eas_framework.porting.writing import check_target

    folder = read_folder(scripts, with_base_tasks=with_base_tasks, without=without)
    package = make_package(folder, name=name or name_for(scripts), further=read_further(also))
    target = output or Path(package.name.replace("_", "-"))  # a folder of the package's own name hides it
    if not dry_run:
        check_target(target, scripts, force=force)
    _report(folder, package, format)
    if dry_run:
        return
    write_package(package, target, scripts, force=force)
    click.echo(f"made {target}: {len(folder.tasks)} task types; next:", err=True)
    click.echo(f"  pip install --no-build-isolation --editable {target}", err=True)
    click.echo(f"  python -m pytest {target}", err=True)


def _report(folder: ScriptFolder, package: PortedPackage, format: Format) -> None:
    """Print a row for everything that the scripts use; on standard error, what it comes to."""
    lines: dict[tuple[str, str, str, str], list[int]] = {}
    for use in package.uses:
        is_below = use.path.is_relative_to(folder.path)
        script = str(use.path.relative_to(folder.path) if is_below else use.path)
        lines.setdefault((script, use.kind, use.what, use.note), []).append(use.line)
    rows = [
        {"script": script, "kind": kind, "what": what, "lines": _listed(found, format), "note": note or None}
        for (script, kind, what, note), found in lines.items()
    ]
    write(rows, format, columns=COLUMNS, title=None if rows else "the scripts use nothing of the framework")
    if format != "table":
        return
    counts = Counter(use.kind for use in package.uses)
    said = ", ".join(f"{count} × {kind}" for kind, count in sorted(counts.items()))
    click.echo(f"{len(folder.tasks)} task types: {said}", err=True)
    if folder.left_out:
        click.echo(f"left out: {', '.join(folder.left_out)}", err=True)
    if package.rivals:
        listed = ", ".join(package.rivals)
        click.echo(f"supplied by another plugin too: {listed}; see task_type_sources", err=True)


def _listed(lines: list[int], format: Format) -> list[int] | str:
    """The numbers as JSON holds them, or as one text."""
    return lines if format == "json" else ", ".join(map(str, lines))
