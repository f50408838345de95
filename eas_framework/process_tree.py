"""Knowing a process again, and ending one with all that it started."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil

MARK_VARIABLE = "COMMAND_MARK_OF_EAS"
"""Environment variable by which the offspring of a command is found, also what left its group and parent."""
_START_FIELD = 19  # of /proc/PID/stat, counted from the one after the name: proc(5), field 22
_TOLERANCE_SECONDS = 0.005  # half a tick; the database keeps doubles


def start_of(process_id: int) -> float:
    """When a process began, in seconds since the machine was started: no setting of the clock changes it.

    Raises:
        psutil.NoSuchProcess: There is none.
    """
    try:
        fields = Path(f"/proc/{process_id}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:  # gone, or a system without such files
        return psutil.Process(process_id).create_time()
    return int(fields.rpartition(")")[2].split()[_START_FIELD]) / os.sysconf("SC_CLK_TCK")


def find_process(process_id: int, *, started: float) -> psutil.Process | None:
    """The process of that number if it is the one that began then (see `start_of`) and has not ended."""
    try:
        process = psutil.Process(process_id)
        is_same = abs(start_of(process_id) - started) < _TOLERANCE_SECONDS
        return process if is_same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.NoSuchProcess:
        return None


def kill_tree(process_id: int) -> None:
    """Kill a process and everything below it; harmless for one that is gone."""
    try:
        process = psutil.Process(process_id)
    except psutil.NoSuchProcess:
        return
    _kill([process, *_below(process)])


def kill_group(process_id: int, *, mark: str) -> None:
    """Kill the leader of a process group, its group, all below it, and all that carry its mark.

    Args:
        process_id: The leader, whose id is that of its group.
        mark: Value of `MARK_VARIABLE` with which it was started.
    """
    kill_tree(process_id)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process_id, signal.SIGKILL)
    _kill(process for process in psutil.process_iter() if _mark_of(process) == mark)


def _below(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


def _mark_of(process: psutil.Process) -> str | None:
    try:
        return process.environ().get(MARK_VARIABLE)
    except (psutil.Error, OSError):
        return None


def _kill(processes: Iterable[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.Error):
            process.kill()
