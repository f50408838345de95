"""Planned file products: what a task says it will make."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from eas_framework.errors import IntegrityError, NotFoundError
from eas_framework.plugins.database import Row
from eas_framework.task_database.file_store import checked_directory, checked_filename
from eas_framework.task_database.metadata import MetadataRepository, Owner
from eas_framework.task_database.names import NameRepository
from eas_framework.task_database.queries import Queries
from eas_framework.task_objects import FileProduct, ProductId, ProductVersionId, TaskId


class ProductRepository:
    """Declared files, unique by directory and filename."""

    def __init__(self, queries: Queries, names: NameRepository, metadata: MetadataRepository) -> None:
        self._queries, self._names, self._metadata = queries, names, metadata

    def find(self, product_id: ProductId) -> FileProduct | None:
        """The product, or None."""
        row = self._queries.one("product_by_id", product_id=product_id)
        return self._from_row(row) if row else None

    def get(self, product_id: ProductId) -> FileProduct:
        """The product; raises `NotFoundError` for an unknown id."""
        product = self.find(product_id)
        if product is None:
            raise NotFoundError(f"there is no file product {product_id}")
        return product

    def find_by_filename(self, directory: str, filename: str) -> Row | None:
        """The row (productId, generatorTask, jobId, semanticType) of a logical file, or None."""
        return self._queries.one(
            "product_by_filename", directory=checked_directory(directory), filename=checked_filename(filename)
        )

    def register(  # noqa: PLR0913 - the columns of the table
        self,
        generator_task: TaskId | None,
        *,
        directory: str,
        filename: str,
        semantic_type: str | None,
        planned_time: float | None = None,
        mime_type: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> ProductId:
        """Declare a file; one that a consumer already waits for is adopted.

        Raises:
            IntegrityError: Another task makes a file of that name, or this task another of that semantic
            type.
            UsageError: A directory or filename that is not allowed.
        """
        existing = self.find_by_filename(directory, filename)
        values = {
            "generator": generator_task,
            "planned": time.time() if planned_time is None else planned_time,
            "semantic": None if semantic_type is None else self._names.semantic_type(semantic_type),
            "mime": mime_type,
        }
        if existing is None:
            key = self._queries.insert(
                "product_insert", directory=checked_directory(directory), filename=filename, **values
            )
        elif existing["generatorTask"] is None:
            key = existing["productId"]
            self._queries.run("product_adopt", product_id=key, **values)
        else:
            raise IntegrityError(
                f"the file {filename!r} in {directory!r} is already made by task {existing['generatorTask']}"
            )
        self._metadata.register(Owner("product", key), metadata or {})
        return ProductId(key)

    def reassign(
        self, product_id: ProductId, generator_task: TaskId | None, *, semantic_type: str | None
    ) -> None:
        """Give a product of a replaced job to the task that makes it now, or to the one that may yet."""
        self._queries.run(
            "product_adopt",
            product_id=product_id,
            generator=generator_task,
            semantic=None if semantic_type is None else self._names.semantic_type(semantic_type),
            planned=time.time(),
            mime=None,
        )

    def update(
        self,
        product_id: ProductId,
        *,
        planned_time: float | None,
        mime_type: str | None,
        metadata: Mapping[str, Any] | None,
    ) -> None:
        """Change what is not None, merge metadata."""
        self._queries.run("product_update", product_id=product_id, planned=planned_time, mime=mime_type)
        self._metadata.register(Owner("product", product_id), metadata or {})

    def lock(self, product_ids: Iterable[ProductId]) -> None:
        """Let no other transaction adopt these products until this one ends, in the order of their ids."""
        ids = sorted(set(product_ids))
        if ids and self._queries.database.locks_rows:
            self._queries.rows("products_lock", product_ids=ids)

    def made_by(self, task_id: TaskId) -> dict[str, FileProduct]:
        """What a task makes, by semantic type."""
        return self._by_semantic_type(self._queries.rows("products_of_task", task_id=task_id))

    def wanted_by(self, task_id: TaskId) -> dict[str, FileProduct]:
        """What a task needs, by the name under which the task knows it."""
        return self._by_semantic_type(self._queries.rows("products_wanted_by_task", task_id=task_id))

    def visible_version(self, product_id: ProductId) -> ProductVersionId | None:
        """The newest version that passed quality control in a passed attempt, or None."""
        found = self._queries.value("product_visible_version", product_id=product_id)
        return None if found is None else ProductVersionId(found)

    def delete_record(self, product_id: ProductId) -> None:
        """Delete the product's row and all that hangs on it in the database."""
        self._queries.run("product_delete", product_id=product_id)

    def _by_semantic_type(self, rows: list[Row]) -> dict[str, FileProduct]:
        return {row["semanticType"]: self._from_row(row) for row in rows}

    def _from_row(self, row: Row) -> FileProduct:
        return FileProduct(
            product_id=row["productId"],
            generator_task=row["generatorTask"],
            planned_time=row["plannedTime"],
            directory=row["directoryName"],
            filename=row["filename"],
            semantic_type=row["semanticType"],
            mime_type=row["mimeType"],
            metadata=self._metadata.of(Owner("product", row["productId"])),
        )
