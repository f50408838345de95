"""The six distributions fit each other, and the locked environment fits them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from source_code import PACKAGES, ROOT

ROOTS = {
    Path(package).name: ROOT if package == "eas_framework" else (ROOT / package).parent
    for package in PACKAGES
}
OURS = {name.replace("_", "-") for name in ROOTS}


def project(package: str) -> dict[str, Any]:
    return tomllib.loads((ROOTS[package] / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def locked() -> dict[str, str]:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    return {
        canonicalize_name(name): version
        for name, version in re.findall(r"^([\w.-]+)==([\w.!+]+)", lock, re.M)
    }


@pytest.mark.parametrize("package", ROOTS)
def test_every_dependency_is_locked_in_a_version_that_fits(package: str):
    for text in project(package).get("dependencies", ()):
        needed = Requirement(text)
        if needed.name not in OURS:
            assert needed.specifier.contains(locked()[canonicalize_name(needed.name)]), text


def test_everything_asked_for_is_locked():
    for line in (ROOT / "requirements.in").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            needed = Requirement(line)
            assert needed.specifier.contains(locked()[canonicalize_name(needed.name)]), line


@pytest.mark.parametrize("package", sorted(ROOTS.keys() - {"eas_framework"}))
def test_every_plugin_pins_the_framework_to_one_major_version_and_has_one_entry_point(package: str):
    described = project(package)
    assert "eas-framework>=1.0.0.dev0,<2" in described["dependencies"]
    assert list(described["entry-points"]["eas_framework"].values()) == [package]


@pytest.mark.parametrize("package", ROOTS)
def test_every_distribution_has_licence_readme_changelog_and_type_marker(package: str):
    for name in ("LICENSE", "README.md", "CHANGELOG.md", f"{package}/py.typed"):
        assert (ROOTS[package] / name).is_file()
    assert (ROOTS[package] / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()
    assert project(package)["license"] == "MIT"


def test_gpl_packages_are_extras_and_never_locked():
    assert not {"batman-package", "psls"} & locked().keys()
