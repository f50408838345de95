"""F18: a task that takes longer than the broker lets anybody hold a message."""

import pika
import pytest
from fault_pairs import MYSQL_AMQP, SQLITE_AMQP, on
from server_fixtures import Address
from services import RabbitMq

pytest_plugins = ["eas_framework.testing.fixtures"]

TIMEOUT_SECONDS, LONG_SECONDS = 3, 10


@pytest.fixture(scope="module")
def amqp_address(tmp_path_factory):
    """A broker of its own, with a short time-out for consumers."""
    folder = tmp_path_factory.mktemp("impatient")
    broker = RabbitMq(folder, consumer_timeout_ms=TIMEOUT_SECONDS * 1000)
    broker.start()
    yield Address.of(broker.url)
    broker.stop()


def hold_a_message(address):
    """Hold a message for as long as the broker allows."""
    login = pika.PlainCredentials(address.user, address.password)
    with pika.BlockingConnection(
        pika.ConnectionParameters(address.host, address.port, credentials=login)
    ) as c:
        channel = c.channel()
        channel.queue_declare("held", durable=True, arguments={"x-queue-type": "quorum"})
        channel.basic_publish("", "held", b"held")
        channel.basic_consume("held", lambda *_: None)
        c.process_data_events(time_limit=120)
        channel.start_consuming()


@on(SQLITE_AMQP, MYSQL_AMQP)
def test_f18_a_task_longer_than_the_time_out_of_consumers_is_done_once(pipeline, amqp_address):
    pipeline.write_job(
        [
            {"task": "fault_work", "seconds": LONG_SECONDS, "outputs": {"file": "a"}},
            {"task": "fault_work", "inputs": {"file": "a"}, "outputs": {"file": "b"}},
        ]
    )
    status, said = pipeline.run(executors=2)
    assert status == 0, said
    rows = pipeline.ask("SELECT COUNT(*) AS n FROM eas_scheduling_attempt")
    assert rows == [{"n": 3}]
    assert pipeline.faults() == []


@on(SQLITE_AMQP)
def test_this_broker_does_cut_off_who_holds_a_message_for_so_long(pipeline, amqp_address):
    with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="timeout"):
        hold_a_message(amqp_address)
