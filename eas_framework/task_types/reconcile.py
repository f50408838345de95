"""How the registry (where a task may run, with how much) meets the plugins (how it is done)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, replace

from eas_framework.errors import RegistryError
from eas_framework.plugins.manager import plugin_manager
from eas_framework.plugins.task import TaskType
from eas_framework.task_types.model import TaskTypeList
from eas_framework.task_types.registry_file import EVERY_CONTAINER

log = logging.getLogger(__name__)


def reconcile(
    declared: TaskTypeList, discovered: Mapping[str, TaskType], *, strict: bool = False
) -> TaskTypeList:
    """The task types of this machine.

    Declared and installed: runnable here, containers and resources as declared. Declared only: known, not
    runnable here. Installed only: adopted with the plugin's own container and resources. Neither: unknown, as
    every use of the result says.

    Raises:
        RegistryError: `strict`, and a type had to be adopted.
    """
    adopted = {name: discovered[name] for name in sorted(discovered.keys() - declared.task_list.keys())}
    if adopted and strict:
        raise RegistryError(f"no registry declares the installed task types {', '.join(adopted)}")
    own_containers = {kind.container: asdict(kind.resources) for kind in adopted.values()}
    together = TaskTypeList.build(
        containers={**own_containers, **declared.worker_containers},
        tasks={
            **declared.task_list,
            **{name: {EVERY_CONTAINER} for name in declared.everywhere},
            **{name: {kind.container} for name, kind in adopted.items()},
        },
    )
    needs = {name: kind.resources for name, kind in adopted.items()}
    return replace(together, adopted=needs, installed=frozenset(discovered))


def task_types_here(*, strict: bool = False) -> TaskTypeList:
    """The task types of this process: its registry files and its plugins, reconciled."""
    result = reconcile(TaskTypeList.read_from_xml(), plugin_manager().task_types(), strict=strict)
    for name in result.adopted:
        log.info("task type %s: in no registry, runs in container %s", name, *result.task_list[name])
    return result
