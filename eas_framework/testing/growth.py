"""What a task costs must not depend on the tasks of other jobs: its statements' work is counted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from eas_framework.diagnostics.job_summary import count_failed, count_work, has_work
from eas_framework.diagnostics.logs import log_messages
from eas_framework.diagnostics.origin import why
from eas_framework.diagnostics.progress import progress_summary
from eas_framework.diagnostics.task_details import task_details
from eas_framework.diagnostics.tree import task_tree
from eas_framework.plugins.database import DatabaseInterface
from eas_framework.task_database import TaskDatabaseConnection
from eas_framework.task_database.expansion import ChildPlan
from eas_framework.task_database.queueing import Claimant, ClaimedTask
from eas_framework.task_objects import AttemptState, JobId, TaskId
from eas_framework.task_queues import TaskScheduler
from eas_framework.testing.mechanics import NULL, MechanicsChecks
from eas_framework.testing.scenarios import Hand

Effort = Callable[[DatabaseInterface], int]
LOOP = "execution_for_loop"
OWN_NAMES = ("producer", "failing", "loop")
CONSUMERS = 24
LASTING_STATES = ("waiting", "ready", "passed", "failed", "blocked", "cancelled")
NEEDY_STATES = ("waiting", "blocked")
OTHERS_IN_EACH_STATE = 1000
GROWTH_ALLOWED = OTHERS_IN_EACH_STATE // 2
"""A statement that looks at each task of another job which is in one state grows by twice this or more."""
_LIST = re.compile(r"\(%\(\w+\)s(, %\(\w+\)s)*\)")

OTHER_TASKS = """
INSERT INTO eas_task
    (parentTask, childIndex, jobId, createdTime, isFullyConfigured, taskTypeId, taskName, workingDirectory,
     state, unmetDependencies, generation, seed)
VALUES
    (%(parent)s, %(place)s, %(job)s, 0, 1, %(type)s, 'other', 'others', %(state)s, %(unmet)s, 2, %(place)s)
"""
OTHER_ATTEMPTS = """
INSERT INTO eas_scheduling_attempt
    (taskId, taskTypeId, priority, state, queuedTime, startTime, endTime, contentKey, contentFields)
SELECT taskId, taskTypeId, -2, state, 0, 0, 0, taskId, '{}' FROM eas_task
WHERE jobId = %(job)s AND state IN ('passed', 'failed', 'cancelled')
"""
OTHER_PRODUCTS = """
INSERT INTO eas_product (generatorTask, plannedTime, directoryName, filename)
SELECT taskId, 0, 'others', taskId FROM eas_task WHERE jobId = %(job)s AND taskName = 'other'
"""
OTHER_VERSIONS = """
INSERT INTO eas_product_version
    (productId, generatedByTaskExecution, repositoryId, createdTime, modifiedTime, fileMD5, fileSHA256,
     fileSize, passedQc)
