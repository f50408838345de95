"""JSON Schema of a job file, from the same declarations as its checks, for completion in editors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from eas_framework.job_file.checks.parameters import LENIENT_TABLES, LIMITS, parameter_model
from eas_framework.job_file.checks.top import EXPRESSIVE_KEYS
from eas_framework.job_file.model import JobDefaults, JobKeys, TaskKeys
from eas_framework.plugins.task import FileSlot, TaskType

Schema = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_EXPRESSION: Schema = {
    "type": "string",
    "pattern": r"^\s*['\"(]",
    "description": "An expression, evaluated when the job runs.",
}
_TO_EXPRESSION = {"$ref": "#/$defs/expression"}
_TO_TASKS = {"type": "array", "items": {"$ref": "#/$defs/task"}}
_LIST_KEYS = ("task_list", "else_task_list")


def job_schema(task_types: Iterable[TaskType]) -> Schema:
    """JSON Schema (2020-12) of a job file that uses these task types."""
    types = sorted(task_types, key=lambda task_type: task_type.name)
    definitions: Schema = {"expression": _EXPRESSION}
    choices = [_choice(task_type, definitions) for task_type in types]
    named = [{"const": task_type.name, "description": task_type.summary} for task_type in types]
    definitions["task"] = {
        "type": "object",
        "required": ["task"],
        "properties": {"task": {"anyOf": [*named, _TO_EXPRESSION]}},
        "allOf": choices,
    }
    job = _own_schema(JobKeys, "job", definitions)
    for key in job["properties"].keys() - EXPRESSIVE_KEYS:
        job["properties"][key] = _plain_property(JobKeys, key, "job")
    job["properties"]["task_list"] = _TO_TASKS
    definitions[f"job.{JobDefaults.__name__}"] = JobDefaults.model_json_schema()
    return {"$schema": _DIALECT, "title": "Job of eas_framework", **job, "$defs": definitions}


def _plain_property(model: type[BaseModel], key: str, prefix: str) -> Schema:
    """The schema of one key that takes no expression."""
    schema: Schema = model.model_json_schema(ref_template=f"#/$defs/{prefix}.{{model}}")["properties"][key]
    return schema


def _choice(task_type: TaskType, definitions: Schema) -> Schema:
    """What a task of one type must look like."""
    common = _own_schema(TaskKeys, "common", definitions)
    for key in LIMITS:
        common["properties"][key] = _plain_property(TaskKeys, key, "common")
    model = parameter_model(task_type)
    own = _own_schema(model, task_type.name, definitions) if model else {"properties": {}}
    properties = {**common["properties"], **own["properties"], "task": {"type": "string"}}
    for key in _LIST_KEYS:
        if key in properties:
            properties[key] = _TO_TASKS
    required = list(own.get("required", []))
    for key, slots in (("inputs", task_type.inputs), ("outputs", task_type.outputs)):
        if slots is not None:
            properties[key] = _files(slots, is_closed=key == "inputs")
            required += [key] if any(slot.required for slot in slots) else []
    then: Schema = {"properties": properties, "required": required}
    if model is not None and model.model_config.get("extra") != "allow":
        then["additionalProperties"] = False
    is_this = {"properties": {"task": {"const": task_type.name}}, "required": ["task"]}
    return {"if": is_this, "then": then}


def _files(slots: Iterable[FileSlot], *, is_closed: bool) -> Schema:
    """What ``inputs`` or ``outputs`` must look like."""
    slots = list(slots)
    schema: Schema = {
        "type": "object",
        "properties": {slot.name: {"type": "string", "description": slot.summary} for slot in slots},
        "required": [slot.name for slot in slots if slot.required],
        "additionalProperties": False if is_closed else {"type": "string"},
    }
    if is_closed:
        schema["patternProperties"] = {_EXPRESSION["pattern"]: {"type": "string"}}
    return schema


def _own_schema(model: type[BaseModel], prefix: str, definitions: Schema) -> Schema:
    """The schema of a model that accepts expressions for values; its inner models go to the definitions."""
    schema = model.model_json_schema(ref_template=f"#/$defs/{prefix}.{{model}}")
    for name, inner in schema.pop("$defs", {}).items():
        definitions[f"{prefix}.{name}"] = _closed(_with_expressions(inner))
    return _closed(_with_expressions(schema))


def _closed(schema: Schema) -> Schema:
    """The schema of a table that refuses other keys than those it names."""
    if "properties" in schema and "additionalProperties" not in schema:
        schema["additionalProperties"] = False
    for name in LENIENT_TABLES & schema.get("properties", {}).keys():
        schema["properties"][name] = {
            "type": "object",
            "description": "Settings; keys of other types are left aside.",
        }
    return schema


def _with_expressions(schema: Any) -> Any:
    """The schema of a table or list in which every value may also be an expression."""
    if not isinstance(schema, Mapping):
        return schema
    changed = {key: value for key, value in schema.items() if key != "title" or not isinstance(value, str)}
    if "properties" in changed:
        changed["properties"] = {key: _or_expression(value) for key, value in changed["properties"].items()}
    for name in ("items", "additionalProperties"):
        if isinstance(changed.get(name), Mapping):
            changed[name] = _or_expression(changed[name])
    if "prefixItems" in changed:
        changed["prefixItems"] = [_or_expression(value) for value in changed["prefixItems"]]
    if "anyOf" in changed:
        changed["anyOf"] = [_with_expressions(value) for value in changed["anyOf"]]
    return changed


def _or_expression(schema: Mapping[str, Any]) -> Schema:
    """The schema, or an expression; descriptions stay outside, where editors look for them."""
    inner = _with_expressions(schema)
    notes = {key: inner.pop(key) for key in ("description", "default") if key in inner}
    alternatives = inner["anyOf"] if inner.keys() == {"anyOf"} else [inner]
    return {**notes, "anyOf": [*alternatives, _TO_EXPRESSION]}
