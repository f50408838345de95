"""Measures modules and functions of the packages against their bounds; exit 1 where one is broken.

Functions are measured in code lines (no blanks, comments, docstrings), from ``def`` to the end.
"""

from __future__ import annotations

import ast
import math
import statistics
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from source_code import FunctionNode, SourceFile, read_packages

_BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match)
_OWN_ACCOUNT = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One measured figure, its bound, and the worst places."""

    what: str
    value: float
    bound: float
    worst: tuple[str, ...] = ()

    @property
    def is_broken(self) -> bool:
        """Whether the figure is above its bound."""
        return self.value > self.bound


def ninety_percent(values: Sequence[int]) -> int:
    """The smallest value that at least 90 % of the values do not exceed."""
    return sorted(values)[math.ceil(0.9 * len(values)) - 1]


def nesting(node: ast.AST) -> int:
    """How deep blocks lie in each other; ``elif`` is no deeper than its ``if``, inner functions apart."""
    return max((_depth_below(child, parent=node) for child in ast.iter_child_nodes(node)), default=0)


def _depth_below(node: ast.AST, *, parent: ast.AST) -> int:
    if isinstance(node, _OWN_ACCOUNT):
        return 0
    is_elif = isinstance(node, ast.If) and isinstance(parent, ast.If) and parent.orelse == [node]
    return nesting(node) + (isinstance(node, _BLOCKS) and not is_elif)


def untyped(function: FunctionNode, *, is_method: bool) -> bool:
    """Whether an argument or the result lacks its type."""
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args][is_method:]
    others = [*arguments.kwonlyargs, *filter(None, (arguments.vararg, arguments.kwarg))]
    return function.returns is None or any(a.annotation is None for a in (*named, *others))


def methods(tree: ast.Module) -> Iterator[FunctionNode]:
    """Functions whose first argument is the object or the class."""
    for owner in ast.walk(tree):
        if isinstance(owner, ast.ClassDef):
            yield from (m for m in owner.body if isinstance(m, FunctionNode) and not _is_static(m))


def _is_static(function: FunctionNode) -> bool:
    return any(isinstance(d, ast.Name) and d.id == "staticmethod" for d in function.decorator_list)


def _places(measured: Iterable[tuple[int, str]], bound: int) -> tuple[str, ...]:
    return tuple(f"{place}: {value}" for value, place in sorted(measured, reverse=True) if value > bound)


def _bounded(what: str, measured: Sequence[tuple[int, str]], bounds: tuple[int, int, int]) -> list[Finding]:
    values = [value for value, _ in measured] or [0]
    median, ninety, largest = bounds
    return [
        Finding(what=f"{what}, median", value=statistics.median(values), bound=median),
        Finding(what=f"{what}, 90 %", value=ninety_percent(values), bound=ninety),
        Finding(what=f"{what}, most", value=max(values), bound=largest, worst=_places(measured, largest)),
    ]


def measure(files: Sequence[SourceFile]) -> list[Finding]:
    """Every figure that has a bound."""
    functions = {node: (f, f"{f.path}:{node.lineno} {node.name}") for f in files for node in f.functions()}
    of_classes = {node for file in files for node in methods(file.tree)}
    modules = [(len(file.lines), str(file.path)) for file in files]
    lengths = [(file.code_line_count(node), place) for node, (file, place) in functions.items()]
    depths = [(nesting(node), place) for node, (_, place) in functions.items()]
    deepest = max((depth for depth, _ in depths), default=0)
    loose = tuple(p for node, (_, p) in functions.items() if untyped(node, is_method=node in of_classes))
    return [
        *_bounded("lines of a module", modules, (100, 300, 500)),
        *_bounded("code lines of a function", lengths, (7, 22, 60)),
        Finding(what="nesting, most", value=deepest, bound=3, worst=_places(depths, 3)),
        Finding(what="signatures not typed", value=len(loose), bound=0, worst=loose),
    ]


def report(findings: Iterable[Finding]) -> str:
    """The figures as a table, with the places that break a bound."""
    rows = [f"{'':30}{'value':>8}{'bound':>8}"]
    for finding in findings:
        verdict = "  TOO MUCH" if finding.is_broken else ""
        rows.append(f"{finding.what:30}{finding.value:8g}{finding.bound:8g}{verdict}")
        rows.extend(f"    {place}" for place in finding.worst)
    return "\n".join(rows)


def main() -> int:
    """Print the table; 1 where a bound is broken."""
    files = read_packages()
    findings = measure(files)
    print(f"{len(files)} modules, {sum(len(file.code_lines) for file in files)} code lines")
    print(report(findings))
    return int(any(finding.is_broken for finding in findings))


if __name__ == "__main__":
    sys.exit(main())
