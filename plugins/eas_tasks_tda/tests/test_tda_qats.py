"""The search for almost periodic transits: exact, and as a task."""

import csv
import io
import json
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest
from eas_tasks_tda import qats
from eas_tasks_tda.prepare import CleanCurve
from eas_tasks_tda.qats_grid import EvenSamples, box_dips, spacings, widths
from eas_tasks_tda.qats_kernels import scan, sequence
from eas_tasks_tda.qats_settings import QatsSettings
from eas_tasks_tda.search import search_lightcurve

from eas_framework.job_file import read_job
from eas_framework.lightcurve import LightcurveArbitraryRaster
from eas_framework.pipeline import open_workspace, run_until_done, submit_job
from eas_framework.settings import Configuration, use_configuration
from eas_framework.task_objects import plain_values

REPOSITORY = Path(__file__).resolve().parents[3]
FOLDER = Path(os.environ.get("EAS_TEST_LIGHT_CURVES", REPOSITORY.parent / "shared" / "data" / "light_curves"))
KEPLER_36 = FOLDER / "Kepler36_qats_kep36.dat"
real_data = pytest.mark.skipif(
    not KEPLER_36.is_file(), reason=f"{KEPLER_36} is missing; EAS_TEST_LIGHT_CURVES names its folder"
)
CADENCE = 0.02


def best_of(missing, *, width, shortest, longest):
    """Statistic, number of transits and their first samples."""
    dips, found = box_dips(missing, width), np.zeros((1, 2))
    scan(dips, width, np.array([[shortest, longest]]), 0, 1, found)
    statistic, count = float(found[0, 0]), int(found[0, 1])
    return statistic, count, sequence(dips, width, shortest, longest, count) if count else []


def sequences(length, *, width, shortest, longest):
    """Every sequence of boxes that lacks none at either end."""

    def continued(starts):
        if starts[-1] >= length - longest:
            yield starts
        for spacing in range(shortest, longest + 1):
            if starts[-1] + spacing <= length - width:
                yield from continued([*starts, starts[-1] + spacing])

    for first in range(min(longest - width, length - width) + 1):
        yield from continued([first])


@pytest.mark.parametrize("limits", [(1, 4, 4), (2, 4, 5), (2, 5, 7), (3, 6, 9), (1, 3, 7), (2, 9, 25)])
@pytest.mark.parametrize("length", [17, 22])
def test_the_best_of_all_possible_sequences_is_found(length, limits):
    width, shortest, longest = limits
    for seed in range(10):
        missing = np.random.default_rng(seed).normal(0.2, 1, length)
        dips = box_dips(missing, width)
        possible = list(sequences(length, width=width, shortest=shortest, longest=longest))
        values = [dips[starts].sum() / np.sqrt(len(starts) * width) for starts in possible]
        best = int(np.argmax(values))

        statistic, count, starts = best_of(missing, width=width, shortest=shortest, longest=longest)

        assert statistic == pytest.approx(values[best], rel=1e-12)
        assert count == len(possible[best])
        assert list(starts) == possible[best]


def test_nothing_is_found_where_the_star_never_becomes_fainter():
    assert best_of(np.full(40, -1.0), width=2, shortest=5, longest=7)[:2] == (0.0, 0)


@real_data
@pytest.mark.parametrize(("longest", "statistic"), [(797, 127.442), (794, 82.6976)])
def test_kepler_36_gives_the_published_figures(longest, statistic):
    # the program of the paper's authors prints S = 127.442 and 82.6976, M = 55 for these limits
    missing = -np.loadtxt(KEPLER_36)
    found, count, starts = best_of(missing, width=14, shortest=794, longest=longest)
    assert found == pytest.approx(statistic, rel=2e-6)
    assert count == len(starts) == 55
    assert box_dips(missing, 14)[starts].sum() / np.sqrt(55 * 14) == pytest.approx(found, rel=1e-12)
    assert ((np.diff(starts) >= 794) & (np.diff(starts) <= longest)).all()


@real_data
def test_the_search_finds_kepler_36_c_in_its_light_curve():
    fluxes = np.loadtxt(KEPLER_36)
    known, cadence = fluxes != 0, 29.424 / 1440
    times = np.arange(len(fluxes)) * cadence
    curve = LightcurveArbitraryRaster(times[known], 1 + 1e-4 * fluxes[known])
    settings = QatsSettings(
        period_min=15, period_max=18, duration_min=0.2, duration_max=0.3, duration_count=3, max_ttv_mag=0.005
    )
    found = search_lightcurve(qats.search, curve, settings=settings)
    assert found.period_days == pytest.approx(16.2319, rel=2e-3)  # Carter et al. (2012); its transits vary
    assert found.extras["period_span"] == 54
    assert found.snr > 100


