"""The operations of the expression language, with limits, so that no job file can exhaust time or memory.

Every function gives what Python's own operation gives, or raises one of the built-in errors that
`eas_framework.expressions.compiler` turns into an `ExpressionError` naming the place.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from eas_framework.suggestions import did_you_mean

MAX_TEXT = 4096
MAX_INTEGER = 2**63 - 1
MAX_SIZE = 10_000
MAX_ROUND_DIGITS = 300
_TEXT_PER_UNIT = 64

Operation = Callable[[Any, Any], Any]


def kind_of(value: Any) -> str:
    """What a value is, in the words of a job's author."""
    if value is None:
        return "None"
    if isinstance(value, bool):
        return "a truth value"
    names = {
        int: "a number",
        float: "a number",
        str: "a text",
        list: "a list",
        tuple: "a list",
        dict: "a table",
    }
    return next((name for kind, name in names.items() if isinstance(value, kind)), type(value).__name__)


def is_scalar(value: Any) -> bool:
    """Whether the value is a text, a number, a truth value or None."""
    return value is None or isinstance(value, str | int | float)


def _size(value: Any, room: int) -> int:
    """How much of `room` the value takes, counted no further than just beyond it."""
    if isinstance(value, str):
        return 1 + len(value) // _TEXT_PER_UNIT
    if not isinstance(value, list | tuple | dict):
        return 1
    used = 1
    for item in value.values() if isinstance(value, dict) else value:
        used += _size(item, room - used)
        if used > room:
            break
    return used


def checked(value: Any) -> Any:
    """The value itself; OverflowError when it is beyond the limits of the language."""
    if isinstance(value, float | bool) or value is None:
        return value
    if isinstance(value, int):
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise OverflowError("the integer has more than 63 bits")
    elif isinstance(value, str):
        if len(value) > MAX_TEXT:
            raise OverflowError(f"the text is longer than {MAX_TEXT} characters")
    elif isinstance(value, complex):
        raise TypeError("the result is a complex number")
    elif _size(value, MAX_SIZE) > MAX_SIZE:
        raise OverflowError(f"the list has more than {MAX_SIZE} values")
    return value


def _numbers(sign: str, left: Any, right: Any) -> None:
    """TypeError unless both are numbers."""
    for value in (left, right):
        if not isinstance(value, int | float):
            raise TypeError(f"{sign} needs numbers, not {kind_of(value)}")


def add(left: Any, right: Any) -> Any:
    """Sum of two numbers, or two texts or two lists joined."""
    for kind in (str, list, tuple):
        if isinstance(left, kind) and isinstance(right, kind):
            return checked(left + right)  # type: ignore[operator] # both are of the same kind
    if kind_of(left) != kind_of(right) and isinstance(left, str) | isinstance(right, str):
        raise TypeError(
            f"+ cannot join {kind_of(left)} and {kind_of(right)}; str(…) makes a text of a number"
        )
    _numbers("+", left, right)
    return checked(left + right)


def subtract(left: Any, right: Any) -> Any:
    """Difference of two numbers."""
    _numbers("-", left, right)
    return checked(left - right)


def multiply(left: Any, right: Any) -> Any:
    """Product of two numbers, or a text or list repeated."""
    if isinstance(right, str | list | tuple):
        left, right = right, left
    if isinstance(left, str | list | tuple) and isinstance(right, int):
        limit = MAX_TEXT if isinstance(left, str) else MAX_SIZE
        if len(left) * right > limit:
            raise OverflowError(f"the repetition is longer than {limit}")
        return checked(left * right)
    _numbers("*", left, right)
    return checked(left * right)


def divide(left: Any, right: Any) -> Any:
    """Quotient of two numbers."""
    _numbers("/", left, right)
    return left / right


def floor_divide(left: Any, right: Any) -> Any:
    """Quotient of two numbers, rounded down."""
    _numbers("//", left, right)
    return left // right


