"""Other programs, run by task code: without a shell, within a time limit, with bounded output."""

from __future__ import annotations

import codecs
import logging
import os
import secrets
import selectors
import shlex
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from os import PathLike, fspath
from typing import Protocol

from eas_framework.errors import TaskFailed, UsageError
from eas_framework.process_tree import MARK_VARIABLE, kill_group

log = logging.getLogger(__name__)

SHELL = "/bin/sh"
CHUNK_BYTES = 1 << 16
MAX_OUTPUT_BYTES = 1 << 26
"""Standard output that is given back: 64 MiB, unless the caller asks for another bound."""
KEPT_ERROR_BYTES = 3000
"""The end of standard error that goes to the log."""


def call_subprocess_and_catch_stdout(
    arguments: str | Iterable[str | PathLike[str]],
    shell: bool | None = None,
    *,
    time_limit_s: float | None = None,
    max_output_bytes: int = MAX_OUTPUT_BYTES,
) -> tuple[bool, bytes]:
    """Run a program, and give back what it wrote to standard output.

    A failure is logged as an error, and text on standard error as a warning, undecodable bytes as escapes.

    Args:
        arguments: The program and its arguments, one item each; a text is split into words first.
        shell: Let ``/bin/sh`` interpret `arguments`, which then is one text.
        time_limit_s: Wall-clock seconds; at its end the program and all that it started are killed.
        max_output_bytes: A program that writes more is killed.

    Returns:
        Whether it ended by itself with status 0, and its standard output.

    Raises:
        UsageError: No program is named, or a list is given to a shell (a ValueError).
        TaskFailed: The program cannot be started.
    """
    kept = _Kept(max_output_bytes)
    is_good = _run(arguments, in_shell=shell, output=kept, time_limit_s=time_limit_s)
    return is_good, bytes(kept.data)


def call_subprocess_and_log_output(
    arguments: str | Iterable[str | PathLike[str]],
    shell: bool | None = None,
    *,
    time_limit_s: float | None = None,
) -> bool:
    """Run a program, and print what it writes to standard output while it does.

    What a task prints goes into the log of its attempt. All else is as in `call_subprocess_and_catch_stdout`.

    Returns:
        Whether it ended by itself with status 0.
    """
    return _run(arguments, in_shell=shell, output=_Printed(), time_limit_s=time_limit_s)


# ------------------------------------------------------------- where output goes
class OutputTooLong(Exception):
    """A program writes more than its caller takes."""


class _Sink(Protocol):
    def take(self, chunk: bytes) -> None: ...


class _Kept:
    """Keeps everything, up to a bound."""

    def __init__(self, max_bytes: int) -> None:
        self.data, self._max_bytes = bytearray(), max_bytes

    def take(self, chunk: bytes) -> None:
        self.data += chunk[: self._max_bytes - len(self.data) + 1]
        if len(self.data) > self._max_bytes:
            del self.data[self._max_bytes :]
            raise OutputTooLong(f"wrote more than {self._max_bytes} bytes to standard output")


class _Tail:
    """Keeps the end."""

    def __init__(self) -> None:
        self._data, self._left_out = b"", 0

    def take(self, chunk: bytes) -> None:
        data = self._data + chunk
        self._data = data[-KEPT_ERROR_BYTES:]
        self._left_out += len(data) - len(self._data)

    def text(self) -> str:
        shown = self._data.decode("utf-8", "backslashreplace").strip()
        return f"({self._left_out} bytes left out) {shown}" if self._left_out else shown


class _Printed:
    """Prints everything at once."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")

    def take(self, chunk: bytes) -> None:
        sys.stdout.write(self._decoder.decode(chunk, final=not chunk))
        sys.stdout.flush()


# ------------------------------------------------------------- running
def _run(
    arguments: str | Iterable[str | PathLike[str]],
    *,
    in_shell: bool | None,
    output: _Sink,
    time_limit_s: float | None,
) -> bool:
    words, errors = _words(arguments, in_shell=in_shell), _Tail()
    fault = _fault_of(words, output, errors, time_limit_s)
    if errors.text():
        log.warning("%s: standard error: %s", words[0], errors.text())
    if fault is not None:
        log.error("%s %s: %s", words[0], fault, shlex.join(words))
    return fault is None


def _fault_of(words: list[str], output: _Sink, errors: _Sink, time_limit_s: float | None) -> str | None:
    """Run a program to its end, or kill all of it; what went wrong, or None."""
    mark = secrets.token_hex(8)
    deadline = None if time_limit_s is None else time.monotonic() + time_limit_s
    with _start(words, mark) as process:
        try:
            _follow(process, output, errors, deadline)
            status = process.wait(_remaining(deadline))
        except subprocess.TimeoutExpired:
            return f"took more than {time_limit_s:g} s and was killed"
        except OutputTooLong as error:
            return f"{error} and was killed"
        finally:
            if process.returncode is None:
                kill_group(process.pid, mark=mark)
    if status == 0:
        return None
    return f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"


def _words(arguments: str | Iterable[str | PathLike[str]], *, in_shell: bool | None) -> list[str]:
    """The program and its arguments."""
    if in_shell:
        if not isinstance(arguments, str):
            raise UsageError("a shell takes one text, such as 'sort < a | uniq'; leave shell out for a list")
        return [SHELL, "-c", arguments]
    words = shlex.split(arguments) if isinstance(arguments, str) else [fspath(word) for word in arguments]
    if not words:
        raise UsageError("no program is named")
    return words


def _start(words: list[str], mark: str) -> subprocess.Popen[bytes]:
    """The started program, leader of a group of its own."""
    environment: Mapping[str, str] = {**os.environ, MARK_VARIABLE: mark}
    try:
        return subprocess.Popen(  # noqa: S603 - what the task's code asks for; no shell unless it says so
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env=environment,
        )
    except OSError as error:
        raise TaskFailed(f"the program {words[0]!r} cannot be started: {error.strerror}") from error


def _follow(process: subprocess.Popen[bytes], output: _Sink, errors: _Sink, deadline: float | None) -> None:
    """Take what the program writes, until it and all that share its output have closed it.

    Raises:
        TimeoutExpired: The deadline came first.
        OutputTooLong: There is too much of it.
    """
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ, output)  # type: ignore[arg-type] # pipes were asked for
        selector.register(process.stderr, selectors.EVENT_READ, errors)  # type: ignore[arg-type] # as above
        while selector.get_map():
            _take_what_came(selector, deadline)
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(process.args, 0.0)


def _take_what_came(selector: selectors.BaseSelector, deadline: float | None) -> None:
    """Wait for output, hand on what there is of each kind, and forget what was closed."""
    for key, _ in selector.select(_remaining(deadline)):
        chunk = os.read(key.fd, CHUNK_BYTES)
        key.data.take(chunk)
        if not chunk:
            selector.unregister(key.fileobj)


def _remaining(deadline: float | None) -> float | None:
    return None if deadline is None else max(0.0, deadline - time.monotonic())
