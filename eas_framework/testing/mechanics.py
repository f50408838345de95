"""What the task database must do on every backend: claims, fencing, counters, expansion, metadata."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eas_framework.errors import LeaseLostError, TaskFailed
from eas_framework.plugins.database import DatabaseInterface
from eas_framework.task_database import TaskDatabaseConnection
from eas_framework.task_database.expansion import ChildPlan
from eas_framework.task_database.metadata import Owner
from eas_framework.task_database.queueing import ClaimedTask
from eas_framework.task_database.tasks import NewTask
from eas_framework.task_objects import AttemptId, AttemptState, JobId, TaskId, TaskState, plain_values
from eas_framework.testing.scenarios import Hand

OpenDatabase = Callable[[], TaskDatabaseConnection]
NULL = json.dumps({"task": "null"})
EXPIRED = -1.0
"""A lease that ran out before it began, so that no test has to wait for its end."""

VALUES = {
    "zero": 0,
    "minus": -7,
    "beyond_2_53": 2**53 + 1,
    "far_beyond": 10**30,
    "whole_float": 1.0,
    "third": 1 / 3,
    "yes": True,
    "no": False,
    "nothing": None,
    "text": 'it\'s 100 % "π" \\ 🪐',
    "digits": "007",
    "scientific": "1e5",
    "empty": "",
    "list": [1, 2.5, "x", None, [True]],
    "table": {"a": {"b": [1]}},
    "infinity": math.inf,
    "minus_infinity": -math.inf,
}


class MechanicsChecks:
    """The part of the database contract that drives the task database; see `DatabaseBackendContract`."""

    @pytest.fixture
    def open_database(self, connect: Callable[[], DatabaseInterface], tmp_path: Path) -> OpenDatabase:
        """Opens task databases on connections of their own, with one file store."""

        def open_one() -> TaskDatabaseConnection:
            return TaskDatabaseConnection(tmp_path / "store", database=connect())

        first = open_one()
        for name in ("null", "error", "execution_chain", "execution_for_loop"):
            first.catalogue.ensure_task_type(name)
        return open_one

    @pytest.fixture
    def tasks(self, open_database: OpenDatabase) -> TaskDatabaseConnection:
        """A task database that knows four task types and holds no task."""
        return open_database()

    @pytest.fixture
    def hand(self, tasks: TaskDatabaseConnection) -> Hand:
        """A worker by hand."""
        return Hand(tasks)

    @pytest.fixture
    def root(self, tasks: TaskDatabaseConnection, hand: Hand) -> TaskId:
        """The root of a job, whose attempt is running."""
        return self._root(tasks, hand, "job")

    @staticmethod
    def _root(tasks: TaskDatabaseConnection, hand: Hand, name: str) -> TaskId:
        job_id = tasks.jobs.register(name=name, digest=name.ljust(64, "x"), seed=0, text="{}")
        root = tasks.tasks.register(
            NewTask(
                type_id=tasks.catalogue.task_type_id("execution_chain"),
                job_id=job_id,
                job_name=name,
                working_directory=name,
                description="{}",
                unmet_dependencies=0,
            )
        )
        tasks.jobs.set_root(job_id, root)
        tasks.lifecycle.queue_task(root)
        return root

    @staticmethod
    def _plan(name: str, **wanted: Any) -> ChildPlan:
        return ChildPlan(task_type="null", description=NULL, label=name, task_name=name, **wanted)

    def _states(self, tasks: TaskDatabaseConnection, root: TaskId) -> dict[str, str]:
        return {row["taskName"]: str(row["state"]) for row in tasks.tasks.children(root)}

    # ------------------------------------------------------------- attempts
    def test_d4_two_connections_claim_one_attempt_and_exactly_one_gets_it(
        self, tasks: TaskDatabaseConnection, open_database: OpenDatabase
    ) -> None:
        for number in range(10):
            attempt_id = tasks.lifecycle.queue_task(
                tasks.task_register(
                    task_type="null", task_name=str(number), metadata={"task_description": NULL}
                )
            )
            assert attempt_id is not None
            assert self._claims_at_once(open_database, attempt_id) == 1

    @staticmethod
    def _claims_at_once(open_database: OpenDatabase, attempt_id: AttemptId) -> int:
        """How many of two connections that claim an attempt at the same time get it."""
        got: list[bool] = []
        barrier = threading.Barrier(2)

        def claim(name: str) -> None:
            with open_database() as own:
                hand = Hand(own, name)
                barrier.wait(timeout=30)
                got.append(hand.claim(attempt_id) is not None)

        threads = [threading.Thread(target=claim, args=(name,)) for name in ("one", "two")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(got) == 2
        return sum(got)

    def test_the_flags_of_an_attempt_follow_its_state(
        self, tasks: TaskDatabaseConnection, hand: Hand
    ) -> None:
        task_id = tasks.task_register(task_type="null", metadata={"task_description": NULL})
        attempt_id = tasks.execution_attempt_register(task_id)
        ask = (
            "SELECT isQueued, isRunning, isFinished FROM eas_scheduling_attempt "
            "WHERE schedulingAttemptId = %s"
        )

        def flags() -> tuple[int, ...]:
            (row,) = tasks.db_handle.query(ask, (attempt_id,))
            return tuple(int(value) for value in row.values())

        assert flags() == (0, 0, 0)
        tasks.lifecycle.publish(attempt_id)
        assert flags() == (1, 0, 0)
        claimed = hand.take()
        assert flags() == (0, 1, 0)
        hand.end(claimed)
        assert flags() == (0, 0, 1)

    def test_a_worker_that_lost_its_lease_changes_nothing(
        self, tasks: TaskDatabaseConnection, hand: Hand, root: TaskId, open_database: OpenDatabase
    ) -> None:
        slow = Hand(open_database(), "slow", lease_seconds=EXPIRED)
        claimed = slow.take()
        assert tasks.lifecycle.reap() == 1
        again = hand.take()
        assert again.task_id == claimed.task_id
        with pytest.raises(LeaseLostError):
            slow.end(claimed)
        with pytest.raises(LeaseLostError):
            slow.database.execution_attempt_update(
                attempt_id=claimed.claim.attempt_id, metadata={"period": 1.0}
            )
        with pytest.raises(LeaseLostError):
            slow.database.expansion.register(root, claimed.claim.attempt_id, [self._plan("child")])
        first, second = tasks.attempts.of_task(root)
        assert (first.state, second.state) == (AttemptState.LOST, AttemptState.RUNNING)
        assert first.metadata == {}
        assert self._states(tasks, root) == {}

    def test_an_expired_lease_is_lost_to_one_reaper_alone(
        self, tasks: TaskDatabaseConnection, root: TaskId, open_database: OpenDatabase
    ) -> None:
        Hand(tasks, lease_seconds=EXPIRED).take()
        assert [tasks.lifecycle.reap(), open_database().lifecycle.reap()] == [1, 0]
        assert [a.state for a in tasks.attempts.of_task(root)] == [AttemptState.LOST, AttemptState.QUEUED]

    def test_a_lease_that_is_renewed_is_not_lost(self, tasks: TaskDatabaseConnection, root: TaskId) -> None:
        claimed = Hand(tasks, lease_seconds=EXPIRED).take()
        assert tasks.attempts.renew(claimed.claim, lease_seconds=60)
        assert tasks.lifecycle.reap() == 0

    def test_a_task_is_tried_three_times_and_then_fails(
        self, tasks: TaskDatabaseConnection, root: TaskId
    ) -> None:
        for _ in range(3):
            Hand(tasks, lease_seconds=EXPIRED).take()
            assert tasks.lifecycle.reap() == 1
        assert tasks.lifecycle.claim_next(None, worker_id="w", host_id=1, lease_seconds=1) is None
        assert tasks.tasks.counters(root)["state"] == TaskState.FAILED
        assert tasks.jobs.list_all()[0].state == "failed"

    def test_an_attempt_that_is_never_published_sets_its_task_free_in_the_end(
        self, tasks: TaskDatabaseConnection, hand: Hand
    ) -> None:
        task_id = tasks.task_register(task_type="null")
        tasks.dependencies.count(task_id)
        before = tasks.tasks.row(task_id)
        attempt_id = tasks.execution_attempt_register(task_id)
        assert tasks.lifecycle.free_unpublished() == 0
        assert tasks.lifecycle.queue_task(task_id) is None
        assert tasks.lifecycle.free_unpublished(age_seconds=-1.0) == 1
        assert tasks.lifecycle.free_unpublished(age_seconds=-1.0) == 0
        assert tasks.attempts.get(attempt_id).state == AttemptState.CANCELLED
        assert tasks.tasks.row(task_id) == before
        assert not tasks.lifecycle.publish(attempt_id)
        assert tasks.lifecycle.queue_task(task_id) is not None

    def test_two_attempts_at_one_task_are_never_open(
        self, tasks: TaskDatabaseConnection, hand: Hand, root: TaskId, open_database: OpenDatabase
    ) -> None:
        other = open_database()
        assert other.lifecycle.queue_task(root) is None
        assert other.lifecycle.queue_ready() == 0
        hand.take()
        assert other.lifecycle.queue_task(root) is None
        assert other.lifecycle.queue_ready() == 0
        assert len(tasks.attempts.of_task(root)) == 1

    # ------------------------------------------------------------- counters
    def _producer_and_consumer(
        self, tasks: TaskDatabaseConnection, hand: Hand, root: TaskId, **consumer: Any
    ) -> None:
        claimed = hand.take()
        made = self._plan("producer", outputs={"lightcurve": "a.npy"})
        wants = self._plan("consumer", inputs={"lightcurve": "a.npy"}, **consumer)
        tasks.expansion.register(root, claimed.claim.attempt_id, [made, wants, self._plan("other")])
        hand.end(claimed, is_control_flow=True)

    def test_a_task_waits_for_its_input_and_no_longer(
        self, tasks: TaskDatabaseConnection, hand: Hand, root: TaskId, tmp_path: Path
    ) -> None:
        self._producer_and_consumer(tasks, hand, root)
        assert self._states(tasks, root) == {"producer": "queued", "consumer": "waiting", "other": "queued"}
        (tmp_path / "a").write_bytes(b"a file")
        producer = hand.take()
        hand.write(producer, "a.npy", tmp_path / "a", directory="job")
        assert self._states(tasks, root)["consumer"] == "waiting"
        hand.end(producer)
        assert self._states(tasks, root)["consumer"] == "queued"
        hand.end(hand.take())
        hand.end(hand.take())
        assert set(self._states(tasks, root).values()) == {"passed"}
        assert tasks.tasks.counters(root)["state"] == TaskState.PASSED

    def _producer(
        self, tasks: TaskDatabaseConnection, hand: Hand, root: TaskId, tmp_path: Path
    ) -> ClaimedTask:
        """A producer that has written its file, and not ended."""
        self._producer_and_consumer(tasks, hand, root)
        (tmp_path / "a").write_bytes(b"a file")
        producer = hand.take()
        hand.write(producer, "a.npy", tmp_path / "a", directory="job")
        return producer

    def test_who_ends_a_task_may_begin_what_is_ready_by_it_with_a_claim_like_any_other(
        self, tasks: TaskDatabaseConnection, hand: Hand, root: TaskId, tmp_path: Path
    ) -> None:
        producer = self._producer(tasks, hand, root, tmp_path)
        finished = hand.end(producer, claimant=hand.claimant("null"))
        begun = finished.begun
        assert begun is not None
        assert finished.queued == 0
        assert self._states(tasks, root) == {"producer": "passed", "consumer": "running", "other": "queued"}
        assert tasks.lifecycle.queue_task(begun.task_id) is None
        assert tasks.attempts.renew(begun.claim, lease_seconds=60)
        assert hand.take().task_id != begun.task_id
        hand.end(begun)
        with pytest.raises(LeaseLostError):
            hand.end(begun)
        (attempt,) = tasks.attempts.of_task(begun.task_id)
        assert attempt.state is AttemptState.PASSED

    def test_what_is_begun_with_an_end_is_lost_when_its_lease_runs_out(
        self, tasks: TaskDatabaseConnection, hand: Hand, root: TaskId, tmp_path: Path
    ) -> None:
        producer = self._producer(tasks, hand, root, tmp_path)
        slow = Hand(tasks, "slow", lease_seconds=EXPIRED)
        begun = hand.end(producer, claimant=slow.claimant("null")).begun
        assert begun is not None
        assert tasks.lifecycle.reap() == 1
        with pytest.raises(LeaseLostError):
            slow.end(begun)
        states = [attempt.state for attempt in tasks.attempts.of_task(begun.task_id)]
        assert states == [AttemptState.LOST, AttemptState.QUEUED]

    @pytest.mark.parametrize("others", ["another type", "another job"])
    def test_what_a_claimant_does_not_serve_is_left_to_the_queue(
        self, tasks: TaskDatabaseConnection, hand: Hand, root: TaskId, tmp_path: Path, others: str
    ) -> None:
        producer = self._producer(tasks, hand, root, tmp_path)
        serves = "error" if others == "another type" else "null"
        claimant = hand.claimant(serves, job_id=JobId(99) if others == "another job" else None)
        finished = hand.end(producer, claimant=claimant)
        assert (finished.begun, finished.queued) == (None, 1)
        assert self._states(tasks, root)["consumer"] == "queued"

    def test_d2_a_failure_blocks_what_depends_on_it_and_a_retry_opens_it(
        self, tasks: TaskDatabaseConnection, hand: Hand, root: TaskId, tmp_path: Path
    ) -> None:
        self._producer_and_consumer(tasks, hand, root)
        (tmp_path / "a").write_bytes(b"a file")
        producer = hand.take()
        hand.write(producer, "a.npy", tmp_path / "a", directory="job")
        hand.end(producer, AttemptState.FAILED)
        (product_id,) = tasks.file_product_by_filename("job", "a.npy")
        assert tasks.products.visible_version(product_id) is None
        assert self._states(tasks, root) == {"producer": "failed", "consumer": "blocked", "other": "queued"}
        blocked = tasks.tasks.counters(tasks.tasks.children(root)[1]["taskId"])
        assert blocked["blockedBy"] == producer.task_id
        hand.end(hand.take())
        job_id = JobId(1)
        assert tasks.jobs.state(job_id) == "failed"
        assert tasks.lifecycle.retry(tasks.lifecycle.list_failed(job_id)) == 1
        assert tasks.jobs.state(job_id) == "running"
        assert self._states(tasks, root) == {"producer": "queued", "consumer": "waiting", "other": "passed"}
        producer = hand.take()
        hand.write(producer, "a.npy", tmp_path / "a", directory="job")
        hand.end(producer)
        hand.end(hand.take())
        assert tasks.jobs.state(job_id) == "passed"

    def test_a_task_waits_for_the_metadata_that_it_asks_for(
        self, tasks: TaskDatabaseConnection, hand: Hand, root: TaskId
    ) -> None:
        claimed = hand.take()
        plans = [self._plan("source"), self._plan("reader", metadata_from=["source"])]
        tasks.expansion.register(root, claimed.claim.attempt_id, plans)
        hand.end(claimed, is_control_flow=True)
        assert self._states(tasks, root) == {"source": "queued", "reader": "waiting"}
        source = hand.take()
        tasks.execution_attempt_update(attempt_id=source.claim.attempt_id, metadata={"period": 3.5})
        hand.end(source)
        reader = hand.take()
        wanted = tasks.task_fetch_metadata_inputs(reader.task_id)
        assert plain_values(wanted["source"]) == {"period": 3.5}

    def test_cancelling_ends_all_that_is_open_and_fences_what_runs(
        self, tasks: TaskDatabaseConnection, hand: Hand, root: TaskId
    ) -> None:
        self._producer_and_consumer(tasks, hand, root)
        running = hand.take()
        assert tasks.lifecycle.cancel(JobId(1)) == 3
        assert set(self._states(tasks, root).values()) == {"cancelled"}
        assert tasks.jobs.state(JobId(1)) == "cancelled"
        with pytest.raises(LeaseLostError):
            hand.end(running)

    # ------------------------------------------------------------- expansion
    def test_d19_children_are_registered_all_or_none_and_never_twice(
        self, tasks: TaskDatabaseConnection, hand: Hand, root: TaskId
    ) -> None:
        attempt_id = hand.take().claim.attempt_id
        good = [self._plan(name, outputs={"lightcurve": f"{name}.npy"}) for name in ("a", "b")]
        bad = self._plan("c", outputs={"lightcurve": "a.npy"})
        with pytest.raises(TaskFailed):
            tasks.expansion.register(root, attempt_id, [*good, bad])
        assert self._states(tasks, root) == {}
        assert tasks.file_product_by_filename("job", "a.npy") == []
        assert len(tasks.expansion.register(root, attempt_id, good)) == 2
        assert tasks.expansion.register(root, attempt_id, good) == []
        assert len(tasks.expansion.register(root, attempt_id, [*good, self._plan("c")])) == 1
        assert list(self._states(tasks, root)) == ["a", "b", "c"]
        assert tasks.tasks.counters(root)["openChildren"] == 3

    def test_a_result_of_a_replaced_job_is_taken_over_whole(
        self, tasks: TaskDatabaseConnection, hand: Hand, tmp_path: Path
    ) -> None:
        old, new = self._one_task(tasks, hand, "old", tmp_path), self._root(tasks, hand, "new")
        tasks.jobs.retire(JobId(1))
        claimed = hand.take()
        plan = self._plan("task", outputs={"lightcurve": "a.npy"}, working_directory="old")
        tasks.expansion.register(new, claimed.claim.attempt_id, [plan])
        hand.end(claimed, is_control_flow=True)
        task = hand.take()
        tasks.lifecycle.take_over(task, old)
        assert tasks.jobs.state(JobId(2)) == "passed"
        (product_id,) = tasks.file_product_by_filename("old", "a.npy")
        assert tasks.products.visible_version(product_id) is not None
        states = [str(attempt.state) for attempt in tasks.attempts.of_task(task.task_id)]
        assert sorted(states) == ["cancelled", "passed"]

    def _one_task(self, tasks: TaskDatabaseConnection, hand: Hand, name: str, folder: Path) -> AttemptId:
        """A finished job of one task with one file; the attempt at the task."""
        root = self._root(tasks, hand, name)
        claimed = hand.take()
        tasks.expansion.register(
            root, claimed.claim.attempt_id, [self._plan("task", outputs={"lightcurve": "a.npy"})]
        )
        hand.end(claimed, is_control_flow=True)
        task = hand.take()
        (folder / "a").write_bytes(b"a file")
        hand.write(task, "a.npy", folder / "a", directory=name)
        hand.end(task)
        return task.claim.attempt_id

    # ------------------------------------------------------------- metadata and deletion
    @pytest.mark.parametrize("keyword", VALUES)
    def test_d18_metadata_keep_value_and_type(
        self, tasks: TaskDatabaseConnection, open_database: OpenDatabase, keyword: str
    ) -> None:
        value = VALUES[keyword]
        task_id = tasks.task_register(task_type="null", metadata={"keyword": "replaced below"})
        tasks.metadata_register({"keyword": value}, task_id=task_id)
        again = open_database().metadata.of(Owner("task", task_id))["keyword"].value
        assert again == value
        assert type(again) is type(value)

    def test_d18_a_metadata_value_may_be_nan(
        self, tasks: TaskDatabaseConnection, open_database: OpenDatabase
    ) -> None:
        task_id = tasks.task_register(task_type="null", metadata={"keyword": math.nan})
        assert math.isnan(open_database().metadata.of(Owner("task", task_id))["keyword"].value)

    def test_metadata_are_inherited_and_the_nearer_wins(self, tasks: TaskDatabaseConnection) -> None:
        above = tasks.task_register(task_type="execution_chain", metadata={"a": 1, "b": 1})
        below = tasks.task_register(parent_id=above, task_type="null", metadata={"b": 2})
        assert plain_values(tasks.metadata_fetch_all(task_id=below)) == {"a": 1, "b": 2}

    def test_d24_deleting_a_task_deletes_what_hangs_on_it(
        self, tasks: TaskDatabaseConnection, hand: Hand, tmp_path: Path
    ) -> None:
        self._one_task(tasks, hand, "old", tmp_path)
        (version,) = tasks.db_handle.query("SELECT productVersionId FROM eas_product_version")
        path = tasks.versions.checked_path(version["productVersionId"])
        tasks.task_delete(TaskId(1))
        left = {
            table: tasks.db_handle.query(f"SELECT COUNT(*) AS n FROM {table}")[0]["n"]  # noqa: S608 - our own names
            for table in ("eas_task", "eas_scheduling_attempt", "eas_product", "eas_product_version")
        }
        assert set(left.values()) == {0}
        assert not path.exists()
