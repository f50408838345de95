"""A ported package on disk: all of it, or nothing."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from eas_framework.errors import UsageError
from eas_framework.porting.package import PortedPackage
from eas_framework.porting.templates import MARK


def check_target(target: Path, source: Path, *, force: bool) -> None:
    """Refuse a folder into which the package must not be written.

    Args:
        target: The folder of the project.
        source: The folder of the scripts, which is never changed.
        force: Replace a project that was made so.

    Raises:
        UsageError: It lies in, or around, the folder of the scripts; or it exists and is not to be replaced.
    """
    ours, theirs = target.resolve(), source.resolve()
    if ours.is_relative_to(theirs) or theirs.is_relative_to(ours):
        raise UsageError(
            f"--output {target}: lies in, or around, the folder of the scripts, which stays as it is"
        )
    if not ours.exists():
        return
    if not force:
        raise UsageError(f"--output {target}: exists; name another folder, or replace it with --force")
    project = ours / "pyproject.toml"
    if not (project.is_file() and MARK in project.read_text(encoding="utf-8", errors="replace")):
        raise UsageError(f"--output {target}: was not made by `eas port`, so --force does not replace it")


def write_package(package: PortedPackage, target: Path, source: Path, *, force: bool = False) -> None:
    """Write the project of a package into a folder of its own.

    Raises:
        UsageError: See `check_target`; or the disk refuses.
    """
    check_target(target, source, force=force)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}_") as folder:
            made = Path(folder) / "made"
            for path, contents in package.files.items():
                file = made / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(contents)
            if target.exists():
                shutil.move(target, Path(folder) / "old")
            made.rename(target)
    except OSError as error:
        raise UsageError(f"--output {target}: {error.strerror or error}") from error
