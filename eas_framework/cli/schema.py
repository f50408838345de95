"""``eas schema``: JSON Schema of job files, so that editors complete and check them."""

from __future__ import annotations

import json
from pathlib import Path

import click

from eas_framework.cli.output import examples
from eas_framework.errors import UsageError


@click.command(epilog=examples("eas schema > job.schema.json", "eas schema --output .eas/job.schema.json"))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="File to write instead of printing.")
def command(output: Path | None) -> None:
    """Print the JSON Schema of job files with the task types installed here.

    In a YAML job, the first line `# yaml-language-server: $schema=job.schema.json` makes editors use it.
    """
    from eas_framework.job_file.schema import job_schema  # late: imports plugins
    from eas_framework.plugins.manager import plugin_manager

    text = json.dumps(job_schema(plugin_manager().task_types().values()), indent=2, ensure_ascii=False)
    if output is None:
        click.echo(text)
        return
    try:
        output.write_text(f"{text}\n")
    except OSError as error:
        raise UsageError(f"{output}: the schema cannot be written: {error.strerror or error}") from error
