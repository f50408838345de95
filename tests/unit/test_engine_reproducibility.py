"""One job gives one result, whatever the number of executors."""

import json

import pytest

from eas_framework.pipeline import open_workspace
from eas_framework.settings import use_configuration
from eas_framework.testing.fixtures import fresh_workspace
from eas_framework.testing.oracle import results
from eas_framework.testing.scenarios import RunTask

pytest_plugins = ["eas_framework.testing.fixtures"]

JOB = {
    "job_name": "chance",
    "seed": 7,
    "task_list": [
        {
            "task": "execution_for_loop",
            "parameter": "n",
            "values": [1, 2, 3],
            "task_list": [
                {
                    "task": "execution_conditional",
                    "name": "'c{n}'.format(**metadata)",
                    "criterion": "(random.random() < 0.5)",
                    "task_list": [{"task": "null", "name": "('r%d' % (random.random() * 1e9))"}],
                },
                {
                    "task": "binning",
                    "cadence": "(random.uniform(2000, 9000))",
                    "inputs": {"lightcurve": "star.npy"},
                    "outputs": {"lightcurve": "'b{n}.npy'.format(**metadata)"},
                },
            ],
        }
    ],
}


def done_with(executors, job, folder, lightcurve_factory):
    folder.mkdir()
    with (
        pytest.MonkeyPatch.context() as patch,
        fresh_workspace(folder, patch, {"db_engine": "sqlite3", "queue_implementation": "sql"}) as workspace,
    ):
        database, _ = open_workspace()
        with database:
            outcome = RunTask(database, workspace)(
                job, {"star.npy": lightcurve_factory()}, executors=executors
            )
            assert outcome.passed, outcome.errors
            return results(outcome)


def test_the_same_job_gives_the_same_with_one_and_with_two_executors(tmp_path, lightcurve_factory):
    one = done_with(1, JOB, tmp_path / "one", lightcurve_factory)
    assert one == done_with(2, JOB, tmp_path / "two", lightcurve_factory)
    other_seed = done_with(2, {**JOB, "seed": 8}, tmp_path / "three", lightcurve_factory)
    assert json.dumps(one) != json.dumps(other_seed)
    use_configuration(None)
