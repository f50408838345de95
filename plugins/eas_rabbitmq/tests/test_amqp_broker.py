"""What only a broker can do: hold foreign messages, crash, lose everything, disappear while a task runs."""

import time

import pika
import pytest
from eas_rabbitmq.backend import TaskQueueAmqp, connection_parameters
from eas_rabbitmq.messages import ForeignMessage, decode, encode

from eas_framework.errors import QueueConnectionError
from eas_framework.settings import configuration, load_configuration, use_configuration
from eas_framework.task_database import TaskDatabaseConnection
from eas_framework.task_database.tasks import NewTask
from eas_framework.task_queues.relay import OutboxRelay
from eas_framework.worker.work_source import QueueSource

pytestmark = pytest.mark.service
QUEUE = "null"
WAIT_SECONDS = 60.0
AT_ONCE = -1.0
"""Counts as forgotten what is queued now."""
FOREIGN = [
    b"",
    b"not json",
    b"\xff\x00",
    b"[]",
    b'{"version": 2, "attempt": 1}',
    b'{"version": 1, "attempt": "1"}',
    b'{"version": 1, "attempt": true}',
    b'{"version": 1, "attempt": -1}',
    b'{"version": 1, "attempt": 9223372036854775808}',
    b"[" * 200,
    b"x" * 1_000_000,
]


@pytest.fixture
def queue(task_database):
    with TaskQueueAmqp(database=task_database) as opened:
        opened.queue_declare(QUEUE)
        yield opened


def ready_task(database: TaskDatabaseConnection, name="task"):
    type_id = database.catalogue.task_type_id(QUEUE)
    return database.tasks.register(
        NewTask(type_id=type_id, task_name=name, description="{}", unmet_dependencies=0)
    )


def queued_attempt(database: TaskDatabaseConnection, name="task"):
    return database.lifecycle.queue_task(ready_task(database, name))


def source(database: TaskDatabaseConnection) -> QueueSource:
    host = database.names.host("here")
    return QueueSource(database, [QUEUE], worker_id="w/1", host_id=host, lease_seconds=30.0)


def until(condition):
    """Wait for the broker, whose counts lag behind; fails in the end."""
    gives_up = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < gives_up, "the broker did not come to that"


def send_raw(queue, body):
    """Publish as a stranger would."""
    connection = pika.BlockingConnection(connection_parameters(configuration()))
    connection.channel().basic_publish("", queue.broker_name(QUEUE), body)
    connection.close()


@pytest.mark.parametrize("body", FOREIGN, ids=range(len(FOREIGN)))
def test_a_message_that_is_none_of_ours_is_told_apart(body):
    with pytest.raises(ForeignMessage):
        decode(body)


def test_what_was_encoded_is_decoded():
    assert [decode(encode(number)) for number in (1, 2**63 - 1)] == [1, 2**63 - 1]


def test_foreign_messages_go_to_the_dead_letters_and_work_goes_on(queue, task_database):
    for body in FOREIGN:
        send_raw(queue, body)
    attempt_id = queued_attempt(task_database)
    assert OutboxRelay(task_database, queue).publish_due() == 1
    hint = queue.fetch_hint([QUEUE], wait_seconds=WAIT_SECONDS)
    assert hint.attempt_id == attempt_id
    queue.acknowledge(hint)
    until(lambda: queue.dead_letter_count() == len(FOREIGN))
    assert queue.fetch_hint([QUEUE]) is None


def test_f6_stale_double_and_unknown_hints_lead_to_one_claim(queue, task_database):
    attempt_id = queued_attempt(task_database)
    queue.publish_hints([(QUEUE, attempt_id), (QUEUE, attempt_id), (QUEUE, 424242)])
    worker = source(task_database)
    claimed = worker.claim()
    assert claimed.claim.attempt_id == attempt_id
    assert worker.claim() is None
    worker.close()
    until(lambda: queue.dead_letter_count() == 1)
    assert queue.hint_count(QUEUE) == 0


def test_what_is_queued_is_announced_by_the_same_transaction(queue, task_database):
    task = ready_task(task_database)

    def queue_and_fail():
        task_database.lifecycle.queue_tasks([task])
        raise KeyError

    with pytest.raises(KeyError), task_database.transaction():
        queue_and_fail()
    assert not task_database.outbox.is_due()
    task_database.lifecycle.queue_task(task)
    assert task_database.outbox.is_due()


def test_two_relays_publish_each_attempt_once(queue, task_database):
    attempts = [queued_attempt(task_database, str(number)) for number in range(20)]
    relays = [OutboxRelay(task_database, queue), OutboxRelay(task_database, queue)]
    assert sum(relay.publish_due() for relay in relays for _ in range(2)) == len(attempts)
    until(lambda: queue.hint_count(QUEUE) == len(attempts))
    assert not task_database.outbox.is_due()


