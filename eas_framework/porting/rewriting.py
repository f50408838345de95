"""The same script for the framework: names of packages exchanged at their places, all else as it was."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from eas_framework.porting.script import NEW_NAME, OLD_NAME, PortingError, Script

_RELATIVE_SHEBANG = re.compile(r"#![^\n]*\.\./[^\r\n]*")
SHEBANG = "#!/usr/bin/env python3"


@dataclass(frozen=True, order=True)
class _Change:
    """Put `new` in the place of `old`, which begins at this line and byte of the text."""

    line: int
    column: int
    old: str
    new: str


def rewritten(script: Script, *, neighbours: Iterable[str] = (), package: str = "") -> str:
    """The script's text with the framework in the place of the old package.

    Only names in import statements, and names that these bind, are exchanged; comments, texts and layout
    stay. A shebang that holds only in one folder becomes that of any Python.

    Args:
        script: The script.
        neighbours: Modules beside the script, which it imports by their name alone.
        package: The package in which those are going to lie.

    Raises:
        PortingError: An import that cannot be rewritten; names file and line.
    """
    changes = [*_old_names(script), *_neighbours(script, frozenset(neighbours), package)]
    lines = _as_ast_counts(script.text)
    for change in sorted(changes, reverse=True):
        line = lines[change.line - 1]
        end = change.column + len(change.old.encode())
        if line[change.column : end] != change.old.encode():
            raise PortingError(script.problem(change.line, f"{change.old!r} cannot be found in its line"))
        lines[change.line - 1] = line[: change.column] + change.new.encode() + line[end:]
    text = b"".join(lines).decode()
    return _RELATIVE_SHEBANG.sub(SHEBANG, text, count=1) if text.startswith("#!") else text


def _as_ast_counts(text: str) -> list[bytes]:
    """The lines of the text as the parser counts them: a form feed or another odd blank ends none."""
    return [line.encode() for line in re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", text)]


def _old_names(script: Script) -> Iterator[_Change]:
    """The places of the old package's name: in imports, and where these bind it."""
    binds_name = False
    for node in ast.walk(script.tree):
        if isinstance(node, ast.ImportFrom) and not node.level and _top(node.module) == OLD_NAME:
            yield _Change(node.lineno, _module_column(script, node), OLD_NAME, NEW_NAME)
        for alias in node.names if isinstance(node, ast.Import) else ():
            if _top(alias.name) == OLD_NAME:
                binds_name = binds_name or alias.asname is None
                yield _Change(alias.lineno, alias.col_offset, OLD_NAME, NEW_NAME)
    names = (node for node in ast.walk(script.tree) if isinstance(node, ast.Name) and node.id == OLD_NAME)
    for name in names if binds_name else ():
        yield _Change(name.lineno, name.col_offset, OLD_NAME, NEW_NAME)


def _neighbours(script: Script, neighbours: frozenset[str], package: str) -> Iterator[_Change]:
    """The imports of modules beside the script, which now lie in a package."""
    for node in ast.walk(script.tree):
        if isinstance(node, ast.ImportFrom) and not node.level and node.module in neighbours:
            yield _Change(node.lineno, _module_column(script, node), node.module, f"{package}.{node.module}")
        elif isinstance(node, ast.Import) and neighbours & {alias.name for alias in node.names}:
            if len(node.names) > 1:
                raise PortingError(
                    script.problem(node.lineno, "import the module beside this script in a line of its own")
                )
            yield _Change(node.lineno, node.col_offset, "import", f"from {package} import")


def _top(module: str | None) -> str:
    return (module or "").split(".")[0]


def _module_column(script: Script, node: ast.ImportFrom) -> int:
    """Where, in bytes, the module's name stands behind ``from``."""
    line = _as_ast_counts(script.text)[node.lineno - 1]
    match = re.compile(rb"from[ \t]+(?=[^\s\\])").match(line, node.col_offset)
    if match is None:
        raise PortingError(script.problem(node.lineno, "write from and the module's name in one line"))
    return match.end()
