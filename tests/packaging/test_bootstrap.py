"""scripts/bootstrap names what the machine lacks, and does nothing when nothing changed."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest
from source_code import ROOT

TOOLS = ("bash", "git", "make", "sha256sum", "cat", "cut", "dirname", "rm")
# Answers the three questions that the script asks: new enough, no venv, and the name of the package for it.
PYTHON_WITHOUT_VENV = """#!/bin/sh
case "$2" in
    *"import venv"*) exit 1 ;;
    *-venv*) echo python3.12-venv ;;
esac
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What the script reads, without an environment."""
    place = tmp_path / "checkout"
    for path in [
        "scripts/bootstrap",
        "requirements.lock",
        "pyproject.toml",
        *ROOT.glob("plugins/*/pyproject.toml"),
    ]:
        target = place / (ROOT / path).relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, target)
    return place


def programs(tmp_path: Path, names: Iterable[str]) -> Path:
    """A folder with these programs of the machine and no others."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in names:
        found = shutil.which(name)
        assert found, f"this test needs {name}"
        (folder / name).symlink_to(found)
    return folder


def bootstrap(checkout: Path, path: Path) -> subprocess.CompletedProcess[str]:
    """Run the script with this folder as the whole path."""
    command = [path / "bash", checkout / "scripts" / "bootstrap"]
    return subprocess.run(command, env={"PATH": str(path)}, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("tool", "package"), [("git", "git"), ("make", "make"), ("sha256sum", "coreutils")])
def test_a_missing_tool_is_named_with_its_package(checkout: Path, tmp_path: Path, tool: str, package: str):
    done = bootstrap(checkout, programs(tmp_path, set(TOOLS) - {tool}))
    assert done.returncode == 3
    assert f"{tool} is missing: install the package {package}" in done.stderr


def test_a_missing_python_is_named_with_its_package(checkout: Path, tmp_path: Path):
    done = bootstrap(checkout, programs(tmp_path, TOOLS))
    assert done.returncode == 3
    assert "install the package python3.11" in done.stderr
    assert not (checkout / ".venv").exists()


def test_a_python_without_venv_is_named_with_the_package_of_its_version(checkout: Path, tmp_path: Path):
    path = programs(tmp_path, TOOLS)
    (path / "python3").write_text(PYTHON_WITHOUT_VENV)
    (path / "python3").chmod(0o755)
    done = bootstrap(checkout, path)
    assert done.returncode == 3
    assert "install the package python3.12-venv" in done.stderr


def test_an_environment_that_is_current_is_left_as_it_is():
    stamp = ROOT / ".venv" / ".installed"
    if not stamp.is_file():
        pytest.skip("the environment of this checkout was not made by scripts/bootstrap")
    before = stamp.stat().st_mtime_ns
    done = subprocess.run([ROOT / "scripts" / "bootstrap"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert done.stdout == ""
    assert stamp.stat().st_mtime_ns == before


def make_wheel(folder: Path, name: str, version: str, *metadata: str) -> str:
    """A distribution without code; gives its line for a lock."""
    path, place = folder / f"{name}-{version}-py3-none-any.whl", f"{name}-{version}.dist-info"
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *metadata]
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{place}/METADATA", "\n".join(lines) + "\n")
        wheel.writestr(f"{place}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{place}/RECORD", "")
    return f"{name}=={version} --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


def test_a_release_newer_than_the_lock_changes_nothing_although_its_extra_is_asked_for(
    checkout: Path, tmp_path: Path
):
    index = tmp_path / "index"
    index.mkdir()
    locked = [
        make_wheel(index, "asking", "1.0", "Requires-Dist: asked[extra]>=1.0"),
        make_wheel(index, "asked", "1.0", "Provides-Extra: extra"),
    ]
    make_wheel(index, "asked", "1.1", "Provides-Extra: extra")
    (checkout / "requirements.lock").write_text("\n".join(locked), encoding="utf-8")
    variables = os.environ | {
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(index),
        "PIP_CONFIG_FILE": os.devnull,
    }
    done = subprocess.run(
        [checkout / "scripts" / "bootstrap"], env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0  # the packages of a checkout need more than this lock
    assert "installing this checkout's packages" in done.stdout
    installed = [path.name for path in checkout.glob(".venv/lib/python3*/site-packages/ask*.dist-info")]
    assert sorted(installed) == ["asked-1.0.dist-info", "asking-1.0.dist-info"]
