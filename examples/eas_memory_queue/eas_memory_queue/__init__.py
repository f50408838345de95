"""A plugin of eas-framework: the queue `memory`, kept by a small server of its own."""

from eas_framework.plugins import TaskQueue, hookimpl


@hookimpl
def eas_queue_backends() -> dict[str, type[TaskQueue]]:
    """The queue backend of this package, under the name that the setting `queue_implementation` uses."""
    from eas_memory_queue.backend import TaskQueueMemory  # late: listing plugins needs no server

    return {"memory": TaskQueueMemory}
