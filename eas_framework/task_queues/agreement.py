"""Where the task database and a queue outside of it disagree, and how they are made to agree again.

The database is the truth, messages are hints: whatever is done here to messages loses no work, and a message
too many finds nothing to claim.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from eas_framework.plugins.database import Row
from eas_framework.plugins.queue import QueueHint, TaskQueue
from eas_framework.settings import configuration
from eas_framework.task_database import TaskDatabaseConnection
from eas_framework.task_database.rooms import is_external
from eas_framework.task_objects import AttemptId
from eas_framework.task_queues.connector import TaskQueueConnector
from eas_framework.task_queues.relay import FORGOTTEN_SECONDS, OutboxRelay
from eas_framework.task_queues.scheduler import TaskScheduler

EXPIRED, OVERDUE, MISSING = "lease expired", "not published", "no message"
STALE, DOUBLE, UNKNOWN, DEAD = "stale message", "double message", "unknown attempt", "dead letters"
ASKED_AT_ONCE = 500

EXPLANATIONS: Mapping[str, tuple[str, str]] = {
    EXPIRED: (
        "attempts run whose worker has been silent for longer than lease_seconds",
        "they are lost and their tasks queued again",
    ),
    OVERDUE: (
        "attempts are queued and not published: no worker or scheduler runs, or the broker is away",
        "they are published",
    ),
    MISSING: (
        "attempts are queued and published, and the queue holds no message about them",
        "they are published again",
    ),
    STALE: ("messages are about attempts that run or have ended", "they are taken out"),
    DOUBLE: ("messages are about attempts that another message is about", "they are taken out"),
    UNKNOWN: ("messages are about attempts that the database does not know", "they go to the dead letters"),
    DEAD: (
        "messages nobody could use: not sent by this installation, or delivered too often",
        "left alone; --empty-dead-letters removes them",
    ),
}


@dataclass(frozen=True, kw_only=True)
class Disagreement:
    """One kind of disagreement, for one task type where it belongs to one."""

    problem: str
    task_type: str
    number: int

    @property
    def detail(self) -> str:
        """What it means."""
        return EXPLANATIONS[self.problem][0]

    @property
    def remedy(self) -> str:
        """What a repair does about it."""
        return EXPLANATIONS[self.problem][1]


@dataclass(frozen=True, kw_only=True)
class Found:
    """What an examination found, and what of it a repair needs."""

    disagreements: Sequence[Disagreement]
    missing: Sequence[AttemptId]


# ------------------------------------------------------------- without touching a message
def counted(database: TaskDatabaseConnection, queue: TaskQueue | None) -> list[Disagreement]:
    """What can be known from the database and from the lengths of the queues.

    Args:
        database: An open connection.
        queue: The queue, where it lives outside the database.
    """
    found = _in_database(database, is_external=queue is not None)
    if queue is None:
        return found
    published = Counter(row["task_type"] for row in _published(database))
    for name in database.catalogue.task_type_names():
        waiting = queue.hint_count(name)
        absent = published[name] - waiting
        surplus = waiting - database.attempts.count_queued(database.catalogue.task_type_id(name))
        if absent > 0:
            found.append(Disagreement(problem=MISSING, task_type=name, number=absent))
        if surplus > 0:
            found.append(Disagreement(problem=STALE, task_type=name, number=surplus))
    return [*found, *_dead_letters(queue)]


def _in_database(database: TaskDatabaseConnection, *, is_external: bool) -> list[Disagreement]:
    outbox = database.outbox
    found = [(EXPIRED, row) for row in outbox.expired_leases()]
    if is_external:
        found += [(OVERDUE, row) for row in outbox.overdue(age_seconds=FORGOTTEN_SECONDS)]
    return [
        Disagreement(problem=problem, task_type=row["task_type"], number=row["number"])
        for problem, row in found
    ]


def _published(database: TaskDatabaseConnection) -> list[Row]:
    return database.outbox.published(age_seconds=FORGOTTEN_SECONDS)


def _dead_letters(queue: TaskQueue) -> list[Disagreement]:
    number = queue.dead_letter_count()
    return [Disagreement(problem=DEAD, task_type="", number=number)] if number else []


# ------------------------------------------------------------- message by message
def examined(database: TaskDatabaseConnection, queue: TaskQueue, *, repair: bool) -> Found:
    """Look at every waiting message; all are given back, except those that a repair takes out.

    Messages that a worker holds at the moment are not seen. The broker counts a look as a delivery.
    """
    found = [*_in_database(database, is_external=True), *_dead_letters(queue)]
    seen: set[int] = set()
    try:
        for name in database.catalogue.task_type_names():
            kinds = Counter(_wrong(database, queue, name, seen, repair=repair))
            found += [Disagreement(problem=k, task_type=name, number=n) for k, n in sorted(kinds.items())]
    finally:
        queue.pause()
    absent = [row for row in _published(database) if row["attempt"] not in seen]
    by_type = Counter(row["task_type"] for row in absent)
    found += [Disagreement(problem=MISSING, task_type=k, number=n) for k, n in sorted(by_type.items())]
    missing = [AttemptId(row["attempt"]) for row in absent]
    return Found(disagreements=found, missing=missing)


def _wrong(
    database: TaskDatabaseConnection, queue: TaskQueue, name: str, seen: set[int], *, repair: bool
) -> Iterator[str]:
    """What is wrong with the waiting messages of a queue; those that are good are noted as seen."""
    for hints in _batches(queue.waiting_hints(name)):
        states = database.outbox.attempt_states([hint.attempt_id for hint in hints])
        for hint in hints:
            kind = _kind(states.get(hint.attempt_id), is_seen=hint.attempt_id in seen)
            if kind is None:
                seen.add(hint.attempt_id)
                continue
            if repair:
                (queue.refuse if kind == UNKNOWN else queue.acknowledge)(hint)
            yield kind


def _kind(state: str | None, *, is_seen: bool) -> str | None:
    if state is None:
        return UNKNOWN
    if state != "queued":
        return STALE
    return DOUBLE if is_seen else None


def _batches(hints: Iterable[QueueHint]) -> Iterator[list[QueueHint]]:
    batch: list[QueueHint] = []
    for hint in hints:
        batch.append(hint)
        if len(batch) >= ASKED_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


# ------------------------------------------------------------- making them agree
def repaired(database: TaskDatabaseConnection, queue: TaskQueue | None) -> list[Disagreement]:
    """Make database and queue agree; what was found, all of which but dead letters is repaired then."""
    with TaskScheduler(database=database) as scheduler:
        if queue is None:
            found = _in_database(database, is_external=False)
            scheduler.run_pass()
            return found
        examination = examined(database, queue, repair=True)
        scheduler.run_pass()
        if examination.missing:
            database.outbox.add(*examination.missing)
        relay = OutboxRelay(database, queue)
        while relay.publish_due():
            pass
        return list(examination.disagreements)


def open_external_queue(database: TaskDatabaseConnection) -> TaskQueue | None:
    """The queue of the settings; None where it is in the database.

    Raises:
        QueueError: It cannot be reached.
    """
    if not is_external(configuration().queue_implementation):
        return None
    return TaskQueueConnector().open(database=database)
