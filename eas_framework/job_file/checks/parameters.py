"""The keys of a task against what its type declares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from eas_framework.job_file.checks.names import Names
from eas_framework.job_file.checks.place import Fault, Place, static_structure
from eas_framework.job_file.checks.report import Report
from eas_framework.job_file.checks.turns import holds_unknown
from eas_framework.job_file.document import KeyPath
from eas_framework.job_file.loops import SOURCES
from eas_framework.job_file.model import CONTROL_FLOW_KEYS, TaskKeys
from eas_framework.plugins.task import FileSlot, TaskType
from eas_framework.suggestions import did_you_mean

LENIENT_TABLES = frozenset({"search_settings"})
"""Tables that serve several task types at once: a key that this type does not know is only a warning."""

_COMMON = frozenset(TaskKeys.model_fields)
LIMITS = ("max_attempts", "time_limit_s")
"""Common keys that are plain values, never expressions."""


def parameter_model(task_type: TaskType) -> type[BaseModel] | None:
    """The declaration of the type's own keys; None where any key is taken."""
    return CONTROL_FLOW_KEYS.get(task_type.name, task_type.parameters)


class ParameterCheck:
    """Checks one task against one type."""

    def __init__(self, task: Mapping[str, Any], path: KeyPath, task_type: TaskType, report: Report) -> None:
        self._task = task
        self._path = path
        self._type = task_type
        self._report = report
        is_loop = task_type.name == "execution_for_loop"
        self._elsewhere = {(key,) for key in ("parameter", "where", "limit", *SOURCES)} if is_loop else set()

    def check(self, names: Names, place: Place) -> dict[str, Any]:
        """Report what is wrong; the evaluated keys of the task, with UNKNOWN where they are not known."""
        faults: list[Fault] = []
        own = {key: value for key, value in self._task.items() if key not in _COMMON}
        evaluated: dict[str, Any] = static_structure(own, place, self._path, faults)
        for path, text in faults:
            self._report.error(path, text + place.suffix, topic="value")
        limits = {key: self._task[key] for key in LIMITS if key in self._task}
        self._validate(TaskKeys, {"task": self._type.name, **limits})
        model = parameter_model(self._type)
        if model is not None:
            self._unknown_keys(model, evaluated)
            self._validate(model, evaluated)
        self._slots("inputs", self._type.inputs, names.inputs)
        self._slots("outputs", self._type.outputs, names.outputs)
        return evaluated

    # ------------------------------------------------------------- keys
    def _unknown_keys(self, model: type[BaseModel], evaluated: Mapping[str, Any]) -> None:
        """Report keys that the type does not declare, at the top and inside tables."""
        declared = model.model_fields.keys() | _aliases(model)
        if model.model_config.get("extra") != "allow":
            for key in evaluated.keys() - declared:
                hint = did_you_mean(key, declared | (_COMMON - {"task"}))
                self._report.error(
                    (*self._path, key), f"{self._type.name}: unknown parameter {key!r}; {hint}", of_key=True
                )
        for path, inner, table in _tables(model, evaluated, self._path):
            self._unknown_entries(path, inner, table)

    def _unknown_entries(self, path: KeyPath, model: type[BaseModel], table: Mapping[str, Any]) -> None:
        if model.model_config.get("extra") == "allow":
            return
        declared = model.model_fields.keys() | _aliases(model)
        tell = self._report.warning if LENIENT_TABLES & set(path) else self._report.error
        for key in table.keys() - declared:
            text = f"{self._type.name}: unknown key {key!r} in {path[-1]}; {did_you_mean(key, declared)}"
            tell((*path, key), text, of_key=True)

    # ------------------------------------------------------------- values
    def _validate(self, model: type[BaseModel], values: Mapping[str, Any]) -> None:
        """Report values that the declaration refuses, except those known only at run time."""
        try:
            model.model_validate(values)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                self._report_detail(detail, values)

    def _report_detail(self, detail: ErrorDetails, values: Mapping[str, Any]) -> None:
        if detail["type"] == "extra_forbidden" or detail["loc"][:1] in self._elsewhere:
            return  # reported with a suggestion, or by the walk through the loop
        keys, value = _follow(detail["loc"], values)
        path = (*self._path, *keys)
        if detail["type"] == "missing":
            name = str(detail["loc"][-1])
            self._report.error(path, f"{self._type.name}: the parameter {name!r} is missing")
            return
        if holds_unknown(value):
            return
        what = ".".join(map(str, keys)) or "parameters"
        given = f", not {value!r}" if keys else ""
        text = f"{self._type.name}: {what}: {_phrase(detail['msg'])}{given}"
        self._report.error(path, text, topic="value")

    # ------------------------------------------------------------- files
    def _slots(self, key: str, slots: Iterable[FileSlot] | None, given: Mapping[str, Any]) -> None:
        """Report files that are missing, or that the type does not know."""
        if slots is None:
            return
        declared = {slot.name: slot for slot in slots}
        kind = key.removesuffix("s")
        for name in declared.keys() - given.keys():
            if declared[name].required:
                path = (*self._path, key) if key in self._task else self._path
                self._report.error(path, f"{self._type.name}: the {kind} {name!r} is missing in {key}")
        for name in given.keys() - declared.keys():
            self._unknown_slot(key, kind, name, declared)

    def _unknown_slot(self, key: str, kind: str, name: str, declared: Iterable[str]) -> None:
        text = f"{self._type.name}: unknown {kind} {name!r}; {did_you_mean(name, declared)}"
        path = (*self._path, key, name)
        if key == "inputs":
            self._report.error(path, text, of_key=True)
        else:
            self._report.warning(path, f"{text}; it may never be written", of_key=True)


def _phrase(message: str) -> str:
    """The validator's message as a part of a sentence."""
    text = message.removeprefix("Value error, ").removeprefix("Input ")
    return f"{text[:1].lower()}{text[1:]}"


def _aliases(model: type[BaseModel]) -> set[str]:
    return {field.alias for field in model.model_fields.values() if field.alias}


def _follow(location: Iterable[int | str], values: Any) -> tuple[KeyPath, Any]:
    """The part of an error's location that leads into the given values, and the value there."""
    keys: list[str | int] = []
    for step in location:
        in_list = isinstance(values, list) and isinstance(step, int) and step < len(values)
        if in_list or (isinstance(values, dict) and step in values):  # else the name of a union's alternative
            values = values[step]
            keys.append(step)
    return tuple(keys), values


def _inner_models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that an annotation names: itself, or alternatives and items."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _inner_models(argument)


def _tables(
    model: type[BaseModel], values: Mapping[str, Any], path: KeyPath
) -> Iterator[tuple[KeyPath, type[BaseModel], Mapping[str, Any]]]:
    """Every table inside the values for which exactly one model is declared."""
    for name, field in model.model_fields.items():
        value = values.get(name, values.get(field.alias or name))
        inner = list(_inner_models(field.annotation))
        for here, table in _inner_tables(value, (*path, name)) if len(inner) == 1 else ():
            yield here, inner[0], table
            yield from _tables(inner[0], table, here)


def _inner_tables(value: Any, path: KeyPath) -> Iterator[tuple[KeyPath, Mapping[str, Any]]]:
    """The value if it is a table, or the tables of a list."""
    if isinstance(value, dict):
        yield path, value
    elif isinstance(value, list):
        yield from (((*path, index), table) for index, table in enumerate(value) if isinstance(table, dict))
