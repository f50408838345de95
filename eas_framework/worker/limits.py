"""Limits of a running task: threads, time, memory."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass

import psutil

from eas_framework.plugins.task import Resources

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
_GIGABYTE = 1e9


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a running task may take; None is no limit."""

    time_s: float | None = None
    memory_gb: float | None = None


def machine_resources() -> Resources:
    """The cores that this process may use, and the machine's memory."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Resources(cpu=float(cores), gpu=0.0, memory_gb=psutil.virtual_memory().total / _GIGABYTE)


def capped(wanted: Resources, machine: Resources, *, executors: int) -> Resources:
    """The share of the machine that one executor gives to a task, never more than the task wants.

    Args:
        wanted: What the task type asks for.
        machine: What there is.
        executors: Among how many executors it is shared.
    """
    return Resources(
        cpu=max(1.0, min(wanted.cpu, machine.cpu // executors)),
        gpu=wanted.gpu,
        memory_gb=min(wanted.memory_gb, machine.memory_gb / executors),
    )


def thread_environment(threads: int = 1) -> Mapping[str, str]:
    """Variables that keep numerical libraries to so many threads, set before those are imported."""
    return dict.fromkeys(THREAD_VARIABLES, str(threads))


def apply_thread_limit(threads: int) -> None:
    """Keep compiled kernels of this process to so many threads, where numba is in use."""
    numba = sys.modules.get("numba")
    if numba is not None:
        numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))


def memory_in_use_gb(process_id: int) -> float:
    """Memory of a process and of all its children in GB; 0 for one that is gone."""
    try:
        process = psutil.Process(process_id)
        family = [process, *process.children(recursive=True)]
        return sum(member.memory_info().rss for member in family) / _GIGABYTE
    except psutil.NoSuchProcess:
        return 0.0
