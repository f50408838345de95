"""`TaskQueueAmqp`: hints about queued attempts on a RabbitMQ broker."""

from __future__ import annotations

import logging
import os
import socket
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import pika
from pika.credentials import PlainCredentials

from eas_framework.errors import QueueConnectionError
from eas_framework.plugins.queue import QueueHint, TaskQueue
from eas_framework.settings import Configuration, configuration, tls_context
from eas_framework.task_database import TaskDatabaseConnection
from eas_framework.task_objects import AttemptId
from eas_rabbitmq.broker import Broker, Delivery
from eas_rabbitmq.messages import ForeignMessage, decode, encode

log = logging.getLogger(__name__)

DELIVERY_LIMIT = 20
HEARTBEAT_SECONDS = 60
CONNECT_SECONDS = 10
_LONGEST_PART = 100
DEAD_LETTERS = "dead_letters"


class TaskQueueAmqp(TaskQueue):
    """One durable queue for each task type; the database stays the truth, so every message may be lost.

    Messages are persistent and confirmed by the broker. What no part of the framework can have sent goes to
    the queue ``<namespace>.dead_letters``, and so does what was delivered too often without an answer.

    Args:
        debugging: Keep the driver's own log at debug level.
        database: Connection to work through; None opens one when it is needed, which `close` closes.

    Raises:
        QueueConnectionError: The broker cannot be reached; names host and port.
    """

    external: ClassVar[bool] = True

    def __init__(self, debugging: bool = False, *, database: TaskDatabaseConnection | None = None) -> None:
        logging.getLogger("pika").setLevel(logging.DEBUG if debugging else logging.CRITICAL)
        self._config = configuration()
        self._owns_connection = database is None
        self._own_database = database
        self._namespace = self._config.mq_namespace
        self._declared: set[str] = set()
        self._open_broker: Broker | None = None
        self._is_closed = False
        self._connect()

    # ------------------------------------------------------------- connections
    def _connect(self) -> Broker:
        config = self._config
        where = f"the message broker {config.mq_host}:{config.mq_port}"
        self._declared = set()
        self._open_broker = Broker(connection_parameters(config), where)
        return self._open_broker

    @property
    def _broker(self) -> Broker:
        """The open connection, made anew when it was lost."""
        if self._is_closed:
            raise QueueConnectionError("the connection to the message broker is closed")
        if self._open_broker is not None and self._open_broker.is_open:
            return self._open_broker
        return self._connect()

    @property
    def _database(self) -> TaskDatabaseConnection:
        if self._own_database is None:
            self._own_database = TaskDatabaseConnection()
        return self._own_database

    def close(self) -> None:
        """Close the connections; hints that were not acknowledged go back. Harmless twice."""
        self._is_closed = True
        if self._open_broker is not None:
            self._open_broker.close()
            self._open_broker = None
        if self._owns_connection and self._own_database is not None:
            self._own_database.close_db()
            self._own_database = None

    # ------------------------------------------------------------- names
    def broker_name(self, queue_name: str) -> str:
        """The queue's name on the broker, which several installations may share."""
        if not self._namespace:
            self._namespace = _namespace_of(self._database, self._config.db_database)
        part = queue_name
        if len(part.encode()) > _LONGEST_PART:
            part = f"{part[:20]}~{zlib.crc32(part.encode()):08x}"
        return f"{self._namespace}.{part}"

    def queue_declare(self, queue_name: str) -> None:
        """Make sure that the queue, and the one for dead letters, exist on the broker."""
        self._database.catalogue.task_type_id(queue_name)
        self._declare(queue_name)

    def _declare(self, queue_name: str) -> str:
        name, broker = self.broker_name(queue_name), self._broker
        if name in self._declared:
            return name
        dead = self.broker_name(DEAD_LETTERS)
        kind = self._config.mq_queue_type
        if dead not in self._declared:
            broker.declare(dead, {"x-queue-type": kind})
            self._declared.add(dead)
        if name != dead:
            arguments: dict[str, Any] = {
                "x-queue-type": kind,
                "x-dead-letter-exchange": "",
                "x-dead-letter-routing-key": dead,
            }
            if kind == "quorum":
                arguments["x-delivery-limit"] = DELIVERY_LIMIT
            broker.declare(name, arguments)
            self._declared.add(name)
        return name

    # ------------------------------------------------------------- publishing
    def queue_publish(self, queue_name: str, item_id: int) -> None:
        """Move an attempt from created to queued, and send the hint; one that is queued is only sent."""
        attempt_id = AttemptId(item_id)
        self._database.lifecycle.publish(attempt_id)
        self.publish_hints([(queue_name, item_id)])
        self._database.outbox.tick_attempt(attempt_id)

    def publish_hints(self, hints: Sequence[tuple[str, int]]) -> None:
        """Send hints, and wait until the broker has stored all of them."""
        messages = [(self._declare(name), encode(attempt_id)) for name, attempt_id in hints]
        self._broker.publish(messages)

    # ------------------------------------------------------------- looking
    def queue_length(self, queue_name: str) -> int:
        """The number of queued attempts of the type, as the database knows it."""
        return self._database.attempts.count_queued(self._type_id(queue_name))

    def queue_fetch_list(self, queue_name: str) -> list[int]:
        """All queued attempts of the type, as the database knows them; the broker is not asked."""
        return list(self._database.attempts.queued(self._type_id(queue_name)))

    def hint_count(self, queue_name: str) -> int:
        """The messages that wait on the broker; those that were sent to a worker do not count."""
        name = self._declare(queue_name)
        return self._broker.count(name)

    def dead_letter_count(self) -> int:
        """The messages that were refused."""
        return self.hint_count(DEAD_LETTERS)

    def empty_dead_letters(self) -> int:
        """Remove the messages that were refused; how many there were."""
        return self._broker.purge(self._declare(DEAD_LETTERS))

    # ------------------------------------------------------------- receiving
    def queue_fetch_and_acknowledge(
        self, queue_name: str, acknowledge: bool = True, set_running: bool = True
    ) -> int | None:
        """The next attempt id, or None; see `TaskQueue`. To take one away without a claim cancels it."""
        if not acknowledge:
            return next(iter(self.queue_fetch_list(queue_name)), None)
        for hint in self.waiting_hints(queue_name):
            attempt_id = AttemptId(hint.attempt_id)
            taken = self._claim(attempt_id) if set_running else self._database.lifecycle.drop(attempt_id)
            self.acknowledge(hint)
            if taken:
                return hint.attempt_id
        return None

    def waiting_hints(self, queue_name: str) -> Iterator[QueueHint]:
        """The hints that wait on the broker now, one at a time, without becoming a consumer."""
        name = self._declare(queue_name)
        self._broker.pause()
        while (delivery := self._broker.get(name)) is not None:
            hint = self._hint(delivery, queue_name)
            if hint is not None:
                yield hint

    def fetch_hint(self, queue_names: Sequence[str], *, wait_seconds: float = 0.0) -> QueueHint | None:
        """The next hint of any of the queues; None when none comes within `wait_seconds`."""
        names = {self._declare(name): name for name in queue_names}
        while True:
            delivery = self._broker.receive(list(names), wait_seconds=wait_seconds)
            if delivery is None:
                return None
            hint = self._hint(delivery, names.get(delivery.queue_name, ""))
            if hint is not None:
                return hint

    def _hint(self, delivery: Delivery, queue_name: str) -> QueueHint | None:
        """What a message says; None for one that nobody of ours has sent, which is refused."""
        try:
            attempt_id = decode(delivery.body)
        except ForeignMessage as error:
            log.warning("a message of %s goes to the dead letters: %s", delivery.queue_name, error)
            self._broker.reject(delivery)
            return None
        return QueueHint(attempt_id=attempt_id, queue_name=queue_name, receipt=delivery)

    def acknowledge(self, hint: QueueHint) -> None:
        """Take the hint off the broker; a connection that was lost meanwhile has given it back already."""
        if self._open_broker is not None and self._open_broker.is_open:
            self._open_broker.acknowledge(hint.receipt)

    def refuse(self, hint: QueueHint) -> None:
        """Send the hint to the dead letters, because the database knows no such attempt."""
        log.warning("the hint about attempt %d goes to the dead letters", hint.attempt_id)
        if self._open_broker is not None and self._open_broker.is_open:
            self._open_broker.reject(hint.receipt)

    def pause(self) -> None:
        """Give back all hints that were not acknowledged, and receive none until the next `fetch_hint`."""
        if self._open_broker is not None and self._open_broker.is_open:
            self._open_broker.pause()

    def queue_purge(self, queue_name: str) -> int:
        """Cancel all queued attempts of the type and remove its messages; how many attempts it was."""
        self.pause()
        self._broker.purge(self._declare(queue_name))
        queued = self._database.attempts.queued(self._type_id(queue_name))
        return sum(self._database.lifecycle.drop(attempt_id) for attempt_id in queued)

    def _type_id(self, queue_name: str) -> int:
        return self._database.catalogue.task_type_id(queue_name)

    def _claim(self, attempt_id: AttemptId) -> bool:
        database = self._database
        claimed = database.lifecycle.claim(
            attempt_id,
            worker_id=f"{socket.gethostname()[:40]}:{os.getpid()}",
            host_id=database.names.host(socket.gethostname()),
            lease_seconds=self._config.lease_seconds,
        )
        return claimed is not None


def connection_parameters(config: Configuration) -> pika.ConnectionParameters:
    """How the driver connects; with a CA file or a certificate of our own, over TLS."""
    return pika.ConnectionParameters(
        host=config.mq_host,
        port=config.mq_port,
        virtual_host=config.mq_virtual_host,
        credentials=PlainCredentials(config.mq_user, config.mq_password.reveal()),
        heartbeat=HEARTBEAT_SECONDS,
        blocked_connection_timeout=2 * HEARTBEAT_SECONDS,
        socket_timeout=CONNECT_SECONDS,
        stack_timeout=CONNECT_SECONDS,
        ssl_options=_tls(config),
    )


def _tls(config: Configuration) -> pika.SSLOptions | None:
    context = tls_context(
        "mq_tls", ca=config.mq_tls_ca, certificate=config.mq_tls_cert, key=config.mq_tls_key
    )
    return None if context is None else pika.SSLOptions(context, config.mq_host)


def _namespace_of(database: TaskDatabaseConnection, name: str) -> str:
    """A name of the installation that all its hosts agree on: made from when its tables were."""
    born = database.outbox.installation_time()
    return f"eas.{name[:60]}.{zlib.crc32(repr(born).encode()):08x}"
