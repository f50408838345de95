"""From a syntax tree to nested functions: whatever is not listed here does not exist in the language."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from eas_framework.errors import ExpressionError
from eas_framework.expressions import values, vocabulary
from eas_framework.expressions.expression import Expression, Scope, Step, Uses
from eas_framework.expressions.formatting import format_text
from eas_framework.expressions.parsing import FAILURES, error_at, parse, reason_of
from eas_framework.suggestions import did_you_mean

_CACHE_SIZE = 4096


class _Compiler:
    """Translates one expression."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.uses = Uses()
        self._builders: Mapping[type[ast.AST], Callable[[Any], Step]] = {
            ast.Constant: self._constant,
            ast.Name: self._name,
            ast.Attribute: self._attribute,
            ast.Subscript: self._subscript,
            ast.BinOp: self._binary,
            ast.UnaryOp: self._unary,
            ast.BoolOp: self._logical,
            ast.Compare: self._compare,
            ast.IfExp: self._choice,
            ast.List: self._list,
            ast.Tuple: self._tuple,
            ast.Call: self._call,
        }

    def error(self, node: ast.AST, reason: str) -> ExpressionError:
        """The error that names the expression and the place of the node."""
        return error_at(self._text, node, reason)

    def _located(self, node: ast.AST, run: Step) -> Step:
        """The step, with its failures turned into errors that name the node's place."""

        def located(scope: Scope) -> Any:
            try:
                return run(scope)
            except ExpressionError:
                raise
            except FAILURES as error:
                raise self.error(node, reason_of(error)) from error

        return located

    # ------------------------------------------------------------- values and names
    def build(self, node: ast.AST) -> Step:
        """The step that evaluates the node."""
        builder = self._builders.get(type(node))
        if builder is None:
            what = vocabulary.REFUSED.get(type(node), f"{type(node).__name__}")
            raise self.error(node, f"{what} is not available in expressions")
        return builder(node)

    def _constant(self, node: ast.Constant) -> Step:
        value = node.value
        if not values.is_scalar(value):
            raise self.error(node, f"{type(value).__name__} values are not available in expressions")
        if isinstance(value, str) and any("\ud800" <= sign <= "\udfff" for sign in value):
            raise self.error(node, "half of a surrogate pair is not a character")
        try:
            values.checked(value)
        except OverflowError as error:
            raise self.error(node, reason_of(error)) from error
        return lambda _: value

    def _name(self, node: ast.Name) -> Step:
        name = node.id
        if name in vocabulary.NUMBERS:
            number = vocabulary.NUMBERS[name]
            return lambda _: number
        if name in vocabulary.TABLES:
            self.uses.names.add(name)
            return _table(name)
        if name in ("constants", "random"):
            raise self.error(node, f"{name} is not a value: write {name}.<name>")
        if name in values.FUNCTIONS:
            raise self.error(node, f"{name} is a function: write {name}(…)")
        raise self.error(node, f"unknown name {name!r}; {did_you_mean(name, vocabulary.NAMES)}")

    def _attribute(self, node: ast.Attribute) -> Step:
        if not (isinstance(node.value, ast.Name) and node.value.id == "constants"):
            raise self.error(node, f".{node.attr} is not available; attributes are those of constants only")
        if node.attr not in vocabulary.CONSTANTS:
            hint = did_you_mean(node.attr, vocabulary.CONSTANTS)
            raise self.error(node, f"there is no constant {node.attr!r}; {hint}")
        self.uses.names.add("constants")
        value = vocabulary.CONSTANTS[node.attr]
        return lambda _: value

    def _subscript(self, node: ast.Subscript) -> Step:
        container, key = self.build(node.value), self.build(node.slice)
        self.uses.note_entry(node.value, getattr(node.slice, "value", None))
        return self._located(node, lambda scope: values.entry(container(scope), key(scope)))

    # ------------------------------------------------------------- operators
    def _binary(self, node: ast.BinOp) -> Step:
        operation = vocabulary.BINARY.get(type(node.op))
        if operation is None:
            raise self.error(
                node, f"the operator {vocabulary.SIGNS[type(node.op)]} is not available in expressions"
            )
        left, right = self.build(node.left), self.build(node.right)
        return self._located(node, lambda scope: operation(left(scope), right(scope)))

    def _unary(self, node: ast.UnaryOp) -> Step:
        operation = vocabulary.UNARY.get(type(node.op))
        if operation is None:
            raise self.error(
                node, f"the operator {vocabulary.SIGNS[type(node.op)]} is not available in expressions"
            )
        operand = self.build(node.operand)
        return self._located(node, lambda scope: operation(operand(scope)))

    def _logical(self, node: ast.BoolOp) -> Step:
        steps = [self.build(value) for value in node.values]
        stop_at = isinstance(node.op, ast.Or)

        def logical(scope: Scope) -> Any:
            result: Any = None
            for step in steps:
                result = step(scope)
                if bool(result) is stop_at:
                    break
            return result

        return logical

    def _compare(self, node: ast.Compare) -> Step:
        first = self.build(node.left)
        links = []
        for sign, right in zip(node.ops, node.comparators, strict=True):
            if isinstance(sign, ast.Is | ast.IsNot) and not _is_none(right):
                raise self.error(node, "'is' compares with None only; use ==")
            links.append((values.COMPARISONS[type(sign).__name__], self.build(right)))

        def compare(scope: Scope) -> Any:
            left = first(scope)
            result: Any = True
            for holds, step in links:
                right = step(scope)
                result = holds(left, right)
                if not result:
                    break
                left = right
            return result

        return self._located(node, compare)

    def _choice(self, node: ast.IfExp) -> Step:
        test, good, other = self.build(node.test), self.build(node.body), self.build(node.orelse)
        return lambda scope: good(scope) if test(scope) else other(scope)

    def _list(self, node: ast.List) -> Step:
        steps = [self.build(item) for item in node.elts]
        return self._located(node, lambda scope: values.checked([step(scope) for step in steps]))

    def _tuple(self, node: ast.Tuple) -> Step:
        steps = [self.build(item) for item in node.elts]
        return self._located(node, lambda scope: values.checked(tuple([step(scope) for step in steps])))

    # ------------------------------------------------------------- calls
    def _call(self, node: ast.Call) -> Step:
        function = node.func
        if isinstance(function, ast.Name):
            return self._function_call(node, function.id)
        if not isinstance(function, ast.Attribute):
            raise self.error(node, "only functions and .format and .get can be called")
        if isinstance(function.value, ast.Name) and function.value.id == "random":
            return self._random_call(node, function.attr)
        if function.attr == "format":
            return self._format_call(node, function)
        if function.attr == "get":
            return self._get_call(node, function)
        raise self.error(node, f".{function.attr}() is not available; available: .format(…) and .get(…)")

    def _positional(self, node: ast.Call, what: str) -> Sequence[Step]:
        """The steps of a call that takes no named arguments."""
        if node.keywords:
            raise self.error(node, f"{what} takes no named arguments")
        return [self.build(argument) for argument in node.args]

    def _function_call(self, node: ast.Call, name: str) -> Step:
        steps = self._positional(node, name)
        function = values.FUNCTIONS.get(name)
        if function is None:
            hint = did_you_mean(name, values.FUNCTIONS)
            raise self.error(node, f"the function {name!r} is not available; {hint}")
        return self._located(node, lambda scope: values.checked(function(*[step(scope) for step in steps])))

    def _random_call(self, node: ast.Call, name: str) -> Step:
        if name not in vocabulary.RANDOM_ARGUMENTS:
            hint = did_you_mean(name, vocabulary.RANDOM_ARGUMENTS)
            raise self.error(node, f"random.{name} is not available; {hint}")
        steps = self._positional(node, f"random.{name}")
        if len(steps) != vocabulary.RANDOM_ARGUMENTS[name]:
            raise self.error(node, f"random.{name} takes {vocabulary.RANDOM_ARGUMENTS[name]} numbers")
        self.uses.names.add("random")
        return self._located(
            node, lambda scope: getattr(scope.random(), name)(*[step(scope) for step in steps])
        )

    def _get_call(self, node: ast.Call, function: ast.Attribute) -> Step:
        table = self.build(function.value)
        steps = self._positional(node, ".get")
        is_own = isinstance(function.value, ast.Name) and function.value.id == "metadata"
        if node.args and not is_own:  # an entry of its own metadata that has a default need not exist
            self.uses.note_entry(function.value, getattr(node.args[0], "value", None))
        return self._located(node, lambda scope: values.get(table(scope), *[step(scope) for step in steps]))

    def _format_call(self, node: ast.Call, function: ast.Attribute) -> Step:
        template = self.build(function.value)
        positional = [self.build(argument) for argument in node.args]
        named = [(keyword.arg, self.build(keyword.value)) for keyword in node.keywords]
        return self._located(
            node,
            lambda scope: format_text(
                template(scope), [step(scope) for step in positional], _named_values(named, scope)
            ),
        )


