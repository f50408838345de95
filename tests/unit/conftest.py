"""Fixtures of the unit tests."""

import json
import os
import shutil
from pathlib import Path

import pytest

from eas_framework.cli.main import execute
from eas_framework.diagnostics.opening import open_database
from eas_framework.settings import load_configuration, loading, use_configuration
from eas_framework.task_database.attempts import Ending, RunTimes
from eas_framework.task_database.metadata import Owner
from eas_framework.task_database.tasks import NewTask
from eas_framework.task_objects import AttemptState


@pytest.fixture
def bare_machine(tmp_path, monkeypatch) -> Path:
    """An empty current folder on a machine without any settings of its own."""
    for name in [name for name in os.environ if name.startswith("EAS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(loading, "SYSTEM_FILE", tmp_path / "etc" / "config.yaml")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    use_configuration(None)
    yield folder
    use_configuration(None)


# ---------------------------------------------------------------- a workspace in which a job has ended
HOSTILE = 'Robert\'); DROP TABLE eas_task; -- "ü→" %s %(x)s {0}'

FINISHED_JOB = {
    "job_name": HOSTILE,
    "working_directory": "it's %s",
    "task_list": [
        {"task": "ingest_external_lcs", "name": "ingest", "lc_type": "auto", "input_path": "raw/*.csv"},
        {
            "task": "binning",
            "name": "binned",
            "inputs": {"lightcurve": "star.npy"},
            "outputs": {"lightcurve": "binned 'one'.npy"},
            "cadence": 7200,
        },
        {
            "task": "execution_for_loop",
            "name": "loop",
            "parameter": "size",
            "values": [1, 2, 3],
            "task_list": [{"task": "null", "name": "'turn_{size}'.format(**metadata)"}],
        },
        {"task": "error", "name": "bad", "message": "no data after 3 cuts"},
        {"task": "error", "name": "worse", "message": "no data after 12 cuts"},
        {"task": "null", "name": "after", "requires_metadata_from": ["bad"]},
    ],
}


@pytest.fixture(scope="session")
def finished_workspace(tmp_path_factory) -> Path:
    """A workspace in which one job has run: passed, failed, blocked and looped tasks; only to be copied."""
    from eas_framework.job_file import read_job
    from eas_framework.pipeline import open_workspace, run_until_done, submit_job

    folder = tmp_path_factory.mktemp("finished")
    raw = folder / "raw"
    raw.mkdir()
    samples = [f"{0.02 * index:.2f},{1 + 0.001 * (index % 7):.4f}" for index in range(200)]
    (raw / "star.csv").write_text("\n".join(["time,flux", *samples]) + "\n")
    (folder / "job.json").write_text(json.dumps(FINISHED_JOB))
    use_configuration(
        load_configuration(workspace=folder, overrides={"in_data_path": folder, "lc_path": folder})
    )
    try:
        database, _ = open_workspace()
        with database:
            job_id = submit_job(database, read_job(folder / "job.json")).job_id
            run_until_done(database, job_id, executors=2)
    finally:
        use_configuration(None)
    return folder


@pytest.fixture
def report_workspace(bare_machine, finished_workspace) -> Path:
    """A copy of that workspace, the current folder of the test."""
    shutil.copytree(finished_workspace, bare_machine, dirs_exist_ok=True)
    return bare_machine


@pytest.fixture
def reports(report_workspace):
    """A connection to that workspace's database."""
    with open_database() as database:
        yield database


# ---------------------------------------------------------------- jobs made row by row
NO_TIME = RunTimes(wall_clock=0.0, cpu=0.0, cpu_inc_children=0.0)


class Maker:
    """Registers a job of rows by hand, and moves its tasks."""

    def __init__(self, database, name: str = "made") -> None:
        self.database = database
        self.name = name
        with database.transaction():
            self.job_id = database.jobs.register(name=name, digest=name.ljust(64)[:64], seed=0, text="{}")
            self.root = self.task("execution_chain", unmet=1)
            database.jobs.set_root(self.job_id, self.root)

    def task(self, task_type="null", *, parent=None, unmet=0, **given):
        return self.database.tasks.register(
            NewTask(
                type_id=self.database.catalogue.task_type_id(task_type),
                job_id=self.job_id,
                job_name=self.name,
                parent=parent,
                unmet_dependencies=unmet,
                **given,
            )
        )

    def claim(self, task, *, lease_seconds=60.0):
        lifecycle = self.database.lifecycle
        lifecycle.queue_task(task)
        attempt = self.database.tasks.row(task)["openAttemptId"]
        host = self.database.names.host("here")
        return lifecycle.claim(attempt, worker_id="w", host_id=host, lease_seconds=lease_seconds)

    def end(self, task, state=AttemptState.PASSED, /, *, error=None, retry_delay=None, **recorded):
        claimed = self.claim(task)
        with self.database.transaction():
            self.database.metadata.register(Owner("attempt", claimed.claim.attempt_id), recorded)
        ending = Ending(state=state, times=NO_TIME, error_text=error, is_error=error is not None)
        self.database.lifecycle.finish(claimed, ending, retry_delay_seconds=retry_delay)
        return claimed.claim.attempt_id

    def finish(self, claimed, state=AttemptState.PASSED):
        self.database.lifecycle.finish(claimed, Ending(state=state, times=NO_TIME))


@pytest.fixture
def made(reports):
    return Maker(reports)


class CommandLine:
    """Runs command lines in this process, as the program does; each gives its exit code and what it said."""

    def __init__(self, capfd) -> None:
        self._capfd = capfd
        self.err = ""

    def __call__(self, *words: str, code: int = 0) -> str:
        """Standard output of a command line that must end with `code`."""
        self._capfd.readouterr()
        ended = execute(words, program="eas")
        said = self._capfd.readouterr()
        self.err = said.err
        assert ended == code, said.err
        return said.out

    def json(self, *words: str) -> list[dict]:
        """The rows that a command prints as JSON."""
        return json.loads(self(*words, "--format", "json"))


@pytest.fixture
def eas(capfd) -> CommandLine:
    """Runs ``eas`` with words."""
    return CommandLine(capfd)
