"""Texts made by ``'…'.format(…)`` and ``'…' % …`` in expressions: plain fields only, with bounded widths."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from eas_framework.expressions.values import MAX_TEXT, checked, is_scalar, kind_of, remainder
from eas_framework.suggestions import did_you_mean

MAX_WIDTH = 255

_SPEC = re.compile(
    r"(?:.?[<>=^])?[-+ ]?z?#?0?(?P<width>\d*)[,_]?(?:\.(?P<precision>\d+))?[bdeEfFgGosxX%]?", re.DOTALL
)
_PERCENT = re.compile(
    r"%(?:\((?P<key>[^()]*)\))?(?P<flags>[-+ #0]*)(?P<width>\*|\d*)(?:\.(?P<precision>\*|\d*))?(?P<type>.?)",
    re.DOTALL,
)
_PERCENT_TYPES = frozenset("diouxXeEfFgGsra%")
_CONVERSIONS: Mapping[str, Callable[[Any], str]] = {"s": str, "r": repr, "a": ascii}


def _check_width(digits: str | None) -> None:
    """OverflowError for a width or precision beyond the limit."""
    if digits and (len(digits) > len(str(MAX_WIDTH)) or int(digits) > MAX_WIDTH):
        raise OverflowError(f"a width or precision of a format is at most {MAX_WIDTH}")


def _check_scalar(value: Any) -> Any:
    if not is_scalar(value):
        raise TypeError(f"{kind_of(value)} cannot be formatted")
    return value


def _check_template(template: str) -> None:
    if len(template) > MAX_TEXT:
        raise OverflowError(f"the text to format is longer than {MAX_TEXT} characters")


class _Fields:
    """Values of the fields of one template, by position or name."""

    def __init__(self, positional: Sequence[Any], named: Mapping[str, Any]) -> None:
        self._positional = positional
        self._named = named
        self._automatic = 0
        self._has_numbers = False

    def value(self, field: str) -> Any:
        """The value that ``{field}`` stands for; always a scalar."""
        if field and not field.isascii():
            return self._by_name(field)
        return self._by_position(field) if not field or field.isdigit() else self._by_name(field)

    def _by_position(self, field: str) -> Any:
        if field:
            self._has_numbers = True
            index = int(field[:6])
        else:
            index = self._automatic
            self._automatic += 1
        if self._has_numbers and self._automatic:
            raise ValueError("numbered fields {0} and plain ones {} cannot be mixed")
        if index >= len(self._positional):
            raise IndexError(f"format has no value number {index} (counted from 0)")
        return _check_scalar(self._positional[index])

    def _by_name(self, field: str) -> Any:
        if any(sign in field for sign in ".["):
            raise ValueError(f"only plain fields such as {{name}} are available, not {{{field}}}")
        if field not in self._named:
            raise KeyError(f"format has no value {field!r}; {did_you_mean(field, self._named)}")
        return _check_scalar(self._named[field])


def _pieces(template: str, fields: _Fields) -> Iterator[str]:
    """The literal parts and formatted fields of the template, in order."""
    for literal, field, spec, conversion in string.Formatter().parse(template):
        yield literal
        if field is None:
            continue
        match = _SPEC.fullmatch(spec or "")
        if match is None:
            raise ValueError(f"the format {spec!r} is not available")
        _check_width(match["width"])
        _check_width(match["precision"])
        value = fields.value(field)
        if conversion:
            value = _CONVERSIONS[conversion](value)
        yield format(value, spec or "")


def format_text(template: Any, positional: Sequence[Any], named: Mapping[str, Any]) -> str:
    """What ``template.format(*positional, **named)`` gives; fields are plain, values are scalars."""
    if not isinstance(template, str):
        raise TypeError(f".format needs a text, not {kind_of(template)}")
    _check_template(template)
    made: list[str] = []
    length = 0
    for piece in _pieces(template, _Fields(positional, named)):
        made.append(piece)
        length += len(piece)
        if length > MAX_TEXT:
            raise OverflowError(f"the text is longer than {MAX_TEXT} characters")
    return "".join(made)


def _check_percent_values(matches: Sequence[re.Match[str]], values: Any) -> None:
    """TypeError unless everything that will be written is a scalar."""
    if isinstance(values, Mapping):
        for match in matches:
            if match["key"] is None:
                raise TypeError("a table needs named fields such as %(name)s")
            if match["key"] not in values:
                raise KeyError(f"no entry {match['key']!r}; {did_you_mean(match['key'], values)}")
            _check_scalar(values[match["key"]])
        return
    for value in values if isinstance(values, tuple) else (values,):
        _check_scalar(value)


def percent(left: Any, right: Any) -> Any:
    """What ``left % right`` gives: a formatted text, or the remainder of two numbers."""
    if not isinstance(left, str):
        return remainder(left, right)
    _check_template(left)
    matches = list(_PERCENT.finditer(left))
    for match in matches:
        if (
            match["type"] not in _PERCENT_TYPES
            or not match["type"]
            or "*" in (match["width"], match["precision"])
        ):
            raise ValueError(f"the format {match[0]!r} is not available")
        _check_width(match["width"])
        _check_width(match["precision"])
    _check_percent_values([match for match in matches if match["type"] != "%"], right)
    return checked(left % right)