SELECT p.productId, a.schedulingAttemptId, p.productId, 0, 0, '', '', 0, 1 FROM eas_product p
JOIN eas_scheduling_attempt a ON a.taskId = p.generatorTask
WHERE p.directoryName = 'others' AND a.state = 'passed'
"""
OTHER_INPUTS = """
INSERT INTO eas_task_input (taskId, inputId, semanticType, isMet)
SELECT t.taskId, p.productId, (SELECT MIN(semanticTypeId) FROM eas_semantic_type), 0 FROM eas_task t
JOIN eas_product p ON p.generatorTask = t.taskId WHERE t.jobId = %(job)s AND t.state IN ('waiting', 'blocked')
"""
OTHER_METADATA_INPUTS = """
INSERT INTO eas_task_metadata_input (taskId, inputId, isMet)
SELECT taskId, parentTask, 0 FROM eas_task WHERE jobId = %(job)s AND state IN ('waiting', 'blocked')
"""


class GrowthChecks(MechanicsChecks):
    """The part of the database contract that compares an empty database with one that is full."""

    @pytest.fixture
    def effort(self) -> Effort | None:
        """A function that tells how much the engine has done on a connection so far: rows read, or steps.

        It may use the driver's connection, and none of the calls of ours. None: the engine does not tell.
        """
        return None

    def refresh_statistics(self, database: DatabaseInterface) -> None:
        """Let the engine learn how many rows the tables have, where it does so late."""

    def test_a_task_costs_the_same_however_many_tasks_other_jobs_have(
        self, tasks: TaskDatabaseConnection, hand: Hand, effort: Effort | None, tmp_path: Path
    ) -> None:
        if effort is None:
            pytest.skip("the fixture `effort` does not tell how much this engine does")
        (tmp_path / "a").write_bytes(b"a file")
        work = _count_work(tasks.db_handle, effort)
        self._lead_a_life(tasks, hand, "before", tmp_path / "a")
        before = Counter(work)
        _register_others(tasks, self._root(tasks, hand, "others"))
        hand.end(hand.take(), AttemptState.FAILED)
        self.refresh_statistics(tasks.db_handle)
        work.clear()
        self._lead_a_life(tasks, hand, "after", tmp_path / "a")
        grown = [
            f"{before[sql]} -> {now}: {sql}"
            for sql, now in work.items()
            if now > before[sql] + GROWTH_ALLOWED
        ]
        assert not grown, "\n".join(["these statements look at the tasks of other jobs:", *grown])

    def _lead_a_life(self, tasks: TaskDatabaseConnection, hand: Hand, name: str, file: Path) -> None:
        """All that a job asks of the database from its beginning to its end, and people about it."""
        root = self._root(tasks, hand, name)
        job_id = JobId(tasks.tasks.row(root)["jobId"])
        self._expand(tasks, hand, root)
        done = _do_tasks(tasks, hand, job_id, file)
        assert len(done) == len(OWN_NAMES) + CONSUMERS
        _ask_about(tasks, job_id, done)
        assert tasks.lifecycle.retry(tasks.lifecycle.list_failed(job_id)) == 1
        assert has_work(tasks.queries, [tasks.catalogue.task_type_id("null")])
        tasks.lifecycle.cancel(job_id)
        tasks.lifecycle.force(job_id)
        assert tasks.lifecycle.queue_ready(job_id=job_id) == len(OWN_NAMES)
        tasks.lifecycle.cancel(job_id)
        tasks.jobs.retire(job_id)

    def _expand(self, tasks: TaskDatabaseConnection, hand: Hand, root: TaskId) -> None:
        """Children that need a file and metadata, some of which they never get."""
        claimed = hand.take()
        loop = ChildPlan(task_type=LOOP, description=NULL, label="loop", task_name="loop")
        plans = [
            self._plan("producer", outputs={"lightcurve": "a.npy"}),
            self._plan("failing"),
            loop,
            self._plan("late", inputs={"lightcurve": "late.npy"}),
            self._plan("hopeless", metadata_from=["failing"]),
        ]
        plans += [
            self._plan(f"c{n}", inputs={"lightcurve": "a.npy"}, metadata_from=["producer"])
            for n in range(CONSUMERS)
        ]
        tasks.expansion.register(root, claimed.claim.attempt_id, plans, source_types=[LOOP])
        hand.end(claimed, is_control_flow=True)


def _do_tasks(tasks: TaskDatabaseConnection, hand: Hand, job_id: JobId, file: Path) -> list[ClaimedTask]:
    """Do what can be done of a job, as its executors and their supervisor do; what was done."""
    scheduler, done = TaskScheduler(database=tasks, job_id=job_id), []
    claimant = hand.claimant("null", LOOP, job_id=job_id)
    while (claimed := _claim(tasks, claimant)) is not None:
        row = tasks.tasks.row(claimed.task_id)
        if row["taskName"] == "producer":
            hand.write(claimed, "a.npy", file, directory=row["workingDirectory"])
        state = AttemptState.FAILED if row["taskName"] == "failing" else AttemptState.PASSED
        tasks.attempts.hold(claimed.claim.attempt_id)
        tasks.attempts.renew_all([hand.name], lease_seconds=hand.lease_seconds)
        tasks.versions.visible_inputs(claimed.task_id)
        tasks.metadata_fetch_all(task_id=claimed.task_id)
        begun = hand.end(claimed, state, claimant=claimant).begun
        if begun is not None:
            hand.end(begun)
        done += [claimed, begun] if begun else [claimed]
        scheduler.run_pass()
    return done


def _claim(tasks: TaskDatabaseConnection, claimant: Claimant) -> ClaimedTask | None:
    return tasks.lifecycle.claim_next(
        list(claimant.task_types),
        worker_id=claimant.worker_id,
        host_id=claimant.host_id,
        lease_seconds=claimant.lease_seconds,
        job_id=claimant.job_id,
    )


def _ask_about(tasks: TaskDatabaseConnection, job_id: JobId, done: Sequence[ClaimedTask]) -> None:
    """What replacements of a job ask, what a queue outside the database asks, and what people ask."""
    attempts = [claimed.claim.attempt_id for claimed in done]
    for claimed in done:
        tasks.attempts.find_same_content(job_id, "none")
        tasks.attempts.content_at_same_place(job_id, claimed.seed)
        tasks.attempts.get(claimed.claim.attempt_id)
    tasks.outbox.add(*attempts)
    tasks.outbox.tick_attempt(attempts[0])
    ids = tasks.outbox.take(len(attempts), seconds=0.0)
    tasks.outbox.hints(ids)
    tasks.outbox.published(age_seconds=0.0)
    tasks.outbox.tick(ids)
    count_failed(tasks.queries, job_id), count_work(tasks.queries, job_id)
    progress_summary(tasks.queries, job_id), task_tree(tasks.queries, job_id=job_id)
    log_messages(tasks.queries, job_id=job_id)
    task_details(tasks, done[-1].task_id)
    (version,) = tasks.version_ids_of(attempts)
    why(tasks, version)


def _register_others(tasks: TaskDatabaseConnection, parent: TaskId) -> None:
    """Fill the database with tasks of another job in every lasting state, with files and needs."""
    given = {
        "parent": parent,
        "job": tasks.tasks.row(parent)["jobId"],
        "type": tasks.catalogue.task_type_id("null"),
    }
    rows = [
        {**given, "state": state, "unmet": int(state in NEEDY_STATES), "place": place}
        for place, state in enumerate(LASTING_STATES * OTHERS_IN_EACH_STATE)
    ]
    with tasks.db_handle.transaction():
        tasks.db_handle.execute_many(OTHER_TASKS, rows)
        for sql in (OTHER_ATTEMPTS, OTHER_PRODUCTS, OTHER_VERSIONS, OTHER_INPUTS, OTHER_METADATA_INPUTS):
            tasks.db_handle.execute(sql, given)


def _count_work(database: DatabaseInterface, effort: Effort) -> Counter[str]:
    """From now on, how much the engine does for each statement; to be read and cleared."""
    work: Counter[str] = Counter()

    def counted(run: Callable[..., Any]) -> Callable[..., Any]:
        def run_and_count(sql: str, *parameters: Any) -> Any:
            start = effort(database)
            try:
                return run(sql, *parameters)
            finally:
                work[_LIST.sub("(...)", sql)] += effort(database) - start

        return run_and_count

    for name in ("query", "execute", "execute_many"):
        setattr(database, name, counted(getattr(database, name)))
    return work
