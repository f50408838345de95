"""Files that tasks made: the list, and how a person may name one of them."""

from __future__ import annotations

from pathlib import PurePath

from eas_framework.errors import NotFoundError, UsageError
from eas_framework.plugins.database import Row
from eas_framework.suggestions import nearest
from eas_framework.task_database import TaskDatabaseConnection
from eas_framework.task_database.queries import Queries
from eas_framework.task_objects import JobId, ProductId, ProductVersionId

_LONGEST_ID = 19


def file_list(queries: Queries, job_id: JobId | None = None) -> list[Row]:
    """One row for each product, by directory and name, with its newest version that counts.

    Returns:
        Rows with ``file`` (directory/name), ``size`` (bytes), ``version`` (id), ``output`` (what the task
        calls it), ``task``, ``task_id``, ``task_type``, ``job``, ``state`` (``stored``,
        ``dropped``, or the state of the task that has yet to make it), ``created`` (unix seconds),
        ``sha256``, ``repository_id``.
    """
    return [
        {
            "file": logical_path(row),
            "size": row["fileSize"],
            "version": row["productVersionId"],
            "output": row["semanticType"],
            "task": row["taskName"],
            "task_id": row["taskId"],
            "task_type": row["task_type"],
            "job": row["jobName"],
            "state": _state(row),
            "created": row["createdTime"],
            "sha256": row["fileSHA256"],
            "repository_id": row["repositoryId"],
        }
        for row in queries.rows("report_files", job_id=job_id)
    ]


def _state(row: Row) -> str:
    if row["productVersionId"] is None:
        return row["taskState"] or "expected"
    return "stored" if row["droppedTime"] is None else "dropped"


def logical_path(row: Row) -> str:
    """Directory and name of a product, as people write it."""
    return str(PurePath(row["directoryName"]) / row["filename"])


def find_version(database: TaskDatabaseConnection, name: str) -> ProductVersionId:
    """The version that a person means: its id, its file's path or id in the store, directory/name, or name.

    A name stands for its newest version that counts, or for the newest of all when none does.

    Raises:
        NotFoundError: There is no such file, or it has not been made.
        UsageError: Files in several directories have that name.
    """
    if name.isascii() and name.isdigit() and len(name) < _LONGEST_ID:
        version_id = ProductVersionId(int(name))
        if database.versions.find(version_id) is not None:
            return version_id
    path = PurePath(name)
    stored = database.queries.value("report_version_by_repository_id", repository_id=path.name)
    if stored is not None:
        return ProductVersionId(stored)
    return _newest_version(database, _product(database, name, path), name)


def _product(database: TaskDatabaseConnection, name: str, path: PurePath) -> ProductId:
    rows = database.queries.rows("report_products_named", filename=path.name)
    folder = str(path.parent)
    exact = [row for row in rows if str(PurePath(row["directoryName"])) == folder]
    found = exact or (rows if folder == "." else [])
    if not found:
        raise NotFoundError(f"there is no file {name!r}; {_hint(database, path.name)}")
    if len(found) > 1:
        places = ", ".join(logical_path(row) for row in found[:10])
        raise UsageError(f"several files are called {name!r}; say which: {places}")
    return ProductId(found[0]["productId"])


def _hint(database: TaskDatabaseConnection, filename: str) -> str:
    paths = {PurePath(row["file"]).name: row["file"] for row in file_list(database.queries)}
    near = nearest(filename, paths)
    return f"did you mean {paths[near]!r}?" if near else "`eas files ls` lists all"


def _newest_version(database: TaskDatabaseConnection, product_id: ProductId, name: str) -> ProductVersionId:
    visible = database.products.visible_version(product_id)
    if visible is not None:
        return visible
    newest = database.queries.value("report_newest_version", product_id=product_id)
    if newest is None:
        product = database.products.get(product_id)
        raise NotFoundError(f"{name!r} has not been made; task {product.generator_task} is to make it")
    return ProductVersionId(newest)
