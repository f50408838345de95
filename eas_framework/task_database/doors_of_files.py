"""The documented calls on file products and their versions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eas_framework.crash_points import crash_point
from eas_framework.errors import CommitUnknownError, DatabaseError, NotFoundError, UsageError
from eas_framework.task_database.file_store import file_digests
from eas_framework.task_database.registration import documented_repository_id
from eas_framework.task_database.rooms import Rooms, one_transaction, unlink
from eas_framework.task_objects import (
    AttemptId,
    FileProduct,
    FileProductVersion,
    ProductId,
    ProductVersionId,
    TaskId,
)


class FileDoors(Rooms):
    """Doors to products, versions and the file store."""

    # ------------------------------------------------------------- file products
    def file_product_exists_in_db(self, product_id: ProductId) -> bool:
        """Whether the product is known."""
        return self.products.find(product_id) is not None

    def file_product_lookup(self, product_id: ProductId) -> FileProduct | None:
        """The product with its metadata, or None for an unknown id; `planned_time` in unix seconds."""
        return self.products.find(product_id)

    def file_product_by_filename(self, directory: str, filename: str) -> list[ProductId]:
        """Ids of the products with that directory and filename: none or one."""
        row = self.products.find_by_filename(directory, filename)
        return [] if row is None or row["generatorTask"] is None else [row["productId"]]

    @one_transaction
    def file_product_register(  # noqa: PLR0913 - the documented signature
        self,
        generator_task: TaskId,
        directory: str,
        filename: str,
        semantic_type: str,
        planned_time: float | None = None,
        mime_type: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> ProductId:
        """Declare a file that a task will make; a file that a task already waits for is adopted.

        Args:
            generator_task: The task that makes it.
            directory: Logical directory; may be empty.
            filename: Logical name, unique in its directory.
            semantic_type: Name under which the task speaks of it, unique for the task.
            planned_time: Unix time; now when None.
            mime_type: Type of the contents, at most 64 characters.
            metadata: Attached to the product.

        Raises:
            IntegrityError: Another task makes a file of that name, or this task one of that semantic type.
            UsageError: A directory or filename that the store does not hold (a ValueError).
        """
        return self.products.register(
            generator_task,
            directory=directory,
            filename=filename,
            semantic_type=semantic_type,
            planned_time=planned_time,
            mime_type=mime_type,
            metadata=metadata,
        )

    @one_transaction
    def file_product_update(
        self,
        product_id: ProductId,
        planned_time: float | None = None,
        mime_type: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Change planned time (unix seconds) and mime type where they are not None, and merge metadata."""
        self.products.update(product_id, planned_time=planned_time, mime_type=mime_type, metadata=metadata)

    def file_product_has_been_created(self, product_id: ProductId) -> bool:
        """Whether a version of the product exists."""
        return bool(self.versions.of_product(product_id))

    def file_product_has_passed_qc(self, product_id: ProductId) -> bool:
        """Whether a version of the product is visible: good, and made by an attempt that passed."""
        return self.products.visible_version(product_id) is not None

    def file_product_delete(self, product_id: ProductId) -> None:
        """Delete a product with its versions; the records first, so that no record ever lacks its file."""
        paths = [self.versions.path(version) for version in self.versions.of_product(product_id)]
        self.products.delete_record(product_id)
        unlink(paths)

    # ------------------------------------------------------------- file versions
    def file_version_exists_in_db(self, product_version_id: ProductVersionId) -> bool:
        """Whether the version is known."""
        return self.versions.find(product_version_id) is not None

    def file_version_exists_in_file_system(self, product_version_id: ProductVersionId) -> bool:
        """Whether the version's file is on disk."""
        path = self.versions.path(product_version_id)
        return path is not None and path.is_file()

    def file_version_lookup(self, product_version_id: ProductVersionId) -> FileProductVersion | None:
        """The version with its metadata, or None for an unknown id; times in unix seconds, size in bytes."""
        return self.versions.find(product_version_id)

    def file_version_by_product(
        self, product_id: ProductId, attempt_id: AttemptId | None = None, must_have_passed_qc: bool = False
    ) -> list[ProductVersionId]:
        """Ids of the versions of a product, oldest first.

        Args:
            product_id: The product.
            attempt_id: Only the versions that this attempt made.
            must_have_passed_qc: Only versions that passed quality control.
        """
        return self.versions.of_product(
            product_id, attempt_id=attempt_id, must_have_passed_qc=must_have_passed_qc
        )

    def file_version_path_for_id(
        self, product_version_id: ProductVersionId, full_path: bool = True, must_exist: bool = False
    ) -> str | None:
        """Path of a version, absolute or from the store's root; None for an unknown id or a missing file."""
        path = self.versions.path(product_version_id)
        if path is None or (must_exist and not path.is_file()):
            return None
        return str(path if full_path else path.relative_to(self.file_store_path))

    def file_version_register(  # noqa: PLR0913 - the documented signature
        self,
        product_id: ProductId,
        generated_by_task_execution: AttemptId,
        file_path_input: Path | str,
        preserve: bool = False,
        created_time: float | None = None,
        modified_time: float | None = None,
        passed_qc: bool | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> ProductVersionId:
        """Put a file into the store as a new version of a product.

        Args:
            product_id: The product.
            generated_by_task_execution: The open attempt that made the file.
            file_path_input: Where the file is now.
            preserve: Copy rather than move.
            created_time: Unix time; now when None.
            modified_time: Unix time; now when None.
            passed_qc: Verdict; the end of the attempt decides what is visible.
            metadata: Attached to the version.

        Raises:
            UsageError: The file is missing (a ValueError), or the product's name is not allowed.
            LeaseLostError: Another worker has taken the task over; the file is not stored.
        """
        source = Path(file_path_input)
        if not source.is_file():
            raise UsageError(f"there is no file {source} to store")
        product = self.products.get(product_id)
        directory, filename = str(product.directory), str(product.filename)
        stored = self.files.add(source, directory=directory, filename=filename, keep_source=preserve)

        def work() -> ProductVersionId:
            self.attempts.hold(generated_by_task_execution)
            version_id = self.versions.register(
                product_id,
                generated_by_task_execution,
                stored,
                created_time=created_time,
                modified_time=modified_time,
                passed_qc=passed_qc,
                metadata=metadata,
            )
            crash_point("in_version_transaction")
            return version_id

        try:
            version_id = self.db_handle.retried(work, durable=False)  # the end of the attempt makes it count
        except CommitUnknownError:
            raise  # the record may be there: the file stays, and is pruned where it is not
        except DatabaseError:
            self.files.remove(directory, stored.repository_id)
            raise
        crash_point("after_version_commit")
        return version_id

    def file_version_update(
        self,
        product_version_id: ProductVersionId,
        file_path_input: Path | str | None = None,
        preserve: bool = False,
        modified_time: float | None = None,
        passed_qc: bool | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Change a version: its file, its time, its metadata.

        A verdict given for a file of an attempt that this process is doing is noted; the end of the attempt
        applies it.
        """
        version = self.versions.find(product_version_id)
        if version is None:
            raise NotFoundError(f"there is no file version {product_version_id}")
        if file_path_input is not None:
            self._replace_file(version, Path(file_path_input), preserve=preserve)
        attempt_id = AttemptId(int(version.generated_by_task_execution or 0))
        if passed_qc is not None and self.attempts.note_verdict(
            attempt_id, product_version_id, passed=passed_qc
        ):
            passed_qc = None
        self.db_handle.retried(
            lambda: self.versions.update(
                product_version_id, modified_time=modified_time, passed_qc=passed_qc, metadata=metadata
            )
        )

    def _replace_file(self, version: FileProductVersion, source: Path, *, preserve: bool) -> None:
        version_id, product_id = version.product_version_id, version.product_id
        if version_id is None or product_id is None:
            raise UsageError("the version has no id")
        product = self.products.get(product_id)
        old = self.versions.path(version_id)
        stored = self.files.add(
            source, directory=str(product.directory), filename=str(product.filename), keep_source=preserve
        )
        self.versions.replace_file(version_id, stored)
        unlink([old])

    def file_version_delete(self, product_version_id: ProductVersionId) -> None:
        """Delete a version's record and then its file; a missing file is no error."""
        path = self.versions.path(product_version_id)
        self.versions.delete_record(product_version_id)
        unlink([path])

    @staticmethod
    def file_version_get_hash(timestamp: float, filename: str, *file_info_fields: Any) -> str:
        """A file id in the prototype's form, at most 32 characters; the store's own ids are random.

        Args:
            timestamp: Unix time; gives ``YYYYMMDD_HHMMSS_`` in UTC.
            filename: Gives the extension.
            file_info_fields: Their MD5 fills what is left.
        """
        return documented_repository_id(timestamp, filename, *file_info_fields)

    @staticmethod
    def file_version_get_md5_hash(file_path: Path | str) -> str:
        """MD5 of a file, hexadecimal."""
        return file_digests(Path(file_path))[0]
