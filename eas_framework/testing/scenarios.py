"""Small jobs, light curves and workers by hand, for the contracts and for tests of plugins."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from eas_framework.job_file import check_job, read_job
from eas_framework.pipeline import run_until_done, store_input, submit_job
from eas_framework.plugins.manager import plugin_manager
from eas_framework.settings import configuration
from eas_framework.task_database import TaskDatabaseConnection
from eas_framework.task_database.attempts import Ending, RunTimes
from eas_framework.task_database.jobs import JobState
from eas_framework.task_database.lifecycle import Finished
from eas_framework.task_database.queueing import Claimant, ClaimedTask
from eas_framework.task_objects import AttemptId, AttemptState, JobId, ProductVersionId, TaskId
from eas_framework.testing.outcome import Outcome
from eas_framework.worker import Supervisor

if TYPE_CHECKING:
    from eas_framework.lightcurve import LightcurveArbitraryRaster

LightcurveFactory = Callable[..., "LightcurveArbitraryRaster"]
NO_TIME = RunTimes(wall_clock=0.0, cpu=0.0, cpu_inc_children=0.0)
JOB_SECONDS = 120.0
"""A job of a test that has not ended by then fails the test."""


def make_lightcurve(  # noqa: PLR0913 - what a test may want to choose
    *,
    days: float = 10.0,
    cadence_minutes: float = 30.0,
    period_days: float = 2.5,
    duration_hours: float = 3.0,
    depth: float = 0.01,
    noise: float = 1e-4,
    seed: int = 1,
) -> LightcurveArbitraryRaster:
    """A light curve about 1 with box-shaped transits from half a period on, and Gaussian noise."""
    import numpy as np  # late: the database contract needs none

    from eas_framework.lightcurve import LightcurveArbitraryRaster

    times = np.arange(0.0, days, cadence_minutes / 1440)
    phase = np.abs(np.mod(times, period_days) - period_days / 2)
    fluxes = 1.0 - depth * (phase < duration_hours / 48)
    fluxes += np.random.default_rng(seed).normal(0.0, noise, len(times))
    return LightcurveArbitraryRaster(
        times,
        fluxes,
        uncertainties=np.full(len(times), noise),
        metadata={"orbital_period": period_days},
    )


# ------------------------------------------------------------- a worker by hand
class Hand:
    """Does by hand what an executor does: claims attempts and ends them."""

    def __init__(
        self, database: TaskDatabaseConnection, name: str = "hand", *, lease_seconds: float = 60.0
    ) -> None:
        self.database, self.name, self.lease_seconds = database, name, lease_seconds

    def claim(self, attempt_id: AttemptId | None = None) -> ClaimedTask | None:
        """Claim one attempt, or the queued one that comes next."""
        lifecycle, host_id = self.database.lifecycle, self.database.names.host(self.name)
        given: dict[str, Any] = {
            "worker_id": self.name,
            "host_id": host_id,
            "lease_seconds": self.lease_seconds,
        }
        if attempt_id is None:
            return lifecycle.claim_next(None, **given)
        return lifecycle.claim(attempt_id, **given)

    def take(self) -> ClaimedTask:
        """Claim the queued attempt that comes next; there must be one."""
        claimed = self.claim()
        assert claimed is not None, "nothing is queued"
        return claimed

    def write(
        self, claimed: ClaimedTask, filename: str, source: Path, *, directory: str, **metadata: Any
    ) -> ProductVersionId:
        """Store a copy of a file as the attempt's version of a declared product."""
        (product_id,) = self.database.file_product_by_filename(directory, filename)
        return self.database.file_version_register(
            product_id, claimed.claim.attempt_id, source, preserve=True, metadata=metadata
        )

    def end(
        self,
        claimed: ClaimedTask,
        state: AttemptState = AttemptState.PASSED,
        *,
        is_control_flow: bool = False,
        retry_delay_seconds: float | None = None,
        claimant: Claimant | None = None,
    ) -> Finished:
        """End a claimed attempt; all its files are good where it passed."""
        files = self.database.versions.made_by(claimed.claim.attempt_id)
        is_good = state is AttemptState.PASSED
        ending = Ending(
            state=state,
            times=NO_TIME,
            is_error=not is_good,
            error_text=None if is_good else "it failed",
            passed_versions={int(file.product_version_id or 0): is_good for file in files.values()},
        )
        return self.database.lifecycle.finish(
            claimed,
            ending,
            is_control_flow=is_control_flow,
            retry_delay_seconds=retry_delay_seconds,
            claimant=claimant,
        )

    def claimant(self, *task_types: str, job_id: JobId | None = None) -> Claimant:
        """This worker as one that takes what becomes ready by its own tasks."""
        return Claimant(
            worker_id=self.name,
            host_id=self.database.names.host(self.name),
            lease_seconds=self.lease_seconds,
            task_types={self.database.catalogue.task_type_id(name): name for name in task_types},
            job_id=job_id,
        )


