"""Light curves as values: flags, arithmetic, rasters, truncation, metadata."""

import logging

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from eas_framework.errors import LightcurveError
from eas_framework.lightcurve import Lightcurve, LightcurveArbitraryRaster, LightcurveFixedStep
from eas_framework.lightcurve_resample import LightcurveResampler
from eas_framework.task_objects import MetadataItem

SECOND = 1 / 86400
VALUE = st.floats(-1e6, 1e6, allow_subnormal=False)
SIGMA = st.floats(0, 1e3, allow_subnormal=False)


@st.composite
def pairs_on_one_raster(draw):
    """Two light curves with the same times."""
    count = draw(st.integers(1, 30))
    times = np.arange(count) * 0.02

    def one():
        return LightcurveArbitraryRaster(
            times,
            draw(hnp.arrays(np.float64, count, elements=VALUE)),
            draw(hnp.arrays(np.float64, count, elements=SIGMA)),
            draw(hnp.arrays(np.int64, count, elements=st.integers(0, 7))),
        )

    return one(), one()


def curve_of(fluxes, *, step=0.02, start=0.0, **columns):
    fluxes = np.asarray(fluxes, dtype=float)
    return LightcurveArbitraryRaster(start + np.arange(len(fluxes)) * step, fluxes, **columns)


# ---------------- attributes


@pytest.mark.parametrize("build", [curve_of, lambda f, **c: LightcurveFixedStep(0.0, 0.02, f, **c)])
def test_d3_get_flags_gives_the_flags(build):
    curve = build(np.array([0.9, 1.0, 1.1]), flags=[0, 1, 0])
    assert curve.get_flags().tolist() == [0, 1, 0]
    assert curve.flags_set
    assert curve.get_fluxes().tolist() == [0.9, 1.0, 1.1]


def test_without_flags_and_uncertainties_both_are_zero():
    curve = curve_of([1, 2])
    assert curve.flags.tolist() == [0, 0]
    assert curve.uncertainties.tolist() == [0, 0]
    assert not curve.flags_set


def test_what_a_getter_gives_cannot_change_the_curve():
    curve = curve_of([1, 2])
    for values in (curve.get_times(), curve.get_fluxes(), curve.get_flags(), curve.get_uncertainties()):
        with pytest.raises(ValueError, match="read-only"):
            values[0] = 7
    curve.fluxes[0] = 7
    assert curve.get_fluxes()[0] == 7


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"times": [0, 1], "fluxes": [1]}, "got 2 times, 1 fluxes"),
        ({"times": [0], "fluxes": [1], "flags": [0, 0]}, "2 flags"),
        ({"times": [0], "fluxes": [1], "uncertainties": [0, 0]}, "2 uncertainties"),
        ({"times": [0], "fluxes": ["a"]}, "must be numbers"),
        ({"times": [[0]], "fluxes": [[1]]}, "one dimension"),
        ({"times": [0], "fluxes": [1], "metadata": [1]}, "metadata must be a dict"),
    ],
)
def test_columns_that_do_not_fit_are_refused(columns, message):
    with pytest.raises(LightcurveError, match=message):
        LightcurveArbitraryRaster(**columns)


def test_d56_metadata_items_and_plain_values_are_the_same_thing(tmp_path):
    mixed = {"mes": MetadataItem("mes", 12.5), "name": "x"}
    curve = curve_of([1, 2], metadata=mixed)
    assert curve.metadata == {"mes": 12.5, "name": "x"}
    said = curve.to_file(tmp_path / "curve")
    items = {key: MetadataItem(key, value) for key, value in said.items()}
    for form in (said, items):
        assert len(LightcurveArbitraryRaster.from_file(tmp_path / "curve", form)) == 2


def test_d56_curves_read_from_files_can_be_added_whatever_form_their_mes_has():
    first = curve_of([1, 2], metadata={"mes": MetadataItem("mes", 5), "name": "first"})
    second = curve_of([1, 2], metadata={"mes": 3.0, "name": "second"})
    assert (first + second).metadata["name"] == "first"
    assert (second + first).metadata["name"] == "first"
    assert (curve_of([1, 2]) + second).metadata["name"] == "second"


def test_d57_curves_do_not_share_their_metadata():
    metadata = {"a": 1}
    curve = curve_of([1, 2, 3], metadata=metadata)
    part = curve.truncate_to_length(maximum_time=0.03)
    part.metadata["a"] = 2
    assert curve.metadata == metadata == {"a": 1}


