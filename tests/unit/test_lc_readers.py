"""Light-curve files of any form, recognised by content; what was used and assumed stands in the metadata."""

import gzip

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eas_framework.errors import LightcurveFileError
from eas_framework.lc_readers import RawColumns, lightcurve_from_columns, read_lightcurve_file
from eas_framework.lightcurve import LightcurveArbitraryRaster
from eas_framework.plugins import LightcurveReader, ReadOptions

TIMES = 100.0 + np.arange(30) * 0.02
FLUXES = np.linspace(0.99, 1.01, 30)


@pytest.fixture
def write(tmp_path):
    """Write a text under a name that says nothing, and give its path."""

    def written(text, *, packed=False):
        path = tmp_path / "unnamed"
        content = text.encode()
        path.write_bytes(gzip.compress(content) if packed else content)
        return path

    return written


def read(path, readers=(), **options):
    return read_lightcurve_file(path, ReadOptions(**options), readers=readers)


def rows(*columns, delimiter=","):
    return "".join(delimiter.join(map(str, row)) + "\n" for row in zip(*columns, strict=True))


# ---------------- recognition


@pytest.mark.parametrize("form", [{"binary": True}, {"gzipped": True}, {"gzipped": False}])
def test_our_own_files_are_recognised_without_their_metadata(tmp_path, form):
    curve = LightcurveArbitraryRaster(TIMES, FLUXES, np.full(30, 1.0), np.arange(30) % 2)
    curve.to_file(tmp_path / "unnamed", **form)
    found = read(tmp_path / "unnamed")
    np.testing.assert_allclose(found.times, TIMES, rtol=1e-15)
    np.testing.assert_array_equal(found.fluxes, FLUXES)
    np.testing.assert_array_equal(found.flags, curve.flags)
    np.testing.assert_array_equal(found.uncertainties, 1.0)
    assert found.metadata["file_format"] == "EAS light curve"


def test_d3_an_old_text_file_with_fluxes_as_flags_is_read_as_good(tmp_path):
    np.savetxt(tmp_path / "old", np.stack((TIMES * 86400, FLUXES, FLUXES, np.zeros(30)), axis=1))
    curve = read(tmp_path / "old")
    assert not curve.flags.any()
    assert "prototype" in curve.metadata["flags_note"]
    np.testing.assert_allclose(curve.times, TIMES, rtol=1e-15)


def test_the_stitching_groups_files_are_recognised(write):
    path = write("# #star = x\n" + rows(TIMES, FLUXES, np.arange(30) % 2))
    curve = read(path)
    assert curve.metadata["file_format"] == "LCSG"
    assert curve.metadata["star"] == "x"
    assert curve.flags.tolist() == [0, 1] * 15


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", " "])
@pytest.mark.parametrize("header", ["", "time{d}flux\n", "# time{d}flux\n", "Time[d]{d}Flux(e-/s)\n"])
def test_tables_of_text_are_recognised(write, header, delimiter, packed):
    curve = read(write(header.format(d=delimiter) + rows(TIMES, FLUXES, delimiter=delimiter), packed=packed))
    np.testing.assert_array_equal(curve.times, TIMES)
    np.testing.assert_array_equal(curve.fluxes, FLUXES)
    assert curve.metadata["file_format"] == "table of text"
    assert curve.metadata["filename"] == "unnamed"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"SIMPLE  =                    T" + b" " * 2850, "this is FITS.*eas-astropy"),
        (b"# %ECSV 1.0\n# ---\n", "this is ECSV.*eas-astropy"),
        (b'<?xml version="1.0"?>\n<VOTABLE version="1.4">', "this is VOTable.*eas-astropy"),
        (b"\x89HDF\r\n\x1a\n", "this is HDF5"),
        (b"PAR1\x00", "this is Parquet"),
        (b"\x00\x01\x02\x03", "no known format.*EAS npy, EAS text, LCSG, table of text.*eas-astropy"),
        (b"Dear reader,\nthis is a letter.\n", "no known format"),
        (b"", "the file is empty"),
        (b"# nothing but a comment\n", "no known format"),
    ],
)
def test_unknown_formats_are_named_with_what_to_do(tmp_path, content, message):
    (tmp_path / "unnamed").write_bytes(content)
    with pytest.raises(LightcurveFileError, match=message):
        read(tmp_path / "unnamed")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(LightcurveFileError, match="there is no such file"):
        read(tmp_path / "nowhere")


def reader_of(name, mark):
    return LightcurveReader(
        name=name,
        sniff=lambda head, path: head.startswith(mark),
        read=lambda path, options: LightcurveArbitraryRaster([1.0], [2.0], metadata={"reader": name}),
    )


