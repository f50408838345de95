"""Builds the wheels of all distributions into a folder: ``build_wheels.py FOLDER``."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from source_code import PACKAGES, ROOT

_NOT_SOURCE = shutil.ignore_patterns("build", "*.egg-info", "__pycache__", ".*", "dist")


def build_wheels(folder: Path) -> list[Path]:
    """The wheels, built from copies of the sources so that left-over build folders cannot slip in."""
    folder.mkdir(parents=True, exist_ok=True)
    for outdated in folder.glob("eas*.whl"):
        outdated.unlink()
    with tempfile.TemporaryDirectory() as scratch:
        copies = [_copy(package, place=Path(scratch)) for package in PACKAGES]
        return [build_wheel(copy, folder=folder.resolve()) for copy in copies]


def _copy(package: str, *, place: Path) -> Path:
    """What one distribution is built from: its package and the files that describe it."""
    source = ROOT if package == "eas_framework" else (ROOT / package).parent
    name = Path(package).name
    shutil.copytree(source / name, place / name / name, ignore=_NOT_SOURCE)
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(source / file, place / name)
    return place / name


def build_wheel(source: Path, *, folder: Path) -> Path:
    """The wheel of one source folder, built with what is installed here."""
    before = set(folder.glob("*.whl"))
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check",
               "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(source)]  # fmt: skip
    subprocess.run(command, check=True)
    (built,) = set(folder.glob("*.whl")) - before
    return built


if __name__ == "__main__":
    for wheel in build_wheels(Path(sys.argv[1])):
        print(wheel)
