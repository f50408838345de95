"""Detrending again, with the transits of found planets left out of the trend."""

import json
import logging

import numpy as np
import pytest
from eas_tasks_tda import ffa
from eas_tasks_tda.bridging import bridged
from eas_tasks_tda.detrend_settings import DetrendParameters, KnownPlanet
from eas_tasks_tda.detrending import RUNNING, detrend
from eas_tasks_tda.ffa import FfaSettings
from eas_tasks_tda.recorded import recorded_planets
from eas_tasks_tda.result import TransitResult, nothing_found
from eas_tasks_tda.saving import record
from eas_tasks_tda.search import search_planets
from eas_tasks_tda.synthesis import synthesise
from eas_tasks_tda.synthesis_settings import SOLAR_RADIUS, TransitSpecs

from eas_framework.errors import LightcurveError, TaskFailed
from eas_framework.lightcurve import LightcurveArbitraryRaster

# a subgiant with a transit of 10.6 h and 0.4 % every 12 d: longer than a third of the window
SPECS = TransitSpecs(
    duration=60,
    sampling_cadence=1800,
    exposure_time=1800,
    orbital_period=12,
    t0=3.1,
    planet_radius=1.5,
    star_radius=2.4 * SOLAR_RADIUS,
    semi_major_axis=0.1026,
    noise=1e-3,
)
PLANET = TransitResult(period_days=12.0, t0_days=3.1, duration_hours=10.6)
ONE_DAY = DetrendParameters(window_days=1.0)
NEED_NOTHING_MORE = ["biweight", "median", "huber_psi", "lowess", "savgol", "medfilt", "cosine", "rspline"]


@pytest.fixture(scope="module")
def planet():
    return synthesise(SPECS, seed=2)


@pytest.fixture(scope="module")
def spotted(planet):
    """The planet before a star that varies by 1 % in 11 d."""
    star = 1 + 0.01 * np.sin(2 * np.pi * planet.times / 11)
    return LightcurveArbitraryRaster(planet.times, 8000 * star * planet.fluxes, 8000 * planet.uncertainties)


def distance(times):
    """Time from the nearest mid-transit [d]."""
    return np.abs((times - 3.1 + 6) % 12 - 6)


def inner(times):
    """Samples half a window and more from the ends."""
    return (times > 0.6) & (times < 59.4)


def mean_depth(flat):
    return 1 - np.mean(flat.fluxes[distance(TIMES) < 0.15])


TIMES = np.arange(2880) * 1800 / 86400


def true_depth(planet):
    return 1 - np.mean(planet.fluxes[distance(planet.times) < 0.15])


def with_fluxes(curve, flat):
    return curve.with_columns(fluxes=flat.fluxes, uncertainties=flat.uncertainties, flags=flat.flags)


def searched(curve):
    return search_planets(ffa.search, curve, settings=FfaSettings(period_min=2))


def saved(folder, found):
    path = folder / "planets.json"
    path.write_text(json.dumps(record(found), allow_nan=False))
    return path


def test_the_depth_found_after_the_second_pass_is_nearer_to_the_truth(planet, spotted, tmp_path):
    quiet_star = LightcurveArbitraryRaster(planet.times, planet.fluxes, planet.uncertainties)
    truth = searched(quiet_star)[0].depth
    first_flat = detrend(spotted, parameters=ONE_DAY)
    first = searched(with_fluxes(spotted, first_flat))
    planets = recorded_planets(saved(tmp_path, first), fap_max=0.01)
    assert [round(one.period_days) for one in planets] == [12]
    second_flat = detrend(spotted, parameters=ONE_DAY, planets=planets)
    second = searched(with_fluxes(spotted, second_flat))
    assert first[0].depth < 0.9 * truth  # a window of 2.3 durations has eaten some of it
    assert second[0].depth == pytest.approx(truth, rel=0.03)
    assert second[0].snr_pink > first[0].snr_pink
    far = (distance(TIMES) > 1.0) & inner(TIMES)  # neither pass sees a transit from here
    np.testing.assert_allclose(second_flat.fluxes[far], first_flat.fluxes[far], rtol=1e-12)


@pytest.mark.parametrize("method", NEED_NOTHING_MORE)
def test_every_method_keeps_the_depth_and_the_quiet_fluxes(planet, spotted, method):
    parameters = DetrendParameters(method=method, window_days=1.0)
    flat = detrend(spotted, parameters=parameters, planets=[PLANET])
    assert np.isfinite(flat.fluxes).all()
    assert (flat.flags == 0).all()
    assert mean_depth(flat) == pytest.approx(true_depth(planet), rel=0.03)
    quiet = (distance(TIMES) > 0.35) & inner(TIMES)
    # the noise of a sample is 1.2e-4; a window of 1 d flattens 1 % in 11 d to 1.4e-4 in its middle at most
    assert np.std(flat.fluxes[quiet]) < 2e-4


