"""The Python files of this repository's packages, and which of their lines bear code."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("eas_framework", *(f"plugins/{name}/{name}" for name in (
    "eas_sqlite", "eas_mysql", "eas_rabbitmq", "eas_astropy", "eas_tasks_tda",
)))  # fmt: skip

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
_WITH_DOCSTRING = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_NO_CODE = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT,
            tokenize.ENDMARKER, tokenize.ENCODING}  # fmt: skip


@dataclass(frozen=True)
class SourceFile:
    """One module: its text, its syntax tree, and its code lines."""

    path: Path
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed module."""
        return ast.parse(self.text, filename=str(self.path))

    @cached_property
    def lines(self) -> list[str]:
        """All lines of the file."""
        return self.text.splitlines()

    @cached_property
    def code_lines(self) -> dict[int, str]:
        """Line number to normalised code, for lines that bear code: no blanks, comments or docstrings."""
        found: dict[int, list[str]] = {}
        for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
            if token.type in _NO_CODE:
                continue
            for number in range(token.start[0], token.end[0] + 1):
                found.setdefault(number, []).append(_part_on_line(token, number))
        for number in self._docstring_lines():
            found.pop(number, None)
        return {number: " ".join(parts) for number, parts in found.items()}

    def _docstring_lines(self) -> Iterator[int]:
        for node in ast.walk(self.tree):
            if isinstance(node, _WITH_DOCSTRING) and ast.get_docstring(node, clean=False) is not None:
                yield from _span(node.body[0])

    @cached_property
    def import_lines(self) -> set[int]:
        """Numbers of the lines of import statements."""
        imports = (node for node in ast.walk(self.tree) if isinstance(node, ast.Import | ast.ImportFrom))
        return {number for node in imports for number in _span(node)}

    def functions(self) -> Iterator[FunctionNode]:
        """Every function and method, nested ones too."""
        return (node for node in ast.walk(self.tree) if isinstance(node, FunctionNode))

    def code_line_count(self, node: FunctionNode) -> int:
        """Code lines of a function, from ``def`` to its end."""
        return sum(number in self.code_lines for number in _span(node))


def _span(node: ast.stmt) -> range:
    return range(node.lineno, (node.end_lineno or node.lineno) + 1)


def _part_on_line(token: tokenize.TokenInfo, number: int) -> str:
    return token.string.split("\n")[number - token.start[0]].strip()


def read_packages(root: Path = ROOT) -> list[SourceFile]:
    """Every module of the packages, in order of path (paths relative to `root`)."""
    paths = sorted(path for package in PACKAGES for path in (root / package).rglob("*.py"))
    return [SourceFile(path.relative_to(root), path.read_text(encoding="utf-8")) for path in paths]