@pytest.mark.parametrize("packed", [False, True])
def test_a_plugins_reader_reads_what_it_recognises_also_packed(write, packed):
    assert (
        read(write("MAGIC 1 2", packed=packed), readers=[reader_of("x", b"MAGIC")]).metadata["reader"] == "x"
    )


def test_two_readers_that_claim_one_file_are_an_error(write):
    readers = [reader_of("one", b"MAGIC"), reader_of("two", b"MA")]
    with pytest.raises(LightcurveFileError, match="several readers claim this file: one, two"):
        read(write("MAGIC"), readers=readers)


def test_a_damaged_gzip_file_is_an_error(tmp_path):
    (tmp_path / "unnamed").write_bytes(gzip.compress(rows(TIMES, FLUXES).encode())[:-20])
    with pytest.raises(LightcurveFileError, match="damaged or cut short"):
        read(tmp_path / "unnamed")


# ---------------- columns


def test_columns_are_found_by_name_among_others(write):
    text = ",time,flux,flux_err,background,quality\n" + rows(
        range(30), TIMES, FLUXES, [0.001] * 30, [7] * 30, [0, 8, 0] * 10
    )
    curve = read(write(text))
    np.testing.assert_array_equal(curve.times, TIMES)
    assert curve.flags.tolist() == [0, 1, 0] * 10
    assert (curve.uncertainties == 0.001).all()
    used = {key: value for key, value in curve.metadata.items() if key.endswith("_column")}
    assert used == {
        "time_column": "time", "flux_column": "flux", "error_column": "flux_err", "quality_column": "quality"
    }  # fmt: skip


@pytest.mark.parametrize(("asked", "level"), [("sap_flux", 2), ("SAP_FLUX", 2), (2, 2), ("2", 2), (None, 1)])
def test_the_user_chooses_the_flux_by_name_or_number(write, asked, level):
    text = "TIME,PDCSAP_FLUX,SAP_FLUX,SAP_FLUX_ERR,PDCSAP_FLUX_ERR\n"
    text += rows(TIMES, [1] * 30, [2] * 30, [0.2] * 30, [0.1] * 30)
    curve = read(write(text), flux_column=asked)
    assert (curve.fluxes == level).all()
    assert (curve.uncertainties == level / 10).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"flux_column": "fluxx"}, "flux_column = 'fluxx', but there is no such column; did you mean 'flux'"),
        ({"flux_column": 9}, "flux_column = 9, but the columns are numbered 0 to 1"),
        ({"quality": "harsh"}, "unknown quality level 'harsh'; give one of default, hard, hardest, none"),
    ],
)
def test_options_that_do_not_fit_are_errors(write, options, message):
    with pytest.raises(LightcurveFileError, match=message):
        read(write("time,flux\n" + rows(TIMES, FLUXES)), **options)


def test_a_header_without_known_names_asks_for_the_option(write):
    with pytest.raises(LightcurveFileError, match=r"as flux; the columns are time, mag: .*flux_column"):
        read(write("time,mag\n" + rows(TIMES, FLUXES)))


def test_without_header_a_counter_is_skipped_and_a_column_of_text_ignored(write):
    curve = read(write(rows(range(30), TIMES, FLUXES, ["K2"] * 30, delimiter=" ")))
    np.testing.assert_array_equal(curve.times, TIMES)
    assert curve.metadata["columns_known_by"].startswith("place")
    assert curve.metadata["flux_column"] == "2"


def test_without_header_a_third_column_of_zeros_and_ones_is_flags(write):
    curve = read(write(rows(TIMES, FLUXES, [0, 1] * 15)))
    assert curve.flags.tolist() == [0, 1] * 15
    assert curve.metadata["quality_column"] == "2"


def test_without_header_other_third_columns_are_uncertainties(write):
    curve = read(write(rows(TIMES, FLUXES, [0.25, 0.5] * 15)))
    assert curve.uncertainties.tolist() == [0.25, 0.5] * 15


def test_a_single_column_asks_for_times(write):
    with pytest.raises(LightcurveFileError, match=r"only one column of numbers, so .*cadence"):
        read(write(rows(FLUXES)))


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_errors_that_are_constant_zero_or_one_are_recorded_as_meaningless(write, value):
    curve = read(write("time,flux,flux_err\n" + rows(TIMES, FLUXES, [value] * 30)))
    assert not curve.uncertainties.any()
    assert f"column flux_err is {value:.0f} throughout" in curve.metadata["uncertainties_source"]


def test_a_bad_cell_is_named_by_line_and_column(write):
    path = write("# comment\ntime,flux\n1,1\n2,1\n3,bad\n" + rows(TIMES, FLUXES))
    with pytest.raises(LightcurveFileError, match=rf"{path}:5: column flux: 'bad' is not a number"):
        read(path)