def test_a_window_shorter_than_the_transit_eats_it_all_and_the_second_pass_none(planet, spotted):
    parameters = DetrendParameters(window_days=0.4)
    assert mean_depth(detrend(spotted, parameters=parameters)) < 0.2 * true_depth(planet)
    protected = detrend(spotted, parameters=parameters, planets=[PLANET])
    assert mean_depth(protected) == pytest.approx(true_depth(planet), rel=0.03)


def test_known_planets_of_the_job_are_protected_as_found_ones_are(spotted):
    known = KnownPlanet(period_days=12.0, t0_days=3.1 + 24, duration_hours=10.6)
    given = detrend(spotted, parameters=DetrendParameters(protect=(known,)))
    np.testing.assert_allclose(given.fluxes, detrend(spotted, planets=[PLANET]).fluxes, rtol=1e-9)
    within = distance(TIMES) < 0.75 * 10.6 / 24
    np.testing.assert_array_equal(given.protected, within)


def test_more_durations_protect_more_samples(spotted):
    wide = detrend(spotted, parameters=DetrendParameters(protect_durations=3.1), planets=[PLANET])
    np.testing.assert_array_equal(wide.protected, distance(TIMES) < 1.55 * 10.6 / 24)


def test_a_single_transit_is_protected_once(spotted):
    flat = detrend(spotted, planets=[TransitResult(t0_days=27.1, duration_hours=10.6)])
    assert TIMES[flat.protected].min() > 26.7
    assert TIMES[flat.protected].max() < 27.5


def test_a_planet_without_a_transit_in_the_data_changes_nothing_and_is_named(spotted, caplog):
    absent = TransitResult(t0_days=500.0, duration_hours=3.0)
    with caplog.at_level(logging.WARNING):
        flat = detrend(spotted, planets=[absent])
    assert "t0 = 500" in caplog.text
    np.testing.assert_array_equal(flat.fluxes, detrend(spotted).fluxes)


def test_flagged_and_undefined_samples_in_a_transit_stay_so(spotted):
    fluxes, flags = spotted.fluxes.copy(), np.zeros(len(TIMES), dtype=np.int64)
    fluxes[149], flags[150] = np.nan, 4  # at mid-transit
    flat = detrend(LightcurveArbitraryRaster(TIMES, fluxes, spotted.uncertainties, flags), planets=[PLANET])
    assert (flat.flags[149], flat.flags[150]) == (1, 4)
    assert flat.flags.sum() == 5
    assert np.isnan(flat.fluxes[149])
    assert not flat.protected[149:151].any()


def test_a_transit_at_the_edge_of_the_data_gets_no_trend_from_filters_that_know_no_mask(spotted):
    late = spotted.times > 3.0
    columns = (spotted.times[late], spotted.fluxes[late], spotted.uncertainties[late])
    parameters = DetrendParameters(method="savgol")
    flat = detrend(LightcurveArbitraryRaster(*columns), parameters=parameters, planets=[PLANET])
    at_edge = columns[0] < 3.1 + 0.75 * 10.6 / 24
    assert (flat.flags[at_edge] == 1).all()
    assert np.isnan(flat.fluxes[at_edge]).all()
    assert (flat.flags[~at_edge] == 0).all()


def test_a_light_curve_that_is_all_transit_is_refused(spotted):
    near = distance(TIMES) < 0.2
    columns = (TIMES[near], spotted.fluxes[near], spotted.uncertainties[near])
    with pytest.raises(LightcurveError, match=r"0 good samples outside of protected transits \(95 inside\)"):
        detrend(LightcurveArbitraryRaster(*columns), planets=[PLANET])


# ---------------------------------------------------------------- parabolas
def bridge(times, fluxes, protected, *, reach=1.0, gap=np.inf):
    return bridged(
        times, fluxes, shaping=~protected, protected=protected, reach_days=reach, longest_gap_days=gap
    )


def test_a_parabola_is_carried_across_exactly_in_any_order():
    times = np.random.default_rng(1).permutation(np.linspace(0, 4, 200))
    trend = 1 + 0.1 * times - 0.02 * times**2
    protected = np.abs(times - 2) < 0.4
    found = bridge(times, np.where(protected, 0.5, trend), protected)
    np.testing.assert_allclose(found.fluxes, trend, rtol=1e-12)
    np.testing.assert_array_equal(found.filled, protected)


def test_a_flare_beside_a_transit_does_not_shape_the_parabola():
    times = np.linspace(0, 4, 200)
    fluxes = 1 + np.random.default_rng(2).normal(0, 1e-4, 200)
    fluxes[60:63] += 0.05
    found = bridge(times, fluxes, np.abs(times - 2) < 0.4)
    np.testing.assert_allclose(found.fluxes[found.filled], 1.0, atol=2e-4)


