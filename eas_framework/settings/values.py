"""How the text of a setting becomes a value: one parser per kind, and `Secret` for what must not be shown."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Parser = Callable[[Any, Path], Any]
"""Takes a raw value and the folder that relative paths start from; raises ValueError saying what is wrong."""

_TRUTHS = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}


def _wrong(text: str) -> ValueError:
    return ValueError(text)


class Secret:
    """A password: no way of printing it shows the text, only `reveal` gives it."""

    __slots__ = ("_text",)

    def __init__(self, text: str = "") -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself; hand it to a driver and to nobody else."""
        return self._text

    def __repr__(self) -> str:
        return "***" if self._text else ""

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


def text(raw: Any, _: Path) -> str:
    """The text as it stands."""
    if not isinstance(raw, str):
        raise _wrong(f"must be text, not {raw!r}")
    return raw


def secret(raw: Any, _: Path) -> Secret:
    """The text, hidden."""
    if isinstance(raw, Secret):
        return raw
    if not isinstance(raw, str):
        raise _wrong("must be text")
    return Secret(raw)


def truth(raw: Any, _: Path) -> bool:
    """True or False, from the words that configuration files use."""
    if isinstance(raw, bool):
        return raw
    word = str(raw).strip().lower()
    if word not in _TRUTHS:
        raise _wrong(f"must be true or false, not {raw!r}")
    return _TRUTHS[word]


def number(*, above: float | None = None, at_least: float | None = None) -> Parser:
    """A parser of finite numbers within the bounds."""

    def parse(raw: Any, _: Path) -> float:
        value = _to_float(raw)
        if above is not None and value <= above:
            raise _wrong(f"must be greater than {above:g}, not {raw}")
        if at_least is not None and value < at_least:
            raise _wrong(f"must be at least {at_least:g}, not {raw}")
        return value

    return parse


def whole(*, lowest: int, highest: int) -> Parser:
    """A parser of whole numbers in a closed range; ``3306.0`` counts as whole."""

    def parse(raw: Any, _: Path) -> int:
        value = _to_float(raw)
        if value != int(value) or not lowest <= value <= highest:
            raise _wrong(f"must be a whole number from {lowest} to {highest}, not {raw}")
        return int(value)

    return parse


def _to_float(raw: Any) -> float:
    try:
        value = math.nan if isinstance(raw, bool) else float(raw)
    except (TypeError, ValueError):
        value = math.nan
    if not math.isfinite(value):
        raise _wrong(f"must be a number, not {raw!r}")
    return value


def choice(*allowed: str) -> Parser:
    """A parser of one word out of a few, upper or lower case."""

    def parse(raw: Any, _: Path) -> str:
        word = str(raw).lower()
        if word not in allowed:
            raise _wrong(f"must be one of {', '.join(allowed)}, not {raw!r}")
        return word

    return parse


def path(raw: Any, base: Path) -> Path:
    """An absolute path; ``~`` is the home folder, a relative path starts at `base`."""
    if not isinstance(raw, (str, Path)) or not str(raw) or "\0" in str(raw):
        raise _wrong(f"must be a path, not {raw!r}")
    return base.absolute() / Path(raw).expanduser()


def names(raw: Any, _: Path) -> tuple[str, ...]:
    """Names from a list, or from text with commas between them."""
    if isinstance(raw, str):
        return tuple(name for name in (part.strip() for part in raw.split(",")) if name)
    if not isinstance(raw, (list, tuple)) or not all(isinstance(name, str) for name in raw):
        raise _wrong(f"must be a list of names, not {raw!r}")
    return tuple(raw)


def paths(raw: Any, base: Path) -> tuple[Path, ...]:
    """Paths or glob patterns from a list, or from text with commas between them."""
    items = names(raw, base) if isinstance(raw, str) else raw
    if not isinstance(items, (list, tuple)):
        raise _wrong(f"must be a list of paths, not {raw!r}")
    return tuple(path(item, base) for item in items)


def table(raw: Any, _: Path) -> dict[str, str]:
    """Names to names from a mapping, or from text such as ``a=b,c=d``."""
    if isinstance(raw, str):
        pairs = [part.partition("=") for part in names(raw, Path())]
        if not all(equals and key.strip() and value.strip() for key, equals, value in pairs):
            raise _wrong(f"must look like name=value,name=value, not {raw!r}")
        return {key.strip(): value.strip() for key, _, value in pairs}
    if not isinstance(raw, Mapping) or not all(
        isinstance(item, str) for pair in raw.items() for item in pair
    ):
        raise _wrong(f"must be a table of names, not {raw!r}")
    return dict(raw)
