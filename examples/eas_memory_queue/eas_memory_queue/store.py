"""Queues in memory: numbers go in at one end, are lent to a client, and come back if it goes away."""

from __future__ import annotations

import itertools
import threading
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Loan:
    """A number that a client was given, and the queue that it goes back to."""

    receipt: int
    queue: str
    item: int


class Store:
    """The queues of all clients. Every method may be called from any thread."""

    def __init__(self) -> None:
        self._queues: defaultdict[str, deque[int]] = defaultdict(deque)
        self._has_news = threading.Condition()
        self._receipts = itertools.count(1)

    def put(self, queue: str, items: Sequence[int]) -> int:
        """Add numbers at the end; how many wait now."""
        with self._has_news:
            self._queues[queue].extend(items)
            self._has_news.notify_all()
            return len(self._queues[queue])

    def lend(self, queues: Sequence[str], wait_seconds: float) -> Loan | None:
        """The first number of the first queue that has one; None when none comes within the time."""
        with self._has_news:
            if not self._has_news.wait_for(lambda: self._first(queues), timeout=wait_seconds):
                return None
            queue = self._first(queues)
            return Loan(next(self._receipts), queue, self._queues[queue].popleft())

    def _first(self, queues: Sequence[str]) -> str:
        """The name of the first queue with a number in it, else an empty text."""
        return next((name for name in queues if self._queues[name]), "")

    def give_back(self, loans: Sequence[Loan]) -> int:
        """Put numbers back where they came from, in their old order; how many there were."""
        with self._has_news:
            for loan in reversed(loans):
                self._queues[loan.queue].appendleft(loan.item)
            self._has_news.notify_all()
        return len(loans)

    def count(self, queue: str) -> int:
        """How many numbers wait; those that are lent do not count."""
        with self._has_news:
            return len(self._queues[queue])

    def clear(self, queue: str) -> int:
        """Forget the numbers that wait; how many there were."""
        with self._has_news:
            count = len(self._queues[queue])
            self._queues[queue].clear()
            return count