# ---------------- arithmetic


def test_d10_a_product_has_relative_uncertainties_in_quadrature():
    # JCGM 100:2008, equation 12: relative 0.1 and 0.005 in quadrature, so 1000 * hypot(0.1, 0.005) = 100.12
    product = curve_of([10.0], uncertainties=[1.0]) * curve_of([100.0], uncertainties=[0.5])
    assert product.fluxes[0] == 1000
    assert product.uncertainties[0] == pytest.approx(1000 * np.hypot(0.1, 0.005), rel=1e-15)


def test_d10_flags_combine_by_or_and_stay_whole_numbers():
    total = curve_of([1, 1, 1], flags=[0, 1, 1]) + curve_of([1, 1, 1], flags=[0, 0, 1])
    assert total.flags.tolist() == [0, 1, 1]
    assert total.flags.dtype.kind == "i"


@settings(max_examples=200, deadline=None)
@given(pair=pairs_on_one_raster())
def test_arithmetic_on_one_raster_is_that_of_the_columns(pair):
    a, b = pair
    np.testing.assert_array_equal((a + b).fluxes, a.fluxes + b.fluxes)
    np.testing.assert_array_equal((a - b).fluxes, a.fluxes - b.fluxes)
    np.testing.assert_array_equal((a * b).fluxes, a.fluxes * b.fluxes)
    np.testing.assert_array_equal((a * b).flags, a.flags | b.flags)
    # sums commute, and a difference is as uncertain as a sum (JCGM 100:2008, equation 10)
    np.testing.assert_array_equal((a + b).uncertainties, (b + a).uncertainties)
    np.testing.assert_array_equal((a - b).uncertainties, (a + b).uncertainties)
    np.testing.assert_array_equal((a * b).uncertainties, (b * a).uncertainties)


@settings(max_examples=200, deadline=None)
@given(pair=pairs_on_one_raster())
def test_one_and_zero_are_neutral(pair):
    curve = pair[0]
    one, zero = curve_of(np.ones(len(curve))), curve_of(np.zeros(len(curve)))
    for same in (curve * one, curve + zero, curve - zero):
        np.testing.assert_array_equal(same.fluxes, curve.fluxes)
        np.testing.assert_allclose(same.uncertainties, curve.uncertainties, rtol=1e-15)
        np.testing.assert_array_equal(same.flags, curve.flags)


@pytest.mark.parametrize("operation", ["__add__", "__sub__", "__mul__"])
def test_the_result_has_class_and_times_of_the_first_operand(operation):
    fixed = LightcurveFixedStep(0.0, 0.02, np.ones(50))
    other = curve_of(np.ones(100), step=0.011)
    result = getattr(fixed, operation)(other)
    assert type(result) is LightcurveFixedStep
    np.testing.assert_array_equal(result.get_times(), fixed.get_times())
    assert type(getattr(other, operation)(fixed)) is LightcurveArbitraryRaster


def test_d9_a_product_keeps_all_samples_and_marks_those_that_the_other_does_not_cover():
    product = curve_of(np.ones(100)) * curve_of(np.full(50, 2.0), step=0.0199)
    assert len(product) == 100
    assert np.isnan(product.fluxes[60:]).all()
    assert product.flags[60:].all()
    assert product.flags_set
    np.testing.assert_array_equal(product.fluxes[:49], 2.0)


def test_a_difference_prefers_the_metadata_of_the_second_curve():
    first, second = curve_of([1], metadata={"a": 1, "b": 1}), curve_of([1], metadata={"b": 2})
    assert (first - second).metadata == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    ("keyword", "values"), [("time_zero", (2457000.0, 2454833.0)), ("time_scale", ("tdb", "utc"))]
)
@pytest.mark.parametrize("operation", ["__add__", "__sub__", "__mul__"])
def test_curves_of_different_time_systems_cannot_be_combined(keyword, values, operation):
    first, second = (curve_of([1, 1], metadata={keyword: value}) for value in values)
    with pytest.raises(LightcurveError, match=f"different {keyword}"):
        getattr(first, operation)(second)


