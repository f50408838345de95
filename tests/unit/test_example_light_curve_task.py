"""The example of a task that reads a light curve and writes one."""

import inspect
import json
import runpy
from pathlib import Path

import numpy as np
import pytest

from eas_framework.logging_database import EasLoggingHandler
from eas_framework.plugins.manager import plugin_manager
from eas_framework.task_execution.doing import claim_here, do_here
from eas_framework.task_execution.sources import ScriptSource
from eas_framework.task_io import read_lightcurve
from eas_framework.task_objects import AttemptState, TaskExecutionAttempt
from eas_framework.testing.scenarios import make_lightcurve, store_lightcurve

pytest_plugins = ["eas_framework.testing.fixtures"]
EXAMPLE = Path(__file__).parents[2] / "examples" / "light_curve_task.py"


@pytest.fixture
def task_type():
    return runpy.run_path(str(EXAMPLE))["TASK_TYPE"]


def test_the_handler_has_three_lines(task_type):
    lines = inspect.getsource(task_type.handler).splitlines()
    assert len([line for line in lines if line.strip()]) == 1 + 3


def test_it_makes_a_curve_about_one_and_keeps_what_is_known(task_database, task_type, tmp_path):
    curve = make_lightcurve()
    curve.fluxes *= 250.0
    curve.uncertainties *= 250.0
    store_lightcurve(task_database, curve, directory="w", filename="a", folder=tmp_path)
    (product,) = task_database.file_product_by_filename("w", "a")
    task_database.catalogue.ensure_task_type("over_median")
    description = {"task": "over_median", "inputs": {"lightcurve": "a"}, "outputs": {"lightcurve": "b"}}
    task_id = task_database.task_register(
        task_type="over_median",
        working_directory="w",
        input_files={"lightcurve": task_database.file_product_lookup(product)},
        metadata={"task_description": json.dumps(description)},
    )
    task_database.file_product_register(task_id, "w", "b", "lightcurve")
    claimed = claim_here(task_database, task_database.lifecycle.queue_task(task_id))
    source = ScriptSource(plugin_manager(), "over_median", task_type.handler)
    do_here(task_database, claimed, source, EasLoggingHandler())
    attempt = task_database.attempts.get(claimed.claim.attempt_id)
    assert (attempt.state, attempt.error_text) == (AttemptState.PASSED, None)

    task = task_database.task_lookup(task_id)
    task.task_description = {"inputs": {"lightcurve": "b"}}
    made = read_lightcurve(TaskExecutionAttempt(task_object=task))
    np.testing.assert_allclose(np.median(made.fluxes), 1.0)
    np.testing.assert_allclose(made.uncertainties / made.fluxes, curve.uncertainties / curve.fluxes)
    assert (made.metadata["orbital_period"], made.metadata["sample_count"]) == (2.5, len(curve.times))
