"""Where in a job the checks are, and what an expression is worth there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from eas_framework.errors import ExpressionError
from eas_framework.expressions import Scope, compile_expression, is_expression
from eas_framework.job_file.document import KeyPath
from eas_framework.suggestions import did_you_mean
from eas_framework.task_expression_evaluation import is_raw, without_tuples


class _Unknown:
    """A value that is known only when the job runs."""

    def __repr__(self) -> str:
        return "a value known at run time"


UNKNOWN: Any = _Unknown()

_RUN_TIME_NAMES = frozenset({"requested_metadata", "random"})
_RUN_TIME_KEYWORDS = frozenset({"task_description", "task_description_raw"})


@dataclass(frozen=True, kw_only=True)
class Place:
    """What the tasks of one list inherit.

    Attributes:
        metadata: Loop variables and indices; None where they are known only at run time.
        directory: Working directory, or UNKNOWN.
        loops: Paths of the loops around the list, the outermost first.
        repeated: Those of them that are do-while loops.
        branches: Path of each conditional around the list, and which of its lists was chosen.
        turn: Which turn of a loop this is, for messages; empty for the first of all loops.
    """

    metadata: Mapping[str, Any] | None
    directory: Any
    loops: tuple[KeyPath, ...] = ()
    repeated: tuple[KeyPath, ...] = ()
    branches: tuple[tuple[KeyPath, str], ...] = ()
    turn: str = ""
    scope: Scope = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "scope", Scope(self.metadata or {}, {}))

    def inside(self, **changes: Any) -> Place:
        """The place of a list further in."""
        return replace(self, **changes)

    def with_metadata(self, more: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
        """The metadata with further entries; None when either is not known."""
        return None if self.metadata is None or more is None else {**self.metadata, **more}

    @property
    def suffix(self) -> str:
        """The turn in brackets, to end a message."""
        return f" (in the turn {self.turn})" if self.turn else ""


def static_value(value: Any, place: Place) -> Any:
    """What a value of the job is worth at the place, or UNKNOWN.

    Raises:
        ExpressionError: It is no expression, or cannot have a value here.
    """
    if not isinstance(value, str):
        return value
    if not is_expression(value):
        return value.strip()
    expression = compile_expression(value)
    if place.metadata is None:
        return UNKNOWN
    missing = expression.metadata_keys - place.metadata.keys() - _RUN_TIME_KEYWORDS
    if missing:
        name = min(missing)
        hint = did_you_mean(name, place.metadata)
        raise ExpressionError(f"expression {value!r}: there is no loop variable {name!r} here; {hint}")
    if expression.names & _RUN_TIME_NAMES or expression.metadata_keys & _RUN_TIME_KEYWORDS:
        return UNKNOWN
    return without_tuples(expression.evaluate(place.scope))


Fault = tuple[KeyPath, str]


def static_structure(value: Any, place: Place, path: KeyPath, faults: list[Fault]) -> Any:
    """The structure with every value evaluated as far as it is known; what cannot be is noted in `faults`."""
    if isinstance(value, dict):
        return {
            key: item if is_raw(key, value) else static_structure(item, place, (*path, key), faults)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [static_structure(item, place, (*path, index), faults) for index, item in enumerate(value)]
    try:
        return static_value(value, place)
    except ExpressionError as error:
        faults.append((path, str(error)))
        return UNKNOWN


def expressions_in(value: Any, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    """Path and text of every expression that belongs to the task itself, not to the tasks inside it."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key not in ("task_list", "else_task_list"):
                yield from expressions_in(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from expressions_in(item, (*path, index))
    elif is_expression(value):
        yield path, value
