"""Private database server and message broker for tests: own folder, free ports, gone without a trace.

    scripts/services start [--folder DIR] [mariadb] [rabbitmq]
    scripts/services stop DIR

`start` prints lines ``NAME=value`` for the environment: the servers' URLs, and the folder that `stop` wants.
What is missing is installed from the Debian packages when that is possible (as root), and said so on standard
error. No other server of the machine is used or touched.
"""

from __future__ import annotations

import argparse
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

START_SECONDS = 240.0
STOP_SECONDS = 30.0
PORT_TRIES = 100
PACKAGES = {"mariadb": "mariadb-server", "rabbitmq": "rabbitmq-server"}
RABBITMQ_FOLDERS = ("/usr/lib/rabbitmq/bin", "/opt/rabbitmq/sbin", "/usr/local/sbin")


class ServiceError(Exception):
    """A server that cannot be installed or started; says what its log says."""


# ------------------------------------------------------------- programs
def find_program(name: str, folders: Sequence[str] = ()) -> str | None:
    """The path of an installed program, also of one that only root has on the path."""
    return shutil.which(
        name, path=os.pathsep.join([*folders, os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    )


def require_program(name: str, package: str, folders: Sequence[str] = ()) -> str:
    """The path of a program; its Debian package is installed where it is missing and we are root."""
    found = find_program(name, folders)
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        say(f"{name} is missing: installing the Debian package {package}")
        _install(package)
        found = find_program(name, folders)
    if found is None:
        raise ServiceError(f"{name} is not installed; install the package {package}")
    return found


def _install(package: str) -> None:
    """Install a package without letting it start its server."""
    guard = Path("/usr/sbin/policy-rc.d")
    made = not guard.exists()
    if made:
        guard.write_text("#!/bin/sh\nexit 101\n")
        guard.chmod(0o755)
    try:
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], check=True, env=quiet, stdout=subprocess.DEVNULL)
        subprocess.run(
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", package],
            check=True,
            env=quiet,
            stdout=subprocess.DEVNULL,
        )
    except subprocess.CalledProcessError as error:
        raise ServiceError(f"the Debian package {package} could not be installed: {error}") from error
    finally:
        if made:
            guard.unlink(missing_ok=True)


def say(text: str) -> None:
    """Tell the person what is done."""
    print(f"services: {text}", file=sys.stderr, flush=True)


