"""The documented calls as the framework has them: looked up, never listed a second time."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

MODULES = (
    "connect_db",
    "constants",
    "lc_reader_lcsg",
    "lightcurve",
    "lightcurve_resample",
    "logging_database",
    "quality_control",
    "settings",
    "task_database",
    "task_execution",
    "task_expression_evaluation",
    "task_heartbeat",
    "task_objects",
    "task_queues",
    "task_timer",
    "task_types",
    "temporary_directory",
)
"""The modules that the prototype documents; each stands under the same name here."""

# Methods of these names are as likely those of a table, a list, a text, a file or an array.
_COMMON = frozenset(dir(dict)) | frozenset(dir(list)) | frozenset(dir(str)) | {"read", "write", "close"}


def find(dotted: str) -> Any:
    """What stands at ``module.name…`` of the framework; None where nothing does."""
    module_name, *rest = dotted.split(".")
    if module_name not in MODULES:
        return None
    found: Any = importlib.import_module(f"eas_framework.{module_name}")
    for name in rest:
        found = getattr(found, name, None)
        if found is None:
            return None
    return found


@cache
def methods() -> dict[str, tuple[tuple[str, Any], ...]]:
    """For the name of a documented method, each class that has it, as ``Class.method``, with the function."""
    found: dict[str, list[tuple[str, Any]]] = {}
    for kind in _classes():
        for name, function in inspect.getmembers(kind, inspect.isroutine):
            if not name.startswith("_") and name not in _COMMON:
                found.setdefault(name, []).append((f"{kind.__name__}.{name}", function))
    return {name: tuple(dict.fromkeys(owners)) for name, owners in found.items()}


def likely_owner(owners: Sequence[tuple[str, Any]], *, is_raw_connection: bool) -> str:
    """The ``Class.method`` that is most likely meant: of the raw connection only where that is named."""
    names = [name for name, _ in owners]
    raw = [name for name in names if name.startswith("DatabaseInterface")]
    others = [name for name in names if name not in raw]
    return (raw or others)[0] if is_raw_connection else (others or raw)[0]


def _classes() -> Iterator[type]:
    for module_name in MODULES:
        module = importlib.import_module(f"eas_framework.{module_name}")
        for name, value in vars(module).items():
            is_ours = inspect.isclass(value) and value.__module__.startswith("eas_framework")
            if is_ours and not name.startswith("_") and not issubclass(value, Exception):
                yield value


def unknown_keywords(function: Any, keywords: list[str]) -> list[str]:
    """The keywords of a call that the function, or class, does not take."""
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return []
    if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters.values()):
        return []
    return [keyword for keyword in keywords if keyword not in parameters]
