"""F6, F7: messages that are double, stale, hostile, or given back too often."""

import itertools

import pika
import pytest
from eas_rabbitmq.backend import TaskQueueAmqp, connection_parameters
from eas_rabbitmq.messages import encode
from fault_pairs import MYSQL_AMQP, SQLITE_AMQP, on
from fault_processes import wait_until

from eas_framework.settings import configuration
from eas_framework.task_queues.relay import OutboxRelay

pytest_plugins = ["eas_framework.testing.fixtures"]

QUEUE = "fault_work"
WIDTH = 10
UNKNOWN = 10**9
HOSTILE = [b"", b"not json", b"\xff\x00", b'{"version": 9, "attempt": 1}', b"x" * 1_000_000, encode(UNKNOWN)]
REDELIVERIES = 50


def send(queue, bodies):
    """Publish as anybody could who knows the password."""
    connection = pika.BlockingConnection(connection_parameters(configuration()))
    channel = connection.channel()
    for body in bodies:
        channel.basic_publish("", queue.broker_name(QUEUE), body)
    connection.close()


@pytest.fixture
def queue(pipeline):
    with TaskQueueAmqp(database=pipeline.database) as opened:
        opened.queue_declare(QUEUE)
        yield opened


@pytest.fixture
def submitted(pipeline):
    pipeline.write_job([{"task": QUEUE, "outputs": {"file": f"a{n}"}} for n in range(WIDTH)])
    assert pipeline.run("submit", "job.json")[0] == 0
    return pipeline


def check_each_once(pipeline):
    wait_until(lambda: pipeline.ask("SELECT state FROM eas_job") == [{"state": "passed"}])
    assert pipeline.count("passed", task_type=QUEUE) == WIDTH
    rows = pipeline.ask("SELECT COUNT(*) AS n FROM eas_scheduling_attempt")
    assert rows == [{"n": WIDTH + 1}]
    assert pipeline.faults() == []


@on(SQLITE_AMQP, MYSQL_AMQP, always=[SQLITE_AMQP])
def test_f6_f7_hostile_double_and_stale_messages_harm_nothing(submitted, queue):
    send(queue, [*HOSTILE, *(encode(number) for number in itertools.chain(*[range(1, 2 * WIDTH)] * 3))])
    submitted.start("worker", "-j", "2")
    check_each_once(submitted)
    send(queue, [encode(number) for number in range(1, WIDTH)])
    submitted.start("worker", "-j", "1")
    wait_until(lambda: queue.hint_count(QUEUE) == 0)
    wait_until(lambda: queue.dead_letter_count() >= len(HOSTILE))
    assert submitted.faults() == []


@on(MYSQL_AMQP)
def test_hints_that_are_given_back_more_often_than_allowed_lose_no_task(submitted, queue):
    """As by a worker whose database is down for a long time."""
    relay = OutboxRelay(submitted.database, queue)
    assert relay.publish_due() == 1
    given_back = 0
    for _ in range(REDELIVERIES):
        hint = queue.fetch_hint(["execution_chain"], wait_seconds=1.0)
        given_back += hint is not None
        queue.pause()
    assert given_back > 1
    wait_until(lambda: queue.dead_letter_count() == 1)
    submitted.start("worker", "-j", "2")
    check_each_once(submitted)
