"""`Configuration`: every setting with its type, default and meaning. This is the one list of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eas_framework.errors import SettingsError
from eas_framework.settings import values
from eas_framework.settings.values import Parser, Secret
from eas_framework.suggestions import nearest


@dataclass(frozen=True, kw_only=True)
class Key:
    """What is known of one setting: its name, old name, default, parser, and meaning."""

    name: str
    default: Any
    parse: Parser
    summary: str
    old_name: str | None = None

    @property
    def is_secret(self) -> bool:
        """Whether the value must never be shown."""
        return self.parse is values.secret


def _says(parse: Parser, summary: str, *, old_name: str | None = None) -> Mapping[str, Any]:
    return {"parse": parse, "summary": summary, "old_name": old_name}


_port = values.whole(lowest=1, highest=65535)
_UNSET = Path()  # paths that follow the workspace unless given
_NO_SECRET = Secret()


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """The settings of one process: flat, typed, complete.

    `origins` says for each setting that was given where it was given; what is missing there is a default.
    """

    workspace: Path
    db_engine: str = field(
        default="sqlite3", metadata=_says(values.text, "Database backend; the name that a plugin gives it.")
    )
    db_host: str = field(default="localhost", metadata=_says(values.text, "Host of the database server."))
    db_port: int = field(default=3306, metadata=_says(_port, "Port of the database server."))
    db_user: str = field(default="eas", metadata=_says(values.text, "User of the database."))
    db_password: Secret = field(
        default=_NO_SECRET, metadata=_says(values.secret, "Password of the database.")
    )
    db_database: str = field(default="eas", metadata=_says(values.text, "Name of the database."))
    db_tls_ca: Path | None = field(
        default=None,
        metadata=_says(values.path, "CA file; the database server's certificate and name are checked by it."),
    )
    db_tls_cert: Path | None = field(
        default=None, metadata=_says(values.path, "Own certificate for the database server.")
    )
    db_tls_key: Path | None = field(default=None, metadata=_says(values.path, "Key of db_tls_cert."))
    queue_implementation: str = field(
        default="sql", metadata=_says(values.text, "Queue backend; the name that a plugin gives it.")
    )
    mq_host: str = field(default="localhost", metadata=_says(values.text, "Host of the message broker."))
    mq_port: int = field(default=5672, metadata=_says(_port, "Port of the message broker."))
    mq_user: str = field(default="eas", metadata=_says(values.text, "User of the message broker."))
    mq_password: Secret = field(
        default=_NO_SECRET, metadata=_says(values.secret, "Password of the message broker.")
    )
    mq_virtual_host: str = field(
        default="/", metadata=_says(values.text, "Virtual host of the message broker.")
    )
    mq_tls_ca: Path | None = field(
        default=None,
        metadata=_says(
            values.path, "CA file; the broker's certificate and name are checked by it, over TLS."
        ),
    )
    mq_tls_cert: Path | None = field(
        default=None, metadata=_says(values.path, "Own certificate for the message broker.")
    )
    mq_tls_key: Path | None = field(default=None, metadata=_says(values.path, "Key of mq_tls_cert."))
    mq_queue_type: str = field(
        default="quorum",
        metadata=_says(values.choice("quorum", "classic"), "Kind of the broker's queues; both are durable."),
    )
    mq_namespace: str = field(
        default="",
        metadata=_says(
            values.text, "Begins the names of the broker's queues; made from the database if empty."
        ),
    )
    data_path: Path = field(
        default=_UNSET,
        metadata=_says(values.path, "File store; .eas/store of the workspace.", old_name="dataPath"),
    )
    local_data_path: Path = field(
        default=_UNSET,
        metadata=_says(
            values.path, "Files of this host; .eas/local of the workspace.", old_name="localDataPath"
        ),
    )
    in_data_path: Path = field(
        default=_UNSET,
        metadata=_says(values.path, "Folder of input files; the workspace.", old_name="inDataPath"),
    )
    lc_path: Path = field(
        default=_UNSET,
        metadata=_says(values.path, "Folder of input light curves; in_data_path.", old_name="lcPath"),
    )
    lease_seconds: float = field(
        default=30.0,
        metadata=_says(
            values.number(above=0),
            "A worker that is silent for so many seconds has lost its tasks.",
            old_name="max_heartbeat_age",
        ),
    )
    grace_seconds: float = field(
        default=30.0,
        metadata=_says(
            values.number(at_least=0), "Seconds that running tasks get to end when a worker is told to stop."
        ),
    )
    max_log_message_length: int = field(
        default=4096,
        metadata=_says(
            values.whole(lowest=16, highest=1_000_000), "Characters of a log message that are kept."
        ),
    )
    debug: bool = field(
        default=False, metadata=_says(values.truth, "Keep temporary files and log in more detail.")
    )
    log_level: str = field(
        default="info",
        metadata=_says(
            values.choice("debug", "info", "warning", "error"), "Lowest level of log records that are kept."
        ),
    )
    log_format: str = field(
        default="text",
        metadata=_says(
            values.choice("text", "json"),
            "How workers and schedulers write their log; json is for collectors.",
        ),
    )
    task_type_registry: Path | None = field(
        default=None,
        metadata=_says(values.path, "The operator's XML file: which task type runs where, with how much."),
    )
    task_type_sources: Mapping[str, str] = field(
        default_factory=dict,
        hash=False,
        metadata=_says(values.table, "For a task type of several plugins, the plugin that supplies it."),
    )
    disabled_plugins: tuple[str, ...] = field(
        default=(), metadata=_says(values.names, "Plugins that are not loaded.")
    )
    strict_plugins: bool = field(
        default=False, metadata=_says(values.truth, "Any fault of a plugin is an error.")
    )
    accept_network_disk: bool = field(
        default=False, metadata=_says(values.truth, "Allow SQLite on a network file system, one host only.")
    )
    conf_files: tuple[Path, ...] = field(
        default=(),
        metadata=_says(
            values.paths, "Files of `key: value` lines to read, such as an old installation_settings.conf."
        ),
    )
    origins: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        folder = self.workspace.absolute()
        object.__setattr__(self, "workspace", folder)
        self._fill("data_path", folder / ".eas" / "store")
        self._fill("local_data_path", folder / ".eas" / "local")
        self._fill("in_data_path", folder)
        self._fill("lc_path", self.in_data_path)

    def _fill(self, name: str, value: Path) -> None:
        if getattr(self, name) is _UNSET:
            object.__setattr__(self, name, value)

    def origin(self, name: str) -> str:
        """Where the setting was given: a file and line, a variable, ``argument``, or ``default``."""
        return self.origins.get(name, "default")


def _key_of(item: dataclasses.Field[Any]) -> Key:
    missing = item.default is dataclasses.MISSING
    return Key(name=item.name, default={} if missing else item.default, **item.metadata)


KEYS: Mapping[str, Key] = {
    item.name: _key_of(item) for item in dataclasses.fields(Configuration) if "parse" in item.metadata
}
_OLD_NAMES = {key.old_name: key for key in KEYS.values() if key.old_name}


def find_key(name: str) -> Key | None:
    """The setting of that name or old name."""
    return KEYS.get(name) or _OLD_NAMES.get(name)


def get_key(name: str) -> Key:
    """The setting of that name or old name; `SettingsError` with the nearest name where there is none."""
    key = find_key(name)
    if key is None:
        near = nearest(name, KEYS)
        hint = f"did you mean {near!r}?" if near else "`eas config show` lists the settings"
        raise SettingsError(f"unknown setting {name!r}; {hint}")
    return key
