"""A workspace for one command alone, removed at its end."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from eas_framework.pipeline.standalone import private_configuration
from eas_framework.settings import configuration, use_configuration


@contextmanager
def private_workspace(prefix: str, *, unless: Collection[str]) -> Iterator[None]:
    """The workspace that the command line names, else a new one for the block.

    Args:
        prefix: How the name of the new folder begins.
        unless: What may name the workspace: ``argument``, ``EAS_WORKSPACE``.
    """
    given = configuration()
    if given.origin("workspace") in unless:
        yield
        return
    with tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as folder:
        use_configuration(private_configuration(given, Path(folder)))
        try:
            yield
        finally:
            use_configuration(given)
