"""Task types and worker containers as the database knows them: a copy of the registry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from eas_framework.errors import NotFoundError, UnknownTaskTypeError
from eas_framework.task_database.queries import Queries, Remembered
from eas_framework.task_types import TaskTypeList


class CatalogueRepository:
    """Reads and writes the stored registry; type ids are remembered, since they never change."""

    share: ClassVar[Mapping[str, float] | None] = None
    """The most that this process may use of its machine, where it is an executor: cpu, memory_gb."""

    def __init__(self, queries: Queries) -> None:
        self._queries = queries
        self._type_ids: Remembered[str, int] = Remembered(queries.database)
        self._type_names: Remembered[int, str] = Remembered(queries.database)

    # ------------------------------------------------------------- task types
    def task_type_id(self, name: str) -> int:
        """Id of a task type; raises `UnknownTaskTypeError` for one that is not registered."""
        if name not in self._type_ids.values:
            self._load_types()
        if name not in self._type_ids.values:
            known = ", ".join(sorted(self._type_ids.values)) or "none; initialise the database first"
            raise UnknownTaskTypeError(f"the database knows no task type {name!r}; known: {known}")
        return self._type_ids.values[name]

    def task_type_name(self, type_id: int) -> str:
        """Name of a task type by its id."""
        if type_id not in self._type_names.values:
            self._load_types()
        return self._type_names.values[type_id]

    def task_type_names(self) -> list[str]:
        """The names of all task types, in order."""
        return sorted(row["taskTypeName"] for row in self._queries.rows("task_types_all"))

    def ensure_task_type(self, name: str) -> int:
        """Id of a task type, which is added when it is new."""
        try:
            return self.task_type_id(name)
        except UnknownTaskTypeError:
            self._queries.insert("task_type_insert", name=name)
            return self.task_type_id(name)

    def _load_types(self) -> None:
        for row in self._queries.rows("task_types_all"):
            self._type_ids.values[row["taskTypeName"]] = row["taskTypeId"]
            self._type_names.values[row["taskTypeId"]] = row["taskTypeName"]

    # ------------------------------------------------------------- the registry as a whole
    def store(self, registry: TaskTypeList) -> None:
        """Make the stored copy equal to the registry: containers and types added, changed and removed."""
        for name in {row["containerName"] for row in self._queries.rows("containers_all")}:
            if name not in registry.worker_containers:
                self._queries.run("container_delete", name=name)
        for name, resources in registry.worker_containers.items():
            self._store_container(name, resources)
        for name in registry.task_type_names():
            type_id = self.ensure_task_type(name)
            self._queries.run("task_containers_delete", type_id=type_id)
            for container in registry.containers_for_task(name):
                container_id = self._container(container)["containerId"]
                self._queries.run("task_container_insert", type_id=type_id, container_id=container_id)

    def _store_container(self, name: str, resources: Mapping[str, float]) -> None:
        if self._queries.one("container_by_name", name=name) is None:
            self._queries.run("container_insert", name=name, **resources)
        else:
            self._queries.run("container_update_request", name=name, **resources)

    def load(self) -> TaskTypeList:
        """The registry that was stored, or a part of one that another program stores at this moment."""
        registry = TaskTypeList()
        capabilities = self._queries.rows(
            "task_containers_all"
        )  # first: what they name is there from then on
        for row in self._queries.rows("containers_all"):
            name = row.pop("containerName")
            registry.worker_containers[name] = row
            registry.container_capabilities[name] = set()
        for row in self._queries.rows("task_types_all"):
            registry.task_list[row["taskTypeName"]] = set()
        for row in capabilities:
            registry.task_list.setdefault(row["taskTypeName"], set()).add(row["containerName"])
            registry.container_capabilities.setdefault(row["containerName"], set()).add(row["taskTypeName"])
        return registry

    # ------------------------------------------------------------- resources of containers
    def assigned_resources(self, container_name: str) -> dict[str, float]:
        """Cores, GPU units and gigabytes assigned to an instance of a container, at most our share."""
        row = self._container(container_name)
        assigned = {"cpu": row["assignedCpus"], "gpu": row["assignedGpus"], "memory_gb": row["assignedRam"]}
        share = self.share or {}
        return {name: min(value, share.get(name, value)) for name, value in assigned.items()}

    def assign_resources(self, container_name: str, *, cpu: float, gpu: float, memory_gb: float) -> None:
        """Record what is assigned to each instance of a container."""
        self._container(container_name)
        self._queries.run("container_assign", name=container_name, cpu=cpu, gpu=gpu, memory_gb=memory_gb)

    def _container(self, name: str) -> dict[str, float]:
        row = self._queries.one("container_by_name", name=name)
        if row is None:
            raise UnknownContainerError(f"the database knows no worker container {name!r}")
        return row


class UnknownContainerError(NotFoundError, AssertionError):
    """A container name that is not registered (the prototype raised AssertionError)."""