def test_a_known_time_system_survives_an_operation_with_a_curve_without_one():
    known, unknown = (
        curve_of([1, 1], metadata={"time_zero": 2457000.0}),
        curve_of([1, 1], metadata={"mes": 9}),
    )
    for result in (known + unknown, unknown + known, known * unknown, unknown - known):
        assert result.metadata["time_zero"] == 2457000.0


def test_fluxes_of_different_units_cannot_be_added_but_multiplied():
    electrons = curve_of([1, 1], metadata={"flux_unit": "e-/s"})
    relative = curve_of([1, 1], metadata={"flux_unit": "relative"})
    with pytest.raises(LightcurveError, match="different flux_unit"):
        electrons + relative
    assert (electrons * relative).metadata["flux_unit"] == "e-/s"
    assert (relative * electrons).metadata["flux_unit"] == "e-/s"
    assert (relative * relative).metadata["flux_unit"] == "relative"
    assert (electrons * electrons).metadata["flux_unit"] == "e-/s * e-/s"


@pytest.mark.parametrize("operation", ["__add__", "__sub__", "__mul__"])
def test_only_light_curves_can_be_combined(operation):
    assert getattr(curve_of([1]), operation)(2) is NotImplemented


# ---------------- rasters


@settings(max_examples=200, deadline=None)
@given(start=st.floats(-1e4, 1e4), step=st.floats(1e-6, 10), count=st.integers(1, 200))
def test_d11_times_of_a_fixed_step_curve_are_start_plus_number_times_step(start, step, count):
    curve = LightcurveFixedStep(start, step, np.ones(count))
    times = curve.get_times()
    assert [curve.get_time_of_point(k) for k in range(count)] == times.tolist()
    assert curve.duration() == times[-1] - times[0]


def test_d11_a_curve_of_101_samples_ends_at_100_steps():
    curve = LightcurveFixedStep(0.0, 0.01, np.ones(101))
    assert curve.get_times()[-1] == 1.0
    assert curve.duration() == 1.0


@pytest.mark.parametrize("step", [0, -1, np.nan, np.inf])
def test_a_step_that_is_not_positive_is_refused(step):
    with pytest.raises(LightcurveError, match="positive step"):
        LightcurveFixedStep(0.0, step, [1.0])


# 58.85 s is the cadence of Kepler's short-cadence data
@pytest.mark.parametrize("seconds", [0.001, 0.4, 1.0, 25.0, 58.85, 1765.46, 2 * 86400.0, 100 * 86400.0])
def test_d12_the_sampling_interval_is_right_below_a_second_and_above_a_day(seconds):
    step = seconds * SECOND
    curve = curve_of(np.ones(2000), step=step)
    assert curve.estimate_sampling_interval() == pytest.approx(step, rel=1e-9)
    assert curve.check_fixed_step() == 0
    fixed = curve.to_fixed_step()
    assert len(fixed) == 2000
    assert not np.isnan(fixed.fluxes).any()


@pytest.mark.parametrize("count", [2, 3])
def test_d12_two_samples_have_a_sampling_interval(count):
    assert curve_of(np.ones(count), step=0.5).estimate_sampling_interval() == 0.5


@pytest.mark.parametrize("times", [[], [1.0], [1.0, 1.0], [1.0, np.nan]])
def test_d12_fewer_than_two_times_give_a_clear_error(times):
    with pytest.raises(LightcurveError, match="two different, finite times"):
        LightcurveArbitraryRaster(times, np.ones(len(times))).estimate_sampling_interval()


def test_the_sampling_interval_is_not_disturbed_by_gaps_extra_samples_and_rounded_times():
    times = np.round(np.arange(5000) * 120 * SECOND, 4)  # TESS times as some archives print them
    times = np.sort(np.concatenate((times[:1000], times[3000:], [0.0701, 0.0903])))
    curve = LightcurveArbitraryRaster(times, np.ones(len(times)))
    # rounding moves single times by 5e-5 d, the mean over 3000 spacings by 1e-4 / 3000 d
    assert curve.estimate_sampling_interval() == pytest.approx(120 * SECOND, abs=2e-4 / 3000)


def test_d13_a_gap_longer_than_the_data_is_counted_and_logged(caplog):
    times = np.concatenate((np.arange(10) * 0.02, 5.0 + np.arange(10) * 0.02))
    curve = LightcurveArbitraryRaster(times, np.ones(20))
    with caplog.at_level(logging.INFO):
        assert curve.check_fixed_step(verbose=True, max_errors=4) == 240  # points 10 … 249
    points = [record for record in caplog.records if "no sample at time" in record.getMessage()]
    assert len(points) == 4
    assert "236 further" in caplog.text


