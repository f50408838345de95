"""From settings to a connection: `DatabaseConnector` builds the backend that a plugin supplies."""

from __future__ import annotations

import inspect
from typing import Any, Self

from eas_framework.errors import UnknownBackendError
from eas_framework.plugins.database import DatabaseInterface
from eas_framework.plugins.manager import plugin_manager
from eas_framework.settings import configuration

__all__ = ["DatabaseConnector", "DatabaseInterface"]

# Classes that live in plugins and keep their documented address here.
_MOVED = {"DatabaseInterfaceSqlite": "sqlite3", "DatabaseInterfaceMySql": "mysql"}


class DatabaseConnector:
    """A factory of connections to the task database; every argument stands before the setting of its name."""

    def __init__(
        self,
        db_engine: str | None = None,
        db_user: str | None = None,
        db_passwd: str | None = None,
        db_host: str | None = None,
        db_port: int | None = None,
        db_database: str | None = None,
    ) -> None:
        config = configuration()
        self.db_engine = db_engine if db_engine is not None else config.db_engine
        given = {
            "db_user": (db_user, config.db_user),
            "db_passwd": (db_passwd, config.db_password.reveal()),
            "db_host": (db_host, config.db_host),
            "db_port": (db_port, config.db_port),
            "db_database": (db_database, config.db_database),
        }
        self._details: dict[str, Any] = {
            name: setting if argument is None else argument for name, (argument, setting) in given.items()
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to end: connections are closed by those who asked for them."""

    def interface(self, connect: bool = True) -> DatabaseInterface:
        """A connection of the selected engine, open unless `connect` is False.

        Raises:
            UnknownBackendError: No plugin supplies the engine (a ValueError); names the package to install.
            DatabaseConnectionError: The server cannot be reached.
        """
        backend = plugin_manager().database_backend(self.db_engine)
        accepted = inspect.signature(backend.__init__).parameters
        arguments = {**self._details, "connect": connect}
        return backend(**{name: value for name, value in arguments.items() if name in accepted})


def __getattr__(name: str) -> type[DatabaseInterface]:
    """The backend classes of plugins, under their documented address."""
    if name not in _MOVED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return plugin_manager().database_backend(_MOVED[name])
    except UnknownBackendError as error:
        raise AttributeError(f"{name}: {error}") from error
