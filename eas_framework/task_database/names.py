"""Ids of names that are stored once: metadata keys, semantic types of files, hosts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from eas_framework.errors import IntegrityError, UsageError
from eas_framework.task_database.queries import Queries, Remembered

MAX_KEY_LENGTH = 64


class NameRepository:
    """Get-or-create for three tables of names; ids are remembered, since they never change."""

    def __init__(self, queries: Queries) -> None:
        self._queries = queries
        self._known: Remembered[tuple[str, str], int] = Remembered(queries.database)

    def metadata_key(self, name: str) -> int:
        """Id of a metadata keyword, which may have at most 64 characters."""
        if not name or len(name) > MAX_KEY_LENGTH:
            raise UsageError(f"metadata keyword {name!r} must have 1 to {MAX_KEY_LENGTH} characters")
        return self._get_or_create("metadata_key", name)

    def semantic_type(self, name: str) -> int:
        """Id of a semantic type: the name under which a task speaks of a file."""
        if not name or len(name) > 255:
            raise UsageError(f"the name {name!r} of an input or output must have 1 to 255 characters")
        return self._get_or_create("semantic_type", name)

    def host(self, name: str) -> int:
        """Id of a host name."""
        return self._get_or_create("host", name)

    def _get_or_create(self, table: str, name: str) -> int:
        known = self._known.values.get((table, name))
        if known is None:
            known = get_or_create(self._queries, table, {"name": name})
            self._known.values[table, name] = known
        return known


def get_or_create(queries: Queries, table: str, key: Mapping[str, str], **further: str) -> int:
    """Id of the row with that key, which is inserted, with further values, where there is none yet.

    The queries ``<table>_id`` and ``<table>_insert`` find and insert it.
    """
    found = queries.value(f"{table}_id", **key)
    if found is None:
        try:
            return queries.insert(f"{table}_insert", **key, **further)
        except IntegrityError:  # another process was quicker
            found = queries.value(f"{table}_id", **key)
    return int(found)


def id_of_text(queries: Queries, table: str, text: str) -> int:
    """Id of a text of which one copy is kept, told apart by its SHA-256."""
    return get_or_create(queries, table, {"sha256": hashlib.sha256(text.encode()).hexdigest()}, text=text)
