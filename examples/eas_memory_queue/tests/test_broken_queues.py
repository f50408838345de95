"""The kit finds each fault of `broken_queues.py`, by the tests that are about it and by no others."""

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from eas_framework.testing import TaskQueueContract

BROKEN = Path(__file__).with_name("broken_queues.py")
QUEUES = {kind.__name__: kind.found_by for kind in runpy.run_path(str(BROKEN))["BROKEN_QUEUES"]}
OPTIONS = ["--import-mode=importlib", "--tb=no", "-q", "-rfE", "-p", "no:cacheprovider", "-o", "addopts="]


@pytest.fixture(scope="module")
def found():
    """The tests that failed or ended in an error, by the name of the broken queue."""
    command = [sys.executable, "-m", "pytest", str(BROKEN), *OPTIONS]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    names = re.findall(r"^(?:FAILED|ERROR) \S+::Test(\w+)::(\w+)", done.stdout, re.MULTILINE)
    return {queue: {test for name, test in names if name == queue} for queue in QUEUES}


@pytest.mark.parametrize("queue", QUEUES)
def test_a_fault_is_found_by_the_tests_that_are_about_it(found, queue):
    assert found[queue] == QUEUES[queue]


def test_every_test_of_the_kit_can_fail():
    kit = {name for name in vars(TaskQueueContract) if name.startswith("test_")}
    assert set().union(*QUEUES.values()) == kit
