"""What a script's calls say of its task type."""

from __future__ import annotations

import ast

from eas_framework.porting.script import Script


def is_control_flow(script: Script) -> bool:
    """Whether it registers tasks, so that it is done when these are."""
    return _calls(script, "task_register")


def makes_undeclared_outputs(script: Script) -> bool:
    """Whether it registers products of its own while it runs."""
    return _calls(script, "file_product_register") and not is_control_flow(script)


def always_fails(script: Script) -> bool:
    """Whether its function ends in an error whatever it is given."""
    return any(
        isinstance(node, ast.Raise)
        or (isinstance(node, ast.Assert) and isinstance(node.test, ast.Constant) and not node.test.value)
        for node in script.handlers[0].body
    )


def judges_unconditionally(script: Script) -> bool:
    """Whether quality control says that all is good without looking at anything."""
    said = [
        keyword.value
        for node in ast.walk(script.tree)
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg in ("passed_qc", "all_products_passed_qc")
    ]
    if not all(isinstance(value, ast.Constant) and value.value is True for value in said):
        return False
    looks = (ast.If, ast.IfExp, ast.Match, ast.Try, ast.While, ast.Raise, ast.Assert)
    return bool(said) and not any(isinstance(node, looks) for node in ast.walk(script.handlers[0]))


def _calls(script: Script, name: str) -> bool:
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == name
        for node in ast.walk(script.tree)
    )
