"""The health check finds what is wrong and says what to do."""

from __future__ import annotations

import json
from importlib.metadata import Distribution
from pathlib import Path

import pytest

from eas_framework.cli.main import execute
from eas_framework.diagnostics import health
from eas_framework.plugins import TaskType
from eas_framework.settings import load_configuration, use_configuration
from eas_framework.worker.kernel_cache import is_cold


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path):
    use_configuration(load_configuration(workspace=tmp_path))
    yield tmp_path
    use_configuration(None)


def distribution(place: Path, *requirements: str, group: str = "eas_framework") -> Distribution:
    """An installed package as its metadata folder shows it."""
    folder = place / "sample-1.0.dist-info"
    folder.mkdir()
    lines = [
        "Metadata-Version: 2.1",
        "Name: sample",
        "Version: 1.0",
        *(f"Requires-Dist: {r}" for r in requirements),
    ]
    (folder / "METADATA").write_text("\n".join(lines))
    (folder / "entry_points.txt").write_text(f"[{group}]\nsample = sample\n")
    return Distribution.at(folder)


@pytest.mark.parametrize(
    ("requirement", "state", "told"),
    [
        ("pytest>=1", "ok", "1.0"),
        ("pytest>=9999", "bad", "pip install 'pytest>=9999'"),
        ("no-such-package-at-all>=1", "bad", "no-such-package-at-all is missing"),
        ('no-such-package-at-all>=1; extra == "more"', "ok", "1.0"),
        ('no-such-package-at-all>=1; python_version < "3"', "ok", "1.0"),
    ],
)
def test_a_requirement_that_is_not_met_is_bad_and_says_what_to_install(
    tmp_path: Path, requirement: str, state: str, told: str
):
    (found,) = health.check_requirements([distribution(tmp_path, requirement)])
    assert found.check == "package sample"
    assert found.state == state
    assert told in found.detail


def test_packages_that_are_no_plugins_are_left_out(tmp_path: Path):
    assert not list(
        health.check_requirements([distribution(tmp_path, "no-such-package", group="console_scripts")])
    )


def test_a_new_workspace_is_well_and_the_check_makes_nothing(workspace: Path):
    states = {
        found.check: found.state for found in health.check_folders(load_configuration(workspace=workspace))
    }
    assert states["workspace"] == states["file store"] == states["local data"] == "ok"
    assert list(workspace.iterdir()) == []


def test_a_folder_that_cannot_be_written_to_is_bad(workspace: Path):
    # /proc refuses new files to everybody, the superuser included
    config = load_configuration(workspace=workspace, overrides={"data_path": "/proc/store"})
    found = {check.check: check for check in health.check_folders(config)}
    assert found["file store"].state == "bad"
    assert "cannot write to /proc" in found["file store"].detail


@pytest.mark.parametrize(("free", "state"), [(1e12, "ok"), (1e9, "warning"), (1e8, "bad")])
def test_little_disk_space_is_a_warning_and_hardly_any_is_bad(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, free: float, state: str
):
    from types import SimpleNamespace

    monkeypatch.setattr(health.shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    found = {check.check: check for check in health.check_folders(load_configuration(workspace=workspace))}
    assert found["disk space"].state == state


def test_warm_up_runs_what_task_types_give_and_reports_what_it_raises(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    warmed = []

    def broken() -> None:
        raise RuntimeError("no compiler")

    types = [
        TaskType(name="good", handler=print, warm_up=lambda: warmed.append(True)),
        TaskType(name="bad", handler=print, warm_up=broken),
        TaskType(name="cold", handler=print),
    ]
    found = list(health.check_warm_up(types))
    assert warmed == [True]
    assert [(check.check, check.state) for check in found] == [("warm good", "ok"), ("warm bad", "bad")]
    assert found[1].detail == "RuntimeError: no compiler"
    assert [is_cold(task_type) for task_type in types] == [False, True, False]


def test_an_unknown_database_engine_makes_the_doctor_end_with_3(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("EAS_DB_ENGINE", "punched_cards")
    assert execute(["doctor", "--format", "json", "--workspace", str(workspace)], program="eas") == 3
    rows = {row["check"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["database"]["state"] == "bad"
    assert "punched_cards" in rows["database"]["detail"]
    assert rows["python"]["state"] == "ok"


def test_broken_settings_are_a_finding_and_end_the_checks_that_need_them(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    (workspace / "eas.yaml").write_text("lease_secnods: 3\n")
    monkeypatch.chdir(workspace)
    use_configuration(None)
    assert execute(["doctor", "--format", "json"], program="eas") == 3
    rows = {row["check"]: row for row in json.loads(capsys.readouterr().out)}
    assert "lease_secnods" in rows["settings"]["detail"]
    assert "database" not in rows
