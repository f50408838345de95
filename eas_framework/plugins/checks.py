"""What a plugin gave, checked value by value before anything relies on it."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from eas_framework.plugins.database import DatabaseInterface
from eas_framework.plugins.hookspecs import PROJECT
from eas_framework.plugins.qc import QcMetric
from eas_framework.plugins.queue import TaskQueue
from eas_framework.plugins.readers import LightcurveReader
from eas_framework.plugins.task import FileSlot, Resources, TaskType
from eas_framework.suggestions import did_you_mean

LONGEST_NAME = 64


@dataclass(frozen=True, kw_only=True)
class Hook:
    """One hook: what its values are called, and how they are checked."""

    noun: str
    is_table: bool
    check: Callable[[str, Any], Iterator[str]]
    """Takes the name and the value; yields what is wrong with them."""

    def pairs(self, given: Any) -> list[tuple[str, Any]]:
        """The values by name, unchecked.

        Raises:
            TypeError: The hook did not return a table (or an iterable) at all.
        """
        if self.is_table:
            if not isinstance(given, Mapping):
                raise TypeError(f"must return a mapping of names to classes, not {given!r}")
            return list(given.items())
        if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Iterable):
            raise TypeError(f"must return a list of {self.noun}s, not {given!r}")
        return [(getattr(value, "name", "?"), value) for value in given]


def _backend_check(contract: type) -> Callable[[str, Any], Iterator[str]]:
    def check(name: str, value: Any) -> Iterator[str]:
        if not isinstance(name, str) or not name:
            yield f"the name {name!r} is not text"
        if not isinstance(value, type) or not issubclass(value, contract):
            yield f"{value!r} is not a subclass of {contract.__name__}"
        elif inspect.isabstract(value):
            missing = sorted(getattr(value, "__abstractmethods__", ()))
            yield f"{value.__name__} lacks {', '.join(missing)}"

    return check


def _check_task_type(_: str, value: Any) -> Iterator[str]:
    if not isinstance(value, TaskType):
        yield f"{value!r} is not a TaskType"
        return
    yield from _check_name(value.name)
    if not callable(value.handler):
        yield f"its handler {value.handler!r} cannot be called"
    if value.quality_control is not None and not callable(value.quality_control):
        yield f"its quality_control {value.quality_control!r} cannot be called"
    if not isinstance(value.container, str) or not value.container or value.container == "all":
        yield f"its container must be one container's name, not {value.container!r}"
    yield from _check_limits(value)
    yield from _check_declarations(value)


def _check_name(name: Any) -> Iterator[str]:
    if not isinstance(name, str) or not name.isidentifier() or len(name) > LONGEST_NAME:
        yield f"the name {name!r} is not an identifier of at most {LONGEST_NAME} characters"


def _check_limits(value: TaskType) -> Iterator[str]:
    needs = value.resources
    if not isinstance(needs, Resources):
        yield f"its resources must be Resources(…), not {needs!r}"
    elif not (
        _is_number(needs.cpu, above=0) and _is_number(needs.memory_gb, above=0) and _is_number(needs.gpu)
    ):
        yield f"its resources must be numbers, cpu and memory_gb above 0: {needs}"
    if value.max_attempts is not None and not _is_number(value.max_attempts, above=0):
        yield f"its max_attempts must be at least 1, not {value.max_attempts!r}"
    if value.time_limit_s is not None and not _is_number(value.time_limit_s, above=0):
        yield f"its time_limit_s must be above 0, not {value.time_limit_s!r}"


def _is_number(value: Any, *, above: float = -1e-300) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value) and value > above


def _check_declarations(value: TaskType) -> Iterator[str]:
    if value.parameters is not None and not hasattr(value.parameters, "model_validate"):
        yield f"its parameters must be a pydantic model, not {value.parameters!r}"
    for attribute in ("inputs", "outputs"):
        slots = getattr(value, attribute)
        if slots is None:
            continue
        if not isinstance(slots, tuple) or not all(isinstance(slot, FileSlot) for slot in slots):
            yield f"its {attribute} must be a tuple of FileSlot, not {slots!r}"
        elif len({slot.name for slot in slots}) < len(slots):
            yield f"its {attribute} name one file twice"
    if not all(isinstance(kind, type) and issubclass(kind, Exception) for kind in value.retry_on):
        yield f"its retry_on must hold exception classes, not {value.retry_on!r}"


def _check_metric(_: str, value: Any) -> Iterator[str]:
    if not isinstance(value, QcMetric):
        yield f"{value!r} is not a QcMetric"
        return
    yield from _check_name(value.name)
    if isinstance(value.task_types, str) or not all(isinstance(name, str) for name in value.task_types):
        yield f"its task_types must be a frozenset of names, not {value.task_types!r}"
    if not callable(value.measure):
        yield f"its measure {value.measure!r} cannot be called"


def _check_reader(_: str, value: Any) -> Iterator[str]:
    if not isinstance(value, LightcurveReader):
        yield f"{value!r} is not a LightcurveReader"
        return
    if not isinstance(value.name, str) or not value.name:
        yield f"the name {value.name!r} is not text"
    if not callable(value.sniff) or not callable(value.read):
        yield "its sniff and read must be functions"


HOOKS: Mapping[str, Hook] = {
    "eas_database_backends": Hook(
        noun="database backend", is_table=True, check=_backend_check(DatabaseInterface)
    ),
    "eas_queue_backends": Hook(noun="queue backend", is_table=True, check=_backend_check(TaskQueue)),
    "eas_task_types": Hook(noun="task type", is_table=False, check=_check_task_type),
    "eas_qc_metrics": Hook(noun="QC metric", is_table=False, check=_check_metric),
    "eas_lightcurve_readers": Hook(noun="light-curve reader", is_table=False, check=_check_reader),
}


def hook_name_faults(plugin: object) -> Iterator[str]:
    """Functions that look like hooks and are none: a misspelt name, or a marker that was forgotten."""
    for name in dir(plugin):
        function = getattr(plugin, name, None)
        if not inspect.isroutine(function):
            continue
        is_marked = hasattr(function, f"{PROJECT}_impl")
        if name in HOOKS and not is_marked:
            yield f"{name} is not marked with @hookimpl, so it is never called"
        elif name not in HOOKS and (is_marked or name.startswith("eas_")):
            yield _unknown_hook(name)


def _unknown_hook(name: str) -> str:
    return f"{name} is no hook of the framework; {did_you_mean(name, HOOKS)}"
