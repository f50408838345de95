"""One script of the prototype: its text, its syntax tree, and the function that does the task."""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from eas_framework.errors import UsageError

OLD_NAME, NEW_NAME = "plato_wp36", "eas_framework"
DECORATOR = "eas_pipeline_task"

# What the compiler says of Python 2, and lines that only Python 2 has.
_PYTHON_2_MESSAGES = re.compile(
    r"Missing parentheses in call to '(print|exec)'|multiple exception types must be parenthesized"
    r"|leading zeros in decimal integer literals|inconsistent use of tabs"
)
_PYTHON_2_LINE = re.compile(r"^\s*(print\s+[^(=\s]|exec\s+['\"]|raise\s+\w+\s*,|except\s+\w+\s*,)|<>|`\w+`")


class PortingError(UsageError):
    """Scripts that cannot be ported as they stand; `messages` has one line, with its place, for each."""

    def __init__(self, *messages: str) -> None:
        super().__init__("\n".join(messages))
        self.messages = messages


@dataclass(frozen=True, kw_only=True)
class Script:
    """A Python script as it stands on disk."""

    path: Path
    text: str
    encoding: str
    tree: ast.Module

    def problem(self, line: int, text: str) -> str:
        """``file:line: text``."""
        return f"{self.path}:{line}: {text}"

    @cached_property
    def handlers(self) -> list[ast.FunctionDef]:
        """The functions at the top of the script with the decorator that makes them tasks."""
        found = [node for node in self.tree.body if isinstance(node, ast.FunctionDef)]
        return [node for node in found if any(_is_marked(item) for item in node.decorator_list)]

    @property
    def summary(self) -> str:
        """The first sentence of what the script says of itself; empty where it says nothing."""
        documented: list[ast.Module | ast.FunctionDef] = [*self.handlers, self.tree]
        for node in documented:
            text = ast.get_docstring(node)
            if text:
                return " ".join(text.split("\n\n")[0].split())
        return ""


def read_script(path: Path) -> Script:
    """The script in a file.

    Raises:
        PortingError: It cannot be read, is no Python, or is Python 2; names file and line.
    """
    try:
        data = path.read_bytes()
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        text = data.decode(encoding)
    except OSError as error:
        raise PortingError(f"{path}:1: cannot be read: {error.strerror or error}") from error
    except (SyntaxError, UnicodeDecodeError) as error:
        raise PortingError(f"{path}:1: the text is not in the encoding that it names: {error}") from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what the script writes, such as odd escapes
            tree = ast.parse(text, filename=str(path))
    except SyntaxError as error:
        raise PortingError(_explain(path, text, error)) from error
    except ValueError as error:
        raise PortingError(f"{path}:1: no Python: {error}") from error
    return Script(path=path, text=text, encoding=encoding, tree=tree)


def _explain(path: Path, text: str, error: SyntaxError) -> str:
    """Where the text stops being Python 3, and whether it is Python 2."""
    line = error.lineno or 1
    lines = text.splitlines()
    wrong = lines[line - 1] if line <= len(lines) else ""
    if _PYTHON_2_MESSAGES.search(error.msg) or _PYTHON_2_LINE.search(wrong):
        return f"{path}:{line}: this is Python 2 ({wrong.strip()}); convert the script to Python 3 first"
    return f"{path}:{line}: no Python: {error.msg}"


def handler_faults(script: Script) -> Iterator[str]:
    """Why the script cannot become a task: no function for it, several, or work outside of it."""
    handlers = script.handlers
    if not handlers:
        yield script.problem(1, f"no function has the decorator @task_execution.{DECORATOR}")
    elif len(handlers) > 1:
        first, second = handlers[:2]
        yield script.problem(
            second.lineno, f"{second.name} is a second function with @{DECORATOR}; the first is {first.name}"
        )
    names = {node.name for node in handlers}
    for node in script.tree.body:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            function = node.value.func
            if isinstance(function, ast.Name) and function.id in names:
                yield script.problem(
                    node.lineno, f'{function.id}() runs on import; put it under if __name__ == "__main__":'
                )


def _is_marked(decorator: ast.expr) -> bool:
    name = decorator.attr if isinstance(decorator, ast.Attribute) else getattr(decorator, "id", None)
    return name == DECORATOR
