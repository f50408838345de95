"""Pauses between tries: growing, and different for each process, so that many do not come back at once."""

from __future__ import annotations

import random
import time


class Backoff:
    """The pauses of one series of tries.

    Args:
        first: The longest that the first pause may be, seconds.
        last: The longest that any pause may be, seconds.
        rng: Where the difference between processes comes from.
    """

    def __init__(self, first: float, last: float, *, rng: random.Random | None = None) -> None:
        self._first, self._last = first, last
        self._longest = first
        self._rng = rng or random.Random()  # noqa: S311 - only pauses

    def next(self) -> float:
        """Seconds to wait now: between a half and the whole of a time that doubles with each call."""
        longest, self._longest = self._longest, min(self._last, 2 * self._longest)
        return self._rng.uniform(longest / 2, longest)

    def reset(self) -> None:
        """Begin again with the first pause, after something went well."""
        self._longest = self._first


class Every:
    """Says from time to time that it is time again."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._next = seconds, 0.0

    def is_time(self) -> bool:
        """Whether so many seconds are over since it last said so; true the first time."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + self._seconds
        return True