def test_a_short_line_is_named(write):
    with pytest.raises(LightcurveFileError, match=r":4: column flux is missing in '3'"):
        read(write("time,flux\n1,1\n2,1\n3\n"))


def test_a_header_of_another_length_is_named(write):
    with pytest.raises(LightcurveFileError, match=":1: the header has 3 names, the next line 2 values"):
        read(write("time,flux,error\n" + rows(TIMES, FLUXES)))


def test_decimal_commas_are_refused_not_misread(write):
    with pytest.raises(LightcurveFileError):
        read(write("time;flux\n1,5;0,9\n1,6;0,9\n"))


# ---------------- missing values


@pytest.mark.parametrize("missing", ["", "nan", "NaN", "NA", "null", "--", " "])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_samples_without_flux_are_kept_and_flagged(write, missing, end):
    lines = ["time,flux,quality", "1,1.0,0", f"2,{missing},0", "3,1.0,0", ""]
    curve = read(write(end.join(lines)))
    assert curve.times.tolist() == [1, 2, 3]
    assert curve.flags.tolist() == [0, 1, 0]
    assert curve.metadata["rows_without_flux"] == 1


def test_a_missing_quality_counts_as_bad(write):
    curve = read(write("time,flux,quality\n1,1.0,0\n2,1.0,\n3,1.0,0\n"))
    assert curve.flags.tolist() == [0, 1, 0]


def test_rows_without_time_are_dropped_and_counted(write):
    curve = read(write("time,flux\n1,1.0\n,1.0\n3,1.0\n"))
    assert curve.times.tolist() == [1, 3]
    assert curve.metadata["rows_in_file"] == 3
    assert curve.metadata["rows_without_time"] == 1


def test_rows_are_put_in_the_order_of_time_and_the_metadata_say_so(write):
    curve = read(write("time,flux\n3,30\n1,10\n2,20\n"))
    assert curve.times.tolist() == [1, 2, 3]
    assert curve.fluxes.tolist() == [10, 20, 30]
    assert curve.metadata["rows_were_in_order"] is False


def test_a_file_whose_rows_have_no_time_is_an_error(write):
    with pytest.raises(LightcurveFileError, match="no row has a time"):
        read(write("time,flux\n,1\n,2\n"))


# ---------------- quality


@pytest.mark.parametrize(
    ("quality", "flags"),
    [
        ("default", [0, 1, 1, 1]),
        ("hard", [0, 1, 1, 1]),
        ("none", [0, 0, 0, 0]),
        (4, [0, 0, 1, 1]),
        (0, [0] * 4),
    ],
)
def test_a_bit_mask_decides_which_quality_flags_are_bad(write, quality, flags):
    curve = read(write("time,flux,quality\n1,1,0\n2,1,1\n3,1,4\n4,1,5\n"), quality=quality)
    assert curve.flags.tolist() == flags


def test_a_quality_column_without_whole_numbers_is_an_error(write):
    with pytest.raises(LightcurveFileError, match="column quality is no column of quality flags"):
        read(write("time,flux,quality\n1,1,0.5\n2,1,0\n"))


# ---------------- times


@pytest.mark.parametrize(
    ("header", "zero"),
    [
        ("BTJD,flux", 2457000.0), ("time (BKJD),flux", 2454833.0), ("bjd_tdb,flux", 0.0),
        ("MJD,flux", 2400000.5), ('"time [BJD - 2457000, days]",flux', 2457000.0),
    ],
)  # fmt: skip
def test_a_header_that_names_the_time_system_is_believed(write, header, zero):
    metadata = read(write(header + "\n" + rows(TIMES, FLUXES))).metadata
    assert metadata["time_zero"] == zero
    assert metadata["time_zero_source"] == "file"


def test_julian_dates_are_recognised_by_range_and_recorded_as_an_assumption(write):
    metadata = read(write(rows(TIMES + 2458000, FLUXES))).metadata
    assert metadata["time_zero"] == 0
    assert metadata["time_zero_source"].startswith("assumed")


def test_truncated_dates_without_a_word_leave_the_zero_unknown(write):
    metadata = read(write(rows(TIMES, FLUXES))).metadata
    assert "time_zero" not in metadata
    assert metadata["time_zero_source"].startswith("unknown")
    assert metadata["time_unit_source"].startswith("assumed")


def test_the_users_word_about_times_comes_first(write):
    curve = read(write("BTJD,flux\n" + rows(TIMES, FLUXES)), time_zero=5.0)
    assert curve.metadata["time_zero"] == 5.0
    assert curve.metadata["time_zero_source"] == "option"


