"""The survey task beside the three tasks that it stands for."""

import json
from pathlib import Path

import numpy as np
import pytest
from eas_tasks_tda import detrend_wotan, survey
from eas_tasks_tda.detrend_settings import DetrendParameters
from eas_tasks_tda.synthesis import synthesise
from eas_tasks_tda.synthesis_settings import TransitSpecs

from eas_framework.job_file import read_job
from eas_framework.lightcurve import LightcurveArbitraryRaster
from eas_framework.pipeline import open_workspace, run_until_done, submit_job
from eas_framework.settings import Configuration, use_configuration
from eas_framework.task_objects import plain_values

PERIOD = 2.83
READING = {"path": "star.csv", "time_zero": 2457000.0, "quality": "none"}
DETRENDING = {
    "window_days": 1.5,
    "edge_cutoff_days": 0.1,
    "protect": [{"period_days": 11.0, "t0_days": 2457004.0, "duration_hours": 5.0}],
}
SEARCH = {"max_planets": 2, "lc_duration": 20, "search_settings": {"period_min": 1.0, "r_star": 0.9}}


def output(name, *kinds):
    return {kind: f"{name}.{kind}" for kind in kinds}


CHAIN = [
    {"task": "read_lightcurve", "name": "reading", **READING, "outputs": {"lightcurve": "raw.lc"}},
    {
        "task": "detrend_wotan",
        "name": "detrending",
        **DETRENDING,
        "inputs": {"lightcurve": "raw.lc"},
        "outputs": {"lightcurve": "flat.lc"},
    },
    {
        "task": "transit_search_ffa",
        "name": "search",
        **SEARCH,
        "inputs": {"lightcurve": "flat.lc"},
        "outputs": output("search", "record", "table", "periodogram"),
    },
    {
        "task": "transit_search_ffa",
        "name": "search_of_raw",
        **SEARCH,
        "inputs": {"lightcurve": "raw.lc"},
    },
]
SURVEYS = [
    {
        "task": "transit_survey",
        "name": "survey",
        **READING,
        "detrending": DETRENDING,
        **SEARCH,
        "outputs": output("survey", "record", "table", "periodogram"),
    },
    {"task": "transit_survey", "name": "survey_of_raw", **READING, "detrending": None, **SEARCH},
    {"task": "transit_survey", "name": "short", "path": "short.csv"},
    {"task": "transit_survey", "name": "empty", "path": "empty.csv"},
    {"task": "transit_survey", "name": "absent", "path": "absent.csv"},
    {"task": "transit_survey", "name": "outside", "path": "../star.csv"},
]


def write_star(path):
    """A star with a planet and a wave of ten days, some flagged and some missing samples."""
    specs = TransitSpecs(
        duration=27, orbital_period=PERIOD, semi_major_axis=0.039, noise=0.004, sampling_cadence=1800
    )
    curve = synthesise(specs, seed=3)
    fluxes = curve.fluxes * (1 + 0.01 * np.sin(2 * np.pi * curve.times / 10))
    fluxes[50] = np.nan
    columns = np.column_stack([curve.times, fluxes, np.full(len(fluxes), 1e-3)])
    np.savetxt(path, columns, delimiter=",", header="time,flux,error", comments="")


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """The job, done: metadata of its passed tasks, errors of those that failed, stored files; all by name."""
    folder = tmp_path_factory.mktemp("workspace")
    write_star(folder / "star.csv")
    (folder / "short.csv").write_text("time,flux\n0,1\n1,1\n2,1\n")
    (folder / "empty.csv").write_text("time,flux\n0,nan\n1,nan\n2,nan\n")
    path = folder / "job.json"
    path.write_text(json.dumps({"job_name": "survey", "task_list": CHAIN + SURVEYS}))
    use_configuration(Configuration(workspace=folder, lc_path=folder))
    database, _ = open_workspace()
    try:
        run_until_done(database, submit_job(database, read_job(path)).job_id, executors=1)
        yield _Results(database)
    finally:
        database.close_db()
        use_configuration(None)


