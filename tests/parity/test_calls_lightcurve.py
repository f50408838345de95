"""Light curves, resampling, the reader of stitched curves, the verdict on a search: called for real."""

import functools
import gzip
import logging
import math

import numpy as np
import pytest
from documented_api import calls

from eas_framework import lightcurve
from eas_framework.errors import LightcurveError
from eas_framework.lc_reader_lcsg import read_lcsg_lightcurve
from eas_framework.lightcurve_resample import LightcurveResampler
from eas_framework.quality_control import transit_detection_quality_control
from eas_framework.task_objects import MetadataItem

calls = functools.partial(calls, of="lightcurve")
BASE, ARBITRARY, FIXED = "Lightcurve.", "LightcurveArbitraryRaster.", "LightcurveFixedStep."


def named(name):
    """The entries of a method: that of the base class, and those of both kinds of curve."""
    return [f"{kind}{name}" for kind in (BASE, ARBITRARY, FIXED)]


@pytest.fixture
def arbitrary():
    """Five samples, one of which is missing from a raster of 0.5 d."""
    return lightcurve.LightcurveArbitraryRaster(
        times=np.array([0.0, 0.5, 1.0, 2.0, 2.5]),
        fluxes=np.array([1.0, 2.0, 3.0, 4.0, 5.0]),
        uncertainties=np.full(5, 0.1),
        flags=np.array([0, 1, 0, 0, 1]),
        metadata={"star": "a"},
    )


@pytest.fixture
def fixed():
    """Four samples from day 10 on, every quarter of a day."""
    return lightcurve.LightcurveFixedStep(
        time_start=10.0,
        time_step=0.25,
        fluxes=np.array([1.0, 2.0, 3.0, 4.0]),
        uncertainties=np.full(4, 0.2),
        flags=np.array([0, 0, 1, 0]),
        metadata={"star": "b"},
    )


@calls("Lightcurve", "LightcurveArbitraryRaster", "LightcurveFixedStep")
def test_a_light_curve_keeps_its_samples_and_metadata(arbitrary, fixed):
    assert arbitrary.fluxes.tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert (arbitrary.metadata, arbitrary.flags_set) == ({"star": "a"}, True)
    assert (fixed.time_start, fixed.time_step, fixed.metadata) == (10.0, 0.25, {"star": "b"})
    plain = lightcurve.LightcurveFixedStep(0.0, 1.0, [1.0, 2.0])
    assert (plain.uncertainties.tolist(), plain.flags.tolist(), plain.flags_set) == ([0, 0], [0, 0], False)
    with pytest.raises(TypeError):
        lightcurve.Lightcurve({})  # abstract


@calls(*named("get_flags"), *named("get_fluxes"), *named("get_uncertainties"), *named("get_times"))
def test_each_column_is_its_own(arbitrary, fixed):
    assert arbitrary.get_flags().tolist() == [0, 1, 0, 0, 1]  # the prototype gave fluxes
    assert arbitrary.get_fluxes().tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert arbitrary.get_uncertainties().tolist() == [0.1] * 5
    assert arbitrary.get_times().tolist() == [0.0, 0.5, 1.0, 2.0, 2.5]
    assert fixed.get_flags().tolist() == [0, 0, 1, 0]
    assert fixed.get_fluxes().tolist() == [1.0, 2.0, 3.0, 4.0]
    assert fixed.get_uncertainties().tolist() == [0.2] * 4
    assert fixed.get_times().tolist() == [10.0, 10.25, 10.5, 10.75]


@calls(*named("get_time_of_point"))
def test_the_time_of_a_point_in_days(arbitrary, fixed):
    assert arbitrary.get_time_of_point(index=3) == 2.0
    assert math.isnan(arbitrary.get_time_of_point(5))
    assert math.isnan(arbitrary.get_time_of_point(-1))
    assert (fixed.get_time_of_point(index=3), fixed.get_time_of_point(8)) == (10.75, 12.0)


@calls(BASE + "duration")
def test_the_duration_is_last_minus_first_time(arbitrary, fixed):
    assert (arbitrary.duration(), fixed.duration()) == (2.5, 0.75)


