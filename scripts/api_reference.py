"""The reference pages of the programming interface: one page per module, from signatures and docstrings."""

from __future__ import annotations

import enum
import importlib
import inspect
import re
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

PACKAGE = "eas_framework"
DOCUMENTED = (
    "connect_db", "constants", "lc_reader_lcsg", "lightcurve", "lightcurve_resample", "logging_database",
    "quality_control", "settings", "task_database", "task_execution", "task_expression_evaluation",
    "task_heartbeat", "task_objects", "task_queues", "task_timer", "task_types", "temporary_directory",
)  # fmt: skip
"""The modules whose names and signatures existing task code relies on."""
FOR_AUTHORS = ("plugins", "task_io", "lc_readers", "resampling", "diagnostics", "testing")
"""What authors of new plugins use besides."""

_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def module_page(name: str) -> str:
    """Everything public of a module: its docstring, then classes and functions in their order."""
    module = importlib.import_module(f"{PACKAGE}.{name}")
    public = dict(public_names(module))
    return "\n\n".join(
        [
            f"# `{PACKAGE}.{name}`",
            _fenced(inspect.getdoc(module) or ""),
            *(part for key, value in public.items() for part in _entry(key, value, public)),
        ]
    )


def index_page() -> str:
    """Links to the pages, each with the first sentence of its module."""
    return "\n\n".join(
        [
            "# Programming interface",
            "Times of light curves are days in memory; unix times are seconds (UTC).",
            "## Modules that task code imports",
            "\n".join(map(_index_line, DOCUMENTED)),
            "## Modules for plugin authors",
            "\n".join(map(_index_line, FOR_AUTHORS)),
        ]
    )


def public_names(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """Classes and functions that a module offers: those in ``__all__``, else those that it defines."""
    names = getattr(module, "__all__", None)
    for name in names or vars(module):
        value = getattr(module, name)
        is_own = names is not None or getattr(value, "__module__", None) == module.__name__
        if is_own and not name.startswith("_") and (inspect.isclass(value) or inspect.isroutine(value)):
            yield name, value


def _index_line(name: str) -> str:
    text = inspect.getdoc(importlib.import_module(f"{PACKAGE}.{name}")) or ""
    return f"* [`{PACKAGE}.{name}`](api/{name}.md): {text.splitlines()[0]}"


def _entry(name: str, value: Any, shown: Mapping[str, Any]) -> Iterator[str]:
    if not inspect.isclass(value):
        yield f"## `{name}`\n\n{_fenced(_described(name, value))}"
        return
    yield f"## class `{name}`\n\n{_fenced(_class_text(name, value))}"
    for method, function, owner in _methods(value):
        if owner is value or owner not in shown.values():
            yield f"### `{name}.{method}`\n\n{_fenced(_described(method, function))}"


def _class_text(name: str, kind: type) -> str:
    if issubclass(kind, enum.Enum):
        members = "\n".join(f"{member.name} = {member.value!r}" for member in kind)
        return f"{inspect.getdoc(kind) or ''}\n\n{members}"
    return _described(name, kind)


def _methods(kind: type) -> Iterator[tuple[str, Any, type]]:
    """Public methods, properties and class methods of a class and its bases here, with who defines them."""
    found: dict[str, tuple[Any, type]] = {}
    for owner in kind.__mro__:
        if owner.__module__.startswith(PACKAGE):
            for name, value in vars(owner).items():
                function = _function_in(value)
                if function is not None and not name.startswith("_"):
                    found.setdefault(name, (function, owner))
    yield from ((name, function, owner) for name, (function, owner) in found.items())


def _function_in(value: Any) -> Any:
    if isinstance(value, property):
        return value.fget
    value = getattr(value, "__func__", value)
    return value if inspect.isfunction(value) else None


def _described(name: str, value: Any) -> str:
    return f"{name}{_signature(value)}\n\n{inspect.getdoc(value) or ''}".rstrip()


def _signature(value: Any) -> str:
    """The parameters with types and defaults, one on each line when there are many."""
    try:
        signature = inspect.signature(value)
    except (TypeError, ValueError):  # a class made by C code has none
        return ""
    text = _ADDRESS.sub("", str(signature)).replace("'", "")
    parameters = [_ADDRESS.sub("", str(each)).replace("'", "") for each in signature.parameters.values()]
    if len(text) <= 90:
        return text
    result = text[text.rindex(" -> ") :] if signature.return_annotation is not inspect.Signature.empty else ""
    return "(\n" + "".join(f"    {each},\n" for each in parameters) + ")" + result


def _fenced(text: str) -> str:
    return f"```text\n{text}\n```"
