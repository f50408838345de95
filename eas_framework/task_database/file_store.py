"""Files on disk: where they lie, how they get there whole, and whether they are still what they were."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from eas_framework.crash_points import crash_point
from eas_framework.errors import FileStoreError, UsageError
from eas_framework.store_names import RESERVED_FOLDER, filename_fault, path_fault

STAGING = RESERVED_FOLDER
_CHUNK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class StoredFile:
    """A file in the store: its id, checksums (hexadecimal) and size in bytes."""

    repository_id: str
    md5: str
    sha256: str
    size: int


class FileStore:
    """A directory tree of files under unguessable names: ``directory/x/yy/repositoryId``."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @cached_property
    def _resolved_root(self) -> Path:
        return self.root.resolve()

    def path(self, directory: str, repository_id: str) -> Path:
        """Where a file lies, whether or not it exists.

        The two levels of folders below the directory keep each at fewer than a thousand entries.
        """
        digits = repository_id[16:19]
        return self._folder(directory) / digits[:1] / digits[1:] / repository_id

    def add(self, source: Path, *, directory: str, filename: str, keep_source: bool) -> StoredFile:
        """Take a file into the store: copied beside its place, flushed to disk, then renamed.

        Args:
            source: The file to take; a symbolic link is refused.
            directory: Logical directory of the product.
            filename: Logical name of the product; gives the extension.
            keep_source: Leave `source` where it is.

        Raises:
            FileStoreError: The file is missing, not a plain file, or cannot be stored; nothing is left
            behind.
        """
        if source.is_symlink() or not source.is_file():
            raise FileStoreError(f"{source} is not a plain file; write an output before storing it")
        repository_id = new_repository_id(filename)
        target = self.path(directory, repository_id)
        staged = self.root / STAGING / repository_id
        try:
            staged.parent.mkdir(parents=True, exist_ok=True)
            target.parent.mkdir(parents=True, exist_ok=True)
            if keep_source:
                shutil.copyfile(source, staged)
            else:
                shutil.move(source, staged)
            stored = _checked(staged, repository_id)
            crash_point("before_store_rename")
            staged.rename(target)
            _flush(target.parent)
        except OSError as error:
            staged.unlink(missing_ok=True)
            raise FileStoreError(error.errno, f"could not store {source}: {error.strerror}") from error
        crash_point("after_store_rename")
        return stored

    @contextmanager
    def scratch(self, filename: str) -> Iterator[Path]:
        """A path on the store's own disk for a file that is to be written and added within the block."""
        path = self.root / STAGING / new_repository_id(filename)
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def remove(self, directory: str, repository_id: str) -> bool:
        """Delete a file; whether it was there."""
        path = self.path(directory, repository_id)
        try:
            path.unlink()
        except FileNotFoundError:
            return False
        return True

    def files(self) -> Iterator[tuple[str, Path]]:
        """Every file of the store as (repository id, path), staged ones included."""
        for folder, _, names in os.walk(self.root):
            for name in names:
                yield name, Path(folder) / name

    def _folder(self, directory: str) -> Path:
        """The folder of a logical directory, which must not leave the store."""
        folder = self.root / checked_directory(directory)
        if not folder.resolve().is_relative_to(self._resolved_root):
            raise FileStoreError(f"the directory {directory!r} leads out of the file store {self.root}")
        return folder


def checked_directory(directory: str) -> str:
    """The logical directory, which may be empty; `UsageError` for one that the store does not hold."""
    fault = path_fault(directory, what="working directory") if directory else None
    if fault is not None:
        raise UsageError(fault)
    return directory


def checked_filename(filename: str) -> str:
    """The logical file name; `UsageError` for one that the store does not hold."""
    fault = filename_fault(filename)
    if fault is not None:
        raise UsageError(fault)
    return filename


def new_repository_id(filename: str, *, now: float | None = None) -> str:
    """A fresh unguessable id: UTC time, 128 random bits, and up to 10 characters of the file's extension."""
    stamp = time.strftime("%Y%m%d_%H%M%S", time.gmtime(now))
    _, dot, extension = filename.rpartition(".")
    suffix = "".join(c for c in extension if c.isascii() and c.isalnum())[:9]
    return f"{stamp}_{secrets.token_hex(16)}{'.' + suffix if dot and suffix else ''}"


def file_digests(path: Path) -> tuple[str, str]:
    """MD5 and SHA-256 of a file, hexadecimal."""
    md5, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            md5.update(chunk)
            sha256.update(chunk)
    return md5.hexdigest(), sha256.hexdigest()


def _checked(path: Path, repository_id: str) -> StoredFile:
    """Flush a file to disk and measure it."""
    _flush(path)
    md5, sha256 = file_digests(path)
    return StoredFile(repository_id=repository_id, md5=md5, sha256=sha256, size=path.stat().st_size)


def _flush(path: Path) -> None:
    """Have the disk hold a file, or a folder's entries, before going on."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