# ------------------------------------------------------------- servers
class Server:
    """A server process in a folder of its own. `kill` is SIGKILL; `start` brings it back with its data."""

    name = ""
    variable = ""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = _remembered(folder / "port", lambda: str(free_port()))
        self.password = _remembered(folder / "password", lambda: secrets.token_hex(12))

    @property
    def url(self) -> str:
        """How to connect to it."""
        raise NotImplementedError

    @property
    def pid_file(self) -> Path:
        """Where the number of its process stands."""
        return self.folder / "pid"

    @property
    def log_file(self) -> Path:
        """What it has to say."""
        return self.folder / "log"

    def command(self) -> tuple[list[str], dict[str, str]]:
        """The program with its arguments, and the variables it needs."""
        raise NotImplementedError

    def prepare(self) -> None:
        """Make the data folder where there is none."""

    def answers(self) -> bool:
        """Whether it can be used."""
        raise NotImplementedError

    def start(self) -> None:
        """Start the server on the data that it has, and wait until it answers."""
        self.prepare()
        arguments, variables = self.command()
        with self.log_file.open("ab") as log:
            process = subprocess.Popen(
                arguments,
                env={**os.environ, **variables},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd=self.folder,
            )
        self.pid_file.write_text(str(process.pid))
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            if process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise ServiceError(f"{self.name} did not start; its log ends:\n{self.last_words()}")
            time.sleep(0.1)

    def kill(self) -> None:
        """End it as a crash would, without a chance to tidy up."""
        self._signal(signal.SIGKILL)

    def stop(self) -> None:
        """End it in an orderly way, and by force when that takes too long."""
        self._signal(signal.SIGTERM)
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        """Send a signal to the server's process group, and wait until the group is gone."""
        group = int(self.pid_file.read_text()) if self.pid_file.exists() else 0
        if group <= 1:
            return
        try:
            os.killpg(group, number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + STOP_SECONDS
        while _group_lives(group) and time.monotonic() < deadline:
            time.sleep(0.05)

    def last_words(self) -> str:
        """The end of the log."""
        return self.log_file.read_text(errors="replace")[-3000:] if self.log_file.exists() else ""


class MariaDb(Server):
    """A MariaDB server, every commit on disk; the user root has a password of its own."""

    name = "mariadb"
    variable = "EAS_TEST_MYSQL_URL"

    @property
    def url(self) -> str:
        """``mysql://root:PASSWORD@127.0.0.1:PORT``."""
        return f"mysql://root:{self.password}@127.0.0.1:{self.port}"

    def prepare(self) -> None:
        """Make the system tables, once."""
        if (self.folder / "data" / "mysql").exists():
            return
        maker = require_program("mariadb-install-db", PACKAGES[self.name])
        first = self.folder / "first.sql"
        first.write_text(
            f"ALTER USER root@localhost IDENTIFIED BY '{self.password}';\n"
            f"CREATE OR REPLACE USER 'root'@'127.0.0.1' IDENTIFIED BY '{self.password}';\n"
            "GRANT ALL PRIVILEGES ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION;\n"
        )
        done = subprocess.run(
            [maker, "--no-defaults", f"--datadir={self.folder / 'data'}", "--skip-test-db", *_as_user(),
             "--auth-root-authentication-method=normal"],
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip
        first.chmod(0o600)
        if done.returncode != 0:
            raise ServiceError(f"mariadb-install-db failed: {done.stdout[-2000:]}{done.stderr[-2000:]}")

    def command(self) -> tuple[list[str], dict[str, str]]:
        """The server itself, without any configuration file of the machine."""
        server = require_program("mariadbd", PACKAGES[self.name])
        return [
            server,
            "--no-defaults",
            f"--datadir={self.folder / 'data'}",
            f"--socket={self.folder / 'sock'}",
            f"--port={self.port}",
            "--bind-address=127.0.0.1",
            f"--pid-file={self.folder / 'data' / 'server.pid'}",
            f"--init-file={self.folder / 'first.sql'}",
            "--skip-log-bin",
            "--skip-name-resolve",
            "--innodb-buffer-pool-size=128M",
            "--innodb-flush-log-at-trx-commit=1",
            *_as_user(),
        ], {}

    def answers(self) -> bool:
        """Whether a login succeeds."""
        import pymysql  # late: only tests need it

        try:
            pymysql.connect(
                host="127.0.0.1", port=int(self.port), user="root", password=self.password, connect_timeout=2
            ).close()
        except (pymysql.err.Error, OSError):
            return False
        return True


class RabbitMq(Server):
    """A RabbitMQ broker as a node of its own, with a port mapper of its own."""

    name = "rabbitmq"
    variable = "EAS_TEST_AMQP_URL"

    def __init__(self, folder: Path, *, consumer_timeout_ms: int | None = None) -> None:
        super().__init__(folder)
        self.mapper_port = _remembered(folder / "mapper_port", lambda: str(free_port()))
        self.node_port = _remembered(folder / "node_port", lambda: str(free_port()))
        self.consumer_timeout_ms = consumer_timeout_ms

    @property
    def url(self) -> str:
        """``amqp://eas:PASSWORD@127.0.0.1:PORT``; the virtual host is the default one."""
        return f"amqp://eas:{self.password}@127.0.0.1:{self.port}"

    @property
    def node(self) -> str:
        """The name of the node."""
        return f"eas_{self.folder.name.replace('.', '_')}_{self.port}@localhost"

    def command(self) -> tuple[list[str], dict[str, str]]:
        """The broker, with all its files in our folder."""
        server = require_program("rabbitmq-server", PACKAGES[self.name], RABBITMQ_FOLDERS)
        lines = [
            f"listeners.tcp.default = 127.0.0.1:{self.port}",
            "default_user = eas",
            f"default_pass = {self.password}",
            "loopback_users.eas = true",
            "vm_memory_high_watermark.absolute = 2GB",
            "disk_free_limit.absolute = 50MB",
            "log.file.level = warning",
        ]
        if self.consumer_timeout_ms is not None:
            lines.append(f"consumer_timeout = {self.consumer_timeout_ms}")
        (self.folder / "rabbitmq.conf").write_text("\n".join(lines) + "\n")
        look = "" if self.consumer_timeout_ms is None else "{channel_tick_interval, 1000}"  # once a second
        (self.folder / "advanced.config").write_text(f"[{{rabbit, [{look}]}}].\n")
        (self.folder / "enabled_plugins").write_text("[].\n")
        return [server], {
            "HOME": str(self.folder),
            "RABBITMQ_NODENAME": self.node,
            "RABBITMQ_NODE_PORT": self.port,
            "RABBITMQ_DIST_PORT": self.node_port,
            "ERL_EPMD_PORT": self.mapper_port,
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder / "logs"),
            "RABBITMQ_PID_FILE": str(self.folder / "broker.pid"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(self.folder / "advanced.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_GENERATED_CONFIG_DIR": str(self.folder / "config"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+sbwt none +sbwtdcpu none +sbwtdio none",
        }

    def answers(self) -> bool:
        """Whether a login succeeds."""
        import pika  # late: only tests need it

        try:
            pika.BlockingConnection(pika.URLParameters(f"{self.url}/%2F?connection_attempts=1")).close()
        except (pika.exceptions.AMQPError, OSError):
            return False
        return True

    def stop(self) -> None:
        """End the broker, and the port mapper that it started."""
        super().stop()
        mapper = find_program("epmd")
        if mapper is not None:
            environment = {**os.environ, "ERL_EPMD_PORT": self.mapper_port}
            subprocess.run([mapper, "-kill"], env=environment, capture_output=True, check=False)

    def wipe(self) -> None:
        """Kill the broker and remove all that it had stored."""
        self.kill()
        shutil.rmtree(self.folder / "data", ignore_errors=True)


SERVERS: dict[str, type[Server]] = {"mariadb": MariaDb, "rabbitmq": RabbitMq}


def open_server(name: str, folder: Path) -> Server:
    """The server of that name whose files lie in the folder, started or not."""
    own = folder / name
    own.mkdir(parents=True, exist_ok=True)
    return SERVERS[name](own)


# ------------------------------------------------------------- helpers
def free_port() -> int:
    """A port of this host that nobody listens on, below those that the system gives to clients.

    A client that looks for a killed server on a port of that range may be given the port itself.
    """
    for _ in range(PORT_TRIES):
        port = 12_000 + secrets.randbelow(20_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise ServiceError("no port is free")


def _remembered(path: Path, make: Callable[[], str]) -> str:
    """The text of a small private file, made on first use."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(make())
    return path.read_text()


def _as_user() -> list[str]:
    """MariaDB wants to be told when it is meant to run as root."""
    return ["--user=root"] if os.geteuid() == 0 else []


def _group_lives(group: int) -> bool:
    try:
        while os.waitpid(-group, os.WNOHANG) != (0, 0):
            pass
    except ChildProcessError:
        pass
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


# ------------------------------------------------------------- command line
def main() -> int:
    """Start or stop servers."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    start = commands.add_parser("start")
    start.add_argument("--folder", type=Path, help="where their files lie (default: a new temporary folder)")
    start.add_argument("servers", nargs="*", choices=[[], *SERVERS], help="which (default: both)")
    stop = commands.add_parser("stop")
    stop.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    try:
        if arguments.command == "start":
            _start(arguments.folder, arguments.servers or list(SERVERS))
        else:
            _stop(arguments.folder)
    except ServiceError as error:
        say(str(error))
        return 3
    return 0


def _start(folder: Path | None, names: Sequence[str]) -> None:
    place = (folder or Path(tempfile.mkdtemp(prefix="eas_services_"))).absolute()
    for name in names:
        server = open_server(name, place)
        server.start()
        say(f"{name} runs on port {server.port}; its files are in {server.folder}")
        print(f"{server.variable}={server.url}")
    print(f"EAS_TEST_SERVICES={place}")


def _stop(folder: Path) -> None:
    for name in SERVERS:
        if (folder / name).is_dir():
            open_server(name, folder).stop()
            say(f"{name} is stopped")
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
