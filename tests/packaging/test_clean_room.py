"""The wheels, installed where no checkout is, do what the checkout does."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pytest
from build_wheels import build_wheel
from source_code import PACKAGES, ROOT

pytestmark = pytest.mark.slow

HELLO = ROOT / "examples" / "jobs" / "hello.json"
DATA_SUFFIXES = {".sql", ".xml", ".xsd", ".typed", ".yaml"}


def name_of(package: str) -> str:
    return Path(package).name


def wheel_of(package: str, wheels: list[Path]) -> Path:
    return next(wheel for wheel in wheels if wheel.name.startswith(f"{package}-"))


@pytest.mark.parametrize("package", PACKAGES)
def test_a_wheel_holds_every_module_and_data_file_of_its_package_and_nothing_else(
    package: str, wheels: list[Path]
):
    source = ROOT / package
    wanted = {
        str(Path(source.name) / path.relative_to(source))
        for path in source.rglob("*")
        if path.suffix in {".py", *DATA_SUFFIXES}
    }
    names = zipfile.ZipFile(wheel_of(source.name, wheels)).namelist()
    assert {name for name in names if ".dist-info/" not in name} == wanted
    assert f"{source.name}/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_framework_comes_from_the_environment_and_not_from_a_checkout(everything):
    names = [name_of(package) for package in PACKAGES]
    code = f"import {', '.join(names)}\nfor m in ({', '.join(names)}): print(m.__file__)"
    for place in everything.run_well("python", "-c", code).split():
        assert Path(place).is_relative_to(everything.environment)


def test_the_framework_alone_shows_help_plugins_and_validates(framework_alone):
    shutil.copy(HELLO, framework_alone.folder)
    assert "Examples:" in framework_alone.run_well("eas-run", "--help")
    assert "eas-framework" in framework_alone.run_well("eas", "plugins")
    framework_alone.run_well("eas", "validate", "hello.json")


def test_the_framework_alone_says_in_one_line_what_a_run_needs(framework_alone):
    shutil.copy(HELLO, framework_alone.folder)
    done = framework_alone.run("eas-run", "hello.json")
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    line = done.stderr.strip().splitlines()[-1]
    assert line.startswith("error: ")
    assert "eas-sqlite" in line


def test_every_plugin_loads_without_fault(everything):
    rows = json.loads(everything.run_well("eas", "plugins", "--format", "json"))
    assert {row["package"] for row in rows} == {name.replace("_", "-") for name in map(name_of, PACKAGES)}
    assert {row["status"] for row in rows} == {"ok"}


def test_a_job_runs_to_its_end_in_an_empty_folder(everything):
    shutil.copy(HELLO, everything.folder)
    everything.run_well("eas-run", "hello.json")
    states = json.loads(everything.run_well("eas", "status", "--format", "json"))
    assert states


def test_the_demo_finds_its_planet_in_an_empty_folder(everything):
    assert "difference" in everything.run_well("eas", "demo").splitlines()[-1]


def test_the_contract_kits_pass_against_the_installed_plugins(everything):
    contracts = sorted(ROOT.glob("plugins/eas_sqlite/tests/test_*contract*.py"))  # the others need a server
    contracts.append(ROOT / "tests" / "unit" / "test_sql_queue_contract.py")
    assert len(contracts) > 1
    for path in contracts:
        shutil.copy(path, everything.folder)
    names = [path.name for path in contracts]
    everything.run_well("python", "-m", "pytest", "--import-mode=importlib", "-q", *names)


def test_the_plugin_to_copy_is_built_installed_tested_and_run(everything, tmp_path: Path):
    source = tmp_path / "eas_hello"
    shutil.copytree(
        ROOT / "examples" / "eas_hello", source, ignore=shutil.ignore_patterns("*.egg-info", "build")
    )
    everything.install(build_wheel(source, folder=tmp_path), options=["--no-deps"])
    outside = everything.folder / "hello"
    shutil.copytree(source / "tests", outside / "tests")
    shutil.copy(source / "job.yaml", outside)
    everything.run_well("python", "-m", "pytest", "--import-mode=importlib", "-q", "hello/tests")
    everything.run_well("eas-run", "hello/job.yaml")
    results = everything.run_well("eas", "results", "hello_plugin", "--format", "json")
    everything.run_well("python", "-m", "pip", "uninstall", "--yes", "eas-hello")
    assert "flux_noise_ppm" in results
    assert "red_noise_ratio" in results


def test_a_plugin_for_another_major_version_is_reported_and_not_loaded(everything, tmp_path: Path):
    everything.install(foreign_wheel(tmp_path), options=["--no-deps"])
    rows = json.loads(everything.run_well("eas", "plugins", "--format", "json"))
    row = next(row for row in rows if row["package"] == "eas-from-the-future")
    everything.run_well("python", "-m", "pip", "uninstall", "--yes", "eas-from-the-future")
    assert row["status"] == "incompatible"
    assert "eas-framework" in row["problem"]
    assert ">=2" in row["problem"]
    assert not (everything.folder / "it-was-imported").exists()


def foreign_wheel(place: Path) -> Path:
    """A wheel of a plugin that requires the next major version, and leaves a trace when it is imported."""
    (place / "eas_from_the_future.py").write_text(
        "from pathlib import Path\nPath('it-was-imported').touch()\n"
    )
    (place / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
        '[project]\nname = "eas-from-the-future"\nversion = "2.0"\ndependencies = ["eas-framework>=2,<3"]\n'
        '[project.entry-points.eas_framework]\nfuture = "eas_from_the_future"\n'
        '[tool.setuptools]\npy-modules = ["eas_from_the_future"]\n'
    )
    return build_wheel(place, folder=place)
