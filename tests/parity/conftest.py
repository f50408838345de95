"""Which documented entries the tests of this folder have called, by what really ran."""

import importlib
import sys
import threading
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from documented_api import ENTRIES

CALLED = pytest.StashKey[set]()
PASSED = pytest.StashKey[bool]()


class CallWatcher:
    """Notes which of some functions run, and on objects of which classes, while it is on."""

    def __init__(self, entries):
        self._by_code = {}
        for entry in entries:
            for code in entry.codes():
                self._by_code.setdefault(code, []).append(entry)
        self.seen = set()

    def __enter__(self):
        self._before = sys.getprofile()
        sys.setprofile(self._look)
        threading.setprofile(self._look)
        return self

    def __exit__(self, *_):
        sys.setprofile(self._before)
        threading.setprofile(None)

    def _look(self, frame, event, _):
        if event != "call":
            return
        for entry in self._by_code.get(frame.f_code, ()):
            if entry.owner is None and entry.kind != "class":
                self.seen.add(entry.name)
            else:
                self._look_at_owner(entry, frame)

    def _look_at_owner(self, entry, frame):
        owner = entry.object if entry.kind == "class" else entry.owner
        if entry.kind == "staticmethod":
            self.seen.add(entry.name)
            return
        first = frame.f_locals.get(frame.f_code.co_varnames[0])
        if issubclass(first if isinstance(first, type) else type(first), owner):
            self.seen.add(entry.name)


def pytest_configure(config):
    config.addinivalue_line("markers", "calls(*names): documented entries that the test calls for real")
    config.stash[CALLED] = set()
    importlib.import_module("eas_sqlite.backend")  # so that the base class knows its implementation


@pytest.fixture(autouse=True)
def _really_calls(request):
    """Fail a test that says that it calls an entry and does not run that entry's code."""
    entries = [ENTRIES[name] for marker in request.node.iter_markers("calls") for name in marker.args]
    watched = [entry for entry in entries if entry.codes()]
    with CallWatcher(watched) as watcher:
        yield
    missing = sorted({entry.name for entry in watched} - watcher.seen)
    assert not missing, f"these were not called: {missing}"
    request.node.stash[CALLED] = {entry.name for entry in entries}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.when == "call":
        item.stash[PASSED] = report.passed
    elif report.when == "teardown" and report.passed and item.stash.get(PASSED, False):
        item.config.stash[CALLED] |= item.stash.get(CALLED, set())
    return report


@pytest.fixture
def called_entries(request):
    """Names of the entries that tests before this one have called for real."""
    return request.config.stash[CALLED]
