"""What a text without quotes means: null, true, false, a number, or itself (the core schema of YAML 1.2)."""

from __future__ import annotations

import math
import re

MAX_INTEGER = 2**63 - 1

_WORDS = {"null": None, "~": None, "": None, "true": True, "True": True, "false": False, "False": False}
_INTEGER = re.compile(r"[-+]?[0-9]+")
_BASED_INTEGER = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_REAL = re.compile(
    r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)

Scalar = str | int | float | bool | None


def checked_number(value: float) -> float:
    """The number; ValueError when a job file cannot hold it (beyond 63 bits, not finite)."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a number must be finite; inside a job write \"(float('inf'))\"")
    if isinstance(value, int) and not -MAX_INTEGER <= value <= MAX_INTEGER:
        raise ValueError("the integer has more than 63 bits; quote it if it is a name")
    return value


def plain_scalar(text: str) -> Scalar:
    """The value of a text that stands without quotes.

    Raises:
        ValueError: It could be read in two ways (``012``), or is a number that a job cannot hold.
    """
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        digits = text.lstrip("+-")
        if len(digits) > 1 and digits.startswith("0"):
            raise ValueError(
                f"{text} may mean {digits.lstrip('0') or '0'} or a name with zeros: drop them or quote it"
            )
        if len(digits) > len(str(MAX_INTEGER)):
            raise ValueError("the integer has more than 63 bits; quote it if it is a name")
        return checked_number(int(text))
    if _BASED_INTEGER.fullmatch(text):
        return checked_number(int(text, 0))
    if _REAL.fullmatch(text):
        return checked_number(float(text.replace(".inf", "inf").replace(".nan", "nan")))
    return text
