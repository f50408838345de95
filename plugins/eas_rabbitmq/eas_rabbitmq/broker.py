"""One connection to the broker, served by a thread of its own.

The thread answers the broker's heartbeats while a task runs for hours, receives hints, and gives those back
that nobody took. The caller's thread hands it work and waits for the result.
"""

from __future__ import annotations

import functools
import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from typing import Any

import pika
import pika.exceptions
from pika.spec import BasicProperties

from eas_framework.errors import QueueConnectionError, QueueError

log = logging.getLogger(__name__)

ANSWER_SECONDS = 10.0
OPEN_SECONDS = 20.0
CLOSE_SECONDS = 5.0
"""A broker that does not take leave for so long is left without."""
PREFETCH = 2
UNTAKEN_SECONDS = 1.0
"""Messages that wait for so long while the caller is busy go back to the broker."""
AT_ONCE_SECONDS = 0.05
"""What a queue that was only just asked gets to send what it has."""
LOOK_SECONDS = 0.25
_PERSISTENT = BasicProperties(delivery_mode=2, content_type="application/json")


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A message that the broker has sent: its body, queue, and the number to acknowledge it by."""

    tag: int
    queue_name: str
    body: bytes


class Broker:
    """An open connection with one channel, publisher confirms on.

    Args:
        parameters: Host, login, TLS, heartbeat.
        where: The broker in the words of an error message, without the password.

    Raises:
        QueueConnectionError: The broker cannot be reached or refuses the login.
    """

    def __init__(self, parameters: pika.ConnectionParameters, where: str) -> None:
        self._parameters, self._where = parameters, where
        self._connection: Any = None
        self._channel: Any = None
        self._opened: Future[None] = Future()
        self._failure: BaseException | None = None
        self._waiting: set[Future[Any]] = set()
        self._unconfirmed: dict[int, Future[None]] = {}
        self._published = 0
        self._consumers: dict[str, str] = {}
        self._held: set[int] = set()
        self._deliveries: queue.SimpleQueue[Delivery | None] = queue.SimpleQueue()
        self._last_asked, self._is_receiving = time.monotonic(), False
        self._thread = threading.Thread(target=self._serve, daemon=True, name="broker")
        self._thread.start()
        try:
            self._opened.result(OPEN_SECONDS)
        except FutureTimeout:
            self.close()
            raise QueueConnectionError(f"{where} does not answer") from None
        except BaseException as error:
            raise QueueConnectionError(f"cannot connect to {where}: {_text(error)}") from error

    # ------------------------------------------------------------- the thread
    def _serve(self) -> None:
        try:
            self._connection = pika.SelectConnection(
                self._parameters,
                on_open_callback=self._on_open,
                on_open_error_callback=self._on_end,
                on_close_callback=self._on_end,
            )
            self._connection.ioloop.start()
        except Exception as error:  # whatever ends the thread ends the connection
            self._on_end(self._connection, error)

    def _on_open(self, connection: Any) -> None:
        connection.channel(on_open_callback=self._on_channel)

    def _on_channel(self, channel: Any) -> None:
        self._channel = channel
        channel.add_on_close_callback(self._on_channel_closed)
        channel.add_on_cancel_callback(self._on_cancelled)
        channel.basic_qos(prefetch_count=PREFETCH)
        channel.confirm_delivery(self._on_confirm, callback=self._on_ready)
        channel.add_on_return_callback(self._on_return)
        self._look()

    def _on_ready(self, _: Any) -> None:
        if not self._opened.done():
            self._opened.set_result(None)

    def _on_channel_closed(self, _: Any, reason: BaseException) -> None:
        """A channel that the broker closed takes the connection with it; the next use opens a new one."""
        if self._failure is None:
            self._failure = reason
        if self._connection is not None and self._connection.is_open:
            self._connection.close()

    def _on_end(self, _: Any, reason: BaseException | str) -> None:
        error = reason if isinstance(reason, BaseException) else ConnectionError(str(reason))
        self._failure = self._failure or error
        failed = QueueConnectionError(f"the connection to {self._where} is lost: {_text(self._failure)}")
        failed.__cause__ = self._failure
        if not self._opened.done():
            self._opened.set_exception(self._failure)
        for future in [*self._waiting, *self._unconfirmed.values()]:
            if not future.done():
                future.set_exception(failed)
        self._deliveries.put(None)
        if self._connection is not None:
            self._connection.ioloop.stop()

    # ------------------------------------------------------------- for the caller's thread
    @property
    def is_open(self) -> bool:
        """Whether the broker can be asked."""
        return self._failure is None and self._thread.is_alive()

    def close(self) -> None:
        """Close the connection; what was delivered and not acknowledged goes back to its queue."""
        if self._thread.is_alive() and self._connection is not None:
            loop = self._connection.ioloop
            loop.add_callback_threadsafe(self._close)
            self._thread.join(CLOSE_SECONDS)
            if self._thread.is_alive():
                loop.add_callback_threadsafe(loop.stop)
        self._failure = self._failure or ConnectionError("it was closed")

    def _close(self) -> None:
        self._failure = self._failure or ConnectionError("it was closed")
        if self._connection.is_open:
            self._connection.close()

    def _ask(self, work: Callable[[Future[Any]], None]) -> Any:
        """The result of work that is done in the broker's thread."""
        future: Future[Any] = Future()
        if not self.is_open:
            raise QueueConnectionError(f"the connection to {self._where} is lost: {_text(self._failure)}")
        self._waiting.add(future)
        self._connection.ioloop.add_callback_threadsafe(functools.partial(_guarded, work, future))
        try:
            return self._result(future)
        finally:
            self._waiting.discard(future)

    def _result(self, future: Future[Any]) -> Any:
        """What a future comes to; a broker that died between two looks is noticed all the same."""
        deadline = time.monotonic() + ANSWER_SECONDS
        while True:
            try:
                return future.result(LOOK_SECONDS)
            except FutureTimeout:
                if not self.is_open or time.monotonic() > deadline:
                    raise QueueConnectionError(f"{self._where} does not answer") from None
            except (pika.exceptions.AMQPError, ValueError) as error:
                raise QueueConnectionError(f"{self._where} refused: {_text(error)}") from error

    # ------------------------------------------------------------- queues
    def declare(self, name: str, arguments: Mapping[str, Any]) -> None:
        """Make sure that a durable queue exists."""
        self._ask(
            lambda future: self._channel.queue_declare(
                name, durable=True, arguments=dict(arguments), callback=future.set_result
            )
        )

    def count(self, name: str) -> int:
        """The messages of an existing queue that wait, without those that were sent to somebody."""
        frame = self._ask(
            lambda future: self._channel.queue_declare(name, passive=True, callback=future.set_result)
        )
        return int(frame.method.message_count)

    def purge(self, name: str) -> int:
        """Remove all waiting messages; how many there were."""
        frame = self._ask(lambda future: self._channel.queue_purge(name, callback=future.set_result))
        return int(frame.method.message_count)

    def delete(self, name: str) -> None:
        """Remove a queue with all that it holds."""
        self._ask(lambda future: self._channel.queue_delete(name, callback=future.set_result))

    # ------------------------------------------------------------- publishing
    def publish(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """Publish persistent messages, and wait until the broker has confirmed every one of them.

        Raises:
            QueueConnectionError: The connection broke; some may have been stored.
            QueueError: The broker refused a message, or there is no such queue.
        """
        for future in self._ask(lambda future: self._publish(messages, future)):
            self._result(future)

    def _publish(self, messages: Sequence[tuple[str, bytes]], done: Future[Any]) -> None:
        futures = []
        for name, body in messages:
            self._channel.basic_publish("", name, body, properties=_PERSISTENT, mandatory=True)
            self._published += 1
            futures.append(self._unconfirmed.setdefault(self._published, Future()))
        done.set_result(futures)

    def _on_confirm(self, frame: Any) -> None:
        """Note the broker's word on one message, or on all up to it."""
        tag, is_good = frame.method.delivery_tag, isinstance(frame.method, pika.spec.Basic.Ack)
        tags = [known for known in self._unconfirmed if known <= tag] if frame.method.multiple else [tag]
        for known in tags:
            future = self._unconfirmed.pop(known, None)
            if future is None or future.done():
                continue
            if is_good:
                future.set_result(None)
            else:
                future.set_exception(QueueError(f"{self._where} refused a message"))

    def _on_return(self, _: Any, method: Any, __: Any, ___: bytes) -> None:
        """A message without a queue comes back before it is confirmed; none of its batch counts as stored."""
        error = QueueError(f"{self._where} has no queue {method.routing_key!r}")
        for future in self._unconfirmed.values():
            if not future.done():
                future.set_exception(error)

    # ------------------------------------------------------------- receiving
    def receive(self, names: Sequence[str], *, wait_seconds: float) -> Delivery | None:
        """The next message of any of the queues; None when none comes within the time."""
        self._is_receiving = True
        try:
            new = [name for name in names if name not in self._consumers]
            if new:
                self._ask(lambda future: self._consume(new, future))
            delivery = self._deliveries.get(timeout=max(wait_seconds, AT_ONCE_SECONDS))
        except queue.Empty:
            return None
        finally:
            self._last_asked, self._is_receiving = time.monotonic(), False
        if delivery is None or not self.is_open:
            raise QueueConnectionError(f"the connection to {self._where} is lost: {_text(self._failure)}")
        self._held.add(delivery.tag)
        return delivery

    def _consume(self, names: Sequence[str], done: Future[Any]) -> None:
        left = set(names)

        def started(name: str, _: Any) -> None:
            left.discard(name)
            if not left and not done.done():
                done.set_result(None)

        for name in names:
            self._consumers[name] = self._channel.basic_consume(
                name,
                on_message_callback=functools.partial(self._on_message, name),
                callback=functools.partial(started, name),
            )

    def _on_message(self, name: str, _: Any, method: Any, __: Any, body: bytes) -> None:
        self._deliveries.put(Delivery(tag=method.delivery_tag, queue_name=name, body=body))

    def _on_cancelled(self, _: Any) -> None:
        """A queue was deleted under its consumers: they are started again by the next look."""
        self._consumers.clear()

    def get(self, name: str) -> Delivery | None:
        """One message of a queue, without becoming its consumer; None when it is empty."""
        delivery: Delivery | None = self._ask(functools.partial(self._get, name))
        if delivery is not None:
            self._held.add(delivery.tag)
        return delivery

    def _get(self, name: str, done: Future[Any]) -> None:
        def came(_: Any, method: Any, __: Any, body: bytes) -> None:
            done.set_result(Delivery(tag=method.delivery_tag, queue_name=name, body=body))

        def empty(_: Any) -> None:
            if not done.done():
                done.set_result(None)

        self._channel.add_callback(empty, [pika.spec.Basic.GetEmpty], one_shot=True)
        self._channel.basic_get(name, callback=came)

    def acknowledge(self, delivery: Delivery) -> None:
        """Take a message out of its queue for good."""
        self._held.discard(delivery.tag)
        self._ask(lambda future: future.set_result(self._channel.basic_ack(delivery.tag)))

    def reject(self, delivery: Delivery) -> None:
        """Send a message to the dead-letter queue."""
        self._held.discard(delivery.tag)
        self._ask(lambda future: future.set_result(self._channel.basic_reject(delivery.tag, requeue=False)))

    def pause(self) -> None:
        """Give back what was delivered and not acknowledged; receive nothing until the next `receive`."""
        if self.is_open and (self._consumers or self._held):
            self._ask(self._pause)

    def _pause(self, done: Future[Any]) -> None:
        self._give_back()
        for tag in sorted(self._held):
            self._channel.basic_nack(tag, requeue=True)
        self._held.clear()
        done.set_result(None)

    def _look(self) -> None:
        """Give back, from time to time, what nobody has taken because the caller is busy with a task."""
        if self._failure is not None:
            return
        is_busy = not self._is_receiving and time.monotonic() - self._last_asked > UNTAKEN_SECONDS
        if is_busy and self._consumers:
            self._give_back()
        self._connection.ioloop.call_later(LOOK_SECONDS, self._look)

    def _give_back(self) -> None:
        for tag in self._consumers.values():
            self._channel.basic_cancel(tag)
        self._consumers.clear()
        while True:
            try:
                delivery = self._deliveries.get_nowait()
            except queue.Empty:
                return
            if delivery is not None:
                self._channel.basic_nack(delivery.tag, requeue=True)


def _guarded(work: Callable[[Future[Any]], None], future: Future[Any]) -> None:
    try:
        work(future)
    except Exception as error:  # belongs to the thread that asked
        if not future.done():
            future.set_exception(error)


def _text(error: BaseException | None) -> str:
    """What an error of the driver says; some of them say nothing but their name."""
    if error is None:
        return "no reason is known"
    inner = getattr(error, "exceptions", None) or error.args
    texts = [str(item) for item in inner if str(item)]
    return f"{type(error).__name__}: {', '.join(texts)}" if texts else repr(error)