@calls(*named("estimate_sampling_interval"))
def test_the_sampling_interval_is_not_rounded_to_seconds(arbitrary, fixed):
    assert arbitrary.estimate_sampling_interval() == pytest.approx(0.5, rel=1e-15)
    assert fixed.estimate_sampling_interval() == 0.25
    fast = lightcurve.LightcurveArbitraryRaster(np.arange(50) * 0.4 / 86400, np.ones(50))
    assert fast.estimate_sampling_interval() * 86400 == pytest.approx(0.4, rel=1e-9)


@calls(*named("check_fixed_step"))
def test_the_check_counts_missing_points_and_logs_no_more_than_asked(arbitrary, fixed, caplog):
    caplog.set_level(logging.INFO)
    assert arbitrary.check_fixed_step(verbose=False) == 1
    assert caplog.text == ""
    assert arbitrary.check_fixed_step(verbose=True, max_errors=1) == 1
    assert "1.500000 d" in caplog.text
    assert fixed.check_fixed_step(verbose=True, max_errors=None) == 0


@calls(ARBITRARY + "to_fixed_step")
def test_a_gap_in_the_raster_is_flagged_and_has_no_flux(arbitrary):
    made = arbitrary.to_fixed_step(verbose=False, max_errors=None)
    assert isinstance(made, lightcurve.LightcurveFixedStep)
    assert made.get_times().tolist() == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]
    assert made.get_flags().tolist() == [0, 1, 0, 1, 0, 1]
    assert math.isnan(made.fluxes[3])
    assert (made.fluxes[5], made.uncertainties[5], made.metadata) == (5.0, 0.1, {"star": "a"})


@calls(*named("truncate_to_length"))
def test_truncation_includes_its_beginning_and_not_its_end(arbitrary, fixed):
    part = arbitrary.truncate_to_length(maximum_time=2.0, minimum_time=0.5)
    assert type(part) is lightcurve.LightcurveArbitraryRaster
    assert (part.times.tolist(), part.flags.tolist()) == ([0.5, 1.0], [1, 0])
    part.metadata["star"] = "changed"
    assert arbitrary.metadata == {"star": "a"}
    part = fixed.truncate_to_length(10.5, 10.25)
    assert (part.time_start, part.fluxes.tolist()) == (10.25, [2.0])
    assert arbitrary.truncate_to_length(1.0).times.tolist() == [0.0, 0.5]


@pytest.mark.parametrize(("binary", "gzipped"), [(False, True), (False, False), (True, False)])
@calls(BASE + "to_file", ARBITRARY + "from_file")
def test_a_curve_reads_back_as_it_was_written(arbitrary, fixed, tmp_path, binary, gzipped):
    for number, curve in enumerate((arbitrary, fixed)):
        path = tmp_path / f"curve_{number}"
        form = curve.to_file(target_path=path, binary=binary, gzipped=gzipped)
        assert form == {"binary": binary, "gzipped": gzipped}
        metadata = {key: MetadataItem(key, value) for key, value in {**form, **curve.metadata}.items()}
        back = lightcurve.LightcurveArbitraryRaster.from_file(file_path=path, file_metadata=metadata)
        np.testing.assert_allclose(back.times, curve.get_times(), rtol=1e-15)
        np.testing.assert_allclose(back.fluxes, curve.fluxes, rtol=1e-15)
        assert back.flags.tolist() == curve.flags.tolist()
        assert back.metadata["star"] == curve.metadata["star"]
        middle = curve.get_time_of_point(1)
        short = lightcurve.LightcurveArbitraryRaster.from_file(path, metadata, cut_off_time=middle + 0.01)
        assert len(short.times) == 2


@calls(BASE + "to_file")
def test_the_text_form_is_gzip_and_in_seconds_unless_told_otherwise(fixed, tmp_path):
    assert fixed.to_file(tmp_path / "curve") == {"binary": False, "gzipped": True}
    first = gzip.decompress((tmp_path / "curve").read_bytes()).decode().split()
    assert [float(word) for word in first[:4]] == [10 * 86400.0, 1.0, 0.0, 0.2]


