"""How long an attempt takes: wall clock, CPU, CPU with children."""

from __future__ import annotations

import os
import resource
import time
from typing import Self

from eas_framework.task_database import TaskDatabaseConnection
from eas_framework.task_database.attempts import RunTimes
from eas_framework.task_objects import AttemptId


class Stopwatch:
    """Measures from its making; nothing is stored."""

    def __init__(self) -> None:
        self._start = TaskTimer.measure_time()

    def read(self) -> RunTimes:
        """Seconds since the stopwatch was made, and the process's peak memory in GB."""
        now = TaskTimer.measure_time()
        peak_kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return RunTimes(
            wall_clock=now["wall_clock"] - self._start["wall_clock"],
            cpu=now["cpu"] - self._start["cpu"],
            cpu_inc_children=now["cpu_inc_children"] - self._start["cpu_inc_children"],
            max_memory_gb=peak_kilobytes / 2**20,
        )


class TaskTimer:
    """Records the run times of a block with an attempt, for task code of its own; not for quality control.

    The state of the attempt is not touched: claims and the end of an attempt move it.
    """

    def __init__(self, task_attempt_id: AttemptId, is_qc_task: bool) -> None:
        self.task_attempt_id = task_attempt_id
        self.is_qc_task = is_qc_task
        self.start_time: dict[str, float] | None = None
        self.end_time: dict[str, float] | None = None

    def __enter__(self) -> Self:
        self.start_time = self.measure_time()
        if not self.is_qc_task:
            with TaskDatabaseConnection() as database:
                now = self.start_time["wall_clock"]
                database.attempts.update_times(self.task_attempt_id, **_times(start=now, heartbeat=now))
        return self

    def __exit__(self, *_: object) -> None:
        self.end_time = self.measure_time()
        if self.is_qc_task or self.start_time is None:
            return
        spent = {key: self.end_time[key] - self.start_time[key] for key in self.end_time}
        with TaskDatabaseConnection() as database:
            database.attempts.update_times(
                self.task_attempt_id,
                **_times(
                    end=self.end_time["wall_clock"],
                    wall=spent["wall_clock"],
                    cpu=spent["cpu"],
                    cpu_children=spent["cpu_inc_children"],
                ),
            )

    @staticmethod
    def measure_time() -> dict[str, float]:
        """``wall_clock`` (unix seconds), ``cpu`` and ``cpu_inc_children`` (seconds of CPU so far)."""
        times = os.times()
        cpu = times.user + times.system
        return {
            "wall_clock": time.time(),
            "cpu": time.process_time(),
            "cpu_inc_children": cpu + times.children_user + times.children_system,
        }


def _times(**given: float) -> dict[str, float | None]:
    """All recorded times by name, None where nothing is given."""
    names = ("queued", "start", "heartbeat", "end", "wall", "cpu", "cpu_children")
    return {name: given.get(name) for name in names}
