"""Several light curves of one star made into one."""

import numpy as np
import pytest
from eas_tasks_tda.stitching import StitchParameters, stitch
from hypothesis import given, settings
from hypothesis import strategies as st

from eas_framework.errors import LightcurveError
from eas_framework.lightcurve import LightcurveArbitraryRaster

ALL = StitchParameters(overlap="all")
FIRST = StitchParameters(overlap="first")
RAW = StitchParameters(normalise="none")


def part(start, *, count=100, level=1.0, step=0.02, **metadata):
    times = start + step * np.arange(count)
    fluxes = level * (1 + 1e-3 * np.sin(times))
    return LightcurveArbitraryRaster(times, fluxes, np.full(count, 1e-3 * level), metadata=metadata)


# ---------------------------------------------------------------- samples
@pytest.mark.parametrize(("normalise", "average"), [("median", np.median), ("mean", np.mean)])
def test_each_part_is_divided_by_its_own_level(normalise, average):
    first, second = part(0, level=5000), part(10, level=7)
    curve = stitch({"b": second, "a": first}, parameters=StitchParameters(normalise=normalise))
    levels = [average(first.fluxes), average(second.fluxes)]
    np.testing.assert_array_equal(curve.times, np.concatenate([first.times, second.times]))
    np.testing.assert_array_equal(
        curve.fluxes, np.concatenate([first.fluxes / levels[0], second.fluxes / levels[1]])
    )
    np.testing.assert_array_equal(
        curve.uncertainties,
        np.concatenate([first.uncertainties / levels[0], second.uncertainties / levels[1]]),
    )
    assert [row["level"] for row in curve.metadata["stitched_from"]] == levels


def test_without_a_level_samples_stay_as_they_are():
    first, second = part(0, level=5000), part(10, level=-7)
    curve = stitch({"a": first, "b": second}, parameters=RAW)
    np.testing.assert_array_equal(curve.fluxes, np.concatenate([first.fluxes, second.fluxes]))


def test_flags_are_kept_and_bad_samples_do_not_shape_the_level():
    first, second = part(0, level=5000), part(10, level=7)
    first.flags[:60] = 8
    first.fluxes[:60] = 1e9
    second.fluxes[:10] = np.nan
    curve = stitch({"a": first, "b": second})
    np.testing.assert_array_equal(curve.flags, np.concatenate([first.flags, second.flags]))
    np.testing.assert_array_equal(np.isnan(curve.fluxes), np.isnan(np.r_[first.fluxes, second.fluxes]))
    assert curve.metadata["stitched_from"][0]["level"] == np.median(first.fluxes[60:])


def test_unsorted_parts_come_out_in_order_of_time():
    first, second = part(0), part(10)
    order = np.random.default_rng(2).permutation(100)
    shuffled = LightcurveArbitraryRaster(
        second.times[order], second.fluxes[order], second.uncertainties[order]
    )
    mixed, plain = stitch({"b": shuffled, "a": first}), stitch({"a": first, "b": second})
    np.testing.assert_array_equal(mixed.times, plain.times)
    np.testing.assert_array_equal(mixed.fluxes, plain.fluxes)


def test_samples_without_a_time_are_left_out_and_counted():
    first = part(0)
    first.times[[3, 50]] = np.nan
    curve = stitch({"a": first, "b": part(10)})
    assert len(curve) == 198
    assert curve.metadata["stitched_left_out"] == 2
    assert curve.metadata["stitched_from"][0]["samples"] == 98


def test_one_light_curve_is_only_divided_by_its_level():
    curve = stitch({"a": part(0, level=5000)})
    assert np.median(curve.fluxes) == 1


def test_the_inputs_are_not_changed():
    first = part(0, level=5000)
    stitch({"a": first, "b": part(10)})
    np.testing.assert_array_equal(first.fluxes, part(0, level=5000).fluxes)


# ---------------------------------------------------------------- overlaps
@pytest.mark.parametrize("start", [1.98, 1.0, 0.0, -1.0])  # on the last sample, inside, together, before
def test_an_overlap_is_refused_and_both_are_named(start):
    with pytest.raises(LightcurveError, match=r"(a|b)\.lc begins at .* before (a|b)\.lc ends at .* overlap"):
        stitch({"a.lc": part(0), "b.lc": part(start)})


