"""The contract of a queue backend."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from eas_framework.errors import QueueConnectionError
from eas_framework.plugins import TaskQueue
from eas_framework.task_database import TaskDatabaseConnection
from eas_framework.task_objects import AttemptId
from eas_framework.testing.scenarios import Hand

NewQueue = Callable[[], TaskQueue]
QUEUE = "null"
OTHER_QUEUE = "error"
ITEMS = 200
SHORT_WAIT_SECONDS = 20.0


def _fetched(queue: TaskQueue) -> Iterator[int]:
    """What the queue gives until it is empty, or has given more than was ever put into it."""
    for _ in range(ITEMS + 1):
        item = queue.queue_fetch_and_acknowledge(QUEUE)
        if item is None:
            return
        yield item


class TaskQueueContract:
    """What every queue backend must do. A subclass supplies the fixture `new_queue`.

    `new_queue` gives a function that opens a further connected queue, such as the backend's class.
    """

    @pytest.fixture
    def new_queue(self) -> NewQueue:
        """To be overridden."""
        pytest.fail(
            f"{type(self).__name__} must define a pytest fixture `new_queue` that returns a function which "
            "opens a connected TaskQueue on an empty queue, for example: return TaskQueueSQL"
        )

    @pytest.fixture
    def unreachable(self) -> Callable[[], TaskQueue] | None:
        """A function that opens a queue of a server that is not there; None for a queue without a server."""
        return None

    @pytest.fixture
    def open_queue(self, task_database: TaskDatabaseConnection, new_queue: NewQueue) -> Iterator[NewQueue]:
        """Opens queues in the workspace that are closed at the end; the queues of two types are declared."""
        opened: list[TaskQueue] = []

        def open_one() -> TaskQueue:
            queue = new_queue()
            opened.append(queue)
            return queue

        first = open_one()
        for name in (QUEUE, OTHER_QUEUE):
            first.queue_declare(name)
            first.queue_purge(name)
        yield open_one
        for queue in opened:
            queue.close()

    @pytest.fixture
    def queue(self, open_queue: NewQueue) -> TaskQueue:
        """A connected, empty queue."""
        return open_queue()

    @staticmethod
    def _attempts(database: TaskDatabaseConnection, count: int, *, task_type: str = QUEUE) -> list[AttemptId]:
        """New attempts that nobody has published yet."""
        with database.transaction():
            return [
                database.execution_attempt_register(
                    database.task_register(task_type=task_type, metadata={"task_description": "{}"})
                )
                for _ in range(count)
            ]

    def _published(self, database: TaskDatabaseConnection, queue: TaskQueue, count: int) -> list[AttemptId]:
        attempts = self._attempts(database, count)
        for attempt_id in attempts:
            queue.queue_publish(QUEUE, attempt_id)
        return attempts

    def test_declaring_a_queue_twice_is_harmless(
        self, queue: TaskQueue, task_database: TaskDatabaseConnection
    ) -> None:
        attempts = self._published(task_database, queue, 1)
        queue.queue_declare(QUEUE)
        queue.queue_declare(QUEUE)
        assert queue.queue_fetch_list(QUEUE) == attempts

    def test_an_empty_queue_gives_none_at_once(self, queue: TaskQueue) -> None:
        assert queue.queue_length(QUEUE) == 0
        assert queue.queue_fetch_list(QUEUE) == []
        assert queue.queue_fetch_and_acknowledge(QUEUE) is None
        assert queue.fetch_hint([QUEUE, OTHER_QUEUE]) is None
        assert queue.queue_purge(QUEUE) == 0

    def test_items_come_in_the_order_in_which_they_were_published(
        self, queue: TaskQueue, task_database: TaskDatabaseConnection
    ) -> None:
        attempts = self._published(task_database, queue, 5)
        assert [queue.queue_fetch_and_acknowledge(QUEUE) for _ in range(6)] == [*attempts, None]

    def test_looking_at_a_queue_takes_nothing_away(
        self, queue: TaskQueue, open_queue: NewQueue, task_database: TaskDatabaseConnection
    ) -> None:
        attempts = self._published(task_database, queue, 3)
        other = open_queue()
        for looker in (queue, other, queue):
            assert looker.queue_length(QUEUE) == 3
            assert looker.queue_fetch_list(QUEUE) == attempts
        assert [other.queue_fetch_and_acknowledge(QUEUE) for _ in range(3)] == attempts

    def test_each_task_type_has_a_queue_of_its_own(
        self, queue: TaskQueue, task_database: TaskDatabaseConnection
    ) -> None:
        attempts = self._published(task_database, queue, 1)
        assert queue.queue_fetch_and_acknowledge(OTHER_QUEUE) is None
        assert queue.fetch_hint([OTHER_QUEUE]) is None
        assert queue.queue_fetch_and_acknowledge(QUEUE) == attempts[0]

    def test_what_is_fetched_is_claimed_with_a_lease(
        self, queue: TaskQueue, task_database: TaskDatabaseConnection
    ) -> None:
        (attempt_id,) = self._published(task_database, queue, 1)
        assert task_database.attempts.get(attempt_id).state == "queued"
        assert queue.queue_fetch_and_acknowledge(QUEUE) == attempt_id
        assert task_database.attempts.get(attempt_id).state == "running"
        assert Hand(task_database).claim(attempt_id) is None

    def test_an_item_may_be_taken_away_without_a_claim(
        self, queue: TaskQueue, task_database: TaskDatabaseConnection
    ) -> None:
        first, second = self._published(task_database, queue, 2)
        assert queue.queue_fetch_and_acknowledge(QUEUE, set_running=False) == first
        assert queue.queue_length(QUEUE) == 1
        assert queue.queue_fetch_and_acknowledge(QUEUE, acknowledge=False) == second
        assert queue.queue_length(QUEUE) == 1
        assert task_database.attempts.get(first).state != "running"

    def test_publishing_twice_leads_to_one_claim(
        self, queue: TaskQueue, task_database: TaskDatabaseConnection
    ) -> None:
        (attempt_id,) = self._published(task_database, queue, 1)
        queue.queue_publish(QUEUE, attempt_id)
        fetched = [queue.queue_fetch_and_acknowledge(QUEUE) for _ in range(2)]
        assert fetched == [attempt_id, None]

    def test_a_hint_that_was_not_acknowledged_comes_back_after_close(
        self, queue: TaskQueue, open_queue: NewQueue, task_database: TaskDatabaseConnection
    ) -> None:
        (attempt_id,) = self._published(task_database, queue, 1)
        hint = queue.fetch_hint([QUEUE], wait_seconds=SHORT_WAIT_SECONDS)
        assert hint is not None
        assert hint.attempt_id == attempt_id
        queue.close()
        again = open_queue().fetch_hint([QUEUE], wait_seconds=SHORT_WAIT_SECONDS)
        assert again is not None
        assert again.attempt_id == attempt_id

    def test_a_hint_that_was_claimed_and_acknowledged_does_not_come_back(
        self, queue: TaskQueue, open_queue: NewQueue, task_database: TaskDatabaseConnection
    ) -> None:
        self._published(task_database, queue, 1)
        hint = queue.fetch_hint([OTHER_QUEUE, QUEUE], wait_seconds=SHORT_WAIT_SECONDS)
        assert hint is not None
        assert Hand(task_database).claim(AttemptId(hint.attempt_id)) is not None
        queue.acknowledge(hint)
        queue.close()
        other = open_queue()
        assert other.fetch_hint([QUEUE]) is None
        assert other.queue_length(QUEUE) == 0

    def test_two_consumers_share_200_items_none_twice_and_none_lost(
        self, queue: TaskQueue, new_queue: NewQueue, task_database: TaskDatabaseConnection
    ) -> None:
        attempts = self._published(task_database, queue, ITEMS)
        got: list[int] = []
        errors: list[BaseException] = []

        def consume() -> None:
            try:
                with new_queue() as own:
                    got.extend(_fetched(own))
            except BaseException as error:  # shown by the test's own thread
                errors.append(error)

        consumers = [threading.Thread(target=consume) for _ in range(2)]
        for consumer in consumers:
            consumer.start()
        for consumer in consumers:
            consumer.join()
        assert errors == []
        assert sorted(got) == attempts

    def test_purging_empties_one_queue_and_counts(
        self, queue: TaskQueue, task_database: TaskDatabaseConnection
    ) -> None:
        self._published(task_database, queue, 3)
        (other,) = self._attempts(task_database, 1, task_type=OTHER_QUEUE)
        queue.queue_publish(OTHER_QUEUE, other)
        assert queue.queue_purge(QUEUE) == 3
        assert queue.queue_length(QUEUE) == 0
        assert queue.queue_fetch_list(OTHER_QUEUE) == [other]

    def test_closing_twice_is_harmless(self, queue: TaskQueue) -> None:
        queue.close()
        queue.close()

    def test_d27_a_server_that_is_not_there_is_named(
        self, unreachable: Callable[[], TaskQueue] | None
    ) -> None:
        if unreachable is None:
            pytest.skip("the queue has no server")
        with pytest.raises(QueueConnectionError, match=r"\w+:\d+"):
            unreachable()
