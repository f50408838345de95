"""How a long-running worker or scheduler is: told in a small file of its host, and to systemd where it asks.

The file is read without the database, so that a service that only waits for its database counts as alive.
"""

from __future__ import annotations

import json
import os
import re
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from eas_framework.errors import SettingsError, UsageError
from eas_framework.process_tree import find_process, start_of

STARTING, READY, WAITING, DRAINING = "starting", "ready", "waiting", "draining"
BEAT_SECONDS = 2.0
SILENT_SECONDS = 60.0
"""A service that has not renewed its file for so long hangs."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True, kw_only=True)
class ServiceState:
    """What a service says of itself; `beat` in unix seconds, `pid_start` as of `start_of`."""

    kind: str
    name: str
    pid: int
    pid_start: float
    state: str
    detail: str
    beat: float

    def is_alive(self, *, now: float) -> bool:
        """Whether its process lives and has said so lately."""
        return now - self.beat <= SILENT_SECONDS and self.has_process

    @property
    def has_process(self) -> bool:
        """Whether the process that wrote the file is still there."""
        return find_process(self.pid, started=self.pid_start) is not None


class StateFile:
    """Keeps the file of one service; removed at the end of the with-block.

    Args:
        folder: The folder of this host's files (the setting ``local_data_path``).
        kind: ``worker`` or ``scheduler``.
        name: Tells services of a kind on one host apart; None takes the process id.

    Raises:
        UsageError: A name that is none, or that another living service has.
        SettingsError: The folder cannot be written to.
    """

    def __init__(self, folder: Path, kind: str, *, name: str | None = None) -> None:
        self._pid = os.getpid()
        self._kind, self._name = kind, checked_name(name) if name else str(self._pid)
        self._path = _folder(folder) / f"{kind}.{self._name}.json"
        self._last: tuple[str, str] = ("", "")
        self._next = 0.0
        other = _read(self._path)
        if other is not None and other.has_process:
            raise UsageError(
                f"a {kind} named {self._name!r} runs here already (process {other.pid}); "
                "give this one another --name"
            )

    def __enter__(self) -> Self:
        self.tell(STARTING)
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._path.unlink(missing_ok=True)

    def tell(self, state: str, detail: str = "") -> None:
        """Write what the service does, at once where it is new, else every few seconds."""
        now, said = time.monotonic(), (state, detail)
        if said == self._last and now < self._next:
            return
        is_new = state != self._last[0]
        self._last, self._next = said, now + BEAT_SECONDS
        self._write(state, detail)
        tell_systemd(state if is_new else "", detail)

    def _write(self, state: str, detail: str) -> None:
        now = ServiceState(
            kind=self._kind,
            name=self._name,
            pid=self._pid,
            pid_start=start_of(self._pid),
            state=state,
            detail=detail,
            beat=time.time(),
        )
        fresh = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_text(json.dumps(asdict(now)), encoding="utf-8")
            fresh.replace(self._path)
        except OSError as error:
            raise SettingsError(
                f"cannot write {self._path}: {error.strerror}; see local_data_path"
            ) from error


def list_services(folder: Path, kind: str, *, name: str | None = None) -> list[ServiceState]:
    """The services of a kind on this host; files of those that have died are removed."""
    return list(_living(folder, f"{kind}.{checked_name(name) if name else '*'}.json"))


def _living(folder: Path, pattern: str) -> Iterator[ServiceState]:
    for path in sorted(_folder(folder).glob(pattern)):
        found = _read(path)
        if found is not None and found.has_process:
            yield found
        else:
            path.unlink(missing_ok=True)


def checked_name(name: str) -> str:
    """The name, where it can be part of a file's name; `UsageError` otherwise."""
    if not _NAME.fullmatch(name):
        raise UsageError(f"the name {name!r} must be 1 to 64 letters, digits, - or _")
    return name


def _folder(folder: Path) -> Path:
    """Where the files lie: apart for each host, for a workspace that several hosts share."""
    return folder / "services" / socket.gethostname()


def _read(path: Path) -> ServiceState | None:
    """What the file says; None where there is none, or where it was not written by us."""
    try:
        return ServiceState(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


# ------------------------------------------------------------- systemd
def tell_systemd(state: str, detail: str, *, environment: Mapping[str, str] = os.environ) -> None:
    """Tell systemd, where it started us with ``Type=notify``, how the service is and that it lives."""
    address = environment.get("NOTIFY_SOCKET")
    if not address:
        return
    lines: dict[str, Any] = {"WATCHDOG": 1, "STATUS": detail or state} if detail or state else {"WATCHDOG": 1}
    if state == READY:
        lines["READY"] = 1
    elif state == DRAINING:
        lines["STOPPING"] = 1
    text = "\n".join(f"{name}={value}" for name, value in lines.items())
    where = f"\0{address[1:]}" if address.startswith("@") else address
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.sendto(text.encode(), where)
