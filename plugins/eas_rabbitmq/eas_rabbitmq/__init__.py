"""The queue backend "amqp" of eas_framework: hints on a RabbitMQ broker, version 3.10 or newer."""

from collections.abc import Mapping

from eas_framework.plugins import TaskQueue, hookimpl

__version__ = "1.0.0.dev0"


@hookimpl
def eas_queue_backends() -> Mapping[str, type[TaskQueue]]:
    """The backend that this package supplies."""
    from eas_rabbitmq.backend import TaskQueueAmqp  # late: listing plugins needs no driver

    return {"amqp": TaskQueueAmqp}
