"""What supervisor and executor say to each other: one JSON object per message, over a pair of sockets."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from typing import Any

Message = Mapping[str, Any]
_CHUNK = 1 << 16


class Channel:
    """One end of the pair. Messages are lines; the end of the other side is seen at once."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._received = b""
        self._kept_back = b""
        self.is_closed = False

    def fileno(self) -> int:
        """For `select`."""
        return self._socket.fileno()

    def send(self, *, another_follows: bool = False, **message: Any) -> None:
        """Send a message; one that the other side is gone for is dropped.

        Args:
            another_follows: The next message follows at once and takes this one with it, so that the other
                side wakes up once for both.
            message: What to say.
        """
        self._kept_back += json.dumps(message).encode() + b"\n"
        if another_follows:
            return
        text, self._kept_back = self._kept_back, b""
        try:
            self._socket.sendall(text)
        except OSError:
            self.is_closed = True

    def receive(self) -> list[Message]:
        """The messages that have come, without waiting; notes the other side's end in `is_closed`."""
        self._read_all()
        *lines, self._received = self._received.split(b"\n")
        return [json.loads(line) for line in lines if line]

    def receive_one(self) -> Message | None:
        """The next message, or None; those behind it stay for `receive`."""
        self._read_all()
        line, end, rest = self._received.partition(b"\n")
        if not end:
            return None
        self._received = rest
        message: Message = json.loads(line)
        return message

    def _read_all(self) -> None:
        while True:
            try:
                piece = self._socket.recv(_CHUNK, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            except OSError:
                piece = b""
            if not piece:
                self.is_closed = True
                return
            self._received += piece

    def close(self) -> None:
        """Close this end."""
        self._socket.close()
        self.is_closed = True