def test_arithmetic_propagates_uncertainties(arbitrary):
    product = arbitrary * arbitrary
    # relative uncertainties in quadrature: here u(f²) = f u √2 for two curves that are taken as independent
    np.testing.assert_allclose(product.uncertainties, arbitrary.fluxes * 0.1 * math.sqrt(2))
    assert (arbitrary + arbitrary).fluxes.tolist() == [2.0, 4.0, 6.0, 8.0, 10.0]
    assert (arbitrary - arbitrary).fluxes.tolist() == [0.0] * 5
    assert product.flags.tolist() == arbitrary.flags.tolist()


# ------------------------------------------------------------- resampling
resampling = functools.partial(calls.func, of="lightcurve_resample")


@resampling("LightcurveResampler", "LightcurveResampler.onto_raster")
def test_rebinning_keeps_the_mean_and_halves_the_uncertainty_of_four(fixed):
    fine = lightcurve.LightcurveFixedStep(0.0, 0.25, np.tile([1.0, 3.0], 16), np.full(32, 0.2))
    coarse = LightcurveResampler(input_lc=fine).onto_raster(output_raster=np.arange(1.375, 6.0, 1.0))
    assert isinstance(coarse, lightcurve.LightcurveArbitraryRaster)
    np.testing.assert_allclose(coarse.fluxes, 2.0)
    np.testing.assert_allclose(coarse.uncertainties, 0.2 / math.sqrt(4))  # σ/√n of n independent samples


@resampling("LightcurveResampler.onto_raster", "LightcurveResampler.match_to_other_lightcurve")
def test_outside_the_input_there_is_no_flux_rather_than_none_at_all(arbitrary, fixed):
    resampler = LightcurveResampler(fixed)
    beyond = resampler.onto_raster([10.25, 10.5, 10.75, 11.0])
    assert beyond.fluxes[:3].tolist() == pytest.approx([2.0, 3.0, 4.0])
    assert math.isnan(beyond.fluxes[3])
    assert beyond.flags.tolist() == [0, 1, 0, 1]
    assert resampler.onto_raster([10.25, 10.5], resample_flags=False).flags.tolist() == [0, 0]
    other = lightcurve.LightcurveFixedStep(10.0, 0.5, np.ones(2))
    matched = resampler.match_to_other_lightcurve(other=other, resample_flags=True)
    assert matched.get_times().tolist() == [10.0, 10.5]
    assert matched.metadata == {"star": "b"}
    with pytest.raises(LightcurveError):
        LightcurveResampler("no light curve")


# ------------------------------------------------------------- the reader, and the verdict on a search
@calls.func("read_lcsg_lightcurve", of="lc_reader_lcsg")
def test_a_stitched_curve_is_read_with_its_metadata(tmp_path):
    text = "# a comment\n# #radius = 0.5\n# #name = a=b\n\n0.0,1.0,0\n0.5,0.9,1\n1.0,0.8,0\n"
    plain, zipped = tmp_path / "star.csv", tmp_path / "star.csv.gz"
    plain.write_text(text)
    zipped.write_bytes(gzip.compress(text.encode()))
    curve = read_lcsg_lightcurve(file_path=plain, gzipped=None, cut_off_time=0.5)
    assert (curve.times.tolist(), curve.fluxes.tolist()) == ([0.0, 0.5], [1.0, 0.9])
    assert (curve.flags.tolist(), curve.uncertainties.tolist()) == ([0, 1], [0.0, 0.0])
    assert (curve.metadata["radius"], curve.metadata["name"]) == (0.5, "a=b")
    assert curve.metadata["filename"] == "star.csv"
    assert len(read_lcsg_lightcurve(zipped, gzipped=True).times) == 3


@pytest.mark.parametrize(
    ("target", "found", "outcome"),
    [(50.0, 50.5, "PASS"), (50.0, 60.0, "FAIL"), (50.0, 0.0, "UNDEFINED"), (None, 50.0, "UNDEFINED")],
)
@calls.func("transit_detection_quality_control", of="quality_control")
def test_a_search_is_judged_by_its_period(arbitrary, target, found, outcome):
    if target is not None:
        arbitrary.metadata["orbital_period"] = MetadataItem("orbital_period", target)
    verdict = transit_detection_quality_control(lc=arbitrary, metadata={"period": found})
    assert verdict["outcome"] == outcome
    assert verdict["target_period"] == pytest.approx(target if target else math.nan, nan_ok=True)
