"""The RabbitMQ backend keeps the contract of all queue backends, on a real broker."""

import pytest
from eas_rabbitmq.backend import TaskQueueAmqp
from services import free_port

from eas_framework.settings import configuration, load_configuration, use_configuration
from eas_framework.testing import TaskQueueContract

pytestmark = pytest.mark.service


class TestAmqp(TaskQueueContract):
    @pytest.fixture
    def new_queue(self):
        return TaskQueueAmqp

    @pytest.fixture
    def unreachable(self, workspace):
        """A queue whose broker nobody has started."""

        def open_one():
            port = str(free_port())
            overrides = {"mq_host": "127.0.0.1", "mq_port": port, "mq_password": "marker-5f1c"}
            use_configuration(load_configuration(workspace=configuration().workspace, overrides=overrides))
            return TaskQueueAmqp()

        return open_one