def test_no_parabola_crosses_a_long_gap_or_leaves_the_data():
    times = np.concatenate([np.arange(0, 3, 0.02), np.arange(5, 8, 0.02)])
    fluxes = np.ones(len(times))
    protected = (np.abs(times - 2.9) < 0.3) | (np.abs(times - 6.5) < 0.3) | (times > 7.9)
    found = bridge(times, fluxes, protected, gap=0.5)
    np.testing.assert_array_equal(found.filled, np.abs(times - 6.5) < 0.3)
    crossing = bridge(times, fluxes, protected, reach=3.0)
    np.testing.assert_array_equal(crossing.filled, protected & (times < 7.5))


def test_nothing_is_bridged_where_nothing_is_protected():
    found = bridge(np.arange(5.0), np.ones(5), np.zeros(5, dtype=bool))
    assert not found.filled.any()


def test_the_running_methods_are_methods():
    assert all(DetrendParameters(method=method).method == method for method in RUNNING)


# ---------------------------------------------------------------- records
def test_only_planets_that_stand_out_are_taken_from_a_record(tmp_path):
    strong = TransitResult(
        period_days=3.0, t0_days=1.0, duration_hours=2.0, false_alarm_probability_pink=1e-4
    )
    weak = TransitResult(period_days=4.0, t0_days=1.0, duration_hours=2.0, false_alarm_probability_pink=0.03)
    single = TransitResult(t0_days=7.0, duration_hours=5.0, snr_pink=12.0)
    faint = TransitResult(t0_days=8.0, duration_hours=5.0, snr_pink=5.0)
    path = saved(tmp_path, [strong, weak, single, faint, nothing_found("too short")])
    assert [one.t0_days for one in recorded_planets(path, fap_max=0.01)] == [1.0, 7.0]
    assert [one.period_days for one in recorded_planets(path, fap_max=0.05)] == [3.0, 4.0, None]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "the file"),
        ("\x93NUMPY", "the file"),
        ("[1, 2]", "the file"),
        ('{"columns": {}}', "planets"),
        ('{"planets": [{"period": "soon"}]}', r"planets\.0\.period"),
        ('{"planets": [{"t0": 1, "duration_hours": -2}]}', r"planets\.0\.duration_hours"),
        ('{"planets": [{"t0": NaN}]}', r"planets\.0\.t0|the file"),
    ],
)
def test_a_file_that_is_no_record_is_refused_with_the_place(tmp_path, text, place):
    path = tmp_path / "odd.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(TaskFailed, match=rf"odd\.json is not the record of a search \(({place}).*'record'"):
        recorded_planets(path, fap_max=0.01)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"protect": [{"t0_days": 1.0}]}, "duration_hours"),
        ({"protect": [{"t0_days": 1.0, "duration_hours": 80, "period_days": 3}]}, "not shorter than"),
        ({"protect": [{"t0_days": float("nan"), "duration_hours": 3}]}, "t0_days"),
        ({"protect": [{"t0": 1.0, "duration_hours": 3}]}, "t0"),
        ({"protect_durations": 0.5}, "protect_durations"),
        ({"fap_max": 0}, "fap_max"),
    ],
)
def test_wrong_parameters_of_protection_are_refused(wrong, named):
    with pytest.raises(ValueError, match=named):
        DetrendParameters(**wrong)


# ---------------------------------------------------------------- the task
def test_a_job_searches_and_detrends_again_with_the_record(run_task):
    flat = {"task": "detrend_wotan", "window_days": 1.0}
    specs = SPECS.model_dump(exclude_none=True)
    outcome = run_task(
        {
            "job_name": "twice",
            "seed": 5,
            "task_list": [
                {
                    "task": "synthesis_transit",
                    "name": "star",
                    "outputs": {"lightcurve": "star.lc"},
                    "specs": specs,
                },
                {
                    **flat,
                    "name": "first",
                    "inputs": {"lightcurve": "star.lc"},
                    "outputs": {"lightcurve": "1.lc"},
                },
                {
                    "task": "transit_search_ffa",
                    "name": "search",
                    "inputs": {"lightcurve": "1.lc"},
                    "outputs": {"record": "planets.json"},
                    "search_settings": {"period_min": 2},
                },
                {
                    **flat,
                    "name": "second",
                    "inputs": {"lightcurve": "star.lc", "record": "planets.json"},
                    "outputs": {"lightcurve": "2.lc"},
                    "window": "rotation",
                    "protect": [{"t0_days": 50.0, "duration_hours": 3.0}],
                },
            ],
        },
        {},
    )
    assert outcome.passed, outcome.errors
    first, second = (outcome.metadata(task) for task in outcome.named("detrend_wotan"))
    assert (first["detrend_protected_planets"], first["detrend_protected_samples"]) == (0, 0)
    assert second["detrend_protected_planets"] == 2
    # five transits of 1.5 times 10.6 h and one of 4.5 h, two samples an hour; the search knows 10.6 h to 3 %
    assert second["detrend_protected_samples"] == pytest.approx(5 * 31.8 + 9, rel=0.05)
    assert second["detrend_window"] == "rotation"
    assert second["detrend_window_origin"] == "window_days"  # this star does not vary
    assert second["detrend_window_days"] == 1.0
    assert "detrend_rotation_days" not in second
