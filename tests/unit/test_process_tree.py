"""Knowing a process again."""

import os
import subprocess
import sys

import psutil
import pytest

from eas_framework.process_tree import find_process, start_of


def test_a_process_is_known_by_its_number_and_start():
    found = find_process(os.getpid(), started=start_of(os.getpid()))
    assert found is not None
    assert found.pid == os.getpid()
    assert (
        find_process(os.getpid(), started=start_of(os.getpid()) - 0.02) is None
    )  # its number was used again


def test_the_start_counts_from_that_of_the_machine_so_that_no_clock_moves_it():
    # wall clock of the start, rounded to whole seconds by the kernel's time of booting
    assert start_of(os.getpid()) == pytest.approx(psutil.Process().create_time() - psutil.boot_time(), abs=5)


def test_a_name_with_brackets_and_blanks_does_not_confuse(tmp_path):
    program = tmp_path / "a) b (c"
    program.symlink_to(sys.executable)
    with subprocess.Popen([program, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert start_of(process.pid) >= start_of(os.getpid())
        process.communicate(b"\n")


def test_one_that_has_ended_is_not_found():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        started = start_of(process.pid)
        assert find_process(process.pid, started=started) is not None
        process.communicate(b"\n")
    assert find_process(process.pid, started=started) is None
    with pytest.raises(psutil.NoSuchProcess):
        start_of(process.pid)
