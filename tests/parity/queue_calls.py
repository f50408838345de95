"""What the documented calls on a queue do, the same for every engine."""

import json

from eas_framework.task_objects import AttemptState


def register_attempt(database):
    """A new attempt, not queued yet."""
    description = {"task_description": json.dumps({"task": "null"})}
    return database.execution_attempt_register(database.task_register(task_type="null", metadata=description))


def check_queue(database, queue):
    """`queue` is connected to nothing but `database`, whose queue of type null is empty."""
    queue.queue_declare(queue_name="null")
    queue.queue_declare("null")
    assert queue.queue_fetch_and_acknowledge(queue_name="null") is None
    first, second, third = (register_attempt(database) for _ in range(3))
    for attempt_id in (first, second, third):
        queue.queue_publish(queue_name="null", item_id=attempt_id)
    assert state_of(database, first) is AttemptState.QUEUED
    assert queue.queue_length(queue_name="null") == 3
    assert queue.queue_fetch_list(queue_name="null") == [first, second, third]
    assert queue.queue_length("null") == 3  # listing disturbs nothing
    assert queue.queue_fetch_and_acknowledge("null", acknowledge=False) == first
    assert queue.queue_fetch_list("null") == [first, second, third]
    assert queue.queue_fetch_and_acknowledge("null", acknowledge=True, set_running=True) == first
    assert state_of(database, first) is AttemptState.RUNNING
    assert queue.queue_fetch_and_acknowledge("null", set_running=False) == second
    assert state_of(database, second) is not AttemptState.RUNNING
    assert queue.queue_fetch_list("null") == [third]
    queue.close()
    queue.close()


def state_of(database, attempt_id):
    return database.attempts.get(attempt_id).state
