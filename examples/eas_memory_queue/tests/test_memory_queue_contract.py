"""The plugin keeps the contract of all queue backends, on a server in a process of its own."""

import pytest
from eas_memory_queue.backend import TaskQueueMemory

from eas_framework.testing import TaskQueueContract


class TestMemoryQueue(TaskQueueContract):
    @pytest.fixture
    def new_queue(self):
        return TaskQueueMemory

    @pytest.fixture
    def unreachable(self, nobody_listens):
        return TaskQueueMemory
