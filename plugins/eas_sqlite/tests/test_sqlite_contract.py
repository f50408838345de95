"""The SQLite backend keeps the contract of all database backends."""

import pytest
from eas_sqlite.backend import DatabaseInterfaceSqlite

from eas_framework.testing import DatabaseBackendContract

pytest_plugins = ["eas_framework.testing.fixtures"]

STEPS_COUNTED_AT_ONCE = 10


class TestSqlite(DatabaseBackendContract):
    @pytest.fixture
    def backend(self, tmp_path):
        return DatabaseInterfaceSqlite(path=tmp_path / "tasks.db", connect=False)

    @pytest.fixture
    def effort(self):
        """Steps of SQLite's virtual machine, of which a scan takes several for each row."""
        steps = {}

        def so_far(database):
            if database.db not in steps:
                steps[database.db] = 0
                database.db.set_progress_handler(lambda: count(database.db), STEPS_COUNTED_AT_ONCE)
            return steps[database.db]

        def count(connection):
            steps[connection] += STEPS_COUNTED_AT_ONCE

        return so_far
