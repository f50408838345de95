"""The database backend "mysql" of eas_framework: MySQL 8.0 or newer, MariaDB 10.6 or newer."""

from collections.abc import Mapping

from eas_framework.plugins import DatabaseInterface, hookimpl

__version__ = "1.0.0.dev0"


@hookimpl
def eas_database_backends() -> Mapping[str, type[DatabaseInterface]]:
    """The backend that this package supplies."""
    from eas_mysql.backend import DatabaseInterfaceMySql  # late: listing plugins needs no driver

    return {"mysql": DatabaseInterfaceMySql}