def remainder(left: Any, right: Any) -> Any:
    """Remainder of two numbers."""
    _numbers("%", left, right)
    return left % right


def power(base: Any, exponent: Any) -> Any:
    """The base to the exponent; refused before it is computed where the result cannot fit."""
    _numbers("** or pow", base, exponent)
    if isinstance(base, int) and isinstance(exponent, int) and exponent > 0:
        smallest_bits = (abs(base).bit_length() - 1) * exponent
        if smallest_bits >= MAX_INTEGER.bit_length():
            raise OverflowError("the integer has more than 63 bits")
    return checked(base**exponent)


def negate(value: Any) -> Any:
    """The number with the other sign."""
    _numbers("-", value, value)
    return -value


def affirm(value: Any) -> Any:
    """The number itself."""
    _numbers("+", value, value)
    return +value


def contains(item: Any, group: Any) -> bool:
    """Whether a list, a text or the keys of a table hold the item."""
    if not isinstance(group, str | list | tuple | Mapping):
        raise TypeError(f"'in' needs a list, a text or a table, not {kind_of(group)}")
    return item in group


def entry(container: Any, key: Any) -> Any:
    """One entry of a table, list or text."""
    if not isinstance(container, str | list | tuple | Mapping):
        raise TypeError(f"{kind_of(container)} has no entries")
    try:
        return container[key]
    except KeyError:
        raise KeyError(f"no entry {key!r}; {did_you_mean(str(key), map(str, container))}") from None
    except IndexError:
        raise IndexError(f"no entry {key}: there are {len(container)}") from None


def get(table: Any, key: Any, default: Any = None) -> Any:
    """One entry of a table, or the default where it has none."""
    if not isinstance(table, Mapping):
        raise TypeError(f".get needs a table, not {kind_of(table)}")
    return table.get(key, default)


def _absolute(value: Any) -> Any:
    _numbers("abs", value, value)
    return abs(value)


def _extreme(choose: Callable[..., Any]) -> Callable[..., Any]:
    """`min` or `max` of the arguments, or of one list."""

    def extreme(*values: Any) -> Any:
        if len(values) == 1 and not isinstance(values[0], list | tuple):
            raise TypeError(f"{choose.__name__} needs several values or one list")
        return choose(*values)

    return extreme


def _round(value: Any, digits: Any = None) -> Any:
    _numbers("round", value, 0 if digits is None else digits)
    if digits is not None and abs(digits) > MAX_ROUND_DIGITS:
        raise OverflowError(f"round to more than {MAX_ROUND_DIGITS} digits")
    return round(value, digits)


def _integer(value: Any = 0) -> Any:
    if not isinstance(value, str | int | float):
        raise TypeError(f"int cannot read {kind_of(value)}")
    return int(value)


def _float(value: Any = 0.0) -> Any:
    if not isinstance(value, str | int | float):
        raise TypeError(f"float cannot read {kind_of(value)}")
    return float(value)


def _text(value: Any = "") -> Any:
    if not is_scalar(value):
        raise TypeError(
            f"str makes a text of a number, a text, a truth value or None, not of {kind_of(value)}"
        )
    return str(value)


def _length(value: Any) -> Any:
    if not isinstance(value, str | list | tuple | Mapping):
        raise TypeError(f"{kind_of(value)} has no length")
    return len(value)


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "abs": _absolute,
    "bool": bool,
    "float": _float,
    "int": _integer,
    "len": _length,
    "max": _extreme(max),
    "min": _extreme(min),
    "pow": power,
    "round": _round,
    "str": _text,
}

COMPARISONS: Mapping[str, Operation] = {
    "Eq": operator.eq,
    "NotEq": operator.ne,
    "Lt": operator.lt,
    "LtE": operator.le,
    "Gt": operator.gt,
    "GtE": operator.ge,
    "In": contains,
    "NotIn": lambda item, group: not contains(item, group),
    "Is": operator.is_,
    "IsNot": operator.is_not,
}
