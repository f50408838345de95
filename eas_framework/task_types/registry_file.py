"""Reads a task-type registry: XML that is not trusted, checked against the schema beside this module."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eas_framework.errors import RegistryError

if TYPE_CHECKING:
    from lxml import etree

PACKAGED_REGISTRY = Path(__file__).with_name("task_type_registry.xml")
SCHEMA = Path(__file__).with_name("task_type_registry.xsd")
EVERY_CONTAINER = "all"
_LARGEST_FILE = 1_000_000  # bytes; a registry of ten thousand task types is smaller


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """What one registry file says.

    Attributes:
        containers: cpu, gpu and memory_gb of each container.
        tasks: Containers of each task type as written; may hold ``all``.
        places: ``file:line`` of each task type.
    """

    containers: Mapping[str, dict[str, float]]
    tasks: Mapping[str, frozenset[str]]
    places: Mapping[str, str]

    def under(self, other: Declaration) -> Declaration:
        """Both together; `other` wins, task by task and container by container."""
        return Declaration(
            containers={**self.containers, **other.containers},
            tasks={**self.tasks, **other.tasks},
            places={**self.places, **other.places},
        )

    def undeclared_containers(self) -> Iterator[str]:
        """One line for each container that a task names and nobody declares."""
        for task, names in self.tasks.items():
            for name in sorted(names - self.containers.keys() - {EVERY_CONTAINER}):
                known = ", ".join(sorted(self.containers)) or "none"
                yield f"{self.places[task]}: task {task} names the container {name!r}; declared are: {known}"


def read_registry(path: Path) -> Declaration:
    """What the registry file declares.

    Raises:
        RegistryError: Unreadable, not XML, with a DOCTYPE, or against the schema; names file and line.
    """
    root = _parse_safely(path)
    _check_against_schema(root, path)
    containers = {
        _text(item, "name"): {
            child.tag: float(child.text or 0) for child in item.iterfind("resourceRequirements/*")
        }
        for item in root.iterfind("containers/container")
    }
    tasks = {_text(item, "name"): item for item in root.iterfind("tasks/task")}
    if EVERY_CONTAINER in containers:
        raise RegistryError(
            f"{path}: no container may be named {EVERY_CONTAINER!r}: it stands for every container"
        )
    return Declaration(
        containers={
            name: {"cpu": 0.0, "gpu": 0.0, "memory_gb": 0.0, **given} for name, given in containers.items()
        },
        tasks={
            name: frozenset(_strip(c) for c in item.iterfind("container")) for name, item in tasks.items()
        },
        places={name: f"{path}:{item.sourceline}" for name, item in tasks.items()},
    )


def _text(item: etree._Element, name: str) -> str:
    return (item.findtext(name) or "").strip()


def _strip(item: etree._Element) -> str:
    return (item.text or "").strip()


def _parse_safely(path: Path) -> etree._Element:
    """The root of an XML file in which nothing is expanded, included or fetched."""
    from lxml import etree  # late: only those who read a registry need it

    data = _read(path)
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise RegistryError(f"{path}:{error.lineno}: not XML: {error.msg}") from error


def _read(path: Path) -> bytes:
    """The bytes of a file that is small, UTF-8, and without a DOCTYPE, so without entities of its own."""
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise RegistryError(f"{path}: cannot be read: {error.strerror}") from error
    if len(data) > _LARGEST_FILE:
        raise RegistryError(f"{path}: larger than {_LARGEST_FILE} bytes; a registry is a small file")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RegistryError(f"{path}: not UTF-8 text: {error.reason} at byte {error.start}") from error
    if "\0" in text or "<!DOCTYPE" in text:
        line = text[: text.find("<!DOCTYPE")].count("\n") + 1
        what = "is not UTF-8 text" if "\0" in text else "a DOCTYPE is not allowed in a registry"
        raise RegistryError(f"{path}:{line}: {what}")
    return data


def _check_against_schema(root: etree._Element, path: Path) -> None:
    from lxml import etree  # late: only those who read a registry need it

    schema = etree.XMLSchema(etree.parse(SCHEMA))
    if not schema.validate(root):
        found: Any = schema.error_log  # the type stubs do not know that it can be iterated
        raise RegistryError("\n".join(f"{path}:{entry.line}: {entry.message}" for entry in found))