def test_a_part_that_lies_in_another_s_gap_overlaps_it():
    times = np.r_[np.arange(0, 1, 0.02), np.arange(9, 10, 0.02)]
    with_gap = LightcurveArbitraryRaster(times, np.ones(100))
    with pytest.raises(LightcurveError, match="overlap"):
        stitch({"a": with_gap, "b": part(4), "c": part(20)})


def test_in_an_overlap_the_part_that_begins_first_stands():
    first, second, third = part(0.01), part(1.0, level=7), part(1.5, count=5, level=9)
    curve = stitch({"c": third, "b": second, "a": first}, parameters=FIRST)
    late = second.times > first.times[-1]
    np.testing.assert_array_equal(curve.times, np.r_[first.times, second.times[late]])
    rows = curve.metadata["stitched_from"]
    assert [(row["file"], row["samples"]) for row in rows] == [("a", 100), ("b", int(late.sum())), ("c", 0)]
    assert (rows[2]["time_first"], rows[2]["time_last"]) == (None, None)
    assert curve.metadata["stitched_left_out"] == 205 - len(curve)


def test_of_parts_that_begin_together_the_one_given_first_stands():
    short, long = part(0, count=50), part(0)
    curve = stitch({"short": short, "long": long}, parameters=FIRST)
    assert [row["samples"] for row in curve.metadata["stitched_from"]] == [50, 50]


def test_all_samples_of_an_overlap_are_kept_when_asked():
    first, second = part(0), part(0)
    first.flags[10:] = 2
    curve = stitch({"a": first, "b": second}, parameters=ALL)
    np.testing.assert_array_equal(curve.times, np.repeat(first.times, 2))
    np.testing.assert_array_equal(curve.flags, [0] * 20 + [2, 0] * 90)
    assert curve.metadata["stitched_left_out"] == 0


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(st.integers(0, 60), min_size=2, max_size=12), min_size=1, max_size=5))
def test_the_rule_of_the_first_is_that_of_each_sample(times):
    """A sample stands where no part that began before its own ends at or after it."""
    parts = {
        str(number): LightcurveArbitraryRaster(np.array(own) / 100, np.full(len(own), 1.0 + number))
        for number, own in enumerate(times)
    }
    curve = stitch(parts, parameters=StitchParameters(normalise="none", overlap="first"))
    in_order = sorted(times, key=min)  # as Python sorts: equal ones as they were
    expected = []
    for number, own in enumerate(in_order):
        ends = max(map(max, in_order[:number]), default=-1)
        expected += [time for time in own if time > ends]
    np.testing.assert_array_equal(curve.times, np.array(sorted(expected)) / 100)
    is_disjoint = len(expected) == sum(map(len, times))
    if is_disjoint:
        np.testing.assert_array_equal(stitch(parts, parameters=RAW).fluxes, curve.fluxes)
    else:
        with pytest.raises(LightcurveError, match="overlap"):
            stitch(parts, parameters=RAW)


# ---------------------------------------------------------------- what times and fluxes mean
def test_times_are_brought_to_the_time_zero_of_the_earliest_whatever_the_order():
    kepler = part(100, time_zero=2454833.0, t0=100.5, orbital_period=3.0)
    tess = part(50, time_zero=2457000.0, t0=100.5 - 2167.0, orbital_period=3.0)  # later, with smaller numbers
    for parts in ({"kepler": kepler, "tess": tess}, {"tess": tess, "kepler": kepler}):
        curve = stitch(parts)
        np.testing.assert_allclose(curve.times, np.r_[kepler.times, tess.times + 2167.0], rtol=0, atol=1e-9)
        assert curve.metadata["time_zero"] == 2454833.0
        assert curve.metadata["t0"] == 100.5  # the same moment
        assert [row["file"] for row in curve.metadata["stitched_from"]] == ["kepler", "tess"]


