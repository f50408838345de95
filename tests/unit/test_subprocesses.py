"""Other programs run by task code: no shell, a time limit for all that they start, bounded output."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from eas_framework.errors import TaskFailed, UsageError
from eas_framework.process_tree import MARK_VARIABLE, kill_group
from eas_framework.task_execution import call_subprocess_and_catch_stdout, call_subprocess_and_log_output

LONG = 600  # seconds that a program would sleep; all limits here are far below
STARTS_OTHERS = """
import os, subprocess, sys
sleeper = [sys.executable, "-c", "import time; time.sleep(600)"]
below = subprocess.Popen(sleeper)
apart = subprocess.Popen(sleeper, start_new_session=True)
if not (first := os.fork()):  # a daemon: in a session of its own, and without a parent that knows of it
    os.setsid()
    if not (daemon := os.fork()):
        os.execv(sys.executable, sleeper)
    print(daemon, flush=True)
    os._exit(0)
os.waitpid(first, 0)
print(below.pid, apart.pid, flush=True)
below.wait()
"""


def python(code):
    return [sys.executable, "-c", code]


def test_standard_output_is_given_back_as_bytes():
    assert call_subprocess_and_catch_stdout(python("print('2\\n3')")) == (True, b"2\n3\n")


def test_d65_bytes_that_are_no_text_come_back_and_are_logged_as_escapes(caplog):
    code = "import sys; sys.stdout.buffer.write(b'\\xff\\x00'); sys.stderr.buffer.write(b'\\xfe bad')"
    assert call_subprocess_and_catch_stdout(python(code)) == (True, b"\xff\x00")
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "\\xfe bad" in record.getMessage()


def test_a_failure_is_an_error_in_the_log_and_false(caplog):
    assert call_subprocess_and_catch_stdout(python("print(1); exit(3)")) == (False, b"1\n")
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "status 3" in caplog.text


def test_a_program_that_a_signal_ends_has_failed(caplog):
    assert not call_subprocess_and_log_output(python("import os; os.kill(os.getpid(), 9)"))
    assert "signal 9" in caplog.text


def test_output_is_printed_and_undecodable_bytes_are_escapes(capfd):
    code = "import sys; sys.stdout.buffer.write('ü→'.encode() + b'\\xff end')"
    assert call_subprocess_and_log_output(python(code))
    assert capfd.readouterr().out == "ü→\\xff end"


def test_no_shell_reads_the_words_unless_one_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert call_subprocess_and_catch_stdout(["echo", "$HOME; touch x"]) == (True, b"$HOME; touch x\n")
    assert call_subprocess_and_catch_stdout("echo 'a b' | c") == (True, b"a b | c\n")
    assert list(tmp_path.iterdir()) == []
    assert call_subprocess_and_catch_stdout("printf 'b\\na\\n' | sort", True) == (True, b"a\nb\n")


def test_d65_a_list_for_a_shell_is_refused_rather_than_cut_to_its_first_word():
    with pytest.raises(UsageError, match="one text"):
        call_subprocess_and_catch_stdout(["echo", "a"], True)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        (["no-such-program-at-all"], TaskFailed, "No such file"),
        ([], UsageError, "no program"),
        ("", UsageError, "no"),
    ],
)
def test_a_program_that_cannot_be_started_is_named(arguments, error, text):
    with pytest.raises(error, match=text):
        call_subprocess_and_log_output(arguments)


def test_paths_may_stand_among_the_arguments(tmp_path):
    (tmp_path / "a").write_text("here")
    assert call_subprocess_and_catch_stdout(["cat", tmp_path / "a"]) == (True, b"here")


def test_standard_input_is_empty():
    assert call_subprocess_and_catch_stdout(["cat"]) == (True, b"")


def test_at_the_limit_a_program_is_killed(caplog):
    before = set(psutil.Process().children(recursive=True))
    assert call_subprocess_and_catch_stdout(["sleep", "600"], time_limit_s=0.2) == (False, b"")
    assert "took more than 0.2 s" in caplog.text
    assert set(psutil.Process().children(recursive=True)) <= before


def test_all_that_a_program_started_is_found_and_killed():
    mark = "of test_all_that_a_program_started"
    program = subprocess.Popen(
        python(STARTS_OTHERS),
        stdout=subprocess.PIPE,
        start_new_session=True,
        env={**os.environ, MARK_VARIABLE: mark},
    )
    pids = [int(word) for line in (program.stdout.readline() for _ in range(2)) for word in line.split()]
    assert len(pids) == 3
    started = [psutil.Process(pid) for pid in pids]
    kill_group(program.pid, mark=mark)
    program.communicate(timeout=60)  # ends when all who share its output have closed it
    _, alive = psutil.wait_procs(started, timeout=60)
    assert not alive


def is_alive(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_program_that_writes_without_end_is_ended_and_does_not_fill_the_memory(caplog):
    before = psutil.Process().memory_info().rss
    is_good, printed = call_subprocess_and_catch_stdout(["yes"], max_output_bytes=10_000)
    assert (is_good, len(printed)) == (False, 10_000)
    assert "more than 10000 bytes" in caplog.text
    assert psutil.Process().memory_info().rss - before < 50e6


def test_a_long_standard_error_keeps_its_end(caplog):
    code = "import sys; sys.stderr.write('x' * 5_000_000 + ' the end')"
    assert call_subprocess_and_log_output(python(code))
    assert caplog.records[0].getMessage().endswith("the end")
    assert len(caplog.records[0].getMessage()) < 4096


def test_an_interrupted_caller_leaves_nothing_running(monkeypatch):
    class Stop(Exception):
        pass

    class Closed:
        def write(self, text):
            self.pid = int(text)
            raise Stop

    closed = Closed()
    monkeypatch.setattr(sys, "stdout", closed)
    with pytest.raises(Stop):
        call_subprocess_and_log_output(
            python(f"import os, time; print(os.getpid(), flush=True); time.sleep({LONG})")
        )
    assert not is_alive(closed.pid)


def test_the_environment_and_folder_are_those_of_the_caller(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OF_THE_CALLER", "1")
    _, printed = call_subprocess_and_catch_stdout(
        python("import os; print(os.environ['OF_THE_CALLER'], os.getcwd())")
    )
    assert printed.split() == [b"1", os.fsencode(Path.cwd())]
