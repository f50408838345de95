"""Kernels are compiled once, before executors start: a plugin whose warm-up writes a line into a file."""

import os
import shutil
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from eas_framework.testing.scenarios import install_plugin

PATIENCE_SECONDS = 60.0
MODULE = "plugin_with_kernels"
PLUGIN = """
import os
import signal
from pathlib import Path

from eas_framework.plugins import TaskType, hookimpl

FOLDER = Path(os.environ["NOTES_FOLDER"])


def note(what):
    with (FOLDER / "notes").open("a") as stream:
        stream.write(f"{what} {os.getpid()}\\n")


def warm_up_of(name):
    def warm_up():
        note(f"warmed_{name}")
        print("said by the warm-up itself")
        if (FOLDER / "broken").exists():
            raise RuntimeError("no compiler")
        if (FOLDER / "endless").exists():
            signal.pause()

    return warm_up


def handler(attempt):
    note("done")
    if (FOLDER / "failing").exists():
        raise ValueError("no data")


@hookimpl
def eas_task_types():
    return [
        TaskType(name=name, handler=handler, warm_up=warm_up_of(name), summary="A search.")
        for name in ("one_search", "other_search")
    ]
"""


@dataclass(frozen=True)
class Plugin:
    """The plugin's folder, where it also writes what it did."""

    folder: Path

    def notes(self):
        """What was done, in order, and by which processes."""
        path = self.folder / "notes"
        lines = path.read_text().splitlines() if path.exists() else []
        return [tuple(line.split()) for line in lines]

    def done(self):
        return [what for what, _ in self.notes()]

    def wish(self, what):
        (self.folder / what).touch()

    def wish_no_more(self, what):
        (self.folder / what).unlink()

    def make_cold(self):
        shutil.rmtree(self.folder / "cache")


@pytest.fixture
def plugin(workspace, tmp_path):
    folder = tmp_path / "plugin"
    folder.mkdir()
    (folder / f"{MODULE}.py").write_text(PLUGIN)
    install_plugin(folder, "plugin-with-kernels", MODULE)
    workspace.environment.update(
        PYTHONPATH=str(folder),
        NOTES_FOLDER=str(folder),
        NUMBA_CACHE_DIR=str(folder / "cache"),
        EAS_DISABLED_PLUGINS="tasks_tda",
    )
    workspace.environment.pop("NUMBA_DISABLE_JIT", None)
    return Plugin(folder)


def job(workspace, name, *types):
    tasks = [{"task": task, "name": f"{name}_{number}"} for number, task in enumerate(types)]
    return workspace.write(f"{name}.json", {"job_name": name, "task_list": tasks})


TOLD = "compiling the kernels of one_search, once"


def test_a_job_warms_its_types_once_before_its_tasks_and_no_other(workspace, plugin):
    told = workspace.run("run", job(workspace, "first", "one_search", "one_search"), "-j", 2).stderr
    assert told.count("compiling the kernels") == 1
    assert TOLD in told
    assert plugin.done() == ["warmed_one_search", "done", "done"]
    (_, warmed_by), *others = plugin.notes()
    assert warmed_by not in {process for _, process in others}
    again = workspace.run("run", job(workspace, "second", "one_search"), "-j", 2).stderr
    assert "compiling" not in again
    assert plugin.done() == ["warmed_one_search", "done", "done", "done"]


def test_a_job_that_has_ended_warms_nothing(workspace, plugin):
    path = job(workspace, "first", "one_search")
    workspace.run("run", path)
    plugin.make_cold()
    assert "compiling" not in workspace.run("run", path).stderr
    assert plugin.done() == ["warmed_one_search", "done"]


def test_changed_sources_are_compiled_again(workspace, plugin):
    workspace.run("run", job(workspace, "first", "one_search"))
    source = plugin.folder / f"{MODULE}.py"
    source.write_text(PLUGIN + "\n# changed\n")
    assert TOLD in workspace.run("run", job(workspace, "second", "one_search")).stderr
    assert plugin.done() == ["warmed_one_search", "done"] * 2


def test_a_warm_up_that_fails_is_told_and_left_to_the_task(workspace, plugin):
    plugin.wish("broken")
    told = workspace.run("run", job(workspace, "first", "one_search")).stderr
    reason = "one_search (one_search: RuntimeError: no compiler)"
    assert f"not compiled, which is left to the first task: {reason}" in told
    assert "said by the warm-up itself" not in told
    assert plugin.done() == ["warmed_one_search", "done"]
    plugin.wish_no_more("broken")
    workspace.run("run", job(workspace, "second", "one_search"))
    assert plugin.done() == ["warmed_one_search", "done"] * 2


def test_retry_warms_the_types_of_the_stored_tasks(workspace, plugin):
    plugin.wish("failing")
    workspace.run("run", job(workspace, "first", "one_search"), code=1)
    plugin.make_cold()
    plugin.wish_no_more("failing")
    assert TOLD in workspace.run("retry", "first").stderr
    assert plugin.done() == ["warmed_one_search", "done"] * 2


def test_a_worker_warms_the_types_that_it_is_told_to_serve(workspace, plugin):
    workspace.run("submit", job(workspace, "first", "one_search"))
    told = workspace.run("worker", "--task-types", "one_search,execution_chain", "--once", "-j", 1).stderr
    assert TOLD in told
    assert plugin.done() == ["warmed_one_search", "done"]
    assert "compiling" not in workspace.run("worker", "--once", "-j", 1).stderr
    assert plugin.done() == ["warmed_one_search", "done"]


def test_what_the_doctor_warmed_is_warm(workspace, plugin):
    workspace.run("doctor", "--warm")
    assert sorted(plugin.done()) == ["warmed_one_search", "warmed_other_search"]
    assert "compiling" not in workspace.run("run", job(workspace, "first", "one_search")).stderr
    assert plugin.done().count("warmed_one_search") == 1


def test_a_stop_ends_the_warm_up_too(workspace, plugin):
    plugin.wish("endless")
    program = workspace.start("run", job(workspace, "first", "one_search"))
    try:
        end = time.monotonic() + PATIENCE_SECONDS
        while not plugin.notes() and time.monotonic() < end:
            time.sleep(0.02)
        (_, warming), *_ = plugin.notes()
        os.kill(program.pid, signal.SIGTERM)
        _, told = program.communicate(timeout=PATIENCE_SECONDS)
    finally:
        program.kill()
        program.wait()
    assert program.returncode == 130
    assert "not compiled" not in told
    assert not psutil.pid_exists(int(warming))
    assert plugin.done() == ["warmed_one_search"]
