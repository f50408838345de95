"""What waits for what: counters that make tasks ready, blocked or done, in one transaction."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from eas_framework.plugins.database import Row
from eas_framework.task_database.jobs import JobRepository, JobState
from eas_framework.task_database.products import ProductRepository
from eas_framework.task_database.queries import Queries
from eas_framework.task_database.tasks import LOCKED_AT_ONCE, TaskRepository
from eas_framework.task_objects import FINAL_TASK_STATES, JobId, ProductId, TaskId, TaskState

_BAD_ENDS = FINAL_TASK_STATES - {TaskState.PASSED}
_GOOD = {TaskState.PASSED: JobState.PASSED, TaskState.CANCELLED: JobState.CANCELLED}


@dataclass(frozen=True, kw_only=True)
class _Step:
    """A task that has come to its end, or must be blocked because another one failed."""

    task_id: TaskId
    state: TaskState
    cause: TaskId
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Family:
    """A task that ends and its parent, as they stood when they were locked."""

    own: Row
    parent: Row | None

    @property
    def may_be_last(self) -> bool:
        """Whether no other child of the parent is open."""
        return self.parent is None or self.parent["openChildren"] <= 1


class Dependencies:
    """Propagates the end of a task: consumers become ready or blocked, parents done, the job ended.

    All of it belongs into the transaction that ends the task, so that no crash leaves a counter wrong.
    """

    def __init__(
        self, queries: Queries, tasks: TaskRepository, products: ProductRepository, jobs: JobRepository
    ) -> None:
        self._queries, self._tasks, self._products, self._jobs = queries, tasks, products, jobs

    # ------------------------------------------------------------- counting
    def count(self, task_id: TaskId) -> bool:
        """Count once what a newly configured task waits for; whether it is ready at once."""
        self._lock_with_sources(task_id)
        for row in self._queries.rows("unmet_inputs", task_id=task_id):
            if not row["isMet"] and self._products.visible_version(row["productId"]) is not None:
                self._queries.run("input_mark_met", task_id=task_id, product_id=row["productId"])
        for row in self._queries.rows("unmet_metadata_inputs", task_id=task_id):
            if not row["isMet"] and row["state"] == TaskState.PASSED:
                self._queries.run("metadata_mark_met", task_id=task_id, source=row["sourceId"])
        unmet = sum(
            not row["isMet"]
            for query in ("unmet_inputs", "unmet_metadata_inputs")
            for row in self._queries.rows(query, task_id=task_id)
        )
        self._queries.run("task_set_unmet", task_id=task_id, count=unmet)
        if self._queries.run("task_unblocked", task_id=task_id) == 1:
            return True
        self.block_hopeless([task_id])
        return False

    def _lock_with_sources(self, task_id: TaskId) -> None:
        """Lock a task and those that it waits for, so that none of them ends unseen.

        Files that nobody makes yet are locked before, so that they get no maker unseen.
        """
        rows = self._queries.rows("task_unmade_inputs", task_id=task_id)
        self._products.lock(ProductId(row["productId"]) for row in rows)
        sources = [row["taskId"] for row in self._queries.rows("task_sources", task_id=task_id)]
        self._tasks.lock([task_id, *sources])

    def lock_for_end(self, task_id: TaskId) -> None:
        """Lock, in the order of their ids, a task that ends, its parent, and those that wait for it.

        From then on nobody can begin to wait for the task without seeing its end.
        """
        if self._queries.database.locks_rows:
            parent = self._tasks.counters(task_id)["parentTask"]
            above = [] if parent is None else [TaskId(parent)]
            self._tasks.lock([task_id, *above, *self._consumers(task_id)])

    def family(self, task_id: TaskId, parent_id: TaskId | None) -> Family:
        """A task that ends and its parent, locked; those that wait for it are locked by `settle`."""
        rows = self._tasks.locked([task_id] if parent_id is None else [parent_id, task_id])
        return Family(own=rows[task_id], parent=rows.get(parent_id) if parent_id is not None else None)

    def list_uncounted(self) -> list[TaskId]:
        """Configured tasks whose dependencies nobody counted yet; normally none."""
        return [TaskId(row["taskId"]) for row in self._queries.rows("tasks_uncounted")]

    # ------------------------------------------------------------- ends
    def settle(self, task_id: TaskId, state: TaskState, family: Family | None = None) -> list[Row]:
        """Propagate that a task has reached a final state (already written).

        Args:
            task_id: The task.
            state: Its state.
            family: Its row and its parent's, where this transaction has locked and not changed them since.

        Returns:
            Rows, from `TaskRepository.locked`, of the tasks that are ready by it.
        """
        return self._run(_Step(task_id=task_id, state=state, cause=task_id), family)

    def _run(self, first: _Step, family: Family | None = None) -> list[Row]:
        """Work through a step and those that follow from it; the tasks that became ready."""
        ready: list[Row] = []
        steps = deque([first])
        while steps:
            step = steps.popleft()
            if step.state is TaskState.BLOCKED and not self._block(step):
                continue
            waiting = self._queries.rows("waiting_for_task", task_id=step.task_id)
            if step.state is TaskState.PASSED:
                steps.extend(self._meet_consumers(step.task_id, waiting, ready))
            else:
                steps.extend(self._block_consumers(step, _consumers_in(waiting)))
            if any(row["kind"] == "late" for row in waiting):
                steps.extend(self._resolve_late_inputs(step))
            steps.extend(self._settle_parent(step, family if step is first else None))
        return ready

    def block_hopeless(self, task_ids: Sequence[TaskId]) -> None:
        """Block new tasks, and all that hangs on them, that need something which can no longer be made."""
        for some in _pieces(task_ids):
            for row in self._queries.rows("tasks_with_dead_sources", task_ids=some):
                self._block_hopeless(TaskId(row["taskId"]))

    def _block_hopeless(self, task_id: TaskId) -> None:
        dead = self._queries.rows("dead_sources", task_id=task_id)
        cause = TaskId(dead[0]["taskId"])
        counters = self._tasks.counters(cause)
        reason = counters["blockedReason"] or f"task {cause} {counters['state']}"
        if counters["state"] == TaskState.PASSED:
            reason = _unwritten(cause, dead[0]["directoryName"], dead[0]["filename"])
        step = _Step(
            task_id=task_id, state=TaskState.BLOCKED, cause=counters["blockedBy"] or cause, reason=reason
        )
        self._run(step)

    def state_after_success(self, counters: Row, *, is_control_flow: bool) -> TaskState:
        """The state of a task whose attempt passed: expanded while a child of it is open, else final."""
        if is_control_flow or counters["openChildren"] or counters["failedChildren"]:
            self._tasks.mark_expanded(counters["taskId"])
        if counters["openChildren"] > 0:
            return TaskState.EXPANDED
        return TaskState.FAILED if counters["failedChildren"] else TaskState.PASSED

    def _block(self, step: _Step) -> bool:
        changed = self._queries.run(
            "task_block", task_id=step.task_id, cause=step.cause, reason=step.reason[:1024]
        )
        return changed == 1

    # ------------------------------------------------------------- those that wait
    def _meet_consumers(self, task_id: TaskId, waiting: Sequence[Row], ready: list[Row]) -> list[_Step]:
        """Unlock those that wait for what the task made; block those that wait for files it never wrote."""
        consumers = self._tasks.locked(_consumers_in(waiting))
        met: Counter[TaskId] = Counter()
        blocked = self._meet_files(task_id, waiting, met)
        users = [TaskId(row["taskId"]) for row in waiting if row["kind"] == "metadata"]
        for some in _pieces(users):
            self._queries.run("metadata_inputs_mark_met", source=task_id, task_ids=some)
        met.update(users)
        for count in set(met.values()):
            for some in _pieces([task for task in met if met[task] == count]):
                self._queries.run("tasks_meet_dependencies", task_ids=some, count=count)
        ready += [
            {**row, "unmetDependencies": 0, "state": TaskState.READY}
            for consumer, row in consumers.items()
            if row["state"] == TaskState.WAITING and row["unmetDependencies"] == met[consumer] > 0
        ]
        return blocked

    def _meet_files(self, task_id: TaskId, waiting: Sequence[Row], met: Counter[TaskId]) -> list[_Step]:
        """Note who has the files that it waited for; those whose file was never written are to be blocked."""
        users: dict[int, list[TaskId]] = {}
        for row in waiting:
            if row["kind"] == "file":
                users.setdefault(row["inputId"], []).append(TaskId(row["taskId"]))
        blocked = []
        for product_id, tasks in users.items():
            if self._products.visible_version(ProductId(product_id)) is None:
                product = self._products.get(ProductId(product_id))
                reason = _unwritten(task_id, product.directory, product.filename)
                blocked += [_blocked(task, cause=task_id, reason=reason) for task in tasks]
                continue
            for some in _pieces(tasks):
                self._queries.run("inputs_mark_met", product_id=product_id, task_ids=some)
            met.update(tasks)
        return blocked

    def _consumers(self, task_id: TaskId) -> list[TaskId]:
        """All tasks that still wait for something of this one."""
        return _consumers_in(self._queries.rows("waiting_for_task", task_id=task_id))

    def _block_consumers(self, step: _Step, consumers: Sequence[TaskId]) -> list[_Step]:
        reason = step.reason or f"task {step.cause} {step.state}"
        return [_blocked(consumer, cause=step.cause, reason=reason) for consumer in consumers]

    def _resolve_late_inputs(self, step: _Step) -> list[_Step]:
        """Block those that waited for a file which no control-flow task can make any more."""
        blocked = []
        for row in self._queries.rows("late_inputs_awaiting", task_id=step.task_id):
            if row["generatorTask"] is None and not self._is_awaited(row):
                reason = f"task {step.task_id} ended without making {row['directoryName']}/{row['filename']}"
                blocked.append(_blocked(TaskId(row["taskId"]), cause=step.task_id, reason=reason))
        return blocked

    def _is_awaited(self, row: Row) -> bool:
        """Whether a further control-flow task may still make the file."""
        left = self._queries.value("late_inputs_left", task_id=row["taskId"], product_id=row["inputId"])
        return int(left) > 0

    def _settle_parent(self, step: _Step, family: Family | None) -> list[_Step]:
        """Count the child in its parent, which may be done by that; the root's end is the job's."""
        counters = family.own if family else self._tasks.counters(step.task_id)
        parent = counters["parentTask"]
        if parent is None:
            if counters["jobId"] is not None:
                self._jobs.mark_ended(counters["jobId"], _GOOD.get(step.state, JobState.FAILED))
            return []
        failed = int(step.state is not TaskState.PASSED)
        self._queries.run("task_child_ended", task_id=parent, failed=failed)
        if family and family.parent and not family.may_be_last:
            return []
        above = self._tasks.counters(parent)
        if above["state"] != TaskState.EXPANDED or above["openChildren"] > 0:
            return []
        state = TaskState.FAILED if above["failedChildren"] else TaskState.PASSED
        self._tasks.move(parent, state, expected=[TaskState.EXPANDED])
        return [_Step(task_id=parent, state=state, cause=step.cause if failed else parent)]

    # ------------------------------------------------------------- opening again
    def reopen(self, task_id: TaskId) -> list[TaskId]:
        """Open a task that ended without passing, with all that was blocked by it; the tasks now ready."""
        ready: list[TaskId] = []
        waiting = deque([task_id])
        while waiting:
            current = waiting.popleft()
            self._tasks.lock([current])
            counters = self._tasks.counters(current)
            if counters["state"] not in _BAD_ENDS:
                continue
            waiting.extend(self._reopen_one(current, counters, ready))
        return ready

    def _reopen_one(self, task_id: TaskId, counters: Row, ready: list[TaskId]) -> list[TaskId]:
        """Open one task; those to be opened with it."""
        is_parent = bool(counters["isExpanded"])
        if is_parent and not counters["openChildren"]:
            return []  # opened by the child that is opened below it
        if is_parent:
            state = TaskState.EXPANDED
        elif counters["unmetDependencies"] == 0:
            state = TaskState.READY
            ready.append(task_id)
        else:
            state = TaskState.WAITING
        self._queries.run("task_reopen", task_id=task_id, new_state=state)
        return self._waiting_for(task_id) + self._reopen_parent(counters)

    def _waiting_for(self, task_id: TaskId) -> list[TaskId]:
        """Blocked tasks that waited for this one and for nothing else that ended badly."""
        blocked = {TaskId(row["taskId"]) for row in self._queries.rows("blocked_by", task_id=task_id)}
        candidates = blocked | set(self._consumers(task_id))
        return [task for task in sorted(candidates) if not self._queries.rows("dead_sources", task_id=task)]

    def _reopen_parent(self, counters: Row) -> list[TaskId]:
        parent = counters["parentTask"]
        if parent is None:
            if counters["jobId"] is not None:
                self._jobs.mark_reopened(counters["jobId"])
            return []
        self._queries.run("task_child_reopened", task_id=parent, failed=1)
        return [TaskId(parent)]

    # ------------------------------------------------------------- making again
    def wait_again(self, task_id: TaskId, product_ids: Iterable[ProductId]) -> list[TaskId]:
        """Let a task wait for files that were dropped, and open the tasks that make them; those now ready."""
        unmet = {  # a task may know a file by several names
            product_id: self._queries.run("input_mark_unmet", task_id=task_id, product_id=product_id)
            for product_id in sorted(set(product_ids))
        }
        self._queries.run("task_wait_again", task_id=task_id, count=sum(unmet.values()))
        makers = {self._products.get(product_id).generator_task for product_id in unmet}
        ready = [maker for maker in sorted(m for m in makers if m is not None) if self._make_again(maker)]
        self.block_hopeless([task_id])
        return ready

    def _make_again(self, task_id: TaskId) -> bool:
        """Open a task that has passed; whether it had, and is not being done again already."""
        self._tasks.lock([task_id])
        counters = self._tasks.counters(task_id)
        if counters["state"] != TaskState.PASSED or counters["isExpanded"]:
            return False
        self._queries.run("task_reopen", task_id=task_id, new_state=TaskState.READY)
        self._reopen_above(counters)
        return True

    def _reopen_above(self, counters: Row) -> None:
        """Count a child that is opened again in the tasks above it, up to one that has not ended."""
        while counters["state"] in FINAL_TASK_STATES:
            parent, failed = counters["parentTask"], int(counters["state"] != TaskState.PASSED)
            if parent is None:
                if counters["jobId"] is not None:
                    self._jobs.mark_reopened(counters["jobId"])
                return
            self._queries.run("task_child_reopened", task_id=parent, failed=failed)
            counters = self._tasks.counters(parent)
            if counters["state"] in FINAL_TASK_STATES:
                self._queries.run("task_reopen", task_id=parent, new_state=TaskState.EXPANDED)

    def force(self, job_id: JobId) -> None:
        """Let every task of a job that does work run once more, in the order of their dependencies."""
        for statement in ("force_leaf_tasks", "force_parent_tasks"):
            self._queries.run(statement, job_id=job_id)
        for row in self._queries.rows("force_child_counts", job_id=job_id):
            self._queries.run("force_open_children", task_id=row["parentTask"], count=row["children"])
        for statement in (
            "force_childless_parents",
            "force_inputs",
            "force_metadata_inputs",
            "force_unmet",
            "force_ready",
        ):
            self._queries.run(statement, job_id=job_id)
        self._jobs.mark_reopened(job_id)


def _unwritten(task_id: TaskId, directory: Any, filename: Any) -> str:
    """Why a task that needs a file cannot run, when the one that could have written it has passed."""
    return f"task {task_id} passed without writing {directory}/{filename}"


def _blocked(task_id: TaskId, *, cause: TaskId, reason: str) -> _Step:
    return _Step(task_id=task_id, state=TaskState.BLOCKED, cause=cause, reason=reason)


def _consumers_in(waiting: Iterable[Row]) -> list[TaskId]:
    """The tasks that wait for a file or metadata, by id."""
    return sorted({TaskId(row["taskId"]) for row in waiting if row["kind"] != "late"})


def _pieces(tasks: Sequence[TaskId]) -> Iterator[Sequence[TaskId]]:
    """The tasks in lists that one statement can take."""
    for start in range(0, len(tasks), LOCKED_AT_ONCE):
        yield tasks[start : start + LOCKED_AT_ONCE]