def _named_values(named: Sequence[tuple[str | None, Step]], scope: Scope) -> Mapping[str, Any]:
    """The values of ``name=value`` and ``**table`` arguments by name."""
    if len(named) == 1 and named[0][0] is None:
        return _as_table(named[0][1](scope))
    collected: dict[str, Any] = {}
    for name, step in named:
        given = _as_table(step(scope)) if name is None else {name: step(scope)}
        for twice in given.keys() & collected.keys():
            raise TypeError(f"format is given {twice!r} twice")
        collected.update(given)
    return collected


def _as_table(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError(f"** needs a table such as metadata, not {values.kind_of(value)}")
    return value


def _table(name: str) -> Step:
    """The step that gives one of the two tables."""
    if name == "metadata":
        return lambda scope: scope.metadata
    return lambda scope: scope.requested_metadata


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


@lru_cache(maxsize=_CACHE_SIZE)
def compile_expression(text: str) -> Expression:
    """The checked expression; each text is translated once.

    Raises:
        ExpressionError: The text is no expression, or uses something that is not allowed.
    """
    tree = parse(text)
    compiler = _Compiler(text)
    run = compiler.build(tree)
    return Expression(text, run, compiler.uses)


def is_expression(value: Any) -> bool:
    """Whether a value of a job file is evaluated: a text that begins with a quote or a ``(``."""
    return isinstance(value, str) and value.lstrip()[:1] in ("'", '"', "(")
