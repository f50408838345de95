"""Light curves on disk: every form reads back what was written; damaged and foreign files are named."""

import gzip
import logging

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from eas_framework import lightcurve_files
from eas_framework.errors import LightcurveError, LightcurveFileError
from eas_framework.lightcurve import LightcurveArbitraryRaster

ANY_FLOAT = st.floats(allow_nan=True, allow_infinity=True, width=64)
TIME = st.floats(-1e7, 1e7, allow_subnormal=False)


@st.composite
def light_curves(draw):
    """Any columns that a light curve can have, NaN and infinities among the values."""
    count = draw(st.integers(1, 40))
    columns = hnp.arrays(np.float64, count, elements=ANY_FLOAT)
    return LightcurveArbitraryRaster(
        times=draw(hnp.arrays(np.float64, count, elements=TIME)),
        fluxes=draw(columns),
        uncertainties=draw(columns),
        flags=draw(hnp.arrays(np.int64, count, elements=st.integers(0, 2**31))),
        metadata={},
    )


def assert_same_values(read, written):
    np.testing.assert_array_equal(read.fluxes, written.fluxes)
    np.testing.assert_array_equal(read.uncertainties, written.uncertainties)
    np.testing.assert_array_equal(read.flags, written.flags)


FORMS = {
    "gzipped text": {"gzipped": True},
    "plain text": {"gzipped": False},
    "internal": {"binary": True},
}


@settings(max_examples=1000, deadline=None, derandomize=True)
@given(curve=light_curves())
def test_d8_every_form_reads_back_what_was_written(tmp_path_factory, curve):
    for name, form in FORMS.items():
        path = tmp_path_factory.getbasetemp() / "curve"
        metadata = curve.to_file(path, **form)
        read = LightcurveArbitraryRaster.from_file(path, metadata)
        assert_same_values(read, curve)
        # Text holds seconds with 19 digits: two roundings of 2**-53 each, so at most 1e-15 relative.
        tolerance = 0.0 if name == "internal" else 1e-15
        np.testing.assert_allclose(read.times, curve.times, rtol=tolerance, atol=0)


def curve_of(count=5, **columns):
    defaults = {
        "times": np.arange(count) * 0.01,
        "fluxes": np.linspace(0.9, 1.1, count),
        "uncertainties": np.full(count, 1e-3),
        "flags": np.arange(count) % 2,
    }
    return LightcurveArbitraryRaster(**(defaults | columns))


def test_d8_a_binary_file_is_written_to_exactly_the_given_path(tmp_path):
    assert curve_of().to_file(tmp_path / "curve", binary=True) == {"binary": True, "gzipped": False}
    assert [path.name for path in tmp_path.iterdir()] == ["curve"]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_d8_short_binary_curves_keep_their_samples(tmp_path, count):
    metadata = curve_of(count).to_file(tmp_path / "curve", binary=True)
    assert len(LightcurveArbitraryRaster.from_file(tmp_path / "curve", metadata)) == count


@pytest.mark.parametrize("binary", [True, False])
def test_d8_samples_after_the_cut_off_time_are_dropped_from_both_forms(tmp_path, binary):
    metadata = curve_of(10).to_file(tmp_path / "curve", binary=binary)
    read = LightcurveArbitraryRaster.from_file(tmp_path / "curve", metadata, cut_off_time=0.045)
    assert len(read) == 5


def test_text_has_the_documented_four_columns_in_seconds(tmp_path):
    curve = LightcurveArbitraryRaster([1.0, 2.0], [0.5, 0.25], [0.125, 0.0], [0, 1])
    assert curve.to_file(tmp_path / "curve", gzipped=False) == {"binary": False, "gzipped": False}
    assert (tmp_path / "curve").read_text() == (
        "8.640000000000000000e+04 5.000000000000000000e-01 0 1.250000000000000000e-01\n"
        "1.728000000000000000e+05 2.500000000000000000e-01 1 0.000000000000000000e+00\n"
    )


def test_the_same_curve_gives_the_same_gzip_bytes_under_any_name(tmp_path):
    for name in ("one.gz", "two"):
        curve_of().to_file(tmp_path / name)
    assert (tmp_path / "one.gz").read_bytes() == (tmp_path / "two").read_bytes()


def test_the_written_text_can_be_read_by_numpy(tmp_path):
    curve = curve_of(7)
    curve.to_file(tmp_path / "curve.gz")
    table = np.loadtxt(tmp_path / "curve.gz")
    np.testing.assert_array_equal(table[:, 2], curve.flags)


def test_d3_flags_are_written_and_read_as_flags(tmp_path):
    curve = LightcurveArbitraryRaster([0, 1, 2, 3], [0.9, 1, 1.1, 1], flags=[0, 1, 0, 1])
    metadata = curve.to_file(tmp_path / "curve")
    assert LightcurveArbitraryRaster.from_file(tmp_path / "curve", metadata).flags.tolist() == [0, 1, 0, 1]


def test_d3_fluxes_in_the_flag_column_of_an_old_file_are_recognised_and_reported(tmp_path, caplog):
    path = tmp_path / "old"
    np.savetxt(path, [[0, 0.97, 0.97, 0], [900, 1.0, 1.0, 0]])
    with caplog.at_level(logging.WARNING):
        curve = LightcurveArbitraryRaster.from_file(path, {"binary": 0, "gzipped": 0})
    assert curve.flags.tolist() == [0, 0]
    assert "prototype" in curve.metadata["flags_note"]
    assert str(path) in caplog.text


