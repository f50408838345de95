"""Registering the children of a control-flow task: all of a list or none, and never twice."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from eas_framework.crash_points import crash_point
from eas_framework.errors import TaskFailed
from eas_framework.plugins.database import Row
from eas_framework.task_database.attempts import AttemptRepository
from eas_framework.task_database.catalogue import CatalogueRepository
from eas_framework.task_database.dependencies import Dependencies
from eas_framework.task_database.jobs import JobRepository, JobState
from eas_framework.task_database.lifecycle import QUEUE_AT_ONCE, Lifecycle
from eas_framework.task_database.products import ProductRepository
from eas_framework.task_database.queries import Queries
from eas_framework.task_database.seeds import derived_seed
from eas_framework.task_database.tasks import DEFAULT_MAX_ATTEMPTS, NewTask, TaskRepository
from eas_framework.task_objects import AttemptId, ProductId, TaskId, TaskState


@dataclass(frozen=True, kw_only=True)
class ChildPlan:
    """A child to be registered: its type, descriptor, place, and what it needs and makes (names evaluated).

    `label` tells its place among its siblings; the seed follows from it. `names` is None for a child whose
    descriptor has no names of its own. `inputs` and `outputs` are semantic name to filename.
    """

    task_type: str
    description: str
    label: str
    names: Mapping[str, Any] | None = None
    task_name: str = ""
    job_name: str | None = None
    working_directory: str | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    metadata_from: Sequence[str] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    max_attempts: int = DEFAULT_MAX_ATTEMPTS
    time_limit_s: float | None = None
    memory_gb: float | None = None


@dataclass(frozen=True, kw_only=True)
class _Needs:
    """What a child waits for: products by name and other tasks, and whether each is there already."""

    products: Mapping[str, tuple[ProductId, bool]]
    sources: Mapping[TaskId, bool]
    late: Mapping[ProductId, Sequence[TaskId]]

    @property
    def unmet(self) -> int:
        return sum(not met for _, met in self.products.values()) + sum(
            not met for met in self.sources.values()
        )


class Expansion:
    """Writes the children of a task."""

    def __init__(  # noqa: PLR0913 - composed of the rooms it needs
        self,
        queries: Queries,
        *,
        tasks: TaskRepository,
        attempts: AttemptRepository,
        products: ProductRepository,
        catalogue: CatalogueRepository,
        dependencies: Dependencies,
        lifecycle: Lifecycle,
        jobs: JobRepository,
    ) -> None:
        self._queries, self._tasks, self._attempts = queries, tasks, attempts
        self._products, self._catalogue, self._dependencies = products, catalogue, dependencies
        self._lifecycle, self._jobs = lifecycle, jobs
        self._source_types: list[int] = []
        self._planned: set[tuple[str, str]] = set()
        self._made: set[TaskId] = set()

    def register(
        self,
        parent_id: TaskId,
        attempt_id: AttemptId,
        plans: Sequence[ChildPlan],
        *,
        first_index: int = 0,
        source_types: Collection[str] = (),
    ) -> list[TaskId]:
        """Register children in one transaction, and queue those that can start.

        Children that an earlier attempt of the same task registered are left as they are, so that a
        repetition completes what is missing.

        Args:
            parent_id: The control-flow task.
            attempt_id: Its running attempt, whose claim is checked.
            plans: The children from `first_index` on.
            first_index: Index of the first of them among its siblings.
            source_types: Names of the task types that may make files which no job declares, such as loops.

        Returns:
            The ids of the children that were made now.

        Raises:
            TaskFailed: An input that no task makes, an output that another task makes, an unknown sibling.
            LeaseLostError: Another worker has taken the task over.
        """
        self._source_types = [self._catalogue.ensure_task_type(name) for name in sorted(source_types)]

        def work() -> list[TaskId]:
            made = self._register(parent_id, attempt_id, plans, first_index)
            crash_point("in_expansion_transaction")
            return made

        made = self._queries.database.retried(work, durable=False)  # the end of the attempt makes it count
        crash_point("after_expansion_commit")
        return made

    def _register(
        self, parent_id: TaskId, attempt_id: AttemptId, plans: Sequence[ChildPlan], first_index: int
    ) -> list[TaskId]:
        self._attempts.hold(attempt_id)
        parent = self._tasks.row(parent_id)
        done = self._tasks.last_child_index(parent_id) + 1 - first_index
        siblings = self._named_children(parent_id) if any(plan.metadata_from for plan in plans) else {}
        self._planned = {(_directory(parent, plan), file) for plan in plans for file in plan.outputs.values()}
        made: list[TaskId] = []
        self._made = set()
        for offset, plan in enumerate(plans[max(done, 0) :], start=max(done, 0)):
            child = self._register_child(parent, plan, first_index + offset, siblings)
            made.append(child)
            self._made.add(child)
            if plan.task_name:
                siblings[plan.task_name] = child
        self._tasks.add_children(parent_id, len(made))
        self._dependencies.block_hopeless(made)
        self._lifecycle.queue_tasks(made[:QUEUE_AT_ONCE])
        return made

    def _named_children(self, parent_id: TaskId) -> dict[str, TaskId]:
        return {r["taskName"]: TaskId(r["taskId"]) for r in self._tasks.children(parent_id) if r["taskName"]}

    def _register_child(
        self, parent: Row, plan: ChildPlan, index: int, siblings: Mapping[str, TaskId]
    ) -> TaskId:
        directory = _directory(parent, plan)
        needs = self._needs(parent, plan, index, siblings, directory)
        child = self._tasks.register(
            NewTask(
                type_id=self._catalogue.ensure_task_type(plan.task_type),
                parent=parent["taskId"],
                child_index=index,
                job_id=parent["jobId"],
                job_name=plan.job_name or parent["jobName"],
                task_name=plan.task_name,
                working_directory=directory,
                description=plan.description,
                names=plan.names,
                seed=derived_seed(parent["seed"], plan.label),
                generation=parent["generation"] + 1,
                max_attempts=plan.max_attempts,
                time_limit_s=plan.time_limit_s,
                memory_gb=plan.memory_gb,
                metadata=plan.metadata,
                unmet_dependencies=needs.unmet,
            )
        )
        self._write_needs(child, needs)
        for name, filename in plan.outputs.items():
            self._declare_output(child, parent, name, directory=directory, filename=filename)
        return child

    def _write_needs(self, child: TaskId, needs: _Needs) -> None:
        for name, (product_id, is_met) in needs.products.items():
            self._tasks.add_input(child, product_id, name, is_met=is_met)
        for source, is_met in needs.sources.items():
            self._tasks.add_metadata_source(child, source, is_met=is_met)
        for product_id, awaited in needs.late.items():
            for task_id in awaited:
                self._tasks.add_late_input(child, product_id, task_id)

    # ------------------------------------------------------------- what a child needs
    def _needs(
        self, parent: Row, plan: ChildPlan, index: int, siblings: Mapping[str, TaskId], directory: str
    ) -> _Needs:
        products: dict[str, tuple[ProductId, bool]] = {}
        late: dict[ProductId, Sequence[TaskId]] = {}
        for name, filename in plan.inputs.items():
            product_id, is_met, awaited = self._input(parent, index, directory, filename)
            products[name] = product_id, is_met
            if awaited:
                late[product_id] = awaited
        return _Needs(products=products, sources=self._sources(plan, siblings), late=late)

    def _input(
        self, parent: Row, index: int, directory: str, filename: str
    ) -> tuple[ProductId, bool, Sequence[TaskId]]:
        """The product that an input names, whether it is there, and the open tasks that may make it."""
        row = self._find_locked(parent, index, directory, filename)
        if not self._is_made(row, parent):
            if (directory, filename) in self._planned:
                return self._expected_product(directory, filename, row), False, ()
            awaited = self._open_sources(parent["taskId"], index)
            if awaited:
                return self._expected_product(directory, filename, row), False, awaited
        if row is None or row["generatorTask"] is None:
            raise TaskFailed(f"no task makes the input {filename!r} in {directory!r}")
        product_id = ProductId(row["productId"])
        return product_id, self._products.visible_version(product_id) is not None, ()

    def _find_locked(self, parent: Row, index: int, directory: str, filename: str) -> Row | None:
        """The row of a product, after those that make it, or may make it, were kept from ending unseen."""
        row = self._products.find_by_filename(directory, filename)
        if not self._queries.database.locks_rows:
            return row
        if row is not None and row["generatorTask"] is None:  # nobody shall adopt it unseen
            self._products.lock([ProductId(row["productId"])])
            row = self._products.find_by_filename(directory, filename)
        generator = row["generatorTask"] if row else None
        self._tasks.lock(self._open_sources(parent["taskId"], index) if generator is None else [generator])
        return self._products.find_by_filename(directory, filename)

    def _is_made(self, row: Row | None, parent: Row) -> bool:
        """Whether a task that is known makes the product, not just one of a job that is being replaced."""
        return row is not None and row["generatorTask"] is not None and not self._is_replaced(row, parent)

    def _expected_product(self, directory: str, filename: str, row: Row | None) -> ProductId:
        """The product that a task still to be registered, or to be done, is expected to make."""
        if row is None:
            return self._products.register(None, directory=directory, filename=filename, semantic_type=None)
        product_id = ProductId(row["productId"])
        if row["generatorTask"] is not None:  # of a job that was replaced
            self._products.reassign(product_id, None, semantic_type=None)
        return product_id

    def _open_sources(self, parent_id: TaskId, index: int) -> list[TaskId]:
        """Open tasks before a child, beside it or beside those above it, that may make any file."""
        if not self._source_types:
            return []
        places = [(parent_id, index)]
        places += [(row["parentTask"], row["childIndex"]) for row in self._tasks.ancestors(parent_id)]
        return [
            TaskId(row["taskId"])
            for above, before in places
            if above is not None
            for row in self._queries.rows(
                "expansion_open_sources", parent=above, before=before, source_types=self._source_types
            )
        ]

    def _sources(self, plan: ChildPlan, siblings: Mapping[str, TaskId]) -> dict[TaskId, bool]:
        sources = {}
        # Those that this transaction has made itself are open, and nobody else sees them yet.
        wanted = {siblings[name] for name in plan.metadata_from if name in siblings}
        older = self._tasks.locked(wanted - self._made)
        for name in plan.metadata_from:
            if name not in siblings:
                known = ", ".join(sorted(siblings)) or "none"
                raise TaskFailed(
                    f"metadata wanted from {name!r}, but no earlier task here has that name ({known})"
                )
            task_id = siblings[name]
            sources[task_id] = task_id in older and older[task_id]["state"] == TaskState.PASSED
        return sources

    # ------------------------------------------------------------- what a child makes
    def _declare_output(
        self, child: TaskId, parent: Row, name: str, *, directory: str, filename: str
    ) -> None:
        row = self._products.find_by_filename(directory, filename)
        if row is None or row["generatorTask"] is None:
            self._products.register(child, directory=directory, filename=filename, semantic_type=name)
        elif self._is_replaced(row, parent):
            self._products.reassign(ProductId(row["productId"]), child, semantic_type=name)
        else:
            raise TaskFailed(
                f"the output {filename!r} in {directory!r} is already made by task {row['generatorTask']}"
            )

    def _is_replaced(self, product: Row, parent: Row) -> bool:
        """Whether the product belongs to another job, whose place was taken."""
        if product["jobId"] is None or product["jobId"] == parent["jobId"]:
            return False
        return self._jobs.state(product["jobId"]) is JobState.REPLACED


def _directory(parent: Row, plan: ChildPlan) -> str:
    """The folder of a child's files: its own, else its parent's."""
    return str(parent["workingDirectory"] if plan.working_directory is None else plan.working_directory)
