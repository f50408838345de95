"""File versions: files that exist, each made by one attempt for one product."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eas_framework.errors import FileStoreError, NotFoundError
from eas_framework.plugins.database import Row
from eas_framework.task_database.file_store import FileStore, StoredFile, file_digests
from eas_framework.task_database.metadata import MetadataRepository, Owner
from eas_framework.task_database.queries import Queries
from eas_framework.task_objects import (
    AttemptId,
    FileProductVersion,
    MetadataItem,
    ProductId,
    ProductVersionId,
    TaskId,
)

log = logging.getLogger(__name__)

FIRST_LOOK_SECONDS, LAST_LOOK_SECONDS = 0.05, 1.0


@dataclass(frozen=True, kw_only=True)
class InputFile:
    """The version of an input that a task reads: under which name, of which product, and its checksum.

    The file of one that `is_dropped` was deleted, because nothing seemed to need it any more.
    """

    name: str
    filename: str
    product_id: ProductId
    version_id: ProductVersionId
    sha256: str
    is_dropped: bool


class VersionRepository:
    """Records of files in the store."""

    def __init__(self, queries: Queries, store: FileStore, metadata: MetadataRepository) -> None:
        self._queries, self._store, self._metadata = queries, store, metadata

    def find(self, version_id: ProductVersionId) -> FileProductVersion | None:
        """The version, or None."""
        row = self._queries.one("version_by_id", version_id=version_id)
        return self._from_row(row) if row else None

    def register(  # noqa: PLR0913 - the columns of the table
        self,
        product_id: ProductId,
        attempt_id: AttemptId,
        stored: StoredFile,
        *,
        created_time: float | None = None,
        modified_time: float | None = None,
        passed_qc: bool | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> ProductVersionId:
        """Record a stored file as a version; an attempt makes at most one of each product."""
        now = time.time()
        key = self._queries.insert(
            "version_insert",
            product=product_id,
            attempt=attempt_id,
            repository_id=stored.repository_id,
            created=now if created_time is None else created_time,
            modified=now if modified_time is None else modified_time,
            md5=stored.md5,
            sha256=stored.sha256,
            size=stored.size,
            passed=passed_qc,
        )
        self._metadata.register(Owner("version", key), metadata or {}, is_new=True)
        return ProductVersionId(key)

    def update(
        self,
        version_id: ProductVersionId,
        *,
        modified_time: float | None = None,
        passed_qc: bool | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Change what is not None, merge metadata."""
        self._queries.run("version_update", version_id=version_id, modified=modified_time, passed=passed_qc)
        self._metadata.register(Owner("version", version_id), metadata or {})

    def replace_file(self, version_id: ProductVersionId, stored: StoredFile) -> None:
        """Record that another file now stands for the version."""
        self._queries.run(
            "version_replace_file",
            version_id=version_id,
            repository_id=stored.repository_id,
            md5=stored.md5,
            sha256=stored.sha256,
            size=stored.size,
        )

    def set_qc(self, version_id: ProductVersionId, *, passed: bool) -> None:
        """Record the verdict on a version; only the transaction that ends the attempt calls this."""
        self._queries.run("version_set_qc", version_id=version_id, passed=passed)

    def made_by(self, attempt_id: AttemptId) -> dict[str, FileProductVersion]:
        """The files that an attempt made, by semantic type."""
        rows = self._queries.rows("versions_of_attempt", attempt_id=attempt_id)
        return {row["semanticType"]: self._from_row(row) for row in rows}

    def of_product(
        self, product_id: ProductId, *, attempt_id: AttemptId | None = None, must_have_passed_qc: bool = False
    ) -> list[ProductVersionId]:
        """Ids of a product's versions, oldest first."""
        rows = self._queries.rows("versions_of_product", product_id=product_id)
        return [
            ProductVersionId(row["id"])
            for row in rows
            if attempt_id in (None, row["attempt"]) and (row["passedQc"] or not must_have_passed_qc)
        ]

    def visible_inputs(self, task_id: TaskId) -> list[InputFile]:
        """For each input of a task that has one, the newest visible version."""
        return [
            self._input_file(row) for row in self._queries.rows("version_visible_inputs", task_id=task_id)
        ]

    def _input_file(self, row: Row) -> InputFile:
        found = self._queries.rows("version_checksum", version_id=row["version"])[0]
        return InputFile(
            name=row["inputName"],
            filename=row["filename"],
            product_id=row["productId"],
            version_id=row["version"],
            sha256=found["fileSHA256"],
            is_dropped=found["droppedTime"] is not None,
        )

    def metadata_of(self, version_id: ProductVersionId) -> dict[str, MetadataItem]:
        """The metadata of a version."""
        return self._metadata.of(Owner("version", version_id))

    def path(self, version_id: ProductVersionId) -> Path | None:
        """Where the file lies; None for an unknown id."""
        row = self._queries.one("version_by_id", version_id=version_id)
        return self._store.path(row["directoryName"], row["repositoryId"]) if row else None

    def checked_path(self, version_id: ProductVersionId, *, wait_seconds: float = 0.0) -> Path:
        """Where the file lies, after its size and SHA-256 were compared with the record.

        Args:
            version_id: The version.
            wait_seconds: How long to wait for a file that another host has stored and this one does not see
                yet, as on a network file system that remembers for a while what a folder held.

        Raises:
            NotFoundError: Unknown id.
            FileStoreError: The file was dropped, is missing, or is not what was stored.
        """
        row = self._queries.one("version_by_id", version_id=version_id)
        if row is None:
            raise NotFoundError(f"there is no file version {version_id}")
        path = self._store.path(row["directoryName"], row["repositoryId"])
        if row["droppedTime"] is not None:
            raise FileStoreError(
                f"the file {row['directoryName']}/{row['filename']} was dropped, because its job keeps only "
                "final files (key keep); a task that needs it has it made again, as does `eas run --force`"
            )
        await_file(path, size=row["fileSize"], seconds=wait_seconds)
        check_file(path, size=row["fileSize"], sha256=row["fileSHA256"])
        return path

    def delete_record(self, version_id: ProductVersionId) -> None:
        """Delete the version's row and metadata; the file stays."""
        self._queries.run("version_delete", version_id=version_id)

    def _from_row(self, row: Row) -> FileProductVersion:
        return FileProductVersion(
            product_version_id=row["productVersionId"],
            product_id=row["productId"],
            generated_by_task_execution=row["generatedByTaskExecution"],
            repository_id=row["repositoryId"],
            created_time=row["createdTime"],
            modified_time=row["modifiedTime"],
            file_md5=row["fileMD5"],
            file_sha256=row["fileSHA256"],
            file_size=row["fileSize"],
            passed_qc=None if row["passedQc"] is None else bool(row["passedQc"]),
            metadata=self._metadata.of(Owner("version", row["productVersionId"])),
        )


def await_file(path: Path, *, size: int, seconds: float) -> None:
    """Return as soon as the file is visible in its whole size, or when the time is over."""
    gives_up, pause = time.monotonic() + seconds, FIRST_LOOK_SECONDS
    while not _is_whole(path, size) and time.monotonic() < gives_up:
        log.info("the file %s is not visible on this host yet", path)
        time.sleep(pause)
        pause = min(2 * pause, LAST_LOOK_SECONDS)
        with contextlib.suppress(OSError):
            list(path.parent.iterdir())  # a network file system then asks its server


def _is_whole(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except OSError:
        return False


def check_file(path: Path, *, size: int, sha256: str) -> None:
    """Raise `FileStoreError` unless the file is there and is what was recorded."""
    if not path.is_file():
        raise FileStoreError(
            f"the file {path} is missing from the store; `eas files verify` lists all such files"
        )
    if path.stat().st_size != size or file_digests(path)[1] != sha256:
        raise FileStoreError(
            f"the file {path} differs from what was stored (SHA-256); it was changed or damaged on disk: "
            "delete it and run the task again with `eas retry`"
        )
