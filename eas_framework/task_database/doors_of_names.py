"""The documented calls on task types, containers, names and metadata."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eas_framework.errors import UsageError
from eas_framework.task_database.metadata import Owner, OwnerKind
from eas_framework.task_database.rooms import Rooms, one_transaction
from eas_framework.task_objects import AttemptId, MetadataItem, ProductId, ProductVersionId, TaskId
from eas_framework.task_types import TaskTypeList


class NameDoors(Rooms):
    """Doors to the catalogue, to names, and to metadata."""

    # ------------------------------------------------------------- task types and containers
    def task_type_list_from_db(self) -> TaskTypeList:
        """The registry as the database keeps it: containers, their requests, and their task types."""
        return self.catalogue.load()

    @one_transaction
    def task_type_list_to_db(self, task_list: TaskTypeList) -> None:
        """Make the stored registry equal to `task_list`: containers and types added, changed and removed.

        A new container is assigned what it requests; what an old one is assigned stays.
        """
        self.catalogue.store(task_list)

    def task_type_list_fetch_id(self, task_type_name: str) -> int:
        """Id of a task type.

        Raises:
            UnknownTaskTypeError: The database does not know it (an AssertionError); lists those it knows.
        """
        return self.catalogue.task_type_id(task_type_name)

    def container_get_resource_assignment(self, container_name: str) -> dict[str, float]:
        """What an instance of a container may use: ``cpu`` cores, ``gpu`` units, ``memory_gb`` gigabytes.

        A task that runs on a worker is given no more than its executor's share of the machine.

        Raises:
            UnknownContainerError: The database does not know the container (an AssertionError).
        """
        return self.catalogue.assigned_resources(container_name)

    def container_set_resource_assignment(
        self, container_name: str, cpu: float, gpu: float, memory_gb: float
    ) -> None:
        """Record the cores, GPU units and gigabytes of memory of each instance of a worker container.

        Raises:
            UnknownContainerError: The database does not know the container (an AssertionError).
        """
        self.catalogue.assign_resources(container_name, cpu=cpu, gpu=gpu, memory_gb=memory_gb)

    # ------------------------------------------------------------- names
    def hostname_get_id(self, name: str) -> int:
        """Id of a host, which is added where it is new, also while others add it."""
        return self.names.host(name)

    def metadata_keyword_id(self, keyword: str) -> int:
        """Id of a metadata keyword, which is added where it is new.

        Raises:
            UsageError: It is empty or has more than 64 characters (a ValueError).
        """
        return self.names.metadata_key(keyword)

    def semantic_type_get_id(self, name: str) -> int:
        """Id of the name under which a task speaks of a file, which is added where it is new.

        Raises:
            UsageError: It is empty or has more than 255 characters (a ValueError).
        """
        return self.names.semantic_type(name)

    # ------------------------------------------------------------- metadata
    @one_transaction
    def metadata_register(
        self,
        metadata: Mapping[str, Any],
        task_id: TaskId | None = None,
        scheduling_attempt_id: AttemptId | None = None,
        product_id: ProductId | None = None,
        product_version_id: ProductVersionId | None = None,
    ) -> None:
        """Attach values to exactly one entity, replacing those of the same keyword.

        Args:
            metadata: Keyword to value or `MetadataItem`. Numbers (NaN and infinities too), booleans, text,
                None, and lists and tables of those keep their type; numpy values become plain ones.
            task_id: The entity, where it is a task.
            scheduling_attempt_id: The entity, where it is an execution attempt.
            product_id: The entity, where it is a file product.
            product_version_id: The entity, where it is a version of a product.

        Raises:
            UsageError: None or several ids, a value of another type, or a keyword of more than 64 characters
                (a ValueError).
            IntegrityError: There is no such entity.
        """
        owner = _owner(task_id, scheduling_attempt_id, product_id, product_version_id)
        self.metadata.register(owner, metadata)

    def metadata_fetch_all(
        self,
        task_id: TaskId | None = None,
        scheduling_attempt_id: AttemptId | None = None,
        product_id: ProductId | None = None,
        product_version_id: ProductVersionId | None = None,
    ) -> dict[str, MetadataItem]:
        """All metadata of exactly one entity; of a task, with what it inherits and its description."""
        owner = _owner(task_id, scheduling_attempt_id, product_id, product_version_id)
        if owner.kind == "task":
            task = self.tasks.find(TaskId(owner.id))
            return task.metadata if task else {}
        return self.metadata.of(owner)

    def metadata_fetch_item(
        self,
        keyword: str,
        task_id: TaskId | None = None,
        scheduling_attempt_id: AttemptId | None = None,
        product_id: ProductId | None = None,
        product_version_id: ProductVersionId | None = None,
    ) -> MetadataItem | None:
        """One metadata item of exactly one entity, or None when it is not set."""
        return self.metadata_fetch_all(task_id, scheduling_attempt_id, product_id, product_version_id).get(
            keyword
        )


def _owner(
    task_id: TaskId | None,
    attempt_id: AttemptId | None,
    product_id: ProductId | None,
    version_id: ProductVersionId | None,
) -> Owner:
    """The one entity whose id was given."""
    ids: dict[OwnerKind, int | None] = {
        "task": task_id,
        "attempt": attempt_id,
        "product": product_id,
        "version": version_id,
    }
    given = [Owner(kind, entity_id) for kind, entity_id in ids.items() if entity_id is not None]
    if len(given) != 1:
        raise UsageError(
            "exactly one of task_id, scheduling_attempt_id, product_id, product_version_id is needed"
        )
    return given[0]