class _Results:
    def __init__(self, database):
        self.metadata, self.files, self.contents = {}, {}, {}
        errors = database.db_handle.query(
            "SELECT t.taskName, a.errorText FROM eas_scheduling_attempt a "
            "JOIN eas_task t ON t.taskId = a.taskId WHERE a.state = 'failed'"
        )
        self.errors = {row["taskName"]: row["errorText"] for row in errors}
        for row in database.db_handle.query("SELECT taskId FROM eas_task WHERE taskName <> ''"):
            task = database.task_lookup(row["taskId"])
            for attempt in task.execution_attempts_passed.values():
                self.metadata[task.task_name] = plain_values(attempt.metadata)
                self.files[task.task_name] = {
                    name: Path(database.file_version_path_for_id(version.product_version_id))
                    for name, version in attempt.output_files.items()
                }
                self.contents[task.task_name] = [
                    plain_values(version.metadata) for version in attempt.output_files.values()
                ]


def test_it_finds_what_the_three_tasks_find_to_the_last_digit(done):
    chain, fused = done.metadata["search"], done.metadata["survey"]
    assert chain.items() <= fused.items()
    assert fused["period"] == pytest.approx(PERIOD, rel=1e-3)  # the injected one
    assert fused["planet_count"] >= 1


def test_without_detrending_it_finds_what_a_search_of_the_raw_light_curve_finds(done):
    chain, fused = done.metadata["search_of_raw"], done.metadata["survey_of_raw"]
    assert chain.items() <= fused.items()
    assert not [keyword for keyword in fused if keyword.startswith("detrend_")]
    assert fused["period"] != done.metadata["survey"]["period"]


def test_it_records_what_reading_and_detrending_record(done):
    fused = done.metadata["survey"]
    assert done.metadata["reading"].items() <= fused.items()
    assert done.metadata["detrending"].items() <= fused.items()
    assert fused["detrend_window_days"] == 1.5
    assert fused["detrend_protected_samples"] > 0
    assert fused["read_from"].endswith("star.csv")


def test_what_the_light_curve_s_file_would_have_said_is_on_the_attempt(done):
    stored, kept = done.contents["reading"][0], done.metadata["survey"]["lightcurve_metadata"]
    form = {"binary", "gzipped"}
    assert kept == {key: value for key, value in stored.items() if key not in form}
    assert kept["rows_without_flux"] == 1
    assert kept["flux_column"] == "flux"


def test_everything_that_it_records_is_declared(done):
    recorded = set(done.metadata["survey"]) | set(done.metadata["survey_of_raw"])
    of_metrics = {"period_error", "epoch_error_durations"}
    assert recorded - set(survey.TASK_TYPE.metadata) <= of_metrics


def test_it_stores_the_files_of_a_search_and_no_light_curve(done):
    assert set(done.files["survey"]) == {"record", "table", "periodogram"}
    assert done.files["survey_of_raw"] == {}
    for name, path in done.files["search"].items():
        assert done.files["survey"][name].read_bytes() == path.read_bytes()


def test_a_light_curve_too_short_to_search_is_a_result_that_says_so(done):
    found = done.metadata["short"]
    assert found["outcome"] == "UNDEFINED"
    assert "period" not in found
    assert found["samples"] == 3
    assert found["note"]


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("empty", "the light curve has 0 good samples; detrending needs at least 2"),
        ("absent", "absent.csv: there is no such file"),
        ("outside", "must be within the folder"),
    ],
)
def test_a_file_that_cannot_be_treated_fails_with_the_reason(done, name, error):
    assert name not in done.metadata
    assert error in done.errors[name]


def test_the_light_curve_of_the_file_is_left_as_it_was_read():
    times = np.arange(0.0, 5.0, 0.02)
    curve = LightcurveArbitraryRaster(times, 2 + 0.1 * np.sin(times), metadata={"filename": "star.csv"})
    flat, metadata = detrend_wotan.detrended(curve, parameters=DetrendParameters(window_days=1.0))
    assert curve.metadata == {"filename": "star.csv"}
    assert np.median(curve.fluxes) == pytest.approx(2, abs=0.1)
    assert np.median(flat.fluxes) == pytest.approx(1, abs=1e-3)
    assert flat.metadata["detrend_window_days"] == 1.0
    assert metadata.items() <= flat.metadata.items()
