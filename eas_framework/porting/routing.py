"""The task-type registry of a ported package: where its types may run, and with how much."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from xml.sax.saxutils import escape

from eas_framework.plugins.task import Resources
from eas_framework.porting.folder import Task
from eas_framework.task_types.registry_file import PACKAGED_REGISTRY, Declaration, read_registry


def routing_xml(tasks: Iterable[Task], own: Declaration) -> str:
    """What the framework's registry does not say of the types and their containers, as a registry file.

    Args:
        tasks: The task types.
        own: What the registry beside the scripts declares.

    Returns:
        Empty where the framework's registry says all.
    """
    packaged = read_registry(PACKAGED_REGISTRY)
    places = {task.name: _places(task, own) for task in tasks}
    routes = {
        name: found
        for name, found in sorted(places.items())
        if found and packaged.tasks.get(name) != frozenset(found)
    }
    if not routes:
        return ""
    wanted = sorted({container for found in routes.values() for container in found} - {"all"})
    known = {**packaged.containers, **own.containers}
    default = Resources()
    size = {"cpu": default.cpu, "gpu": default.gpu, "memory_gb": default.memory_gb}
    sizes = {name: known.get(name, size) for name in wanted}
    containers = {name: found for name, found in sizes.items() if packaged.containers.get(name) != found}
    return _text(containers, routes)


def _places(task: Task, own: Declaration) -> list[str]:
    declared = own.tasks.get(task.name)
    if declared:
        return sorted(declared)
    return [task.container] if task.container else []


def _text(containers: Mapping[str, Mapping[str, float]], routes: Mapping[str, list[str]]) -> str:
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', "<task_type_registry>"]
    if containers:
        lines.append("  <containers>")
        for name, size in containers.items():
            needs = "".join(f"<{key}>{value:g}</{key}>" for key, value in size.items())
            lines += [
                "    <container>",
                f"      <name>{escape(name)}</name>",
                f"      <resourceRequirements>{needs}</resourceRequirements>",
                "    </container>",
            ]
        lines.append("  </containers>")
    lines.append("  <tasks>")
    for task, places in routes.items():
        found = "".join(f"<container>{escape(place)}</container>" for place in places)
        lines.append(f"    <task><name>{escape(task)}</name>{found}</task>")
    return "\n".join([*lines, "  </tasks>", "</task_type_registry>", ""])
