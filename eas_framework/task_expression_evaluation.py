"""Evaluate the expressions of a task description, given what is known when the task starts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eas_framework.errors import ExpressionError
from eas_framework.expressions import Scope, compile_expression, is_expression
from eas_framework.task_objects import MetadataItem, plain_value, plain_values

__all__ = ["RAW_KEYS", "TaskExpressionEvaluation", "is_expression", "is_raw", "without_tuples"]

RAW_KEYS = frozenset({"task_list", "else_task_list", "repeat_criterion"})
"""Keys whose values are left as they are written: they are evaluated later, by the tasks inside."""

_ROW_FILTER = ("where", "table")


def is_raw(key: Any, table: Mapping[Any, Any]) -> bool:
    """Whether the value of the key is evaluated later: lists of tasks, and the row filter beside a table."""
    return key in RAW_KEYS or (key == _ROW_FILTER[0] and _ROW_FILTER[1] in table)


def without_tuples(value: Any) -> Any:
    """A copy of the value in which every tuple is a list and every table a new one."""
    if isinstance(value, list | tuple):
        return [without_tuples(item) for item in value]
    if isinstance(value, Mapping):
        return {key: without_tuples(item) for key, item in value.items()}
    return value


def _plain_tables(tables: Mapping[str, Any] | None) -> dict[str, Any]:
    """The metadata of other tasks, by their name, as plain values."""
    return {
        name: plain_values(table) if isinstance(table, Mapping) else plain_value(table)
        for name, table in (tables or {}).items()
    }


class TaskExpressionEvaluation:
    """Evaluator for the task description of one task.

    Args:
        metadata: The task's own metadata, keyword to value or `MetadataItem`: loop variables, indices.
        requested_metadata: Metadata of the tasks named in ``requires_metadata_from``, by task name.
        seed: Makes ``random`` deterministic; None seeds it from the operating system.
    """

    def __init__(
        self,
        metadata: Mapping[str, Any] | None,
        requested_metadata: Mapping[str, Mapping[str, Any]] | None,
        *,
        seed: int | None = None,
    ) -> None:
        self._scope = Scope(plain_values(metadata), _plain_tables(requested_metadata), seed=seed)

    @property
    def metadata(self) -> Mapping[str, MetadataItem | Any]:
        """The task's own metadata as plain values."""
        return self._scope.metadata

    def evaluate_expression(self, expression: Any) -> Any:
        """The value of an expression; anything else is returned as it is, texts without blanks around them.

        Raises:
            ExpressionError: It is not allowed or has no value here; names the expression and the place.
        """
        if not isinstance(expression, str):
            return expression
        if not is_expression(expression):
            return expression.strip()
        return compile_expression(expression).evaluate(self._scope)

    def evaluate_in_structure(self, structure: Any) -> Any:
        """A copy of nested dicts and lists with every value and every key evaluated, tuples as lists.

        What stands under ``task_list``, ``else_task_list`` and ``repeat_criterion``, at any depth, is left
        raw; so is the row filter ``where`` beside a ``table``. The value of an expression is not evaluated
        again.

        Raises:
            ExpressionError: Names the place in the structure, the expression, and the place in it.
        """
        return self._structure(structure, "")

    def _structure(self, value: Any, place: str) -> Any:
        if isinstance(value, Mapping):
            return self._table(value, place)
        if isinstance(value, list | tuple):
            return [self._structure(item, f"{place}[{index}]") for index, item in enumerate(value)]
        if not isinstance(value, str):
            return value
        return without_tuples(self._evaluate(value, place))

    def _evaluate(self, text: str, place: str) -> Any:
        try:
            return self.evaluate_expression(text)
        except ExpressionError as error:
            if not place:
                raise
            raise ExpressionError(f"{place}: {error}") from error

    def _table(self, table: Mapping[Any, Any], place: str) -> dict[Any, Any]:
        evaluated: dict[Any, Any] = {}
        for raw_key, value in table.items():
            here = f"{place}.{raw_key}" if place else str(raw_key)
            key = self._key(raw_key, here)
            if key in evaluated:
                raise ExpressionError(f"{here}: the key {key!r} is there already")
            evaluated[key] = value if is_raw(key, table) else self._structure(value, here)
        return evaluated

    def _key(self, key: Any, place: str) -> Any:
        """The evaluated key; what JSON cannot have as a key is refused."""
        if not isinstance(key, str):
            return key
        evaluated = self._evaluate(key, place)
        if not isinstance(evaluated, str):
            raise ExpressionError(f"{place}: the key gives {evaluated!r}, and a key must be a text")
        return evaluated
