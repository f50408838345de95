"""Metadata of tasks, attempts, products and versions, with the type that each value had."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from eas_framework.errors import UsageError
from eas_framework.plugins.database import Row
from eas_framework.task_database.names import NameRepository
from eas_framework.task_database.queries import Queries
from eas_framework.task_objects import AttemptId, MetadataItem, TaskId, plain_value

OwnerKind = Literal["task", "attempt", "product", "version"]
_EXACT_INTEGER = 2**53
_FLOAT_LIMIT = 2**1023
_MOST_BITS = 10_000


@dataclass(frozen=True)
class Owner:
    """The entity that metadata belong to."""

    kind: OwnerKind
    id: int


class MetadataRepository:
    """Reads and writes the metadata of any entity."""

    def __init__(self, queries: Queries, names: NameRepository) -> None:
        self._queries, self._names = queries, names

    def register(self, owner: Owner, metadata: Mapping[str, Any], *, is_new: bool = False) -> None:
        """Attach values to an entity, replacing those of the same keyword.

        Args:
            owner: The entity.
            metadata: Keyword to value or `MetadataItem`; numbers, booleans, strings, None, and lists and
            tables
                of those keep their type, numpy values become plain ones.
            is_new: The entity was made in this transaction and has no metadata yet.

        Raises:
            UsageError: A value of another type, or a keyword of more than 64 characters.
        """
        if not metadata:
            return
        rows = [self._as_row(owner, keyword, item) for keyword, item in metadata.items()]
        if not is_new:
            key_ids = [row["key_id"] for row in rows]
            self._queries.run(f"metadata_delete_{owner.kind}", owner_id=owner.id, key_ids=key_ids)
        self._queries.run_many("metadata_insert", rows)

    def register_many(self, kind: OwnerKind, items: Iterable[tuple[int, Mapping[str, Any]]]) -> None:
        """Attach values to many new entities at once."""
        rows = [
            self._as_row(Owner(kind, owner_id), keyword, item)
            for owner_id, metadata in items
            for keyword, item in metadata.items()
        ]
        self._queries.run_many("metadata_insert", rows)

    def of(self, owner: Owner) -> dict[str, MetadataItem]:
        """All metadata of one entity, keyword to item."""
        return _items(self._queries.rows(f"metadata_of_{owner.kind}", owner_id=owner.id))

    def of_attempts(self, attempt_ids: Sequence[AttemptId]) -> dict[AttemptId, dict[str, MetadataItem]]:
        """All metadata of each of some attempts."""
        found: dict[AttemptId, list[Row]] = {attempt_id: [] for attempt_id in attempt_ids}
        if attempt_ids:
            for row in self._queries.rows("metadata_of_attempts", attempt_ids=list(attempt_ids)):
                found[row["attempt"]].append(row)
        return {attempt_id: _items(rows) for attempt_id, rows in found.items()}

    def inherited_by(self, task_id: TaskId) -> dict[str, MetadataItem]:
        """The metadata of a task and of all tasks above it; the nearer one wins."""
        return _items(self._queries.rows("metadata_inherited_by_task", task_id=task_id))

    def _as_row(self, owner: Owner, keyword: str, item: Any) -> dict[str, Any]:
        row: dict[str, Any] = {"task": None, "attempt": None, "product": None, "version": None}
        row[owner.kind] = owner.id
        row["set_at"] = item.timestamp if isinstance(item, MetadataItem) else time.time()
        row["key_id"] = self._names.metadata_key(keyword)
        row["type"], row["float"], row["string"], row["json"] = encode_value(keyword, plain_value(item))
        return row


def encode_value(keyword: str, value: Any) -> tuple[str, float | None, str | None, str | None]:
    """The value as type name, number, text and JSON; what does not apply is None."""
    value = _without_numpy(value)
    if isinstance(value, bool):
        return "bool", float(value), None, None
    if isinstance(value, int):
        return "int", *_encoded_integer(keyword, value)
    if isinstance(value, float):
        return (
            ("float", value, None, None) if math.isfinite(value) else ("float", None, None, json.dumps(value))
        )
    if isinstance(value, str):
        return "str", None, value, None
    if value is None:
        return "none", None, None, None
    try:
        return "json", None, None, json.dumps(value, default=_without_numpy)
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"metadata {keyword!r}: a {type(value).__name__} cannot be stored ({error}); "
            "use numbers, booleans, text, None, or lists and tables of those"
        ) from None


def _encoded_integer(keyword: str, value: int) -> tuple[float | None, None, str | None]:
    """The number, and its digits where a float does not hold all of them; no number beyond all floats."""
    if abs(value) <= _EXACT_INTEGER:
        return float(value), None, None
    if value.bit_length() > _MOST_BITS:
        raise UsageError(
            f"metadata {keyword!r}: an integer of {value.bit_length()} bits is too long to store"
        )
    return float(value) if abs(value) < _FLOAT_LIMIT else None, None, str(value)


def decode_value(row: Row) -> Any:
    """The value that `encode_value` took apart."""
    kind = row["valueType"]
    if kind == "str":
        return row["valueString"]
    if row["valueJson"] is not None:
        return json.loads(row["valueJson"])
    if kind == "none":
        return None
    number = row["valueFloat"]
    return {"bool": bool, "int": int, "float": float}[kind](number)


def _without_numpy(value: Any) -> Any:
    """A numpy scalar or array as plain Python; the core need not import numpy for it."""
    if type(value).__module__ == "numpy" and hasattr(value, "tolist"):
        return value.tolist()
    return value


def _items(rows: Iterable[Row]) -> dict[str, MetadataItem]:
    return {row["name"]: MetadataItem(row["name"], decode_value(row), row["setAtTime"]) for row in rows}
