"""A task of a ported type as it may stand in a job, for the tests of its package."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any

from eas_framework.plugins.task import TaskType
from eas_framework.porting.folder import Task
from eas_framework.porting.script import Script
from eas_framework.porting.traits import makes_undeclared_outputs

_KNOWN_KEYS = frozenset({"task", "name", "inputs", "outputs", "job_name", "working_directory"})


def example_of(task: Task, installed: Mapping[str, TaskType]) -> Mapping[str, Any] | None:
    """A descriptor with which the task runs as it stands.

    Returns:
        The example of the installed type of that name, unless it reads files of the workspace; else the
        files that the script names, where it needs no other key; else None.
    """
    known = installed.get(task.name)
    if known is not None and known.example is not None and not makes_undeclared_outputs(task.script):
        return known.example
    if keys_of(task.script):
        return None
    example: dict[str, Any] = {"task": task.name}
    for section, keyword in (("inputs", "input_name"), ("outputs", "output_name")):
        names = sorted(set(_file_names(task.script, keyword)))
        if names:
            example[section] = {name: f"{name}.lc" for name in names}
    return example


def keys_of(script: Script) -> list[str]:
    """The keys that a script's description must have, beside those that every task may have."""
    names = set(_description_names(script))
    found = {
        str(node.slice.value)
        for node in ast.walk(script.tree)
        if isinstance(node, ast.Subscript)
        and isinstance(node.slice, ast.Constant)
        and _is_description(node.value, names)
    }
    return sorted(found - _KNOWN_KEYS)


def _file_names(script: Script, keyword: str) -> Iterator[str]:
    for node in ast.walk(script.tree):
        for given in node.keywords if isinstance(node, ast.Call) else ():
            if given.arg == keyword and isinstance(given.value, ast.Constant):
                yield str(given.value.value)


def _description_names(script: Script) -> Iterator[str]:
    """Names that the script gives to its description."""
    for node in ast.walk(script.tree):
        if isinstance(node, ast.Assign) and _is_description(node.value, set()):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def _is_description(node: ast.expr, names: set[str]) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr == "task_description"
    return isinstance(node, ast.Name) and node.id in names
