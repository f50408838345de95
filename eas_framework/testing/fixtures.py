"""The kit's pytest fixtures: ``pytest_plugins = ["eas_framework.testing.fixtures"]`` makes them available."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from eas_framework.pipeline import open_workspace
from eas_framework.settings import load_configuration, use_configuration
from eas_framework.task_database import TaskDatabaseConnection
from eas_framework.testing.scenarios import LightcurveFactory, RunTask, SharedWorker, make_lightcurve


@pytest.fixture
def engine_settings() -> Mapping[str, str]:
    """Settings of database and queue for `workspace`; override it to run the same tests on other backends."""
    return {"db_engine": "sqlite3", "queue_implementation": "sql"}


@pytest.fixture
def workspace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine_settings: Mapping[str, str]
) -> Iterator[Path]:
    """A fresh workspace, the current folder of the test; no setting of the machine or its user reaches it."""
    with fresh_workspace(tmp_path, monkeypatch, engine_settings) as folder:
        yield folder


@contextmanager
def fresh_workspace(
    parent: Path, monkeypatch: pytest.MonkeyPatch, engine_settings: Mapping[str, str]
) -> Iterator[Path]:
    """A workspace below a folder, the current folder and the configuration of this process for the block."""
    folder = parent / "workspace"
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith("EAS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(parent / "no_user_settings"))
    monkeypatch.chdir(folder)
    own = {
        "data_path": folder / ".eas" / "store",
        "local_data_path": folder / ".eas" / "local",
        "in_data_path": folder,
        "lc_path": folder,
    }
    use_configuration(load_configuration(workspace=folder, overrides={**own, **engine_settings}))
    yield folder
    use_configuration(None)


@pytest.fixture
def task_database(workspace: Path) -> Iterator[TaskDatabaseConnection]:
    """A connection to the workspace's task database, which holds all installed task types."""
    database, _ = open_workspace()
    yield database
    database.close_db()


@pytest.fixture
def run_task(task_database: TaskDatabaseConnection, workspace: Path) -> RunTask:
    """Does a task in the workspace by real executors: ``run_task({"task": "null"})`` gives its outcome."""
    return RunTask(task_database, workspace)


@pytest.fixture(scope="module")
def shared_worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedWorker]:
    """A worker that stays for all tests of a module, in a workspace of its own; not beside `workspace`."""
    settings = {"db_engine": "sqlite3", "queue_implementation": "sql"}
    with (
        pytest.MonkeyPatch.context() as monkeypatch,
        fresh_workspace(tmp_path_factory.mktemp("shared"), monkeypatch, settings) as folder,
    ):
        database, _ = open_workspace()
        with SharedWorker(database, folder) as worker:
            yield worker
        database.close_db()


@pytest.fixture
def lightcurve_factory() -> LightcurveFactory:
    """Makes small light curves with transits and seeded noise; see `make_lightcurve`."""
    return make_lightcurve