def test_a_purged_queue_is_filled_again_from_the_database(queue, task_database):
    attempt_id = queued_attempt(task_database)
    relay = OutboxRelay(task_database, queue, forgotten_seconds=AT_ONCE)
    relay.publish_due()
    until(lambda: queue.hint_count(QUEUE) == 1)
    assert relay.announce_forgotten() == 0
    queue._broker.purge(queue.broker_name(QUEUE))
    assert relay.announce_forgotten() == 1
    relay.publish_due()
    assert queue.fetch_hint([QUEUE], wait_seconds=WAIT_SECONDS).attempt_id == attempt_id


def test_a_worker_to_which_no_hint_comes_finds_the_work_in_the_database(queue, task_database):
    attempts = [queued_attempt(task_database, name) for name in "ab"]
    worker = source(task_database)
    assert worker.claim() is None
    found = []
    until(lambda: found.append(worker.claim()) or found[-1] is not None)
    assert [found[-1].claim.attempt_id, worker.claim().claim.attempt_id] == attempts
    worker.close()


def test_hints_that_a_busy_worker_does_not_take_go_to_another(queue, task_database):
    attempts = [queued_attempt(task_database, str(number)) for number in range(2)]
    OutboxRelay(task_database, queue).publish_due()
    busy, idle = TaskQueueAmqp(database=task_database), TaskQueueAmqp(database=task_database)
    hint = busy.fetch_hint([QUEUE], wait_seconds=WAIT_SECONDS)
    busy.acknowledge(hint)
    other = idle.fetch_hint([QUEUE], wait_seconds=WAIT_SECONDS)
    assert {hint.attempt_id, other.attempt_id} == set(attempts)
    busy.close()
    idle.close()


def test_while_the_database_is_down_nothing_is_held(queue, task_database):
    queued_attempt(task_database)
    OutboxRelay(task_database, queue).publish_due()
    assert queue.fetch_hint([QUEUE], wait_seconds=WAIT_SECONDS) is not None
    queue.close()
    with TaskQueueAmqp(database=task_database) as again:
        assert again.fetch_hint([QUEUE], wait_seconds=WAIT_SECONDS) is not None
        again.pause()


# ------------------------------------------------------------- a broker of its own, which dies
@pytest.fixture(scope="module")
def mortal(own_server):
    return own_server("rabbitmq")


@pytest.fixture
def at_mortal(mortal, workspace):
    """The workspace's settings, with the broker that may be killed."""
    overrides = {
        "mq_host": "127.0.0.1",
        "mq_port": mortal.port,
        "mq_user": "eas",
        "mq_password": mortal.password,
    }
    use_configuration(
        load_configuration(
            workspace=workspace,
            overrides={"queue_implementation": "amqp", "db_engine": "sqlite3", **overrides},
        )
    )


def test_f9_what_was_confirmed_survives_a_broker_that_was_killed(at_mortal, mortal, task_database):
    queue = TaskQueueAmqp(database=task_database)
    queue.queue_declare(QUEUE)
    mortal.stop()  # in an orderly way: a quorum queue of RabbitMQ 3.10 is not safe in its first moments
    mortal.start()
    attempts = [queued_attempt(task_database, str(number)) for number in range(5)]
    assert OutboxRelay(task_database, queue).publish_due() == len(attempts)
    mortal.kill()
    with pytest.raises(QueueConnectionError, match=f":{mortal.port}"):
        queue.publish_hints([(QUEUE, attempts[0])])
    mortal.start()
    got = [queue.fetch_hint([QUEUE], wait_seconds=WAIT_SECONDS).attempt_id for _ in range(2)]
    queue.pause()
    until(lambda: queue.hint_count(QUEUE) == len(attempts))
    assert set(got) <= set(attempts)
    queue.close()


def test_f10_a_wiped_broker_loses_no_task(at_mortal, mortal, task_database):
    worker = source(task_database)
    queue = TaskQueueAmqp(database=task_database)
    relay = OutboxRelay(task_database, queue, forgotten_seconds=AT_ONCE)
    attempt_id = queued_attempt(task_database)
    relay.publish_due()
    mortal.wipe()
    mortal.start()
    assert relay.announce_forgotten() == 1
    relay.publish_due()
    assert worker.claim().claim.attempt_id == attempt_id
    worker.close()
    queue.close()


def test_a_worker_finds_its_tasks_while_the_broker_is_away(at_mortal, mortal, task_database):
    worker = source(task_database)
    assert worker.claim() is None
    mortal.kill()
    attempt_id = queued_attempt(task_database)
    claimed = worker.claim() or worker.claim()
    assert claimed.claim.attempt_id == attempt_id
    worker.close()
    mortal.start()
