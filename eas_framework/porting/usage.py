"""What a script uses, line by line: documented calls, settings, SQL, files; and what needs a person's eye."""

from __future__ import annotations

import ast
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from eas_framework.porting import documented
from eas_framework.porting.narrowed import narrowed_call
from eas_framework.porting.script import DECORATOR, OLD_NAME, Script
from eas_framework.settings import Settings
from eas_framework.suggestions import did_you_mean

Kind = Literal["call", "setting", "sql", "file", "package", "verdict", "attention"]

_SETTINGS_TABLES = ("settings", "installation_info")
_STATE_COLUMNS = re.compile(r"\b(isQueued|isRunning|isFinished)\s*=", re.IGNORECASE)
_WRITES = re.compile(r"\s*(insert|update|delete|replace|alter|drop|create)\b", re.IGNORECASE)
_FILE_KEYWORDS = {"input_name": "input", "output_name": "output"}
_PATH_OF_THE_CODE = "pythonPath"


@dataclass(frozen=True, kw_only=True)
class Use:
    """One thing that a script uses; `note` says what to look at, for the kind ``attention``."""

    path: Path
    line: int
    kind: Kind
    what: str
    note: str = ""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}: {self.note}" if self.note else f"{self.what}"


def uses_of(script: Script, *, neighbours: frozenset[str] = frozenset()) -> list[Use]:
    """Everything that a script uses, in the order of its lines.

    Args:
        script: The script.
        neighbours: Names of the modules that lie beside it.
    """
    visitor = _Visitor(script, neighbours)
    visitor.visit(script.tree)
    return sorted(set(visitor.uses), key=lambda use: (use.line, use.kind, use.what))