def curve_with(transits, *, duration, depth=4e-3, days=60.0, sigma=1e-3, seed=1, gap=(20.0, 23.0)):
    """White noise with boxes at given times, and a gap."""
    times = np.arange(0, days, CADENCE)
    fluxes = 1 + np.random.default_rng(seed).normal(0, sigma, len(times))
    for transit in transits:
        fluxes[np.abs(times - transit) < duration / 2] -= depth
    keep = (times < gap[0]) | (times > gap[1])
    return LightcurveArbitraryRaster(times[keep], fluxes[keep], np.full(keep.sum(), sigma))


VARYING = 3.1 + 6.02 * np.arange(10) + 0.15 * np.sin(np.arange(10))


@pytest.mark.parametrize("threads", [1, 3])
def test_transits_that_are_not_periodic_are_found_one_by_one(threads):
    curve = curve_with(VARYING, duration=0.16)
    settings = QatsSettings(max_ttv_mag=0.08, period_max=10.0)
    clean = CleanCurve.of(curve)
    trace = qats.trace_of(clean, settings=settings, threads=threads)
    with_data = (VARYING < 20) | (VARYING > 23)
    np.testing.assert_allclose(trace.mid_transits[with_data], VARYING[with_data], atol=1.5 * CADENCE)

    found = trace.result(clean, settings=settings)
    assert found.period_days == pytest.approx(np.diff(VARYING).mean(), abs=2 * CADENCE / 9)
    assert found.t0_days == found.extras["first_transit"] == pytest.approx(VARYING[0], abs=CADENCE)
    assert found.extras["last_transit"] == pytest.approx(VARYING[-1], abs=CADENCE)
    assert found.extras["period_span"] == 9
    assert found.transit_count == with_data.sum() == 9
    assert found.duration_hours == pytest.approx(24 * 0.16, abs=24 * CADENCE)
    assert found.depth == pytest.approx(4e-3, rel=0.1)
    # 9 transits of 8 samples of 4 sigma each; a tenth of them of another transit or outside
    assert found.snr == pytest.approx(4 * np.sqrt(72), rel=0.1)
    assert found.extras["power"] == pytest.approx(found.snr, rel=0.1)
    assert found.sde > 3.5  # of 40 spacings the highest of noise is 2 to 3


def test_a_wrongly_assumed_strict_period_finds_less():
    curve = CleanCurve.of(curve_with(VARYING, duration=0.16))
    loose, strict = (
        qats.trace_of(curve, settings=QatsSettings(max_ttv_mag=variation, period_max=10.0)).power
        for variation in (0.08, 0.0)
    )
    assert loose > 1.2 * strict


def test_samples_with_large_errors_count_little():
    times = np.arange(0, 60, CADENCE)
    sigmas = np.where(times % 2 < 1, 1e-3, 1e-2)
    fluxes = 1 + np.random.default_rng(3).normal(0, sigmas)
    fluxes[np.abs(times % 5.5 - 2.75) < 0.08] -= 3e-3
    found = search_lightcurve(
        qats.search, LightcurveArbitraryRaster(times, fluxes, sigmas), settings=QatsSettings(period_max=10)
    )
    assert found.period_days == pytest.approx(5.5, abs=CADENCE)


def test_dense_samples_are_binned_to_a_fifth_of_the_shortest_duration():
    times = np.arange(0, 30, 25 / 86_400)
    curve = CleanCurve.clean(times, 1 + np.random.default_rng(4).normal(0, 1e-3, len(times)))
    samples = EvenSamples.of(curve, shortest_days=0.05)
    assert samples.cadence_days == pytest.approx(0.01, rel=0.03)
    assert np.std(samples.missing) == pytest.approx(1, abs=0.05)


def test_ten_years_without_data_are_bounded():
    times = np.concatenate([np.arange(0, 10, 1e-3), 3652.5 + np.arange(0, 10, 1e-3)])
    curve = CleanCurve.clean(times, 1 + np.random.default_rng(4).normal(0, 1e-3, len(times)))
    assert len(EvenSamples.of(curve, shortest_days=1e-3)) <= 1_000_001