def test_d3_an_old_flat_curve_of_ones_is_not_taken_for_flagged_samples(tmp_path):
    path = tmp_path / "old"
    np.savetxt(path, [[0, 1, 1, 0], [900, 1, 1, 0]])
    assert LightcurveArbitraryRaster.from_file(path, {}).flags.tolist() == [0, 0]


def test_d3_a_curve_of_ours_whose_flags_equal_its_fluxes_keeps_its_flags(tmp_path):
    curve = LightcurveArbitraryRaster([0, 1], [1, 1], flags=[1, 1])
    metadata = curve.to_file(tmp_path / "curve")
    read = LightcurveArbitraryRaster.from_file(tmp_path / "curve", metadata)
    assert read.flags.tolist() == [1, 1]
    assert "flags_note" not in read.metadata


def test_d57_blank_lines_and_comments_are_skipped(tmp_path):
    path = tmp_path / "curve"
    path.write_text("# made by hand\n\n0 1.0 0 0.1\n   \n86400 0.9 1 0.1 # last\n\n")
    curve = LightcurveArbitraryRaster.from_file(path, {"binary": False, "gzipped": False})
    assert curve.times.tolist() == [0, 1]
    assert curve.flags.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("bad_line", "number"), [("0 1.0 0", 3), ("0 abc 0 0.1", 3), ("0 1.0 0 0.1 7", 3), ("0,1.0,0,0.1", 3)]
)
def test_a_malformed_line_is_named_by_file_and_number(tmp_path, bad_line, number):
    path = tmp_path / "curve"
    path.write_text(f"# comment\n0 1.0 0 0.1\n{bad_line}\n")
    with pytest.raises(LightcurveFileError, match=rf"{path}:{number}: expected 4 numbers"):
        lightcurve_files.read_text(path)


def test_flags_that_are_neither_flags_nor_fluxes_are_an_error(tmp_path):
    path = tmp_path / "curve"
    path.write_text("0 1.0 0.5 0.1\n")
    with pytest.raises(LightcurveFileError, match="column 3: flags must be whole numbers"):
        lightcurve_files.read_text(path)


def test_an_old_binary_file_gives_a_clear_error(tmp_path):
    path = tmp_path / "old"
    with path.open("wb") as stream:
        np.save(stream, np.zeros((10, 4)))
    with pytest.raises(LightcurveFileError, match=r"shape \(10, 4\), as the prototype wrote"):
        LightcurveArbitraryRaster.from_file(path, {"binary": 1, "gzipped": 1})


def test_pickled_arrays_are_refused(tmp_path):
    path = tmp_path / "curve"
    with path.open("wb") as stream:
        np.save(stream, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(LightcurveFileError, match="not a readable numpy file"):
        lightcurve_files.read_columns(path)


def test_an_array_of_another_layout_is_refused(tmp_path):
    path = tmp_path / "curve"
    with path.open("wb") as stream:
        np.save(stream, np.zeros(3))
    with pytest.raises(LightcurveFileError, match="structured array"):
        lightcurve_files.read_columns(path)


@pytest.mark.parametrize("form", [{"binary": True}, {"gzipped": True}])
def test_a_file_cut_short_is_an_error(tmp_path, form):
    path = tmp_path / "curve"
    curve_of(1000).to_file(path, **form)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(LightcurveFileError, match=str(path)):
        lightcurve_files.read_columns(path)


def test_bytes_that_are_no_text_are_an_error(tmp_path):
    path = tmp_path / "curve"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(LightcurveFileError, match="neither text nor a numpy file"):
        lightcurve_files.read_columns(path)


@pytest.mark.parametrize(("key", "value"), [("binary", True), ("gzipped", False)])
def test_metadata_that_contradict_the_file_are_an_error(tmp_path, key, value):
    path = tmp_path / "curve"
    metadata = curve_of().to_file(path) | {key: value}
    with pytest.raises(LightcurveFileError, match=f"the metadata say {key} = {value}"):
        LightcurveArbitraryRaster.from_file(path, metadata)


def test_a_file_without_samples_is_an_error(tmp_path):
    path = tmp_path / "curve"
    path.write_bytes(gzip.compress(b"# nothing\n"))
    with pytest.raises(LightcurveFileError, match="holds no samples"):
        lightcurve_files.read_columns(path)


@pytest.mark.parametrize("binary", [True, False])
def test_a_curve_without_samples_is_not_written(tmp_path, binary):
    with pytest.raises(LightcurveError, match="without samples"):
        curve_of(0).to_file(tmp_path / "curve", binary=binary)


def test_a_memory_mapped_file_gives_the_same_columns_read_only(tmp_path):
    curve = curve_of(100)
    curve.to_file(tmp_path / "curve", binary=True)
    columns = lightcurve_files.read_columns(tmp_path / "curve", mmap=True)
    assert_same_values(columns, curve)
    assert not columns.fluxes.flags.writeable


@pytest.mark.parametrize("flags", [[0.5], [-1], [np.nan], ["0"]])
def test_flags_that_are_no_flags_are_refused(flags):
    with pytest.raises(LightcurveError, match="flags must be"):
        lightcurve_files.as_flags(flags)


def test_booleans_and_whole_floats_are_flags():
    assert lightcurve_files.as_flags([True, False]).tolist() == [1, 0]
    assert lightcurve_files.as_flags(np.array([0.0, 4096.0])).tolist() == [0, 4096]
