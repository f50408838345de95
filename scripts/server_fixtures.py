"""pytest fixtures that give tests real servers, private to this run.

A server is the one that ``EAS_TEST_MYSQL_URL`` or ``EAS_TEST_AMQP_URL`` names; tests then make databases and
virtual names of their own on it. Otherwise one is started (`services`). Where that cannot be done, the tests
are skipped with the reason, or fail when ``CI`` is set. Fault tests always start servers of their own.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

import pytest
from services import SERVERS, Server, ServiceError, open_server

GIVEN = {name: os.environ.get(kind.variable) for name, kind in SERVERS.items()}
"""Read when this module is loaded: fixtures of tests clear the environment."""

MakeServer = Callable[[Path], Server]


class NewServer(Protocol):
    """Starts a private server of that name, or the one that a function makes for a folder."""

    def __call__(self, name: str, make: MakeServer | None = None) -> Server:
        """The server, which answers; the test is skipped, or fails, where it cannot be started."""


@dataclass(frozen=True)
class Address:
    """A server's host, port and login."""

    host: str
    port: int
    user: str
    password: str

    @classmethod
    def of(cls, url: str) -> Address:
        """From ``scheme://user:password@host:port``."""
        parts = urlsplit(url)
        if not parts.hostname or not parts.port:
            raise ValueError("the URL of a test server must look like scheme://user:password@host:port")
        return cls(parts.hostname, parts.port, unquote(parts.username or ""), unquote(parts.password or ""))


@pytest.fixture(scope="session")
def own_server() -> Iterator[NewServer]:
    """Starts private servers by name, for tests that kill them; all are stopped at the end."""
    with tempfile.TemporaryDirectory(prefix="eas_services_") as folder:
        started: list[Server] = []

        def start(name: str, make: MakeServer | None = None) -> Server:
            place = Path(folder) / secrets.token_hex(4)
            server = open_server(name, place) if make is None else make(place)
            try:
                server.start()
            except ServiceError as error:
                unavailable(str(error))
            started.append(server)
            return server

        yield start
        for server in started:
            server.stop()


def unavailable(reason: str) -> None:
    """Skip the test, or fail it where every test must run."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def mysql_address(own_server: NewServer) -> Address:
    """A MySQL or MariaDB server, with a user who may make databases."""
    return Address.of(GIVEN["mariadb"] or own_server("mariadb").url)


@pytest.fixture(scope="session")
def amqp_address(own_server: NewServer) -> Address:
    """A RabbitMQ broker."""
    return Address.of(GIVEN["rabbitmq"] or own_server("rabbitmq").url)


@pytest.fixture
def mysql_database(mysql_address: Address) -> Iterator[str]:
    """The name of a database that does not exist yet and is dropped at the end."""
    import pymysql  # late: only these tests need it

    name = f"eas_test_{secrets.token_hex(6)}"
    yield name
    connection = pymysql.connect(
        host=mysql_address.host,
        port=mysql_address.port,
        user=mysql_address.user,
        password=mysql_address.password,
        autocommit=True,
    )
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS `{name}`")
    connection.close()


@pytest.fixture
def mysql_settings(mysql_address: Address, mysql_database: str) -> dict[str, str]:
    """Settings that lead to a private database of the server."""
    return {
        "db_engine": "mysql",
        "db_host": mysql_address.host,
        "db_port": str(mysql_address.port),
        "db_user": mysql_address.user,
        "db_password": mysql_address.password,
        "db_database": mysql_database,
    }


@pytest.fixture
def amqp_settings(amqp_address: Address) -> dict[str, str]:
    """Settings that lead to private queues of the broker."""
    return {
        "queue_implementation": "amqp",
        "mq_host": amqp_address.host,
        "mq_port": str(amqp_address.port),
        "mq_user": amqp_address.user,
        "mq_password": amqp_address.password,
        "mq_namespace": f"eas_test_{secrets.token_hex(6)}",
    }
