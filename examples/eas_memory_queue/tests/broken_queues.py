"""The backend with one fault at a time, and the tests of the kit that find it.

`test_broken_queues.py` runs the kit on them; by hand: ``python -m pytest tests/broken_queues.py``.
"""

from typing import ClassVar

import pytest
from eas_memory_queue.backend import TaskQueueMemory

from eas_framework.errors import QueueConnectionError
from eas_framework.testing import TaskQueueContract


class EmptiesWhenDeclared(TaskQueueMemory):
    """Makes a queue anew each time."""

    found_by: ClassVar = {"test_declaring_a_queue_twice_is_harmless"}

    def queue_declare(self, queue_name):
        self.queue_purge(queue_name)


class GivesNothingAsZero(TaskQueueMemory):
    """Says 0, which could be an attempt, where there is none."""

    found_by: ClassVar = {
        "test_an_empty_queue_gives_none_at_once",
        "test_items_come_in_the_order_in_which_they_were_published",
        "test_each_task_type_has_a_queue_of_its_own",
        "test_publishing_twice_leads_to_one_claim",
        "test_two_consumers_share_200_items_none_twice_and_none_lost",
    }

    def queue_fetch_and_acknowledge(self, queue_name, acknowledge=True, set_running=True):
        return super().queue_fetch_and_acknowledge(queue_name, acknowledge, set_running) or 0


class LastInFirstOut(TaskQueueMemory):
    """A stack."""

    found_by: ClassVar = {
        "test_items_come_in_the_order_in_which_they_were_published",
        "test_looking_at_a_queue_takes_nothing_away",
        "test_an_item_may_be_taken_away_without_a_claim",
    }

    def publish_hints(self, hints):
        for queue_name, attempt_id in hints:
            name = self._name(queue_name)
            waiting = []
            while (loan := self._client.ask("lend", [name], 0.0)) is not None:
                self._client.ask("finish", loan[0])
                waiting.append(loan[2])
            self._client.ask("put", name, [attempt_id, *waiting])


class TakesWhatItShows(TaskQueueMemory):
    """Empties the queue in order to list it."""

    found_by: ClassVar = {"test_looking_at_a_queue_takes_nothing_away"}

    def queue_fetch_list(self, queue_name):
        found = super().queue_fetch_list(queue_name)
        self._client.ask("clear", self._name(queue_name))
        return found


class OneQueueForAll(TaskQueueMemory):
    """Forgets which type a hint is about."""

    found_by: ClassVar = {"test_each_task_type_has_a_queue_of_its_own"}

    def _name(self, queue_name):
        return "all"


class ForgetsToClaim(TaskQueueMemory):
    """Hands an attempt out and leaves its row as it is."""

    found_by: ClassVar = {
        "test_what_is_fetched_is_claimed_with_a_lease",
        "test_publishing_twice_leads_to_one_claim",
    }

    def _take(self, attempt_id, *, claim):
        return True if claim else super()._take(attempt_id, claim=claim)


class TakesWhatItMayOnlyShow(TaskQueueMemory):
    """Does not look at `acknowledge`."""

    found_by: ClassVar = {"test_an_item_may_be_taken_away_without_a_claim"}

    def queue_fetch_and_acknowledge(self, queue_name, acknowledge=True, set_running=True):
        return super().queue_fetch_and_acknowledge(queue_name, True, set_running)


class AcknowledgesAtOnce(TaskQueueMemory):
    """Takes a hint out of its queue before anybody has claimed the attempt."""

    found_by: ClassVar = {"test_a_hint_that_was_not_acknowledged_comes_back_after_close"}

    def fetch_hint(self, queue_names, *, wait_seconds=0.0):
        hint = super().fetch_hint(queue_names, wait_seconds=wait_seconds)
        if hint is not None:
            self.acknowledge(hint)
        return hint


class NeverAcknowledges(TaskQueueMemory):
    """Holds every hint until it closes."""

    found_by: ClassVar = {"test_a_hint_that_was_claimed_and_acknowledged_does_not_come_back"}

    def acknowledge(self, hint):
        pass


class LosesOneInFifty(TaskQueueMemory):
    """Does not send every hint, which is too seldom for small tests to see."""

    found_by: ClassVar = {"test_two_consumers_share_200_items_none_twice_and_none_lost"}

    def publish_hints(self, hints):
        super().publish_hints([hint for hint in hints if hint[1] % 50])


class CountsAfterThePurge(TaskQueueMemory):
    """Gives the number of items that are left."""

    found_by: ClassVar = {"test_purging_empties_one_queue_and_counts"}

    def queue_purge(self, queue_name):
        super().queue_purge(queue_name)
        return self.queue_length(queue_name)


class ClosesOnce(TaskQueueMemory):
    """Says goodbye to a server that it has left."""

    found_by: ClassVar = {
        "test_closing_twice_is_harmless",
        "test_a_hint_that_was_not_acknowledged_comes_back_after_close",
        "test_a_hint_that_was_claimed_and_acknowledged_does_not_come_back",
    }
    closes = 0

    def close(self):
        self.closes += 1
        super().close()
        if self.closes == 2:
            raise QueueConnectionError("it is closed")


class ShowsTheBareError(TaskQueueMemory):
    """Lets an error of the socket through, which names nothing."""

    found_by: ClassVar = {"test_d27_a_server_that_is_not_there_is_named"}

    def __init__(self, **arguments):
        try:
            super().__init__(**arguments)
        except QueueConnectionError as error:
            raise error.__cause__ from None


BROKEN_QUEUES = [kind for kind in TaskQueueMemory.__subclasses__() if kind.__module__ == __name__]


class _Contract(TaskQueueContract):
    @pytest.fixture
    def new_queue(self):
        return self.queue_class

    @pytest.fixture
    def unreachable(self, nobody_listens):
        return self.queue_class


for _kind in BROKEN_QUEUES:
    globals()[f"Test{_kind.__name__}"] = type(f"Test{_kind.__name__}", (_Contract,), {"queue_class": _kind})