def test_d13_extra_samples_are_departures_too():
    times = np.sort(np.concatenate((np.arange(100) * 0.02, 0.01 + np.arange(10) * 0.02)))
    assert LightcurveArbitraryRaster(times, np.ones(110)).check_fixed_step() == 10
    doubled = np.sort(np.concatenate((np.arange(100) * 0.02, [0.4])))
    assert LightcurveArbitraryRaster(doubled, np.ones(101)).check_fixed_step() == 1


@pytest.mark.parametrize("step", [0.4 * SECOND, 25 * SECOND, 1.5])
def test_d13_the_tolerance_is_a_fraction_of_the_step(step):
    times = np.arange(100) * step
    times[50] += 0.05 * step
    assert LightcurveArbitraryRaster(times, np.ones(100)).check_fixed_step() == 0
    times[50] += 0.25 * step
    assert LightcurveArbitraryRaster(times, np.ones(100)).check_fixed_step() == 2  # one missing, one extra


def test_a_fixed_step_curve_is_always_regular():
    assert LightcurveFixedStep(0.0, 1.0, [1.0]).check_fixed_step() == 0


def test_d13_to_fixed_step_keeps_all_columns_and_the_last_sample():
    count = 50
    curve = curve_of(
        np.linspace(900, 1100, count), flags=np.arange(count) % 2, uncertainties=np.arange(count) * 0.1,
        metadata={"a": 1}, start=7.0,
    )  # fmt: skip
    fixed = curve.to_fixed_step()
    assert type(fixed) is LightcurveFixedStep
    np.testing.assert_array_equal(fixed.fluxes, curve.fluxes)
    np.testing.assert_array_equal(fixed.uncertainties, curve.uncertainties)
    np.testing.assert_array_equal(fixed.flags, curve.flags)
    np.testing.assert_allclose(fixed.get_times(), curve.times, rtol=1e-14)
    assert fixed.metadata == {"a": 1}


def test_d13_filled_gaps_are_nan_and_flagged_whatever_the_flux_level():
    curve = curve_of(np.full(100, 24000.0), uncertainties=np.ones(100))
    holes = np.r_[10:15, 40]
    keep = np.setdiff1d(np.arange(100), holes)
    fixed = LightcurveArbitraryRaster(curve.times[keep], curve.fluxes[keep]).to_fixed_step(verbose=False)
    assert np.flatnonzero(np.isnan(fixed.fluxes)).tolist() == holes.tolist()
    assert np.flatnonzero(fixed.flags).tolist() == holes.tolist()
    assert np.isnan(fixed.uncertainties[holes]).all()
    assert fixed.flags_set


def test_of_two_samples_at_one_raster_point_the_nearer_one_counts():
    times = np.sort(np.append(np.arange(20) * 1.0, 7.3))
    fluxes = np.where(times == 7.3, 5.0, 1.0)
    assert LightcurveArbitraryRaster(times, fluxes).to_fixed_step().fluxes.tolist() == [1.0] * 20


def test_unsorted_times_are_no_raster():
    curve = LightcurveArbitraryRaster([0.0, 2.0, 1.0], [1, 1, 1])
    for call in (curve.check_fixed_step, curve.to_fixed_step):
        with pytest.raises(LightcurveError, match="sort the curve first"):
            call()


def test_a_raster_that_cannot_fit_into_memory_is_refused():
    curve = LightcurveArbitraryRaster([0.0, 1e-9, 2e-9, 1e5], np.ones(4))
    with pytest.raises(LightcurveError, match="too many points"):
        curve.to_fixed_step()


# ---------------- access, truncation


def test_the_time_of_a_point_outside_an_arbitrary_raster_is_nan():
    curve = curve_of([1, 2], start=3.0)
    assert curve.get_time_of_point(index=0) == 3.0
    assert np.isnan(curve.get_time_of_point(2))
    assert np.isnan(curve.get_time_of_point(-1))


