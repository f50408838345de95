"""From a job file to a `Job`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from eas_framework.errors import ExpressionError, JobFileError
from eas_framework.job_file.digest import Folders, canonical_json, job_digest, with_absolute_tables
from eas_framework.job_file.document import Document
from eas_framework.job_file.loader import read_document
from eas_framework.job_file.model import Job, JobDefaults
from eas_framework.job_file.overrides import apply_limit, apply_overrides
from eas_framework.task_expression_evaluation import TaskExpressionEvaluation


def read_job(
    path: Path | str,
    *,
    overrides: Sequence[str] = (),
    seed: int | None = None,
    limit: int | None = None,
    input_folder: Path | None = None,
    data: bytes | None = None,
) -> Job:
    """The job that a file describes; whether it can run is for `check_job` to say.

    Args:
        path: JSON or YAML file.
        overrides: ``NAME.KEY=VALUE``, see `eas_framework.job_file.overrides`.
        seed: Replaces the seed of the file.
        limit: Turns that each for loop makes at most; as the loop's own key, it is a part of the job.
        input_folder: Below which tables and files of loops are; by default the setting ``in_data_path``.
        data: Contents of the file, where they are known already.

    Raises:
        JobFileError: The file is not JSON or YAML, is no table, or an override cannot be applied; every
            message names the line and column.
    """
    path = Path(path)
    document = read_document(path, data=data)
    if not isinstance(document.value, dict):
        raise JobFileError(str(document.problem((), "a job is a table with the key task_list")))
    apply_overrides(document, overrides)
    if seed is not None:
        document.value["seed"] = seed
        document.origins[("seed",)] = f"--seed {seed}"
    if limit is not None:
        apply_limit(document, limit)
    return job_of_document(path, document, input_folder=input_folder)


class _InputFolder:
    """The folder of inputs; the settings are read only when it is needed and was not given."""

    def __init__(self, given: Path | None) -> None:
        self._folder = given

    def __call__(self) -> Path:
        if self._folder is None:
            from eas_framework.settings import configuration  # late: most jobs have no loops over files

            self._folder = configuration().in_data_path
        return self._folder


def job_of_document(path: Path, document: Document, *, input_folder: Path | None = None) -> Job:
    """The job that a document describes, a table, with what it leaves out filled in.

    Args:
        path: The file that the document was read from.
        document: Its values.
        input_folder: See `read_job`.
    """
    folder = _InputFolder(input_folder)
    description: dict[str, Any] = dict(document.value)
    seed = description.get("seed", 0)
    seed = int(seed) if isinstance(seed, int) else 0
    name = _evaluated(description.get("job_name"), seed=seed) or path.stem
    directory = _evaluated(description.get("working_directory"), seed=seed) or name
    description |= {"job_name": name, "working_directory": directory, "seed": seed}
    folders = Folders(job=path.absolute().parent, input=folder)
    digest = job_digest(description, folders)
    description = with_absolute_tables(description, folders)
    return Job(
        name=name,
        working_directory=directory,
        seed=seed,
        defaults=_defaults(description.get("defaults")),
        description=description,
        digest=digest,
        canonical_text=canonical_json(description),
        path=path,
        document=document,
        input_folder=folder,
    )


def _evaluated(value: Any, *, seed: int) -> str | None:
    """The text that a key of the job has; None where it has none (`check_job` says why)."""
    try:
        result = TaskExpressionEvaluation({}, {}, seed=seed).evaluate_expression(value)
    except ExpressionError:
        return None
    return result if isinstance(result, str) else None


def _defaults(given: Any) -> JobDefaults:
    """The job's limits; none where they are wrong (`check_job` says why)."""
    try:
        return JobDefaults.model_validate(given or {})
    except ValidationError:
        return JobDefaults()
