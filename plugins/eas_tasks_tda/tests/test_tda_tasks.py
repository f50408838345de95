"""The tasks in a job, done by an executor: what they read, write and record."""

import json

import numpy as np
import pytest
from eas_tasks_tda import bls_reference
from eas_tasks_tda.search import search_lightcurve
from eas_tasks_tda.settings import SearchParameters
from eas_tasks_tda.synthesis import synthesise
from eas_tasks_tda.synthesis_settings import TransitSpecs

from eas_framework import task_io
from eas_framework.job_file import read_job
from eas_framework.lightcurve import LightcurveArbitraryRaster
from eas_framework.pipeline import open_workspace, run_until_done, submit_job
from eas_framework.settings import Configuration, use_configuration
from eas_framework.task_objects import Task, TaskExecutionAttempt, plain_values

PERIOD = 2.83
STAR = {
    "duration": 14,
    "orbital_period": PERIOD,
    "semi_major_axis": 0.039,
    "noise": 0.004,
    "sampling_cadence": 900,
}
LIGHTCURVE = {"lightcurve": "star.lc"}
JOB = {
    "job_name": "tda",
    "seed": 4,
    "task_list": [
        {"task": "synthesis_transit", "name": "synthesis", "outputs": LIGHTCURVE, "specs": STAR},
        {
            "task": "detrend_wotan",
            "name": "detrending",
            "inputs": LIGHTCURVE,
            "outputs": {"lightcurve": "flat.lc"},
            "window_days": 1.5,
        },
        *(
            {"task": task, "name": task, "inputs": {"lightcurve": "flat.lc"}, "search_settings": settings}
            for task, settings in (
                ("transit_search_bls_reference", {"period_min": 1.0, "duration_count": 16}),
                ("transit_search_tls", {"period_min": 1.0}),
            )
        ),
        {
            "task": "transit_search_bls_reference",
            "name": "too_short",
            "inputs": {"lightcurve": "flat.lc"},
            "lc_duration": 1.5,
            "search_settings": {"period_min": 1.0},
        },
    ],
}


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """The job, done: how it ended, metadata of its tasks by name, and its light curves by file name."""
    folder = tmp_path_factory.mktemp("workspace")
    path = folder / "job.json"
    path.write_text(json.dumps(JOB))
    use_configuration(Configuration(workspace=folder))
    database, _ = open_workspace()
    try:
        job_id = submit_job(database, read_job(path)).job_id
        state = run_until_done(database, job_id, executors=1)
        yield state, *_results(database)
    finally:
        database.close_db()
        use_configuration(None)


def _results(database):
    metadata, curves = {}, {}
    for row in database.db_handle.query("SELECT taskId FROM eas_task WHERE taskName <> ''"):
        task = database.task_lookup(row["taskId"])
        for attempt in task.execution_attempts_passed.values():
            metadata[task.task_name] = plain_values(attempt.metadata)
            for version in attempt.output_files.values():
                stored = database.file_version_path_for_id(version.product_version_id)
                curves[task.task_name] = LightcurveArbitraryRaster.from_file(stored, version.metadata)
    return metadata, curves


def test_every_task_of_the_job_passes(done):
    state, metadata, curves = done
    assert state == "passed"
    assert set(metadata) == {task["name"] for task in JOB["task_list"]}
    assert set(curves) == {"synthesis", "detrending"}


def test_the_synthetic_light_curve_is_the_one_that_its_recorded_seed_gives(done):
    _, metadata, curves = done
    again = synthesise(TransitSpecs(**STAR), seed=metadata["synthesis"]["seed"])
    np.testing.assert_array_equal(curves["synthesis"].fluxes, again.fluxes)
    np.testing.assert_allclose(curves["synthesis"].times, again.times, rtol=1e-12)


def test_d60_the_seed_of_the_noise_is_the_task_s_own_and_not_the_clock(done):
    _, metadata, _ = done
    seed = metadata["synthesis"]["seed"]
    assert seed > 4  # drawn from the job's seed and the task's place
    assert metadata["synthesis"].items() >= STAR.items()


def test_settings_and_figures_of_the_synthesis_are_on_file_and_attempt(done):
    _, metadata, curves = done
    for table in (metadata["synthesis"], curves["synthesis"].metadata, curves["detrending"].metadata):
        assert table["orbital_period"] == PERIOD
        assert table["pixels_in_transit"] > 0
        assert table["mes"] == pytest.approx(112.26, abs=0.01)  # power 0.56505, noise 0.004 / 6, 57 samples


def test_the_detrended_curve_says_how_it_was_detrended(done):
    _, metadata, curves = done
    assert metadata["detrending"]["detrend_window_days"] == 1.5
    assert curves["detrending"].metadata["detrend_method"] == "biweight"
    assert np.median(curves["detrending"].fluxes) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("search", ["transit_search_bls_reference", "transit_search_tls"])
def test_a_search_records_result_verdict_and_metrics(done, search):
    _, metadata, _ = done
    found = metadata[search]
    assert found["period"] == pytest.approx(PERIOD, rel=1e-3)
    assert found["outcome"] == "PASS"
    assert found["target_period"] == PERIOD
    assert abs(found["period_error"]) < 1e-3
    assert abs(found["epoch_error_durations"]) < 0.1
    assert found["mes"] == metadata["synthesis"]["mes"]


def test_d55_a_search_without_a_detection_is_a_passed_task_with_an_undefined_outcome(done):
    _, metadata, _ = done
    found = metadata["too_short"]
    assert found["outcome"] == "UNDEFINED"
    assert "period" not in found
    assert "1.48958 d" in found["note"]


def test_settings_of_another_search_are_known_as_such_and_passed_over(done):
    curve = done[2]["detrending"]
    task = Task(task_description={"search_settings": {"period_min": 1.0, "duration_count": 16}})
    attempt = TaskExecutionAttempt(task_object=task)
    parameters = task_io.task_parameters(attempt, SearchParameters)
    assert parameters.search_settings.unknown == ["duration_count"]
    result = search_lightcurve(bls_reference.search, curve, settings=parameters.search_settings)
    assert result.found
