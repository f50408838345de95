"""Finds statements of SQL that code puts together, instead of taking them whole and binding the values.

A statement is what is given to a method such as `execute` or `query`, or to a parameter named `sql`. It is
whole when it is a literal, a constant of the module, or handed on from a parameter named `sql`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from source_code import FunctionNode, SourceFile

METHODS = frozenset(
    ("execute", "executemany", "executescript", "execute_many", "query", "iterate", "explain",
     "parameterised_query", "parameterised_query_many")
)  # fmt: skip
PARAMETER = "sql"
Sinks = dict[str, set[int]]
"""Names of functions, and the positions among their arguments at which they take a statement."""


@dataclass(frozen=True, order=True)
class Place:
    """Where a statement is put together: file, function, line."""

    file: str
    function: str
    line: int


def built_statements(files: Iterable[SourceFile]) -> list[Place]:
    """Every place at which a statement that is not whole is given to a database."""
    known = list(files)
    public = _sinks(known, is_private=False)
    return sorted(
        place for file in known for place in _of_file(file, {**public, **_sinks([file], is_private=True)})
    )


def _sinks(files: Iterable[SourceFile], *, is_private: bool) -> Sinks:
    found: Sinks = {} if is_private else {name: {0} for name in METHODS}
    for file in files:
        for function in file.functions():
            names = [argument.arg for argument in function.args.args if argument.arg not in ("self", "cls")]
            is_meant = function.name not in METHODS and function.name.startswith("_") == is_private
            if PARAMETER in names and is_meant:
                found.setdefault(function.name, set()).add(names.index(PARAMETER))
    return found


def _of_file(file: SourceFile, sinks: Sinks) -> Iterator[Place]:
    constants = {
        target.id
        for node in file.tree.body
        if isinstance(node, ast.Assign) and _is_literal(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for owner, call in _calls(file.tree, ""):
        for statement in _statements(call, sinks):
            if not _is_whole(statement, {*constants, PARAMETER}):
                yield Place(str(file.path), owner, statement.lineno)


def _calls(node: ast.AST, owner: str) -> Iterator[tuple[str, ast.Call]]:
    """Every call below a node, with the name of the function that it stands in."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call):
            yield owner, child
        yield from _calls(child, child.name if isinstance(child, FunctionNode) else owner)


def _statements(call: ast.Call, sinks: Sinks) -> Iterator[ast.expr]:
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if isinstance(function, ast.Name) and name in METHODS:
        return  # a function of ours that has the name of a method of databases
    for position, argument in enumerate(call.args):
        if position in sinks.get(name, ()):
            yield argument
    for keyword in call.keywords:
        if keyword.arg == PARAMETER:
            yield keyword.value


def _is_whole(node: ast.expr, names: set[str]) -> bool:
    """Whether the statement is one, and not made of parts; other marks for its values leave it one."""
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "to_qmark":
        return _is_whole(node.args[0], names)
    return _is_literal(node) or (isinstance(node, ast.Name) and node.id in names)


def _is_literal(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)