class _Visitor(ast.NodeVisitor):
    """Walks through a script; `_names` leads from its names to what they mean in the framework."""

    def __init__(self, script: Script, neighbours: frozenset[str]) -> None:
        self._script, self._neighbours = script, neighbours
        self._names: dict[str, str] = {}
        self.uses: list[Use] = []

    def _add(self, node: ast.AST, kind: Kind, what: str, note: str = "") -> None:
        line = getattr(node, "lineno", 1)
        self.uses.append(Use(path=self._script.path, line=line, kind=kind, what=what, note=note))

    # ------------------------------------------------------------- names
    def visit_Import(self, node: ast.Import) -> None:
        """Note names of the old package, and packages that are needed."""
        for alias in node.names:
            top, _, rest = alias.name.partition(".")
            if top != OLD_NAME:
                self._package(node, top)
            elif alias.asname:
                self._names[alias.asname] = rest
            else:
                self._names[OLD_NAME] = ""
            if top == OLD_NAME and rest:
                self._known(node, rest)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """Note names of the old package, and packages that are needed."""
        top, _, rest = (node.module or "").partition(".")
        if node.level:
            self._add(
                node, "attention", "relative import", "the script becomes a module; check what it means"
            )
        elif top != OLD_NAME:
            self._package(node, top)
        for alias in node.names if top == OLD_NAME else ():
            if alias.name == "*":
                self._add(node, "attention", f"from {node.module} import *", "name what is used")
                continue
            dotted = f"{rest}.{alias.name}" if rest else alias.name
            self._names[alias.asname or alias.name] = dotted
            self._known(node, dotted)

    def _known(self, node: ast.AST, dotted: str) -> bool:
        """Whether the framework has what is imported or called; if not, a person must look."""
        if documented.find(dotted) is not None:
            return True
        hint = did_you_mean(dotted.split(".")[0], documented.MODULES)
        self._add(
            node, "attention", f"{OLD_NAME}.{dotted}", f"eas_framework has nothing of that name; {hint}"
        )
        return False

    def _package(self, node: ast.AST, name: str) -> None:
        if name not in sys.stdlib_module_names and name not in self._neighbours:
            self._add(node, "package", name)

    # ------------------------------------------------------------- calls
    def visit_Call(self, node: ast.Call) -> None:
        """Note documented calls, SQL, files, and what is narrower here."""
        self.generic_visit(node)
        dotted = self._dotted(node.func)
        if dotted is not None:
            self._documented(node, dotted)
        elif isinstance(node.func, ast.Attribute):
            self._method(node, node.func.attr)
        name = _full_name(node.func)
        if name in ("open", "os.chdir", "os.system", "os.popen") or name.startswith("subprocess."):
            self._add(node, "file", _shortened(ast.unparse(node)))
        found = narrowed_call(name, node)
        if found:
            self._add(node, "attention", name, found)

    def _dotted(self, function: ast.expr) -> str | None:
        """``module.name`` of the framework for a call that begins with an imported name."""
        name = _full_name(function)
        top, _, rest = name.partition(".")
        if top not in self._names:
            return None
        return ".".join(part for part in (self._names[top], rest) if part)

    def _documented(self, node: ast.Call, dotted: str) -> None:
        if dotted.rpartition(".")[2] == DECORATOR or not self._known(node, dotted):
            return
        self._add(node, "call", dotted)
        self._keywords(node, dotted, [documented.find(dotted)])

    def _method(self, node: ast.Call, name: str) -> None:
        if name == "parameterised_query":
            self._sql(node)
        owners = documented.methods().get(name)
        if owners is None:
            return
        what = documented.likely_owner(owners, is_raw_connection=".db_handle." in _full_name(node.func))
        self._add(node, "call", what)
        self._keywords(node, what, [function for _, function in owners])
        for keyword in node.keywords:
            kind = _FILE_KEYWORDS.get(keyword.arg or "")
            if kind and isinstance(keyword.value, ast.Constant):
                self._add(node, "file", f"{kind} {keyword.value.value!r}")

    def _keywords(self, node: ast.Call, what: str, functions: list[object]) -> None:
        """Note keywords that none of the functions takes."""
        given = [keyword.arg for keyword in node.keywords if keyword.arg]
        left = [set(documented.unknown_keywords(function, given)) for function in functions]
        for name in sorted(set.intersection(*left)) if left else ():
            self._add(node, "attention", what, f"there is no parameter {name!r}; the call would fail")

    def _sql(self, node: ast.Call) -> None:
        sent = [*node.args[:1], *(item.value for item in node.keywords if item.arg == "sql")]
        if not sent:
            return
        if not (isinstance(sent[0], ast.Constant) and isinstance(sent[0].value, str)):
            self._add(node, "attention", "SQL", "its text is put together; give values as parameters")
            return
        text = " ".join(sent[0].value.split())
        self._add(node, "sql", text)
        if _WRITES.match(text) and _STATE_COLUMNS.search(text):
            note = "isQueued, isRunning and isFinished are computed from the state and cannot be written"
            self._add(node, "attention", "SQL", note)

    # ------------------------------------------------------------- settings and texts
    def visit_Subscript(self, node: ast.Subscript) -> None:
        """Note settings."""
        self.generic_visit(node)
        table, key = node.value, node.slice
        is_table = isinstance(table, ast.Attribute) and table.attr in _SETTINGS_TABLES
        if not (is_table and isinstance(key, ast.Constant) and isinstance(key.value, str)):
            return
        self._add(node, "setting", key.value)
        known = getattr(Settings(), ast.unparse(table).rpartition(".")[2])
        if key.value not in known:
            note = f"there is no such setting; {did_you_mean(key.value, known)}"
            self._add(node, "attention", key.value, note)
        elif key.value == _PATH_OF_THE_CODE:
            note = (
                "is the folder of the installed package; look for programs by the PATH or a setting of yours"
            )
            self._add(node, "attention", key.value, note)

    def visit_Constant(self, node: ast.Constant) -> None:
        """Note texts that name modules of the old package."""
        if isinstance(node.value, str) and re.fullmatch(rf"{OLD_NAME}(\.\w+)*", node.value):
            self._add(
                node, "attention", repr(node.value), "a text that names the old package is left as it is"
            )


def _full_name(node: ast.expr) -> str:
    """``a.b.c`` of names and attributes; empty where there is a call or an index in between."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        front = _full_name(node.value)
        return f"{front}.{node.attr}" if front else ""
    return ""


def _shortened(text: str, *, length: int = 60) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
