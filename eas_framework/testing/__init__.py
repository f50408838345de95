"""The contract kit: test classes that a plugin subclasses, gives its own part, and passes.

A third party's whole test file::

    import pytest
    from eas_framework.testing import DatabaseBackendContract
    from eas_duckdb import DatabaseInterfaceDuckDb

    pytest_plugins = ["eas_framework.testing.fixtures"]

    class TestDuckDb(DatabaseBackendContract):
        @pytest.fixture
        def backend(self, tmp_path):
            return DatabaseInterfaceDuckDb(path=tmp_path / "tasks.db", connect=False)
"""

import pytest

# Before the imports: asserts are rewritten only in modules that are not loaded yet.
pytest.register_assert_rewrite(
    "eas_framework.testing.database",
    "eas_framework.testing.growth",
    "eas_framework.testing.mechanics",
    "eas_framework.testing.oracle",
    "eas_framework.testing.qc",
    "eas_framework.testing.queue",
    "eas_framework.testing.scenarios",
    "eas_framework.testing.task",
)

from eas_framework.testing.database import DatabaseBackendContract  # noqa: E402 - after the registration
from eas_framework.testing.qc import QcMetricContract  # noqa: E402 - after the registration
from eas_framework.testing.queue import TaskQueueContract  # noqa: E402 - after the registration
from eas_framework.testing.task import TaskTypeContract  # noqa: E402 - after the registration

__all__ = ["DatabaseBackendContract", "QcMetricContract", "TaskQueueContract", "TaskTypeContract"]
