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

    @pytest.fixture
    def effort(self):
        """Rows that the server has read for the connection."""

        def so_far(database):
            with database.db.cursor() as cursor:
                cursor.execute("SHOW SESSION STATUS LIKE 'Handler_read%'")
                return sum(int(row["Value"]) for row in cursor.fetchall())

        return so_far

    def refresh_statistics(self, database):
        database.query("ANALYZE TABLE eas_task, eas_scheduling_attempt, eas_product, eas_product_version")