def test_an_epoch_of_another_moment_is_no_common_one():
    curve = stitch({"a": part(0, time_zero=10.0, t0=1.0), "b": part(10, time_zero=11.0, t0=1.0)})
    assert "t0" not in curve.metadata


def test_a_time_zero_that_only_some_know_is_refused():
    parts = {"a.lc": part(0, time_zero=2457000.0), "b.lc": part(10), "c.lc": part(20)}
    with pytest.raises(LightcurveError, match=r"time_zero is not known of b\.lc, c\.lc"):
        stitch(parts)


@pytest.mark.parametrize(("keyword", "one", "other"), [("time_scale", "tdb", "utc"), ("time_unit", "d", "s")])
def test_other_time_systems_are_refused_even_behind_one_that_does_not_say(keyword, one, other):
    parts = {"a": part(0), "b": part(10, **{keyword: one}), "c": part(20, **{keyword: other})}
    with pytest.raises(LightcurveError, match=f"c and those before it: .*{keyword}.*{one}.*{other}"):
        stitch(parts)


def test_a_time_scale_that_one_knows_is_that_of_all():
    assert stitch({"a": part(0), "b": part(10, time_scale="tdb")}).metadata["time_scale"] == "tdb"


def test_flux_units_may_differ_only_where_levels_are_divided_out():
    parts = {"a": part(0, flux_unit="electron / s"), "b": part(10, flux_unit="relative")}
    assert stitch(parts).metadata["flux_unit"] == "relative"
    with pytest.raises(LightcurveError, match="flux_unit"):
        stitch(parts, parameters=RAW)
    same = {"a": part(0, flux_unit="electron / s"), "b": part(10, flux_unit="electron / s")}
    assert stitch(same, parameters=RAW).metadata["flux_unit"] == "electron / s"


# ---------------------------------------------------------------- metadata
def test_what_all_say_alike_is_kept_and_figures_of_one_are_not():
    both = {"star": "Kepler-9", "orbital_period": 3.0, "mes": 12.0, "duration": 2.0}
    curve = stitch({"a": part(0, **both, sector=1, gone=None), "b": part(10, **both, sector=2)})
    kept = {name: curve.metadata[name] for name in curve.metadata if not name.startswith("stitched_")}
    assert kept == {"star": "Kepler-9", "orbital_period": 3.0, "flux_unit": "relative"}


def test_the_sources_are_recorded_in_order_of_time():
    curve = stitch({"b.lc": part(10), "a.lc": part(0)})
    first, second = curve.metadata["stitched_from"]
    assert first == {
        "file": "a.lc",
        "samples": 100,
        "time_first": 0.0,
        "time_last": 1.98,
        "level": first["level"],
    }
    assert second["file"] == "b.lc"


# ---------------------------------------------------------------- refusals
def test_a_part_without_good_samples_is_refused_by_name():
    bad = part(10)
    bad.flags[:] = 1
    with pytest.raises(LightcurveError, match=r"^b\.lc: .* 0 good samples; normalise = median"):
        stitch({"a.lc": part(0), "b.lc": bad})


@pytest.mark.parametrize("normalise", ["median", "mean"])
def test_a_part_about_zero_is_refused_by_name(normalise):
    parts = {"a.lc": part(0), "b.lc": part(10, level=-1.0)}
    with pytest.raises(LightcurveError, match=rf"^b\.lc: the {normalise} flux is -.*above zero"):
        stitch(parts, parameters=StitchParameters(normalise=normalise))


def test_a_part_without_times_is_refused_by_name():
    lost = part(10)
    lost.times[:] = np.nan
    with pytest.raises(LightcurveError, match=r"^b\.lc: .*no sample with a time"):
        stitch({"a.lc": part(0), "b.lc": lost}, parameters=RAW)


def test_no_light_curves_are_refused():
    with pytest.raises(LightcurveError, match="no light curves"):
        stitch({})


@pytest.mark.parametrize("wrong", [{"normalise": "max"}, {"overlap": "last"}, {"overlaps": "all"}])
def test_wrong_parameters_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        StitchParameters(**wrong)
