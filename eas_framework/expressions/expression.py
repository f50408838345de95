"""A checked expression, what it refers to, and the scope in which it is evaluated."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from eas_framework.errors import ExpressionError


class Scope:
    """What an expression can see: two tables of plain values, and a source of random numbers."""

    __slots__ = ("_seed", "metadata", "random_source", "requested_metadata")

    def __init__(
        self, metadata: Mapping[str, Any], requested_metadata: Mapping[str, Any], *, seed: int | None = None
    ) -> None:
        self.metadata = metadata
        self.requested_metadata = requested_metadata
        self.random_source: Random | None = None
        self._seed = seed

    def random(self) -> Random:
        """The one generator of this scope, made on first use."""
        if self.random_source is None:
            self.random_source = Random(self._seed)  # noqa: S311 - simulation, not secrets
        return self.random_source


Step = Callable[[Scope], Any]


class Uses:
    """What an expression refers to, collected while it is compiled."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.metadata_keys: set[str] = set()
        self.requested_keys: set[tuple[str, str | None]] = set()

    def note_entry(self, container: ast.expr, key: Any) -> None:
        """Remember a literal key of `metadata`, of `requested_metadata`, or of a table of the latter."""
        if not isinstance(key, str):
            return
        if isinstance(container, ast.Name) and container.id == "metadata":
            self.metadata_keys.add(key)
        elif isinstance(container, ast.Name) and container.id == "requested_metadata":
            self.requested_keys.add((key, None))
        elif isinstance(container, ast.Subscript) and isinstance(container.value, ast.Name):
            task = getattr(container.slice, "value", None)
            if container.value.id == "requested_metadata" and isinstance(task, str):
                self.requested_keys.add((task, key))


class Expression:
    """A checked expression, ready to be evaluated any number of times.

    Attributes:
        text: The expression as it was written.
        names: Which of ``metadata``, ``requested_metadata``, ``random`` and ``constants`` it uses.
        metadata_keys: Keywords of `metadata` that it names literally.
        requested_keys: Pairs (task, keyword) of `requested_metadata` that it names literally; the keyword is
            None where it is not literal.
    """

    __slots__ = ("_run", "metadata_keys", "names", "requested_keys", "text")

    def __init__(self, text: str, run: Step, uses: Uses) -> None:
        self.text = text
        self._run = run
        self.names = frozenset(uses.names)
        self.metadata_keys = frozenset(uses.metadata_keys)
        self.requested_keys = frozenset(uses.requested_keys)

    def evaluate(self, scope: Scope) -> Any:
        """The value in this scope; ExpressionError when it has none."""
        result = self._run(scope)
        if result is scope.metadata or result is scope.requested_metadata:
            raise ExpressionError(
                f"expression {self.text!r}: name one entry of the table, such as metadata['period']"
            )
        return result
