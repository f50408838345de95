"""A TCP proxy for tests: hands bytes on until it is told to cut the line, or to swallow all that comes."""

from __future__ import annotations

import contextlib
import socket
import threading


class Proxy:
    """Stands between clients and a server.

    Attributes:
        port: Where clients connect to, on 127.0.0.1.
        cut_after: A word; once a client has sent it, the server's answer goes nowhere and both lines are cut.
    """

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self.cut_after: bytes | None = None
        self._is_cutting = self._refuses = False
        self._flows = threading.Event()
        self._flows.set()
        self._lines: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
                if self._refuses:
                    client.close()
                    continue
                server = socket.create_connection(self._server)
            except OSError:
                if self._listener.fileno() < 0:
                    return
                client.close()
                continue
            self._lines |= {client, server}
            for source, target in ((client, server), (server, client)):
                threading.Thread(
                    target=self._hand_on, args=(source, target, source is client), daemon=True
                ).start()

    def _hand_on(self, source: socket.socket, target: socket.socket, is_client: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                self._flows.wait()
                if is_client and self.cut_after and self.cut_after in data:
                    self.cut_after, self._is_cutting = None, True
                elif not is_client and self._is_cutting:
                    self._is_cutting = False  # the server has done it; its answer goes nowhere
                    break
                target.sendall(data)
        self._shut(source, target)

    def _shut(self, *ends: socket.socket) -> None:
        for end in ends:
            self._lines.discard(end)
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def cut(self) -> None:
        """Cut every line that is open; new ones can be opened."""
        self._shut(*list(self._lines))

    def refuse(self, refuses: bool) -> None:
        """Let nobody in, or everybody again."""
        self._refuses = refuses

    def swallow(self) -> None:
        """Hand nothing on any more, as a network that lost its route: lines stay open and silent."""
        self._flows.clear()

    def flow(self) -> None:
        """Hand on again, also what was held back."""
        self._flows.set()

    def close(self) -> None:
        """Take no more clients, and cut all lines."""
        self._listener.close()
        self.flow()
        self.cut()