@pytest.mark.parametrize(
    "curve", [curve_of(np.arange(10), step=1.0), LightcurveFixedStep(0, 1, np.arange(10))]
)
def test_truncation_keeps_the_start_and_drops_the_end(curve):
    part = curve.truncate_to_length(maximum_time=6, minimum_time=2)
    assert type(part) is type(curve)
    assert part.get_times().tolist() == [2, 3, 4, 5]
    assert part.fluxes.tolist() == [2, 3, 4, 5]
    assert curve.truncate_to_length(3).get_times().tolist() == [0, 1, 2]
    part.fluxes[0] = 99
    assert curve.fluxes[2] == 2


@pytest.mark.parametrize(
    "curve", [curve_of([1, 2], flags=[0, 1]), LightcurveFixedStep(0, 1, [1, 2], flags=[0, 1])]
)
def test_truncation_to_nothing_gives_an_empty_curve(curve):
    part = curve.truncate_to_length(maximum_time=0)
    assert len(part) == 0
    with pytest.raises(LightcurveError, match="no duration"):
        part.duration()


@pytest.mark.parametrize(
    "curve",
    [
        curve_of([1, 2], step=1.0, uncertainties=[3, 4], metadata={"star": "a"}),
        LightcurveFixedStep(0, 1, [1, 2], uncertainties=[3, 4], metadata={"star": "a"}),
    ],
)
def test_other_columns_leave_the_times_and_all_else_of_a_curve_as_they_are(curve):
    changed = curve.with_columns(fluxes=[5, 6])
    assert type(changed) is type(curve)
    assert changed.get_times().tolist() == [0, 1]
    assert changed.fluxes.tolist() == [5, 6]
    assert (changed.uncertainties.tolist(), changed.flags.tolist()) == ([3, 4], [0, 0])
    assert (changed.metadata, changed.flags_set) == ({"star": "a"}, False)
    flagged = curve.with_columns(uncertainties=[0, 1], flags=[0, 1], metadata=curve.metadata | {"n": 1})
    assert (flagged.fluxes.tolist(), flagged.uncertainties.tolist()) == ([1, 2], [0, 1])
    assert (flagged.flags.tolist(), flagged.flags_set) == ([0, 1], True)
    assert flagged.metadata == {"star": "a", "n": 1}
    flagged.fluxes[0], changed.uncertainties[0], changed.metadata["star"] = 99, 99, "b"
    assert (curve.fluxes[0], curve.uncertainties[0], curve.metadata) == (1, 3, {"star": "a"})


@pytest.mark.parametrize("curve", [curve_of([1, 2]), LightcurveFixedStep(0, 1, [1, 2])])
def test_columns_of_another_length_are_refused(curve):
    with pytest.raises(LightcurveError, match="one length"):
        curve.with_columns(fluxes=[1, 2, 3], uncertainties=[0, 0, 0], flags=[0, 0, 0])
    with pytest.raises(LightcurveError, match="one length"):
        curve.with_columns(flags=[1])


def test_a_light_curve_must_be_of_one_of_the_two_kinds():
    with pytest.raises(TypeError, match="abstract"):
        Lightcurve({})


# ---------------- LightcurveResampler


def test_the_resampler_keeps_metadata_and_flags():
    curve = curve_of(np.ones(100), flags=(np.arange(100) == 50), metadata={"mes": 9.0})
    result = LightcurveResampler(input_lc=curve).onto_raster(output_raster=np.arange(0.05, 1.9, 0.1))
    assert type(result) is LightcurveArbitraryRaster
    assert result.metadata == {"mes": 9.0}
    # sample 50 is at 1.0 d with edges 0.99 and 1.01: it touches the pixels 0.9-1.0 and 1.0-1.1
    assert np.flatnonzero(result.flags).tolist() == [9, 10]


def test_the_resampler_clears_flags_when_asked():
    curve = curve_of(np.ones(100), flags=np.ones(100))
    result = LightcurveResampler(curve).onto_raster(np.arange(0.05, 1.9, 0.1), resample_flags=False)
    assert not result.flags.any()


def test_matching_another_light_curve_gives_its_times():
    other = LightcurveFixedStep(0.1, 0.07, np.zeros(20))
    result = LightcurveResampler(curve_of(np.ones(100))).match_to_other_lightcurve(other)
    np.testing.assert_array_equal(result.times, other.get_times())


@pytest.mark.parametrize(
    ("thing", "message"), [(curve_of([1]), "at least 2 samples"), ([1, 2, 3], "not a list")]
)
def test_what_cannot_be_resampled_is_refused(thing, message):
    with pytest.raises(LightcurveError, match=message):
        LightcurveResampler(thing)
