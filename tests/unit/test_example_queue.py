"""The queue backend to copy keeps the contract of queues, and each of its broken copies does not."""

import os
import subprocess
import sys

import pytest
from source_code import ROOT

pytestmark = pytest.mark.slow
FOLDER = ROOT / "examples" / "eas_memory_queue"


def test_the_tests_of_the_queue_to_copy_pass_without_installing_it():
    command = [sys.executable, "-m", "pytest", str(FOLDER / "tests"), "-p", "no:cacheprovider"]
    done = subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": str(FOLDER)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
