"""One executor as its supervisor sees it: process, channel, what it is doing, what it has printed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eas_framework.process_tree import kill_tree
from eas_framework.task_database.attempts import Claim
from eas_framework.task_objects import AttemptId, TaskId
from eas_framework.worker.kernel_cache import cache_environment
from eas_framework.worker.limits import Limits, thread_environment
from eas_framework.worker.messages import Channel, Message

_SHOWN_OUTPUT_BYTES = 4000
_LAST_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True)
class Work:
    """The attempt that an executor is doing, since when (monotonic seconds), and its limits."""

    claim: Claim
    task_id: TaskId
    task_type: str
    since: float
    limits: Limits


def executor_environment() -> Mapping[str, str]:
    """Variables of an executor: few threads, and where it finds compiled kernels."""
    return {**os.environ, **thread_environment(), **cache_environment()}


class Child:
    """A started executor; what it prints goes to a file, of which the end is kept when it dies."""

    def __init__(self, order: Mapping[str, Any]) -> None:
        ours, theirs = socket.socketpair()
        self.channel = Channel(ours)
        self.work: Work | None = None
        self.is_ready = False
        self.end_reason: str | None = None
        self.executor_id = str(order["executor_id"])
        self._output = tempfile.NamedTemporaryFile(prefix="eas_executor_")  # noqa: SIM115 - closed by close()
        self.process = subprocess.Popen(  # noqa: S603 - our own module, no shell
            # -P: no file of the current folder stands in for a module.
            [sys.executable, "-P", "-m", "eas_framework.worker.executor", str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            pass_fds=[theirs.fileno()],
            env=executor_environment(),
        )
        theirs.close()
        self.channel.send(**order)

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone."""
        return self.process.poll() is not None

    def take_messages(self) -> list[Message]:
        """What the executor has said, after noting what it is doing."""
        messages = self.channel.receive()
        for message in messages:
            if message["event"] == "ready":
                self.is_ready = True
            elif message["event"] == "started":
                self.work = self._work(message)
            elif message["event"] == "finished":
                self.work = None
        return messages

    def _work(self, message: Message) -> Work:
        claim = Claim(
            attempt_id=AttemptId(message["attempt_id"]), token=message["token"], worker_id=self.executor_id
        )
        return Work(
            claim=claim,
            task_id=TaskId(message["task_id"]),
            task_type=message["task_type"],
            since=time.monotonic(),
            limits=Limits(time_s=message["time_s"], memory_gb=message["memory_gb"]),
        )

    def kill(self, reason: str) -> None:
        """End the process and all that it started at once; the reason is what its attempt will say."""
        self.end_reason = self.end_reason or reason
        kill_tree(self.process.pid)

    def death(self) -> str:
        """How the process ended, with the last it printed; one that closed its channel must end soon."""
        try:
            code = self.process.wait(timeout=_LAST_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        ended = f"was killed by signal {-code}" if code < 0 else f"exited with status {code}"
        how = self.end_reason or f"the executor {ended}"
        printed = self._last_output()
        return f"{how}; it had printed:\n{printed}" if printed else how

    def close(self) -> None:
        """Release the channel and the file of the output."""
        self.channel.close()
        self._output.close()

    def _last_output(self) -> str:
        path = Path(self._output.name)
        try:
            with path.open("rb") as stream:
                stream.seek(max(0, path.stat().st_size - _SHOWN_OUTPUT_BYTES))
                return stream.read().decode(errors="replace").strip()
        except OSError:
            return ""
