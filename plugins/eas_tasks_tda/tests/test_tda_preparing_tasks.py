"""Stitching, injecting and clipping in a job: what the tasks read, write and record."""

import json

import numpy as np
import pytest
from eas_tasks_tda.synthesis import model_flux
from eas_tasks_tda.synthesis_settings import PlanetSpecs

from eas_framework.job_file import read_job
from eas_framework.lightcurve import LightcurveArbitraryRaster
from eas_framework.pipeline import open_workspace, run_until_done, submit_job
from eas_framework.settings import Configuration, use_configuration
from eas_framework.task_objects import plain_values

STEP = 1 / 96  # d
NOISE = 5e-4
PLANET = {"orbital_period": 2.83, "t0": 1.1, "semi_major_axis": 0.039, "planet_radius": 0.9}
FLARES = (200, 201, 700)
STARTS = {"first": 0.0, "second": 11.0}
LEVELS = {"first": 5000.0, "second": 7.0}


def reading(name):
    return {
        "task": "read_lightcurve",
        "name": name,
        "path": f"{name}.csv",
        "outputs": {"lightcurve": f"{name}.lc"},
    }


def changing(task, name, source, **keys):
    return {
        "task": task,
        "name": name,
        "inputs": {"lightcurve": f"{source}.lc"},
        "outputs": {"lightcurve": f"{name}.lc"},
        **keys,
    }


def stitching(name, **inputs):
    return {
        "task": "stitch_lightcurves",
        "name": name,
        "inputs": inputs,
        "outputs": {"lightcurve": f"{name}.lc"},
    }


TASKS = [
    *map(reading, STARTS),
    stitching("stitched", q2="second.lc", q1="first.lc"),
    changing("inject_transit", "injected", "stitched", specs=PLANET),
    changing("inject_transit", "other", "injected", specs={**PLANET, "orbital_period": 4.4, "u1": 0.2}),
    changing("clip_lightcurve", "clipped", "injected"),
    {
        "task": "transit_search_ffa",
        "name": "search",
        "inputs": {"lightcurve": "clipped.lc"},
        "search_settings": {"period_min": 1.0},
    },
    stitching("nothing"),
    stitching("twice", one="first.lc", other="first.lc"),
    stitching("overlapping", a="first.lc", b="stitched.lc"),
]


def quarter(name):
    """Times, fluxes and errors of a star in one quarter; the first has flares."""
    times = STARTS[name] + STEP * np.arange(960)
    fluxes = 1 + np.random.default_rng(len(name)).normal(0, NOISE, 960)
    if name == "first":
        fluxes[list(FLARES)] += 0.02
    return times, LEVELS[name] * fluxes, np.full(960, LEVELS[name] * NOISE)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """The job, done: metadata and light curves of the tasks that passed, errors of the others, by name."""
    folder = tmp_path_factory.mktemp("workspace")
    for name in STARTS:
        np.savetxt(
            folder / f"{name}.csv", np.column_stack(quarter(name)), delimiter=",", header="time,flux,error"
        )
    path = folder / "job.json"
    path.write_text(json.dumps({"job_name": "preparing", "task_list": TASKS}))
    use_configuration(Configuration(workspace=folder))
    database, _ = open_workspace()
    try:
        job_id = submit_job(database, read_job(path)).job_id
        run_until_done(database, job_id, executors=1)
        yield _results(database)
    finally:
        database.close_db()
        use_configuration(None)


def _results(database):
    metadata, curves, errors = {}, {}, {}
    for row in database.db_handle.query("SELECT taskId FROM eas_task WHERE taskName <> ''"):
        task = database.task_lookup(row["taskId"])
        for attempt in task.execution_attempts_incomplete.values():
            errors[task.task_name] = attempt.error_text
        for attempt in task.execution_attempts_passed.values():
            metadata[task.task_name] = plain_values(attempt.metadata)
            for version in attempt.output_files.values():
                stored = database.file_version_path_for_id(version.product_version_id)
                curves[task.task_name] = LightcurveArbitraryRaster.from_file(stored, version.metadata)
    return metadata, curves, errors


def test_the_good_tasks_pass_and_the_others_fail(done):
    metadata, curves, errors = done
    assert set(errors) == {"nothing", "twice", "overlapping"}
    assert set(metadata) == {task["name"] for task in TASKS} - set(errors)
    assert set(curves) == set(metadata) - {"search"}


def test_quarters_become_one_curve_that_knows_where_it_came_from(done):
    metadata, curves, _ = done
    curve = curves["stitched"]
    times, fluxes, errors = (np.concatenate(pair) for pair in zip(*map(quarter, STARTS), strict=True))
    levels = np.repeat([np.median(quarter(name)[1]) for name in STARTS], 960)
    np.testing.assert_allclose(curve.times, times, rtol=1e-12)
    np.testing.assert_allclose(curve.fluxes, fluxes / levels, rtol=1e-12)
    np.testing.assert_allclose(curve.uncertainties, errors / levels, rtol=1e-12)
    for table in (metadata["stitched"], curve.metadata, curves["clipped"].metadata):
        assert [row["file"] for row in table["stitched_from"]] == ["first.lc", "second.lc"]
        assert [row["level"] for row in table["stitched_from"]] == pytest.approx(list(levels[::960]))
        assert (table["stitched_left_out"], table["stitch_overlap"]) == (0, "refuse")


def test_the_injected_planet_is_on_file_and_attempt(done):
    metadata, curves, _ = done
    before, after = curves["stitched"], curves["injected"]
    model = model_flux(PlanetSpecs(**PLANET), before.times)
    np.testing.assert_allclose(after.fluxes, before.fluxes * model, rtol=1e-12)
    for table in (metadata["injected"], after.metadata, curves["clipped"].metadata):
        assert table.items() >= PLANET.items()
        assert table["pixels_in_transit"] == np.count_nonzero(model < 1)


def test_of_two_planets_the_metadata_are_those_of_the_second(done):
    _, curves, _ = done
    found = curves["other"].metadata
    assert (found["orbital_period"], found["u1"]) == (4.4, 0.2)


def test_flares_are_flagged_and_counted(done):
    metadata, curves, _ = done
    assert tuple(np.flatnonzero(curves["clipped"].flags)) == FLARES
    np.testing.assert_array_equal(curves["clipped"].fluxes, curves["injected"].fluxes)
    for table in (metadata["clipped"], curves["clipped"].metadata):
        assert (table["clipped_above"], table["clipped_below"]) == (3, 0)
        assert (table["clip_sigma_upper"], table["clip_sigma_lower"]) == (5.0, None)
        assert table["clip_scatter"] == pytest.approx(NOISE, rel=0.1)


def test_the_search_of_what_was_prepared_is_judged_by_the_injected_planet(done):
    found = done[0]["search"]
    assert found["period"] == pytest.approx(PLANET["orbital_period"], rel=1e-3)
    assert found["outcome"] == "PASS"
    assert abs(found["period_error"]) < 1e-3
    assert abs(found["epoch_error_durations"]) < 0.1
    assert found["mes"] == done[0]["injected"]["mes"]


def test_wrong_inputs_are_told_by_name(done):
    errors = done[2]
    assert "name the light curves to stitch" in errors["nothing"]
    assert "first.lc is named twice" in errors["twice"]
    assert "begins at" in errors["overlapping"]
    assert "stitched.lc" in errors["overlapping"]
