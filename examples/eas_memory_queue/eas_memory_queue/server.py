"""The server: each line of a client is a JSON list, a word and its arguments; each answer is a line of JSON.

    eas-memory-queue [--host HOST] [--port PORT]

It has no password: let it listen where only those can reach it who may use it. What it holds is gone when it
ends; schedulers then announce again what waits.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import socketserver
from typing import Any

from eas_memory_queue.store import Loan, Store

PORT = 5673
LONGEST_LINE_BYTES = 1_000_000


class Conversation(socketserver.StreamRequestHandler):
    """One client. What it was lent and did not finish goes back when it leaves, however it leaves."""

    server: Server
    disable_nagle_algorithm = True

    def handle(self) -> None:
        """Answer line after line until the client leaves or speaks nonsense."""
        self._loans: dict[int, Loan] = {}
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            while line := self.rfile.readline(LONGEST_LINE_BYTES):
                word, *arguments = json.loads(line)
                answer = {
                    "put": self.server.store.put,
                    "count": self.server.store.count,
                    "clear": self.server.store.clear,
                    "lend": self._lend,
                    "finish": self._finish,
                    "give_back": self._give_back,
                }[word](*arguments)
                self.wfile.write(json.dumps(answer).encode() + b"\n")

    def finish(self) -> None:
        """Take back what the client held."""
        self._give_back()
        with contextlib.suppress(OSError):
            super().finish()

    def _lend(self, queues: list[str], wait_seconds: float) -> list[Any] | None:
        loan = self.server.store.lend(queues, wait_seconds)
        if loan is None:
            return None
        self._loans[loan.receipt] = loan
        return [loan.receipt, loan.queue, loan.item]

    def _finish(self, receipt: int) -> bool:
        return self._loans.pop(receipt, None) is not None

    def _give_back(self) -> int:
        loans, self._loans = list(self._loans.values()), {}
        return self.server.store.give_back(loans)


class Server(socketserver.ThreadingTCPServer):
    """Listens, and holds the queues."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, host: str, port: int) -> None:
        self.store = Store()
        super().__init__((host, port), Conversation)


def main() -> None:
    """Serve until interrupted; port 0 takes a free one. The first line printed says where it listens."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=PORT)
    asked = parser.parse_args()
    with Server(asked.host, asked.port) as server, contextlib.suppress(KeyboardInterrupt):
        print(f"listening on {server.server_address[0]}:{server.server_address[1]}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
