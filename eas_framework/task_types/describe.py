"""What a task type takes and gives, as rows for the command line and the documentation."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from eas_framework.plugins.task import FileSlot, Resources, TaskType

Row = dict[str, Any]
COLUMNS = ("section", "name", "type", "unit", "required", "default", "meaning")
# Declarations write a unit in square brackets: "Shortest period [d]."
_UNIT = re.compile(r"\s*\[([^\]]+)\]")


def describe(task_type: TaskType, *, resources: Resources) -> list[Row]:
    """Rows on parameters, inputs, outputs, metadata and resources of a task type, and an example job."""
    return [
        *(_row("parameter", **found) for found in parameters(task_type)),
        *_slots("input", task_type.inputs),
        *_slots("output", task_type.outputs),
        *(_with_unit("metadata", name, text) for name, text in task_type.metadata.items()),
        *_needs(task_type, resources),
        *([_row("example", "job", default=dict(task_type.example))] if task_type.example else []),
    ]


def parameters(task_type: TaskType) -> Iterator[Row]:
    """The task type's own keys in a job file; those of a table are written `table.key`."""
    if task_type.parameters is None:
        return
    schema = task_type.parameters.model_json_schema()
    yield from _properties(schema, schema.get("$defs", {}), prefix="")


def _properties(schema: Mapping[str, Any], shared: Mapping[str, Any], *, prefix: str) -> Iterator[Row]:
    required = schema.get("required", ())
    for name, said in schema.get("properties", {}).items():
        meant = _resolve(said, shared)
        if "properties" in meant:
            yield from _properties(meant, shared, prefix=f"{prefix}{name}.")
            continue
        unit, meaning = _split_unit(said.get("description", ""))
        yield {
            "name": f"{prefix}{name}",
            "type": _type_text(meant, shared),
            "unit": said.get("unit", unit),
            "required": name in required,
            "default": said.get("default"),
            "meaning": meaning,
        }


def _resolve(said: Mapping[str, Any], shared: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a reference of the schema refers to; anything else as it is."""
    reference = said.get("$ref")
    return shared[reference.rpartition("/")[2]] if reference else said


def _type_text(said: Mapping[str, Any], shared: Mapping[str, Any]) -> str:
    """The type in words, such as ``number or null`` or ``'none' or 'biweight'``."""
    if "anyOf" in said:
        return " or ".join(_type_text(_resolve(choice, shared), shared) for choice in said["anyOf"])
    if "const" in said:
        return repr(said["const"])
    if "enum" in said:
        return " or ".join(repr(value) for value in said["enum"])
    if said.get("type") == "array":
        return f"list of {_type_text(_resolve(said.get('items', {}), shared), shared)}"
    return str(said.get("type", "anything")) + _bounds(said)


def _bounds(said: Mapping[str, Any]) -> str:
    signs = {"exclusiveMinimum": ">", "minimum": ">=", "exclusiveMaximum": "<", "maximum": "<="}
    return "".join(f" {sign} {said[key]:g}" for key, sign in signs.items() if key in said)


def _slots(section: str, slots: Iterable[FileSlot] | None) -> Iterator[Row]:
    if slots is None:
        yield _row(section, "(any name)", type="file")
        return
    for slot in slots:
        yield _row(section, slot.name, type=slot.kind, required=slot.required, meaning=slot.summary)


def _with_unit(section: str, name: str, text: str) -> Row:
    unit, meaning = _split_unit(text)
    return _row(section, name, unit=unit, meaning=meaning)


def _split_unit(text: str) -> tuple[str | None, str]:
    found = _UNIT.search(text)
    return (found.group(1), _UNIT.sub("", text, count=1)) if found else (None, text)


def _needs(task_type: TaskType, resources: Resources) -> Iterator[Row]:
    yield _row(
        "resource", "cpu", unit="cores", default=resources.cpu, meaning="What one running task may use."
    )
    yield _row("resource", "gpu", unit="units", default=resources.gpu)
    yield _row("resource", "memory_gb", unit="GB", default=resources.memory_gb)
    if task_type.time_limit_s is not None:
        yield _row("resource", "time_limit_s", unit="s", default=task_type.time_limit_s)


def _row(section: str, name: str, **more: Any) -> Row:
    return {**dict.fromkeys(COLUMNS), "section": section, "name": name, **more}