def test_times_that_look_like_seconds_ask_for_the_option(write):
    path = write(rows(TIMES * 86400, FLUXES))
    with pytest.raises(LightcurveFileError, match=r"step by 1728, which looks like seconds.*time_unit = s"):
        read(path)
    np.testing.assert_allclose(read(path, time_unit="s").times, TIMES, rtol=1e-12)
    assert read(path, time_unit="d").metadata["time_unit_source"] == "option"


def test_a_header_in_seconds_is_believed(write):
    curve = read(write("time [s],flux\n" + rows(TIMES * 86400, FLUXES)))
    np.testing.assert_allclose(curve.times, TIMES, rtol=1e-12)
    assert curve.metadata["time_unit"] == "d"
    assert curve.metadata["time_unit_in_file"] == "s"


def test_samples_after_the_cut_off_time_are_dropped_and_counted(write):
    curve = read(write(rows(TIMES, FLUXES)), cut_off_time=100.1)
    assert len(curve) == 6
    assert curve.metadata["rows_after_cut_off_time"] == 24


def test_a_cut_off_before_the_first_sample_is_an_error(write):
    with pytest.raises(LightcurveFileError, match="no sample is left"):
        read(write(rows(TIMES, FLUXES)), cut_off_time=1.0)


def test_column_options_for_a_form_with_fixed_columns_are_errors(tmp_path):
    LightcurveArbitraryRaster(TIMES, FLUXES).to_file(tmp_path / "unnamed")
    with pytest.raises(LightcurveFileError, match="has fixed columns and units; leave out flux_column"):
        read(tmp_path / "unnamed", flux_column="flux")


@settings(max_examples=100, deadline=None)
@given(
    values=st.lists(
        st.tuples(st.floats(0, 1000), st.one_of(st.none(), st.floats(-1e10, 1e10))), min_size=2, max_size=30
    ),
    delimiter=st.sampled_from([",", ";", "\t"]),
)
def test_any_table_of_text_reads_back_in_the_order_of_time(tmp_path_factory, values, delimiter):
    path = tmp_path_factory.getbasetemp() / "table"
    lines = [f"{time!r}{delimiter}{'' if flux is None else repr(flux)}" for time, flux in values]
    path.write_text(f"time{delimiter}flux\n" + "\n".join(lines) + "\n")
    curve = read(path, time_unit="d")
    expected = sorted(values, key=lambda row: row[0])
    assert curve.times.tolist() == [time for time, _ in expected]
    np.testing.assert_array_equal(curve.fluxes, [np.nan if flux is None else flux for _, flux in expected])


def test_a_reader_plugin_gets_the_same_treatment_of_columns(tmp_path):
    raw = RawColumns(
        times=np.array([2.0, np.nan, 1.0]),
        fluxes=np.array([1.0, 1.0, np.nan]),
        errors=np.array([0.1, -0.1, 0.1]),
        quality=np.array([0, 0, 3]),
        time_unit="d",
        quality_masks={"default": 4},
    )
    curve = lightcurve_from_columns(raw, path=tmp_path / "x", file_format="mine", options=ReadOptions())
    assert curve.times.tolist() == [1, 2]
    assert curve.flags.tolist() == [1, 0]
    assert "negative" in curve.metadata["uncertainties_source"]


def test_without_header_the_user_chooses_columns_by_number(write):
    curve = read(
        write(rows(FLUXES, TIMES, [2.0] * 30, [3] * 30)), time_column=1, flux_column=2, quality_column=3
    )
    np.testing.assert_array_equal(curve.times, TIMES)
    assert (curve.fluxes == 2).all()
    assert curve.flags.all()


def test_without_a_column_left_for_fluxes_the_option_is_asked_for(write):
    with pytest.raises(LightcurveFileError, match="no column is left for the fluxes"):
        read(write(rows(TIMES, FLUXES)), error_column=1)


def test_errors_that_are_all_missing_are_recorded(write):
    curve = read(write("time,flux,flux_err\n1,1,\n2,1,\n3,1,\n"))
    assert not curve.uncertainties.any()
    assert curve.metadata["uncertainties_source"] == "column flux_err has no values; set to 0"


def test_words_for_nothing_between_blanks_are_missing_values(write):
    curve = read(write("time flux\n1 1.0\n2 NA\n3 1.0\n4 1.0\n"))
    assert curve.flags.tolist() == [0, 1, 0, 0]


def test_a_header_without_samples_is_an_error(write):
    with pytest.raises(LightcurveFileError, match="no known format"):
        read(write("time,flux\n"))


def test_installed_plugins_are_asked_by_default(write, bare_machine):
    # eas-astropy claims the file, so the error is about FITS and not about a missing reader
    pytest.importorskip("eas_astropy")
    with pytest.raises(LightcurveFileError, match="damaged FITS file"):
        read_lightcurve_file(write("SIMPLE  =                    T"))
