"""The base tasks, each done by the framework's own runner on a SQLite workspace."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from eas_framework.errors import LightcurveError, TaskFailed
from eas_framework.job_file import read_job
from eas_framework.lightcurve import LightcurveArbitraryRaster
from eas_framework.logging_database import EasLoggingHandler
from eas_framework.pipeline import open_workspace, submit_job
from eas_framework.plugins.manager import plugin_manager
from eas_framework.settings import Configuration, use_configuration
from eas_framework.task_execution import TaskRunner
from eas_framework.task_io import input_files, own_keys, use_session
from eas_framework.task_objects import Task, TaskExecutionAttempt
from eas_framework.tasks import binning, ingest_external_lcs, verify

COUNT = 480
TIMES = np.arange(COUNT) * 900 / 86400


def curve_of(fluxes=None, **columns):
    fluxes = np.linspace(900, 1100, COUNT) if fluxes is None else fluxes
    return LightcurveArbitraryRaster(TIMES[: len(fluxes)], fluxes, **columns)


@pytest.fixture
def workspace(bare_machine):
    """Jobs done task by task in this process; `raw` is a folder below that of input light curves."""
    use_configuration(Configuration(workspace=bare_machine))
    database, _ = open_workspace()
    handler = EasLoggingHandler()
    runner = TaskRunner(database, plugin_manager(), handler)
    type_ids = [database.catalogue.ensure_task_type(name) for name in runner.task_types]
    raw = bare_machine / "raw"
    raw.mkdir()

    def run(*tasks, name="test", take_place=False):
        path = bare_machine / f"{name}.json"
        path.write_text(json.dumps({"job_name": name, "working_directory": "work", "task_list": list(tasks)}))
        job_id = submit_job(database, read_job(path), take_place=take_place).job_id
        host = database.names.host("here")
        while True:
            claimed = database.lifecycle.claim_next(
                type_ids, worker_id="test", host_id=host, lease_seconds=60
            )
            if claimed is not None:
                runner.run(claimed)
            elif not database.lifecycle.queue_ready():
                break
        return Outcome(database, job_id)

    use_session(database)
    yield SimpleNamespace(run=run, raw=raw, database=database)
    use_session(None)
    handler.close()
    database.close_db()


class Outcome:
    """What a job left behind."""

    def __init__(self, database, job_id):
        self._database, self.state = database, str(database.jobs.state(job_id))
        rows = database.db_handle.parameterised_query(
            "SELECT taskId FROM eas_task WHERE jobId = %s AND parentTask IS NOT NULL", (job_id,)
        )
        rows = rows if rows is not None else database.db_handle.fetchall()
        self.tasks = {task.task_type: task for task in (database.task_lookup(row["taskId"]) for row in rows)}

    def attempt(self, task_type):
        attempts = self._database.task_fetch_execution_attempts(self.tasks[task_type].task_id)
        return list(attempts.values())[-1]

    def metadata(self, task_type):
        return {key: item.value for key, item in self.attempt(task_type).metadata.items()}

    def curve(self, filename):
        """The light curve that passed under this name, and the metadata of its file."""
        (product_id,) = self._database.file_product_by_filename("work", filename)
        version_id = self._database.file_version_by_product(product_id, must_have_passed_qc=True)[-1]
        version = self._database.file_version_lookup(version_id)
        path = self._database.file_version_path_for_id(version_id, must_exist=True)
        return LightcurveArbitraryRaster.from_file(path, version.metadata)


INGEST = {"task": "ingest_external_lcs", "lc_type": "auto", "input_path": "raw/*"}


# ---------------- null, error


def test_null_takes_no_time_unless_told(workspace):
    assert workspace.run({"task": "null"}).state == "passed"


def test_error_fails_with_its_message(workspace):
    outcome = workspace.run({"task": "error", "message": "on purpose"})
    assert outcome.state == "failed"
    assert outcome.attempt("error").error_text == "TaskFailed: on purpose"


# ---------------- verify


def test_verify_records_what_a_curve_covers(workspace):
    curve_of(flags=(np.arange(COUNT) == 3)).to_file(workspace.raw / "star.gz")
    workspace.run(INGEST, name="ingest")
    outcome = workspace.run({"task": "verify", "inputs": {"lightcurve": "star.npy"}})
    found = outcome.metadata("verify")
    assert found["verification"] is True
    assert found["verification_time_min"] == 0
    assert found["verification_time_max"] == pytest.approx(TIMES[-1], rel=1e-15)
    assert (found["verification_flux_min"], found["verification_flux_max"]) == (900, 1100)
    assert found["verification_samples_flagged"] == 1
    assert found["verification_departures"] == 0


def test_verify_finds_gaps_and_leaves_nan_out_of_the_extremes():
    curve = curve_of(np.where(np.arange(COUNT) == 0, np.nan, 1.0)).truncate_to_length(1.0)
    gappy = LightcurveArbitraryRaster(np.delete(curve.times, [5, 6]), np.delete(curve.fluxes, [5, 6]))
    found = verify.verification(gappy)
    assert found["verification"] is False
    assert found["verification_departures"] == 2
    assert (found["verification_flux_min"], found["verification_flux_max"]) == (1.0, 1.0)


@pytest.mark.parametrize(("times", "reason"), [([1.0], "at least two"), ([0.0, 2.0, 1.0], "sort the curve")])
def test_verify_says_why_times_are_no_raster(times, reason):
    found = verify.verification(LightcurveArbitraryRaster(times, np.full(len(times), np.nan)))
    assert found["verification"] is False
    assert reason in found["verification_reason"]
    assert found["verification_flux_min"] is None


# ---------------- multiply


def test_d56_multiply_merges_the_metadata_of_both_files(workspace):
    curve_of(metadata={}).to_file(workspace.raw / "star.gz")
    (workspace.raw / "transits.csv").write_text(
        "# #mes = 12.5\n" + "".join(f"{time!r},0.5,0\n" for time in TIMES.tolist())
    )
    workspace.run(INGEST, name="ingest")
    outcome = workspace.run(
        {
            "task": "multiply",
            "inputs": {"lightcurve_1": "star.npy", "lightcurve_2": "transits.npy"},
            "outputs": {"lightcurve": "product.npy"},
        },
    )
    product = outcome.curve("product.npy")
    np.testing.assert_allclose(product.fluxes, np.linspace(450, 550, COUNT), rtol=1e-12)
    assert product.metadata["mes"] == 12.5
    assert outcome.metadata("multiply")["mes"] == 12.5
    assert "binary" not in outcome.metadata("multiply")


# ---------------- binning


def test_d7_binning_writes_its_output(workspace):
    curve_of(np.full(COUNT, 24000.0), uncertainties=np.full(COUNT, 10.0)).to_file(workspace.raw / "star.gz")
    workspace.run(INGEST, name="ingest")
    outcome = workspace.run(
        {
            "task": "binning", "cadence": 9000.0,
            "inputs": {"lightcurve": "star.npy"}, "outputs": {"lightcurve": "binned.npy"},
        },
    )  # fmt: skip
    assert outcome.state == "passed"
    binned = outcome.curve("binned.npy")
    assert outcome.metadata("binning") == {"binning_samples_in": COUNT, "binning_samples_out": len(binned)}
    assert binned.metadata["ingested_from"].endswith("star.gz")
    assert (binned.fluxes == 24000).all()


def test_d7_bins_are_means_with_shrunk_uncertainties_and_no_invented_edges():
    fluxes = 24000 + np.arange(COUNT, dtype=float)
    binned = binning.bin_lightcurve(
        curve_of(fluxes, uncertainties=np.full(COUNT, 10.0)), cadence_seconds=9000
    )
    np.testing.assert_allclose(binned.times, np.arange(0, TIMES[-1], 9000 / 86400), rtol=1e-12)
    # Sample k is 24000 + k and bin m is centred on sample 10 m: a linear curve keeps its values.
    np.testing.assert_allclose(binned.fluxes[1:-1], 24000 + 10 * np.arange(1, 47), rtol=1e-12)
    # A bin of 10 samples centred on a sample holds 9 whole ones and 2 halves: sqrt(9 + 2/4) / 10 of sigma
    np.testing.assert_allclose(binned.uncertainties[1:-1], 10 * np.sqrt(9.5) / 10, rtol=1e-9)
    assert not binned.flags.any()


def test_binning_leaves_bad_samples_out_and_flags_bins_without_good_ones():
    fluxes = np.full(COUNT, 5.0)
    fluxes[104] = np.nan
    flags = np.zeros(COUNT, dtype=int)
    fluxes[205], flags[205] = 1e6, 1
    flags[300:330] = 1
    binned = binning.bin_lightcurve(curve_of(fluxes, flags=flags), cadence_seconds=9000)
    assert (binned.fluxes == 5).all()
    # Bin m holds the samples 10 m - 5 to 10 m + 5: of bin 30 half is missing, of bin 33 less than half.
    assert np.flatnonzero(binned.flags).tolist() == [30, 31, 32]
    kept = binning.bin_lightcurve(curve_of(fluxes, flags=flags), cadence_seconds=9000, drop_bad_samples=False)
    assert np.flatnonzero(kept.flags).tolist() == [10, 20, 21, 30, 31, 32, 33]


@pytest.mark.parametrize("curve", [curve_of(np.ones(1)), curve_of(np.ones(0)), curve_of(np.ones(5))])
def test_binning_a_curve_shorter_than_two_bins_is_an_error(curve):
    with pytest.raises(LightcurveError, match="no two bins of 86400 s"):
        binning.bin_lightcurve(curve, cadence_seconds=86400)


# ---------------- ingest


def test_d28_ingest_numbers_and_names_what_it_stores(workspace):
    for name in ("b.csv", "a.gz", "TOI175.01"):
        curve_of().to_file(workspace.raw / name)
    outcome = workspace.run(INGEST)
    products = outcome.tasks["ingest_external_lcs"].output_files
    named = {semantic_type: product.filename for semantic_type, product in products.items()}
    assert named == {
        "lightcurve_00000": "TOI175.01.npy", "lightcurve_00001": "a.npy", "lightcurve_00002": "b.npy"
    }  # fmt: skip
    np.testing.assert_array_equal(outcome.curve("a.npy").fluxes, curve_of().fluxes)


def test_d28_a_second_ingest_skips_what_is_known(workspace):
    curve_of().to_file(workspace.raw / "a.gz")
    workspace.run(INGEST, name="first")
    curve_of().to_file(workspace.raw / "b.gz")
    outcome = workspace.run(INGEST, name="second")
    assert outcome.state == "passed"
    assert outcome.metadata("ingest_external_lcs") == {
        "ingest_ingested": 1, "ingest_already_known": 1, "ingest_unreadable": 0
    }  # fmt: skip


def test_a_file_that_changed_since_another_job_stored_it_is_not_skipped_silently(workspace):
    curve_of().to_file(workspace.raw / "a.gz")
    workspace.run(INGEST, name="first")
    curve_of(np.ones(COUNT)).to_file(workspace.raw / "a.gz")
    outcome = workspace.run(INGEST, name="second")
    assert outcome.state == "failed"
    assert "has changed since another job stored it" in outcome.attempt("ingest_external_lcs").error_text


def test_a_job_that_replaces_another_takes_its_products_over(workspace):
    curve_of().to_file(workspace.raw / "a.gz")
    workspace.run(INGEST, name="first")
    curve_of(np.ones(COUNT)).to_file(workspace.raw / "a.gz")
    outcome = workspace.run(INGEST | {"on_error": "skip"}, name="first", take_place=True)
    assert outcome.state == "passed"
    assert (outcome.curve("a.npy").fluxes == 1).all()


def test_d3_ingested_flags_come_back_as_flags(workspace):
    (workspace.raw / "star.csv").write_text("# #star = x\n0,1,0\n1,1,1\n2,1,0\n3,1,1\n")
    outcome = workspace.run(INGEST | {"lc_type": "lcsg"})
    curve = outcome.curve("star.npy")
    assert curve.flags.tolist() == [0, 1, 0, 1]
    assert curve.metadata["star"] == "x"
    assert curve.metadata["filename"] == "star.csv"


@pytest.mark.parametrize(("on_error", "state"), [("fail", "failed"), ("skip", "passed")])
def test_ingest_fails_or_leaves_out_unreadable_files(workspace, on_error, state):
    curve_of().to_file(workspace.raw / "a.gz")
    (workspace.raw / "letter.txt").write_text("Dear reader,\n")
    outcome = workspace.run(INGEST | {"on_error": on_error})
    assert outcome.state == state
    if on_error == "skip":
        assert outcome.metadata("ingest_external_lcs")["ingest_unreadable"] == 1
    else:
        assert "letter.txt: no known format" in outcome.attempt("ingest_external_lcs").error_text


@pytest.mark.parametrize("pattern", ["../*", "/etc/*", "raw/../../*", ""])
def test_input_path_cannot_leave_the_folder(tmp_path, pattern):
    with pytest.raises(TaskFailed, match="must be a pattern within the folder"):
        ingest_external_lcs.find_files(tmp_path, pattern)


def test_an_input_path_that_finds_nothing_is_an_error(tmp_path):
    with pytest.raises(TaskFailed, match=r"finds no file in .*lc_path"):
        ingest_external_lcs.find_files(tmp_path, "*.csv")


def test_two_files_that_would_have_one_name_are_an_error(tmp_path):
    with pytest.raises(TaskFailed, match=r"would both be stored as a\.npy"):
        ingest_external_lcs.stored_names([tmp_path / "a.csv", tmp_path / "a.csv.gz"])


# ---------------- inputs by any name


@pytest.mark.parametrize(
    ("description", "expected"),
    [({"inputs": {"b": "1.lc", "a": "2.lc"}}, [("a", "2.lc"), ("b", "1.lc")]), ({}, []), (None, [])],
)
def test_a_task_knows_the_files_of_its_inputs_in_the_order_of_their_names(description, expected):
    attempt = TaskExecutionAttempt(task_object=Task(task_description=description))
    assert list(input_files(attempt).items()) == expected


# ---------------- declarations


@pytest.mark.parametrize("name", ["null", "error", "verify", "multiply", "binning", "ingest_external_lcs"])
def test_a_base_task_declares_its_keys_and_an_example_that_fits(name):
    task_type = plugin_manager().task_types()[name]
    assert task_type.summary
    task_type.parameters.model_validate(own_keys(task_type.example))
    assert set(task_type.example.get("inputs", {})) <= {slot.name for slot in task_type.inputs or ()}
    assert set(task_type.example.get("outputs", {})) <= {slot.name for slot in task_type.outputs or ()}
