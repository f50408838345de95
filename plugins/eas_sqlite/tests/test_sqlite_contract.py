"""The SQLite backend keeps the contract of all database backends."""

import pytest
from eas_sqlite.backend import DatabaseInterfaceSqlite

from eas_framework.testing import DatabaseBackendContract

pytest_plugins = ["eas_framework.testing.fixtures"]


class TestSqlite(DatabaseBackendContract):
    @pytest.fixture
    def backend(self, tmp_path):
        return DatabaseInterfaceSqlite(path=tmp_path / "tasks.db", connect=False)
