"""The database backend "sqlite3" of eas_framework: one file, no set-up."""

from collections.abc import Mapping

from eas_framework.plugins import DatabaseInterface, hookimpl

__version__ = "1.0.0.dev0"


@hookimpl
def eas_database_backends() -> Mapping[str, type[DatabaseInterface]]:
    """The backend that this package supplies."""
    from eas_sqlite.backend import DatabaseInterfaceSqlite  # late: listing plugins needs no driver

    return {"sqlite3": DatabaseInterfaceSqlite}
