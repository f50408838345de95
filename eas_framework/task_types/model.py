"""`TaskTypeList`: which task types there are, where each may run, and which can run here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from eas_framework.errors import NotFoundError, RegistryError, UnknownTaskTypeError
from eas_framework.plugins.advice import install_hint, never_public
from eas_framework.plugins.task import Resources
from eas_framework.settings import configuration
from eas_framework.suggestions import did_you_mean, nearest
from eas_framework.task_types.registry_file import (
    EVERY_CONTAINER,
    PACKAGED_REGISTRY,
    Declaration,
    read_registry,
)

BASE_CONTAINER = "eas_base"


@dataclass(kw_only=True)
class TaskTypeList:
    """The task types and the worker containers that may run them.

    Attributes:
        worker_containers: For each container ``cpu`` (cores), ``gpu`` (units), ``memory_gb`` (gigabytes).
        task_list: For each task type the containers that may run it, ``all`` written out.
        container_capabilities: For each container the task types that it may run.
        everywhere: The types declared for ``all`` containers.
        adopted: Needs of the types that no registry declares, as their plugins state them.
        installed: The types that plugins of this machine can run.
    """

    worker_containers: dict[str, dict[str, float]] = field(default_factory=dict)
    task_list: dict[str, set[str]] = field(default_factory=dict)
    container_capabilities: dict[str, set[str]] = field(default_factory=dict)
    everywhere: frozenset[str] = frozenset()
    adopted: dict[str, Resources] = field(default_factory=dict)
    installed: frozenset[str] = frozenset()

    @classmethod
    def read_from_xml(cls, input_xml_filename: Path | str | None = None) -> Self:
        """The declarations of a registry file.

        Args:
            input_xml_filename: File to read; None reads the packaged registry and, above it, the operator's
                (the setting `task_type_registry`).

        Raises:
            RegistryError: A file that is not a registry, or a task in a container that is not declared (an
                AssertionError too); names file and line.
        """
        if input_xml_filename is not None:
            return cls._from(read_registry(Path(input_xml_filename)))
        packaged = read_registry(PACKAGED_REGISTRY)
        operators = configuration().task_type_registry
        return cls._from(packaged.under(read_registry(operators)) if operators else packaged)

    @classmethod
    def _from(cls, declaration: Declaration) -> Self:
        if mistakes := list(declaration.undeclared_containers()):
            raise RegistryError("\n".join(mistakes))
        return cls.build(containers=declaration.containers, tasks=declaration.tasks)

    @classmethod
    def build(
        cls, *, containers: Mapping[str, Mapping[str, float]], tasks: Mapping[str, Iterable[str]]
    ) -> Self:
        """The list of these task types, each with its containers; ``all`` stands for every one of them."""
        everywhere = frozenset(name for name, places in tasks.items() if EVERY_CONTAINER in places)
        task_list = {
            name: set(containers) if name in everywhere else set(places) for name, places in tasks.items()
        }
        return cls(
            worker_containers={name: dict(size) for name, size in containers.items()},
            task_list=task_list,
            container_capabilities={
                container: {name for name, places in task_list.items() if container in places}
                for container in containers
            },
            everywhere=everywhere,
        )

    # ------------------------------------------------------------- the documented names
    def task_type_names(self) -> list[str]:
        """The names of all task types, sorted."""
        return sorted(self.task_list)

    def worker_container_names(self) -> list[str]:
        """The names of all containers, sorted."""
        return sorted(self.worker_containers)

    def containers_for_task(self, task_type_name: str) -> set[str]:
        """The containers that may run the task type; `UnknownTaskTypeError` for a type that is none."""
        self.require_known(task_type_name)
        return set(self.task_list[task_type_name])

    def tasks_for_container(self, container_name: str) -> set[str]:
        """The task types that the container may run; `NotFoundError` for a container that is not declared."""
        if container_name not in self.worker_containers:
            hint = did_you_mean(container_name, self.worker_containers)
            raise NotFoundError(f"no worker container {container_name!r}; {hint}")
        return set(self.container_capabilities[container_name])

    # ------------------------------------------------------------- what this machine can do
    def runnable_here(self) -> list[str]:
        """The task types that plugins of this machine can run, sorted."""
        return sorted(self.installed & self.task_list.keys())

    def resources(self, task_type_name: str) -> Resources:
        """What one running task of the type needs.

        A declared type needs what its container has: the base container where it may run there, else the
        smallest, since it fits into each. A type that no registry declares needs what its plugin states.
        """
        if task_type_name in self.adopted:
            return self.adopted[task_type_name]
        containers = self.containers_for_task(task_type_name)
        if BASE_CONTAINER in containers:
            return Resources(**self.worker_containers[BASE_CONTAINER])
        sizes = [self.worker_containers[name] for name in containers]
        return Resources(**min(sizes, key=lambda size: (size["cpu"], size["gpu"], size["memory_gb"])))

    def require_known(self, task_type_name: str) -> None:
        """Raise `UnknownTaskTypeError`, with the nearest name and what to do, for a type that is none."""
        if task_type_name in self.task_list:
            return
        near = None if never_public(task_type_name) else nearest(task_type_name, self.task_list)
        hint = f"; did you mean {near!r}?" if near else install_hint(task_type_name)
        raise UnknownTaskTypeError(
            f"unknown task type {task_type_name!r}{hint} (`eas tasks list` shows all; install the plugin "
            "that supplies it, or declare it in a task type registry)"
        )

    def require_runnable(self, task_type_name: str) -> None:
        """Raise `UnknownTaskTypeError` for a type that no plugin of this machine can run."""
        self.require_known(task_type_name)
        if task_type_name not in self.installed:
            raise UnknownTaskTypeError(
                f"task type {task_type_name!r} is declared but no installed plugin can run it"
                f"{install_hint(task_type_name)} (`eas plugins` shows what is installed)"
            )