def store_file(
    database: TaskDatabaseConnection,
    source: Path,
    *,
    directory: str,
    filename: str,
    metadata: Mapping[str, Any] | None = None,
) -> TaskId:
    """See `store_input`."""
    return store_input(database, source, directory=directory, filename=filename, metadata=metadata or {})


def store_lightcurve(
    database: TaskDatabaseConnection,
    curve: LightcurveArbitraryRaster,
    *,
    directory: str,
    filename: str,
    folder: Path,
) -> TaskId:
    """Put a light curve into the store, in the internal form; see `store_file`."""
    path = folder / "input_of_a_test.npy"
    metadata = {**curve.metadata, **curve.to_file(path, binary=True, gzipped=False)}
    return store_file(database, path, directory=directory, filename=filename, metadata=metadata)


# ------------------------------------------------------------- jobs by real executors
def write_job(folder: Path, job: Mapping[str, Any] | Sequence[Any]) -> Path:
    """A job file; a list of tasks becomes a job named ``test``."""
    whole = dict(job) if isinstance(job, Mapping) else {"job_name": "test", "task_list": list(job)}
    path = folder / f"{whole.get('job_name', 'test')}.json"
    path.write_text(json.dumps(whole), encoding="utf-8")
    return path


def submit(
    database: TaskDatabaseConnection, folder: Path, job: Mapping[str, Any] | Sequence[Any], **options: Any
) -> JobId:
    """Check and store a job as the command line does; `options` are those of `submit_job`.

    Raises:
        JobFileError: The job has mistakes.
    """
    parsed = read_job(write_job(folder, job))
    check = check_job(
        parsed,
        task_types=plugin_manager().task_types(),
        product_exists=lambda directory, name: bool(database.file_product_by_filename(directory, name)),
    )
    return submit_job(database, parsed, outputs=check.outputs, **options).job_id


def run_job(
    database: TaskDatabaseConnection, job_id: JobId, *, executors: int = 1, seconds: float = JOB_SECONDS
) -> Outcome:
    """Run a stored job by real executors to its end; what came out.

    Raises:
        TimeoutError: It has not ended within `seconds`.
    """
    deadline = time.monotonic() + seconds
    state = run_until_done(
        database, job_id, executors=executors, watch=lambda supervisor: time.monotonic() > deadline
    )
    if state is JobState.RUNNING:
        raise TimeoutError(f"job {job_id} has not ended within {seconds:g} s")
    return Outcome(database, job_id)


