"""Pauses between tries, and things that are done from time to time."""

import random

from eas_framework.worker.backoff import Backoff, Every


def test_pauses_double_up_to_the_longest_and_begin_again_after_success():
    backoff = Backoff(0.25, 5.0, rng=random.Random(1))  # noqa: S311 - only pauses
    pauses = [backoff.next() for _ in range(8)]
    longest = [0.25, 0.5, 1.0, 2.0, 4.0, 5.0, 5.0, 5.0]
    assert all(top / 2 <= pause <= top for pause, top in zip(pauses, longest, strict=True))
    backoff.reset()
    assert backoff.next() <= 0.25


def test_processes_do_not_come_back_at_once():
    first = {Backoff(1.0, 8.0).next() for _ in range(50)}
    assert len(first) > 40


def test_it_is_time_once_in_a_while():
    assert [Every(3600.0).is_time() for _ in range(2)] == [True, True]
    rarely, always = Every(3600.0), Every(0.0)
    assert [rarely.is_time() for _ in range(3)] == [True, False, False]
    assert [always.is_time() for _ in range(3)] == [True, True, True]
