"""A connection to the server, for one thread."""

from __future__ import annotations

import json
import socket
from typing import Any

from eas_framework.errors import QueueConnectionError

ANSWER_SECONDS = 10.0


class Client:
    """Asks the server and waits for its answer; whatever goes wrong is a `QueueConnectionError`."""

    def __init__(self, host: str, port: int) -> None:
        self._where = f"the memory queue {host}:{port}"
        try:
            self._socket = socket.create_connection((host, port), timeout=ANSWER_SECONDS)
        except OSError as error:
            raise QueueConnectionError(
                f"cannot connect to {self._where}: {error}; "
                f"start it with: eas-memory-queue --host {host} --port {port}"
            ) from error
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._lines = self._socket.makefile("rb")

    def ask(self, *request: Any, wait_seconds: float = 0.0) -> Any:
        """The answer to a word and its arguments.

        Args:
            request: What is sent.
            wait_seconds: How long the server itself may wait before it answers.
        """
        try:
            self._socket.settimeout(ANSWER_SECONDS + wait_seconds)
            self._socket.sendall(json.dumps(request).encode() + b"\n")
            line = self._lines.readline()
            if not line:
                raise ConnectionResetError("it has closed the connection")
            return json.loads(line)
        except (OSError, ValueError) as error:
            self.close()
            raise QueueConnectionError(f"{self._where} does not answer: {error}") from error

    def close(self) -> None:
        """End the connection; harmless twice."""
        self._lines.close()
        self._socket.close()
