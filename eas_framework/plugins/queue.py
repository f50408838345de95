"""The contract of a queue backend: `TaskQueue`.

A queue holds hints: "attempt 123 of this type may be ready". The task database holds the truth, so a hint
may be lost, late or double without harm. One queue exists for each task type, under the type's name.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self


@dataclass(frozen=True, kw_only=True)
class QueueHint:
    """An attempt id taken from a queue, and what the backend needs to acknowledge it."""

    attempt_id: int
    queue_name: str
    receipt: Any = None


class TaskQueue(ABC):
    """Queues of attempt ids, one for each task type."""

    external: ClassVar[bool] = True
    """Whether the queue lives outside the task database, so that publishing goes through the outbox."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @abstractmethod
    def close(self) -> None:
        """Close the connection; harmless twice."""

    @abstractmethod
    def queue_declare(self, queue_name: str) -> None:
        """Make sure that the queue exists; harmless twice."""

    @abstractmethod
    def queue_publish(self, queue_name: str, item_id: int) -> None:
        """Put an attempt id at the end of the queue."""

    @abstractmethod
    def queue_length(self, queue_name: str) -> int:
        """The number of waiting items."""

    @abstractmethod
    def queue_fetch_list(self, queue_name: str) -> list[int]:
        """All waiting attempt ids, oldest first; nothing is taken away."""

    @abstractmethod
    def queue_fetch_and_acknowledge(
        self, queue_name: str, acknowledge: bool = True, set_running: bool = True
    ) -> int | None:
        """The next attempt id, or None at once when the queue is empty.

        Args:
            queue_name: Task type.
            acknowledge: Take it away; False leaves it in the queue.
            set_running: Claim the attempt, with a lease, before it is acknowledged.
        """

    @abstractmethod
    def fetch_hint(self, queue_names: Sequence[str], *, wait_seconds: float = 0.0) -> QueueHint | None:
        """The next hint of any of the queues; None when there is none within `wait_seconds`."""

    @abstractmethod
    def acknowledge(self, hint: QueueHint) -> None:
        """Take the hint out of its queue for good."""

    @abstractmethod
    def queue_purge(self, queue_name: str) -> int:
        """Remove all waiting items; return how many there were."""

    # ------------------------------------------------------------- queues outside the database
    def publish_hints(self, hints: Sequence[tuple[str, int]]) -> None:
        """Send (queue name, attempt id) for attempts that are queued already; returns when all are stored."""
        for queue_name, attempt_id in hints:
            self.queue_publish(queue_name, attempt_id)

    def hint_count(self, queue_name: str) -> int:
        """The hints that wait, for comparison with what the database says."""
        return self.queue_length(queue_name)

    def waiting_hints(self, queue_name: str) -> Iterator[QueueHint]:
        """The hints that wait now, one after another, for whoever compares them with the database.

        Each is to be acknowledged or refused; `pause` gives back the others.
        """
        return iter(())

    def dead_letter_count(self) -> int:
        """How many messages were set aside because nobody could use them."""
        return 0

    def empty_dead_letters(self) -> int:
        """Remove the messages that were set aside; how many there were."""
        return 0

    def refuse(self, hint: QueueHint) -> None:
        """Set a hint aside that is about nothing the database knows."""
        self.acknowledge(hint)

    def pause(self) -> None:  # noqa: B027 - most queues hold nothing back
        """Give back hints that were not acknowledged, and receive none until the next `fetch_hint`."""
