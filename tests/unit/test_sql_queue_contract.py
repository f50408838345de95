"""The SQL queue keeps the contract of all queue backends."""

import pytest

from eas_framework.task_queues import TaskQueueSQL
from eas_framework.testing import TaskQueueContract

pytest_plugins = ["eas_framework.testing.fixtures"]


class TestSqlQueue(TaskQueueContract):
    @pytest.fixture
    def new_queue(self):
        return TaskQueueSQL