def test_no_mean_period_between_the_limits_is_left_out():
    cells = spacings(196.3, 5000.0, variation=0.0005)
    assert cells[0, 0] <= 196.3 < 5000 <= cells[-1, 1]
    assert (cells[1:, 0] <= cells[:-1, 1]).all()
    assert (cells[:, 1] >= cells[:, 0] + 1).all()
    assert (cells[:, 1] >= cells[:, 0] * 1.0005 - 1e-9).all()
    assert (cells[:, 1] - cells[:, 0] <= cells[:, 0] * 0.0005 + 1).all()


def test_widths_are_whole_and_different():
    assert widths(0.3, 4.2, count=16) == [1, 2, 3, 4]  # 0.3 samples become 1


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"duration_min": 0.3}, "duration_max = 0.2 d must not be below duration_min = 0.3 d"),
        ({"duration_max": 3.0}, "must not be above half of period_min = 4 d"),
        ({"period_max": 3.0}, "period_max = 3 d must be above period_min = 4 d"),
        ({"max_ttv_mag": -0.1}, "max_ttv_mag"),
        ({"min_transit_count": 1}, "min_transit_count"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(given, text):
    with pytest.raises(ValueError, match=text):
        QatsSettings(**given)


@pytest.mark.parametrize("given", [{}, {"period_min": 40.0, "period_max": 50.0}])
def test_data_shorter_than_the_shortest_period_hold_nothing(given):
    curve = curve_with([3.0], duration=0.2, days=7.0)
    found = search_lightcurve(qats.search, curve, settings=QatsSettings(**given))
    assert not found.found
    assert "the light curve spans 6.98 d" in found.note


def test_a_curve_that_only_brightens_holds_nothing():
    curve = curve_with(VARYING, duration=0.16, depth=-4e-3)
    found = search_lightcurve(qats.search, curve, settings=QatsSettings(snr_min=7.1, clip_above=None))
    assert not found.found
    assert "signal-to-noise" in found.note


def test_a_job_gets_the_transit_times_and_the_grid(tmp_path):
    spec = {"duration": 14, "orbital_period": 2.83, "semi_major_axis": 0.039, "noise": 0.004}
    search = {
        "task": "transit_search_qats",
        "inputs": {"lightcurve": "star.lc"},
        "search_settings": {"period_min": 2.0, "duration_count": 5},
    }
    spec["sampling_cadence"] = 900
    tasks = [
        {"task": "synthesis_transit", "outputs": {"lightcurve": "star.lc"}, "specs": spec},
        search | {"name": "traced", "outputs": {"debugging": "qats.tar.gz"}},
        search | {"name": "plain"},
    ]
    path = tmp_path / "job.json"
    path.write_text(json.dumps({"job_name": "qats", "seed": 4, "task_list": tasks}))
    use_configuration(Configuration(workspace=tmp_path))
    database, _ = open_workspace()
    try:
        state = run_until_done(database, submit_job(database, read_job(path)).job_id, executors=1)
        assert state == "passed"
        metadata, files = {}, {}
        for row in database.db_handle.query("SELECT taskId FROM eas_task WHERE taskName <> ''"):
            task = database.task_lookup(row["taskId"])
            (attempt,) = task.execution_attempts_passed.values()
            metadata[task.task_name] = plain_values(attempt.metadata)
            for version in attempt.output_files.values():
                files[task.task_name] = database.file_version_path_for_id(version.product_version_id)
        tables = read_tables(files["traced"])
    finally:
        database.close_db()
        use_configuration(None)

    found = metadata["traced"]
    assert found["period"] == pytest.approx(2.83, abs=0.01)
    assert found["outcome"] == "PASS"
    assert len(found["transit_times"]) == found["period_span"] + 1 == 5
    assert found["transit_times"][0] == found["first_transit"] == found["t0"]
    assert metadata["plain"] == found
    assert "plain" not in files
    best = max(tables["grid.csv"], key=lambda line: float(line["statistic"]))
    assert float(best["statistic"]) == pytest.approx(found["power"], abs=1e-6)
    times = [float(line["mid_transit_days"]) for line in tables["transits.csv"]]
    assert times == pytest.approx(found["transit_times"], abs=1e-6)


def read_tables(path):
    """The tables of an archive, rows as dictionaries, by name."""
    with tarfile.open(path) as archive:
        return {
            name: list(csv.DictReader(io.StringIO(archive.extractfile(name).read().decode())))
            for name in archive.getnames()
        }
