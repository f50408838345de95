"""The pairs of database and queue that `bench_engine` measures: servers, settings, marks."""

from __future__ import annotations

import resource
import secrets
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from services import SERVERS, ServiceError, open_server

SERVER_OF = {"mysql": "mariadb", "amqp": "rabbitmq"}


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A database and a queue, by their settings, and the most milliseconds that a task may cost."""

    database: str
    queue: str
    mark_ms: float

    @property
    def name(self) -> str:
        """Such as ``mysql-amqp``."""
        return f"{self.database}-{self.queue}"


PAIRS = {
    pair.name: pair
    for pair in (
        Pair(database="sqlite3", queue="sql", mark_ms=4.0),
        Pair(database="sqlite3", queue="amqp", mark_ms=6.0),
        Pair(database="mysql", queue="sql", mark_ms=5.0),
        Pair(database="mysql", queue="amqp", mark_ms=6.0),
    )
}


@contextmanager
def private_servers(pairs: Sequence[Pair]) -> Iterator[Mapping[str, str]]:
    """The URL of each server that the pairs need, by the setting's value; gone when the block ends."""
    wanted = {SERVER_OF[part] for pair in pairs for part in (pair.database, pair.queue) if part in SERVER_OF}
    with tempfile.TemporaryDirectory(prefix="eas_bench_servers_") as folder:
        started = [open_server(name, Path(folder)) for name in SERVERS if name in wanted]
        try:
            for server in started:
                server.start()
            urls = {server.name: server.url for server in started}
            yield {part: urls[name] for part, name in SERVER_OF.items() if name in urls}
        except ServiceError as error:
            sys.exit(str(error))
        finally:
            for server in started:
                server.stop()


def settings_of(pair: Pair, urls: Mapping[str, str]) -> dict[str, str]:
    """Settings that lead to a new database, and to queues of its own."""
    settings = {"db_engine": pair.database, "queue_implementation": pair.queue}
    for part, prefix in (("mysql", "db"), ("amqp", "mq")):
        if part in (pair.database, pair.queue):
            url = urlsplit(urls[part])
            settings |= {
                f"{prefix}_host": str(url.hostname),
                f"{prefix}_port": str(url.port),
                f"{prefix}_user": str(url.username),
                f"{prefix}_password": str(url.password),
            }
    if pair.database == "mysql":
        settings["db_database"] = f"eas_bench_{secrets.token_hex(4)}"
    return settings


def cpu_seconds() -> float:
    """CPU time of this process and of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)
