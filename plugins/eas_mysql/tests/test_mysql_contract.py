"""The MySQL backend keeps the contract of all database backends, on a real server."""

import pytest
from eas_mysql.backend import DatabaseInterfaceMySql

from eas_framework.testing import DatabaseBackendContract

pytestmark = pytest.mark.service


class TestMySql(DatabaseBackendContract):
    @pytest.fixture
    def backend(self, mysql_address, mysql_database):
        return DatabaseInterfaceMySql(
            db_user=mysql_address.user,
            db_passwd=mysql_address.password,
            db_host=mysql_address.host,
            db_port=mysql_address.port,
            db_database=mysql_database,
            connect=False,
        )
