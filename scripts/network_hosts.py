"""Hosts for tests: network namespaces that see each other over one network, and servers that live in one.

Only root can make them, and only on Linux; they are gone at the end, with all that ran in them.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from services import RABBITMQ_FOLDERS, MariaDb, RabbitMq, Server, ServiceError, require_program

NETWORK = "10.77.0"


class Host:
    """A network namespace with one address and a host name of its own."""

    def __init__(self, namespace: str, name: str, address: str) -> None:
        self.namespace, self.name, self.address = namespace, name, address

    def command(self, words: Sequence[str | Path]) -> list[str]:
        """The command line that runs the words on this host."""
        renamed = ["unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"', self.name]
        return ["ip", "netns", "exec", self.namespace, *renamed, *map(str, words)]


class Network:
    """One host for servers, `server`, and two for workers, `workers`, on a network of their own.

    Raises:
        ServiceError: This user or this machine cannot make one; says why.
    """

    def __init__(self) -> None:
        if os.geteuid() != 0:
            raise ServiceError("network namespaces need root")
        require_program("ip", "iproute2")
        self._mark = f"eas{secrets.token_hex(3)}"
        self._made: list[str] = []
        try:
            self.server = self._host("servers", 1)
            self.workers = [self._host(f"worker-{number}", 1 + number) for number in (1, 2)]
            self._connect()
        except ServiceError:
            self.close()
            raise

    def _host(self, name: str, number: int) -> Host:
        namespace = f"{self._mark}{number}"
        _ip("netns", "add", namespace)
        self._made.append(namespace)
        _ip("-n", namespace, "link", "set", "lo", "up")
        return Host(namespace, name, f"{NETWORK}.{number}")

    def _connect(self) -> None:
        """A bridge on the servers' host, and a cable from it to each worker's."""
        home = self.server.namespace
        _ip("-n", home, "link", "add", "bridge0", "type", "bridge")
        _ip("-n", home, "addr", "add", f"{self.server.address}/24", "dev", "bridge0")
        _ip("-n", home, "link", "set", "bridge0", "up")
        for number, host in enumerate(self.workers):
            plug = f"port{number}"
            peer = ("peer", "name", "cable", "netns", host.namespace)
            _ip("-n", home, "link", "add", plug, "type", "veth", *peer)
            _ip("-n", home, "link", "set", plug, "master", "bridge0", "up")
            _ip("-n", host.namespace, "addr", "add", f"{host.address}/24", "dev", "cable")
            _ip("-n", host.namespace, "link", "set", "cable", "up")

    def close(self) -> None:
        """Take the hosts away; servers and workers must have ended."""
        for namespace in self._made:
            subprocess.run(["ip", "netns", "delete", namespace], capture_output=True, check=False)
        self._made.clear()


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ServiceError(f"this machine allows no network namespaces: {done.stderr.strip()}")


# ------------------------------------------------------------- servers on such a host
# They try for some seconds, since a process to try once costs more than the try.
MYSQL_LOGIN = """
def log_in(host, port, password):
    import pymysql
    pymysql.connect(host=host, port=port, user="root", password=password, connect_timeout=2).close()
"""
AMQP_LOGIN = """
def log_in(host, port, password):
    import pika
    login = pika.PlainCredentials("eas", password)
    pika.BlockingConnection(pika.ConnectionParameters(host, port, credentials=login)).close()
"""
_TRY_LOGIN = """
import contextlib, sys, time
host, port, password = sys.argv[1], int(sys.argv[2]), sys.stdin.read()
for _ in range(50):
    with contextlib.suppress(Exception):
        log_in(host, port, password)
        sys.exit(0)
    time.sleep(0.2)
sys.exit(1)
"""


def _answers(host: Host, login: str, server: Server) -> bool:
    """Whether a login from the host itself succeeds."""
    words = host.command([sys.executable, "-c", login + _TRY_LOGIN, host.address, server.port])
    done = subprocess.run(words, input=server.password, text=True, capture_output=True, check=False)
    return done.returncode == 0


class HostMariaDb(MariaDb):
    """A MariaDB server that listens on the address of its host."""

    def __init__(self, folder: Path, host: Host) -> None:
        super().__init__(folder)
        self._host = host

    def prepare(self) -> None:
        """As always, and the user root may come over the network."""
        super().prepare()
        first = self.folder / "first.sql"
        text = first.read_text()
        if "root@'%'" not in text:
            user = f"CREATE OR REPLACE USER root@'%' IDENTIFIED BY '{self.password}';\n"
            first.write_text(f"{text}{user}GRANT ALL PRIVILEGES ON *.* TO root@'%' WITH GRANT OPTION;\n")

    def command(self) -> tuple[list[str], dict[str, str]]:
        """The server on its host."""
        arguments, variables = super().command()
        arguments[arguments.index("--bind-address=127.0.0.1")] = f"--bind-address={self._host.address}"
        return self._host.command(arguments), variables

    def answers(self) -> bool:
        """Whether a login succeeds."""
        return _answers(self._host, MYSQL_LOGIN, self)


class HostRabbitMq(RabbitMq):
    """A RabbitMQ broker that listens on the address of its host."""

    def __init__(self, folder: Path, host: Host) -> None:
        super().__init__(folder)
        self._host = host

    def command(self) -> tuple[list[str], dict[str, str]]:
        """The broker on its host; its user may come over the network."""
        arguments, variables = super().command()
        path = self.folder / "rabbitmq.conf"
        text = path.read_text().replace(f"= 127.0.0.1:{self.port}", f"= {self._host.address}:{self.port}")
        path.write_text(text.replace("loopback_users.eas = true", "loopback_users.eas = false"))
        return self._host.command(arguments), variables

    def answers(self) -> bool:
        """Whether a login succeeds."""
        return _answers(self._host, AMQP_LOGIN, self)

    def stop(self) -> None:
        """End the broker, and the port mapper that it started on its host."""
        super().stop()
        mapper = require_program("epmd", "erlang-base", RABBITMQ_FOLDERS)
        environment = {**os.environ, "ERL_EPMD_PORT": self.mapper_port}
        command = self._host.command([mapper, "-kill"])
        subprocess.run(command, env=environment, capture_output=True, check=False)


SERVERS_OF_A_HOST: dict[str, type[HostMariaDb] | type[HostRabbitMq]] = {
    "mariadb": HostMariaDb,
    "rabbitmq": HostRabbitMq,
}


def server_on(host: Host, name: str, folder: Path) -> Server:
    """The server of that name on that host."""
    folder.mkdir(parents=True, exist_ok=True)
    return SERVERS_OF_A_HOST[name](folder, host)
