"""What supervisor and executor say to each other."""

import socket

import pytest

from eas_framework.worker.messages import Channel


@pytest.fixture
def pair():
    ours, theirs = map(Channel, socket.socketpair())
    yield ours, theirs
    ours.close()
    theirs.close()


def test_messages_come_in_order_and_whole(pair):
    ours, theirs = pair
    ours.send(do="wake")
    ours.send(do="drain", text="two\nlines")
    assert theirs.receive() == [{"do": "wake"}, {"do": "drain", "text": "two\nlines"}]
    assert theirs.receive() == []


def test_a_message_that_another_follows_comes_with_it(pair):
    ours, theirs = pair
    ours.send(another_follows=True, event="finished")
    assert theirs.receive() == []
    ours.send(event="started")
    assert theirs.receive() == [{"event": "finished"}, {"event": "started"}]


def test_the_end_of_the_other_side_is_seen(pair):
    ours, theirs = pair
    theirs.send(event="ready")
    theirs.close()
    assert ours.receive() == [{"event": "ready"}]
    assert ours.is_closed
    ours.send(do="wake")  # dropped
    assert ours.is_closed