class RunTask:
    """Does tasks and jobs in a workspace; see the fixture `run_task`."""

    def __init__(self, database: TaskDatabaseConnection, folder: Path) -> None:
        self.database, self.folder = database, folder

    def __call__(
        self,
        descriptor: str | Mapping[str, Any],
        inputs: Mapping[str, LightcurveArbitraryRaster | Path] | None = None,
        *,
        executors: int = 1,
    ) -> Outcome:
        """What came of one task, or of a whole job.

        Args:
            descriptor: A task's descriptor, the name of its type, or a job with a ``task_list``.
            inputs: Light curves or files that the store shall hold before, by file name.
            executors: How many executors.

        Raises:
            JobFileError: The job has mistakes.
            TimeoutError: It has not ended within two minutes.
        """
        job = as_job(descriptor)
        self.store(inputs or {}, directory=job.get("working_directory", job["job_name"]))
        return run_job(self.database, submit(self.database, self.folder, job), executors=executors)

    def again(self, outcome: Outcome, *, executors: int = 1) -> Outcome:
        """What comes of the same job when all its tasks are forced to run once more."""
        self.database.lifecycle.force(outcome.job_id)
        return run_job(self.database, outcome.job_id, executors=executors)

    def store(self, inputs: Mapping[str, LightcurveArbitraryRaster | Path], *, directory: str) -> None:
        """Put light curves and files into the store."""
        for filename, given in inputs.items():
            if isinstance(given, Path):
                store_file(self.database, given, directory=directory, filename=filename)
            else:
                store_lightcurve(
                    self.database, given, directory=directory, filename=filename, folder=self.folder
                )


class SharedWorker(RunTask):
    """A worker that does one job after another, so that its executors start once; see `shared_worker`."""

    def __init__(self, database: TaskDatabaseConnection, folder: Path, *, executors: int = 2) -> None:
        super().__init__(database, folder)
        self._jobs = 0
        self._supervisor = Supervisor(database, configuration(), executors=executors)

    def __enter__(self) -> Self:
        self._supervisor.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._supervisor.drain()

    def __call__(
        self,
        descriptor: str | Mapping[str, Any] | Sequence[Any],
        inputs: Mapping[str, LightcurveArbitraryRaster | Path] | None = None,
        **keys: Any,
    ) -> Outcome:
        """What came of a task, a list of tasks, or a job; each job gets a name and folder of its own.

        Args:
            descriptor: A task's descriptor, the name of its type, a list of tasks, or a job.
            inputs: Light curves or files that the store shall hold before, by file name.
            keys: Further keys of the job.
        """
        self._jobs += 1
        tasks = {"task_list": list(descriptor)} if _is_list(descriptor) else descriptor
        job = {**as_job(tasks), "job_name": f"job_{self._jobs}", **keys}  # type: ignore[arg-type] # no list any more
        self.store(inputs or {}, directory=job.get("working_directory", job["job_name"]))
        return self.wait(submit(self.database, self.folder, job))

    def wait(self, job_id: JobId, *, seconds: float = JOB_SECONDS) -> Outcome:
        """What came of a stored job, once it has ended.

        Raises:
            TimeoutError: It has not ended within `seconds`.
        """
        deadline = time.monotonic() + seconds
        while self.database.jobs.state(job_id) is JobState.RUNNING:
            if time.monotonic() > deadline:
                raise TimeoutError(f"job {job_id} has not ended within {seconds:g} s")
            self._supervisor.step(wait_seconds=0.02)
        return Outcome(self.database, job_id)


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def as_job(descriptor: str | Mapping[str, Any]) -> dict[str, Any]:
    """The job that consists of one task; a whole job as it is, with a name."""
    if isinstance(descriptor, str):
        descriptor = {"task": descriptor}
    if "task_list" in descriptor and "task" not in descriptor:
        return {"job_name": "test", **descriptor}
    return {"job_name": "test", "task_list": [dict(descriptor)]}


# ------------------------------------------------------------- plugins on disk
def install_plugin(folder: Path, name: str, module: str, *, version: str = "1.0") -> None:
    """Write the metadata of an installed package whose plugin is a module; `folder` must be on the path.

    Args:
        folder: Where packages are found, such as an entry of ``PYTHONPATH``.
        name: Name of the package and of its plugin.
        module: The module with the hooks, which may lie elsewhere.
        version: Version of the package.
    """
    stem = re.sub(r"\W", "_", name)
    info = folder / f"{stem}-{version}.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    info.joinpath("METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    info.joinpath("entry_points.txt").write_text(f"[eas_framework]\n{name} = {module}\n")
