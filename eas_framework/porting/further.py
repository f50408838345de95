"""Packages that the scripts import and that use the old package too, such as wrappers of a search."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from eas_framework.porting.script import PortingError, Script, read_script

_SKIPPED = ("__pycache__", ".git")


@dataclass(frozen=True, kw_only=True)
class FurtherPackage:
    """A package to be taken along: its name, its scripts, and its other files, by their path below it."""

    name: str
    scripts: dict[str, Script] = field(default_factory=dict)
    others: dict[str, bytes] = field(default_factory=dict)


def read_further(paths: Iterable[Path]) -> list[FurtherPackage]:
    """The packages in these folders, or modules in these files.

    Raises:
        PortingError: All that stands in the way, each with its place.
    """
    problems: list[str] = []
    found: list[FurtherPackage] = []
    for path in paths:
        package = FurtherPackage(name=path.resolve().stem)
        try:
            _check(path, package.name, [other.name for other in found])
            _fill(package, path, problems)
        except OSError as error:
            problems.append(f"{path}: cannot be read: {error.strerror or error}")
        except PortingError as error:
            problems += error.messages
        found.append(package)
    if problems:
        raise PortingError(*problems)
    return found


def _check(path: Path, name: str, taken: list[str]) -> None:
    """Refuse what is no package."""
    if not path.exists():
        raise PortingError(f"--also {path}: there is no such folder or file")
    if not name.isidentifier() or name in taken:
        raise PortingError(f"--also {path}: {name!r} is no name of a package, or is given twice")
    if path.is_dir() and not (path / "__init__.py").is_file():
        raise PortingError(f"--also {path}: is no package: there is no __init__.py in it")
    if path.is_file() and path.suffix != ".py":
        raise PortingError(f"--also {path}: is no Python module")


def _fill(package: FurtherPackage, path: Path, problems: list[str]) -> None:
    """Read the files of a package; a single module becomes a package of its name."""
    files = {"__init__.py": path} if path.is_file() else _files(path)
    for place, file in files.items():
        if file.suffix != ".py":
            package.others[place] = file.read_bytes()
            continue
        try:
            package.scripts[place] = read_script(file)
        except PortingError as error:
            problems += error.messages


def _files(folder: Path) -> dict[str, Path]:
    return {
        str(file.relative_to(folder)): file
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not {*file.relative_to(folder).parts} & {*_SKIPPED}
    }
