"""Which task types are known to be warm."""

import importlib
import os
import sys

import pytest

from eas_framework.plugins import TaskType
from eas_framework.worker.kernel_cache import cache_environment, is_cold, warm_up

MODULE = "kernels_of_a_plugin"


@pytest.fixture
def task_type(tmp_path, monkeypatch):
    """A type whose warm-up stands in a module of its own, with an empty folder for kernels."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("NUMBA_DISABLE_JIT", raising=False)
    folder = tmp_path / "plugin"
    folder.mkdir()
    (folder / f"{MODULE}.py").write_text("COUNT = []\n\n\ndef warm_up():\n    COUNT.append(1)\n")
    monkeypatch.syspath_prepend(str(folder))
    module = importlib.import_module(MODULE)
    yield TaskType(name="search", handler=print, warm_up=module.warm_up, packages=("numpy", "no-such"))
    del sys.modules[MODULE]


def test_a_type_is_warm_once_its_warm_up_has_ended(task_type):
    assert is_cold(task_type)
    warm_up(task_type)
    assert not is_cold(task_type)
    assert sys.modules[MODULE].COUNT == [1]


def test_a_type_without_a_warm_up_is_never_cold(task_type):
    bare = TaskType(name="search", handler=print)
    warm_up(bare)
    assert not is_cold(bare)


def test_a_warm_up_that_raises_leaves_the_type_cold(task_type):
    def broken():
        raise RuntimeError("no compiler")

    bad = TaskType(name="bad", handler=print, warm_up=broken)
    with pytest.raises(RuntimeError, match="no compiler"):
        warm_up(bad)
    assert is_cold(bad)


def touch(module_file):
    status = module_file.stat()
    os.utime(module_file, ns=(status.st_atime_ns, status.st_mtime_ns + 1_000_000_000))


@pytest.mark.parametrize("change", ["touched", "neighbour"])
def test_changed_sources_make_it_cold(task_type, tmp_path, change):
    warm_up(task_type)
    if change == "touched":
        touch(tmp_path / "plugin" / f"{MODULE}.py")
    else:
        (tmp_path / "plugin" / "neighbour.py").write_text("")
    assert is_cold(task_type)


def test_a_link_to_nowhere_beside_the_sources_does_no_harm(task_type, tmp_path):
    (tmp_path / "plugin" / ".#kernels.py").symlink_to("nowhere")  # as editors leave them
    warm_up(task_type)
    assert not is_cold(task_type)


@pytest.mark.parametrize("variable", ["NUMBA_OPT", "NUMBA_CACHE_DIR"])
def test_another_setting_of_numba_makes_it_cold(task_type, tmp_path, monkeypatch, variable):
    warm_up(task_type)
    monkeypatch.setenv(variable, str(tmp_path / "1"))
    assert is_cold(task_type)


def test_without_a_compiler_nothing_is_cold(task_type, monkeypatch):
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    assert not is_cold(task_type)


def test_a_folder_that_cannot_be_one_leaves_it_cold(task_type, tmp_path):
    (tmp_path / "cache").write_text("a file")
    assert is_cold(task_type)
    with pytest.raises(OSError, match="cache"):
        warm_up(task_type)
    assert is_cold(task_type)


def test_kernels_are_kept_in_the_user_s_cache_unless_a_folder_is_set(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("NUMBA_CACHE_DIR", "elsewhere")
    assert cache_environment() == {}
    monkeypatch.setenv("NUMBA_CACHE_DIR", "")  # which numba takes as not set
    assert cache_environment()["NUMBA_CACHE_DIR"].startswith(str(tmp_path / "eas" / "numba-"))
