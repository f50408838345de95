"""From text to a syntax tree of bounded size, and from a node of it to the place in the text."""

from __future__ import annotations

import ast
import unicodedata  # noqa: F401 - Python's parser loads it on some texts; loaded here, evaluation imports nothing

from eas_framework.errors import ExpressionError

MAX_LENGTH = 4096
MAX_NODES = 1000
MAX_DEPTH = 60

FAILURES = (ArithmeticError, LookupError, TypeError, ValueError, AttributeError, RecursionError, MemoryError)
"""What evaluating a checked expression may raise."""

_NOT_COUNTED = (ast.expr_context, ast.operator, ast.unaryop, ast.cmpop, ast.boolop)


def reason_of(error: BaseException) -> str:
    """What went wrong, as a phrase."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, OverflowError) and len(error.args) > 1:
        return "the result is too large"
    text = error.args[0] if error.args else type(error).__name__
    return str(text)


def error_at(text: str, node: ast.AST, reason: str) -> ExpressionError:
    """The error that names the expression and the place of the node in it."""
    lines = text.strip().replace("\r\n", "\n").split("\n")
    line, offset = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
    before = lines[line - 1].encode()[:offset].decode(errors="ignore") if line <= len(lines) else ""
    column = len(before) + 1 + (_leading_blanks(text) if line == 1 else 0)
    place = f"column {column}" if len(lines) == 1 else f"line {line}, column {column}"
    return ExpressionError(f"expression {text!r}, {place}: {reason}")


def _leading_blanks(text: str) -> int:
    return len(text) - len(text.lstrip())


def _check_size(tree: ast.AST) -> None:
    """OverflowError for a tree that is too large or too deep; recursion would not survive it."""
    level: list[ast.AST] = [tree]
    nodes = depth = 0
    while level:
        nodes += len(level)
        depth += 1
        if nodes > MAX_NODES:
            raise OverflowError(f"it has more than {MAX_NODES} parts")
        if depth > MAX_DEPTH:
            raise OverflowError(f"it is nested more than {MAX_DEPTH} deep")
        level = [
            child
            for node in level
            for child in ast.iter_child_nodes(node)
            if not isinstance(child, _NOT_COUNTED)
        ]


def parse(text: str) -> ast.expr:
    """The tree of an expression; ExpressionError for what is not one, or too large."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"expression {text[:40]!r}…: longer than {MAX_LENGTH} characters")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        _check_size(tree)
    except SyntaxError as error:
        column = (error.offset or 1) + _leading_blanks(text)
        hint = "what begins with a quote or a ( is an expression; a plain text needs quotes of its own inside"
        raise ExpressionError(f"expression {text!r}, column {column}: {error.msg} ({hint})") from error
    except (ValueError, OverflowError, RecursionError, MemoryError) as error:
        raise ExpressionError(f"expression {text[:80]!r}, column 1: {reason_of(error)}") from error
    return tree
