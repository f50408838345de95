"""Simple conditions on rows, such as ``outcome=PASS`` or ``period_days<10``."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from eas_framework.cli.output import Row
from eas_framework.errors import UsageError

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "<=": operator.le, ">=": operator.ge, "!=": operator.ne,
    "=": operator.eq, "<": operator.lt, ">": operator.gt,
}  # fmt: skip
_CONDITION = re.compile(r"\s*(?P<column>[^<>=!]+?)\s*(?P<sign><=|>=|!=|=|<|>)\s*(?P<value>.*)", re.DOTALL)
_WORDS = {True: "true", False: "false", None: "none"}


@dataclass(frozen=True, kw_only=True)
class Condition:
    """A column, a comparison, and the text that it is compared with."""

    column: str
    sign: str
    value: str

    def holds(self, row: Row) -> bool:
        """Whether the row's value compares so: as numbers where both are, else as texts.

        A value that is missing, and one of another kind than the text, is only ever unequal.
        """
        given = row.get(self.column)
        if isinstance(given, bool) or given is None:
            return self._compares(_WORDS[given], self.value.lower(), is_ordered=False)
        number = _number(self.value)
        if isinstance(given, int | float):
            return self._compares(
                given, self.value if number is None else number, is_ordered=number is not None
            )
        return self._compares(str(given), self.value, is_ordered=True)

    def _compares(self, left: Any, right: Any, *, is_ordered: bool) -> bool:
        if not is_ordered and self.sign not in ("=", "!="):
            return False
        return _OPERATORS[self.sign](left, right)


def parse_condition(text: str) -> Condition:
    """The condition that a text such as ``period_days<=10`` means; `UsageError` for one that means none."""
    match = _CONDITION.fullmatch(text)
    if match is None:
        raise UsageError(f"--where {text!r}: give COLUMN=VALUE, or another of != < <= > >= between them")
    return Condition(**match.groupdict())


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
