"""Wheels of all distributions, and environments that hold nothing else."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from build_wheels import build_wheels
from source_code import ROOT

ALL_DISTRIBUTIONS = (
    "eas-framework[testing]",
    "eas-sqlite",
    "eas-mysql",
    "eas-rabbitmq",
    "eas-astropy",
    "eas-tasks-tda",
)


@dataclass(frozen=True)
class CleanRoom:
    """A virtual environment and an empty folder, with nothing of the checkout in sight."""

    environment: Path
    folder: Path

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment in the empty folder."""
        variables = {
            "PATH": f"{self.environment / 'bin'}:/usr/bin:/bin",
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
        }
        return subprocess.run(
            [str(self.environment / "bin" / words[0]), *words[1:]],
            cwd=self.folder, env=variables, capture_output=True, text=True, check=False, timeout=600,
        )  # fmt: skip

    def run_well(self, *words: str) -> str:
        """Run a program that must succeed; return what it printed."""
        done = self.run(*words)
        assert done.returncode == 0, (
            f"{' '.join(words)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        )
        return done.stdout

    def install(self, *what: str | Path, options: Sequence[str] = ()) -> None:
        """Install into the environment, with the configuration of pip that this process has."""
        command = [
            self.environment / "bin" / "python",
            "-m",
            "pip",
            "--quiet",
            "--disable-pip-version-check",
            "install",
        ]
        variables = {
            name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PYTHONHOME"}
        }
        subprocess.run([*command, *options, *what], check=True, cwd=self.folder, env=variables)


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """One wheel for each distribution."""
    return build_wheels(tmp_path_factory.mktemp("wheels"))


@pytest.fixture(scope="session")
def pins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The versions of requirements.lock as constraints (pip refuses hashes in them)."""
    path = tmp_path_factory.mktemp("pins") / "constraints.txt"
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    path.write_text("\n".join(re.findall(r"^[\w.-]+==[\w.!+]+", lock, flags=re.MULTILINE)), encoding="utf-8")
    return path


def _clean_room(place: Path, wheels: list[Path], pins: Path, distributions: Sequence[str]) -> CleanRoom:
    subprocess.run([sys.executable, "-m", "venv", place / "environment"], check=True)
    room = CleanRoom(place / "environment", place / "empty")
    room.folder.mkdir()
    where = ["--constraint", str(pins), "--find-links", str(wheels[0].parent)]
    room.install(*distributions, options=where)
    return room


@pytest.fixture(scope="session")
def framework_alone(tmp_path_factory: pytest.TempPathFactory, wheels: list[Path], pins: Path) -> CleanRoom:
    """An environment with eas-framework and what it depends on."""
    return _clean_room(tmp_path_factory.mktemp("alone"), wheels, pins, ["eas-framework"])


@pytest.fixture(scope="session")
def bare_laptop(tmp_path_factory: pytest.TempPathFactory, wheels: list[Path], pins: Path) -> CleanRoom:
    """An environment with eas-framework and eas-sqlite."""
    return _clean_room(tmp_path_factory.mktemp("laptop"), wheels, pins, ["eas-framework", "eas-sqlite"])


@pytest.fixture(scope="session")
def everything(tmp_path_factory: pytest.TempPathFactory, wheels: list[Path], pins: Path) -> CleanRoom:
    """An environment with all distributions."""
    return _clean_room(tmp_path_factory.mktemp("everything"), wheels, pins, ALL_DISTRIBUTIONS)
