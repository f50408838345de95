"""Which version of the tables a database has, and the way from an older one to the newest."""

from __future__ import annotations

import importlib.resources
import re
from dataclasses import dataclass
from importlib.resources.abc import Traversable

from eas_framework.errors import DatabaseError
from eas_framework.plugins.database import DatabaseInterface, Row
from eas_framework.task_database.queries import SCHEMA_VERSION, Queries, statements

_FILE_NAME = re.compile(r"(\d+)_(\w+)\.sql")
_FIRST_VERSION = 1


@dataclass(frozen=True, kw_only=True, order=True)
class Migration:
    """One change of the tables: the version that it leads to, its name, and its statements."""

    version: int
    name: str
    text: str


def packaged_migrations(folder: Traversable | None = None) -> list[Migration]:
    """The migrations of the framework, or those of a folder, in the order in which they are applied.

    Raises:
        DatabaseError: Two files lead to one version, or one is missing between.
    """
    place = folder or importlib.resources.files("eas_framework.task_database").joinpath("migrations")
    found = sorted(
        Migration(version=int(match[1]), name=match[2], text=entry.read_text(encoding="utf-8"))
        for entry in place.iterdir()
        if (match := _FILE_NAME.fullmatch(entry.name))
    )
    wanted = list(range(_FIRST_VERSION + 1, _FIRST_VERSION + 1 + len(found)))
    if [migration.version for migration in found] != wanted:
        named = ", ".join(f"{migration.version:02d}_{migration.name}" for migration in found)
        raise DatabaseError(f"migrations must be numbered {_FIRST_VERSION + 1:02d}, … without gaps: {named}")
    return found


def find_schema_version(queries: Queries) -> int | None:
    """The version of the tables of this database; None without tables, or with those of something else."""
    if not queries.database.has_table("eas_schema_version"):
        return None
    found = queries.value("schema_version")
    return None if found is None else int(found)


def schema_version(queries: Queries) -> int:
    """The version of the tables of this database.

    Raises:
        DatabaseError: It has no tables, or they are not those of a task database.
    """
    found = find_schema_version(queries)
    if found is None:
        raise DatabaseError("this database holds no tables of a task database; make them with `eas db init`")
    return found


def require_current_schema(queries: Queries, *, newest: int = SCHEMA_VERSION) -> None:
    """Make sure that this program and the database speak of the same tables.

    Raises:
        DatabaseError: The database is older (migrate it) or newer (upgrade the program) than `newest`.
    """
    refuse_newer_schema(queries, newest=newest)
    version = schema_version(queries)
    if version < newest:
        raise DatabaseError(
            f"the task database has schema version {version}, and this eas-framework needs {newest}; "
            "bring it up to date with `eas db migrate`, after `eas db dump FILE`"
        )


def refuse_newer_schema(queries: Queries, *, newest: int = SCHEMA_VERSION) -> None:
    """Raise `DatabaseError` for a database that a newer version of this program has made or migrated."""
    version = schema_version(queries)
    if version > newest:
        raise DatabaseError(
            f"the task database has schema version {version}, and this eas-framework knows up to {newest}; "
            "use the newer eas-framework that made it, or another workspace"
        )


def applied_versions(queries: Queries, migrations: list[Migration] | None = None) -> list[Row]:
    """Every version that is known: ``version``, ``name``, and ``applied`` (unix seconds; None: pending).

    A database that was made with a later version never went through the earlier ones.
    """
    known = packaged_migrations() if migrations is None else migrations
    names = {_FIRST_VERSION: "first tables", **{migration.version: migration.name for migration in known}}
    applied = {row["version"]: row["appliedTime"] for row in queries.rows("schema_versions_applied")}
    made_with = min(applied, default=_FIRST_VERSION)
    return [
        {"version": version, "name": names.get(version, "unknown here"), "applied": applied.get(version)}
        for version in sorted({*names, *applied})
        if version >= made_with
    ]


def pending_migrations(queries: Queries, migrations: list[Migration] | None = None) -> list[Migration]:
    """The migrations that this database has not seen."""
    known = packaged_migrations() if migrations is None else migrations
    version = schema_version(queries)
    return [migration for migration in known if migration.version > version]


def apply_migration(queries: Queries, migration: Migration) -> None:
    """Change the tables and record it, in one transaction where the engine can undo such changes."""
    database: DatabaseInterface = queries.database
    with database.transaction():
        for statement in statements(migration.text, database):
            database.execute(statement)
        queries.run("schema_version_insert", version=migration.version)
