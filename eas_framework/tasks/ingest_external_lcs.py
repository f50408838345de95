"""``ingest_external_lcs``: takes light curves from files outside the store into it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from eas_framework.errors import LightcurveFileError, TaskFailed
from eas_framework.plugins.task import TaskType
from eas_framework.settings import configuration
from eas_framework.task_database.file_store import file_digests
from eas_framework.task_io import record_metadata, task_database, task_of, task_parameters
from eas_framework.task_objects import ProductId, Task, TaskId
from eas_framework.tasks.parameters import NoKeys
from eas_framework.temporary_directory import TemporaryDirectory

if TYPE_CHECKING:
    from eas_framework.lightcurve import Lightcurve
    from eas_framework.task_database import TaskDatabaseConnection
    from eas_framework.task_objects import TaskExecutionAttempt

    Reader = Callable[[Path], Lightcurve]

log = logging.getLogger(__name__)

# Metadata of a stored file: SHA-256 of the file that it was made from.
_DIGEST = "ingested_sha256"
# Endings that say how a file is written, which is no longer true of the stored one.
_ENDINGS = frozenset({".csv", ".tsv", ".txt", ".dat", ".lc", ".fits", ".ecsv", ".xml", ".vot", ".npy"})


class IngestKeys(NoKeys):
    """Keys of ``ingest_external_lcs``."""

    lc_type: Literal["lcsg", "auto"] = Field(
        "lcsg",
        description="Format: of the Light Curve Stitching Group, or whatever each file turns out to be.",
    )
    input_path: str = Field(
        "lightcurves_v2/csvs/bright/plato_bright*",
        description="Files to take, as a glob pattern within the folder of input light curves.",
    )
    on_error: Literal["fail", "skip"] = Field(
        "fail", description="What an unreadable file does: fail the task, or be left out and counted."
    )


def handler(attempt: TaskExecutionAttempt) -> None:
    """Store each file that the pattern finds and the database does not know yet.

    Raises:
        TaskFailed: The pattern leaves the folder or finds nothing, or a file cannot be read.
    """
    parameters = task_parameters(attempt, IngestKeys)
    names = stored_names(find_files(configuration().lc_path, parameters.input_path))
    read = _reader(parameters.lc_type)
    with task_database() as database:
        ingest = _Ingest.of(database, attempt)
        counts = {"ingested": 0, "already_known": 0, "unreadable": 0}
        for name, path in names.items():
            counts[ingest.take(name, path, read, may_skip=parameters.on_error == "skip")] += 1
    log.info("%(ingested)d ingested, %(already_known)d already known, %(unreadable)d unreadable", counts)
    record_metadata(attempt, **{f"ingest_{outcome}": count for outcome, count in counts.items()})


def external_inputs(attempt: TaskExecutionAttempt) -> Mapping[str, str]:
    """SHA-256 of each file that the pattern finds, by its path."""
    pattern = task_parameters(attempt, IngestKeys).input_path
    return {str(path): file_digests(path)[1] for path in find_files(configuration().lc_path, pattern)}


def find_files(folder: Path, pattern: str) -> list[Path]:
    """The files within `folder` that match the glob pattern, sorted.

    Raises:
        TaskFailed: The pattern leaves the folder, or finds nothing.
    """
    parts = PurePosixPath(pattern).parts
    if not parts or pattern.startswith("/") or ".." in parts:
        raise TaskFailed(f"input_path = {pattern!r} must be a pattern within the folder {folder}")
    found = sorted(path for path in folder.glob(pattern) if path.is_file())
    if not found:
        raise TaskFailed(f"input_path = {pattern!r} finds no file in {folder} (setting lc_path)")
    return found


def stored_names(paths: list[Path]) -> dict[str, Path]:
    """The files by the name under which each is stored: its own, with the ending of what it becomes.

    Raises:
        TaskFailed: Two files would have the same name.
    """
    names: dict[str, Path] = {}
    for path in paths:
        bare = path.with_suffix("") if path.suffix == ".gz" else path
        bare = bare.with_suffix("") if bare.suffix.lower() in _ENDINGS else bare
        name = f"{bare.name}.npy"
        if name in names:
            raise TaskFailed(f"{names[name]} and {path} would both be stored as {name}; rename one of them")
        names[name] = path
    return names


def _reader(lc_type: str) -> Reader:
    if lc_type == "lcsg":
        from eas_framework.lc_reader_lcsg import read_lcsg_lightcurve

        return read_lcsg_lightcurve
    from eas_framework.lc_readers import read_lightcurve_file

    return read_lightcurve_file


@dataclass(frozen=True, kw_only=True)
class _Ingest:
    """The storing of files by one attempt; `own` are products that earlier attempts of the task declared."""

    database: TaskDatabaseConnection
    attempt: TaskExecutionAttempt
    task: Task
    own: dict[str, ProductId]
    used: set[str]

    @classmethod
    def of(cls, database: TaskDatabaseConnection, attempt: TaskExecutionAttempt) -> _Ingest:
        task = task_of(attempt)
        known = database.task_fetch_file_products(_task_id(task))
        own = {str(product.filename): product.product_id for product in known.values() if product.product_id}
        return cls(database=database, attempt=attempt, task=task, own=own, used=set(known))

    def take(
        self, name: str, path: Path, read: Reader, *, may_skip: bool
    ) -> Literal["ingested", "already_known", "unreadable"]:
        """Store one file, unless another job has already.

        Raises:
            TaskFailed: The file cannot be read, or has changed since another job stored it.
        """
        known = None if name in self.own else self._known_product(name)
        try:
            if known is not None:
                self._check_unchanged(known, path)
                log.info("%s: already known as %s; skipped", path, name)
                return "already_known"
            curve = read(path)
        except LightcurveFileError as error:
            if not may_skip:
                raise TaskFailed(f"{error}; on_error = skip leaves such files out") from error
            log.warning("left out: %s", error)
            return "unreadable"
        self._store(name, curve, source=path)
        return "ingested"

    def _known_product(self, name: str) -> ProductId | None:
        """The product of another job with this name; one of a job that ours replaces becomes our own."""
        row = self.database.products.find_by_filename(self._directory, name)
        if row is None or row["generatorTask"] is None:
            return None
        product_id = ProductId(row["productId"])
        job_id = self.database.tasks.row(_task_id(self.task))["jobId"]
        if job_id is None or self.database.jobs.get(job_id).replaces != row["jobId"]:
            return product_id
        self.database.products.reassign(
            product_id, _task_id(self.task), semantic_type=self._next_semantic_type()
        )
        self.own[name] = product_id
        return None

    def _check_unchanged(self, product_id: ProductId, path: Path) -> None:
        """Refuse to skip a file whose content is not what was stored.

        Raises:
            LightcurveFileError: The file has changed.
        """
        versions = self.database.file_version_by_product(product_id, must_have_passed_qc=True)
        stored = self.database.file_version_lookup(versions[-1]) if versions else None
        digest = stored.metadata.get(_DIGEST) if stored else None
        if digest is not None and digest.value != file_digests(path)[1]:
            raise LightcurveFileError(
                f"{path} has changed since another job stored it; give this job another working_directory, "
                "or replace that job with --replace"
            )

    @property
    def _directory(self) -> str:
        return self.task.working_directory or ""

    def _store(self, name: str, curve: Lightcurve, *, source: Path) -> None:
        """Make the file the attempt's version of its product."""
        product_id = self.own.get(name) or self._declare(name)
        with TemporaryDirectory() as folder:
            target = Path(folder.tmp_dir) / "lightcurve.npy"
            digest = file_digests(source)[1]
            form: Mapping[str, object] = curve.to_file(target, binary=True, gzipped=False)
            self.database.file_version_register(
                product_id=product_id,
                generated_by_task_execution=self.attempt.attempt_id,  # type: ignore[arg-type] # a running attempt has one
                file_path_input=target,
                metadata={**curve.metadata, "ingested_from": str(source), _DIGEST: digest, **form},
            )

    def _declare(self, name: str) -> ProductId:
        """A new product of the task."""
        return self.database.file_product_register(
            generator_task=_task_id(self.task),
            directory=self._directory,
            filename=name,
            semantic_type=self._next_semantic_type(),
            mime_type="application/x-npy",
        )

    def _next_semantic_type(self) -> str:
        """The next free one of ``lightcurve_00000``, ``lightcurve_00001`` and so on."""
        number = len(self.used)
        while f"lightcurve_{number:05d}" in self.used:
            number += 1
        self.used.add(f"lightcurve_{number:05d}")
        return f"lightcurve_{number:05d}"


def _task_id(task: Task) -> TaskId:
    if task.task_id is None:
        raise TaskFailed("the task has no id")
    return task.task_id


TASK_TYPE = TaskType(
    name="ingest_external_lcs",
    handler=handler,
    external_inputs=external_inputs,
    parameters=IngestKeys,
    inputs=(),
    outputs=(),
    makes_undeclared_outputs=True,
    metadata={
        "ingest_ingested": "number of files stored",
        "ingest_already_known": "number of files skipped, because their product exists",
        "ingest_unreadable": "number of files left out, because they cannot be read",
    },
    summary="Take light curves from files outside the store into it.",
    example={"task": "ingest_external_lcs", "lc_type": "auto", "input_path": "raw/*.csv"},
)
