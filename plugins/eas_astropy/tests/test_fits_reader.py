"""FITS light curves: the fast table reader agrees with astropy; columns, quality, times are the header's."""

import gzip
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from eas_astropy.bintable import NotFitsError, UnusualTableError, read_tables
from eas_astropy.fits import READER

from eas_framework.errors import LightcurveFileError
from eas_framework.lc_readers import read_lightcurve_file
from eas_framework.plugins import ReadOptions

ROOT = Path(__file__).parents[3]
FOLDER = Path(os.environ.get("EAS_TEST_LIGHT_CURVES", ROOT.parent / "shared" / "data" / "light_curves"))
WASP_4 = FOLDER / "tess2018234235059-s0002-0000000402026209-0121-s_lc.fits"
COUNT = 6


def read(path, **options):
    return read_lightcurve_file(path, ReadOptions(**options), readers=[READER])


def table_of(**columns):
    """A binary table HDU with the columns given as name = (format, values) or (format, values, unit)."""
    made = [
        fits.Column(name=name, format=spec[0], array=spec[1], unit=spec[2] if len(spec) > 2 else None)
        for name, spec in columns.items()
    ]
    return fits.BinTableHDU.from_columns(made, name="LIGHTCURVE")


def tess_columns(**changes):
    columns = {
        "TIME": ("D", [1354.1, np.nan, 1354.3, 1354.4, 1354.5, 1354.6], "BJD - 2457000, days"),
        "SAP_FLUX": ("E", np.full(COUNT, 10.0), "e-/s"),
        "SAP_FLUX_ERR": ("E", np.full(COUNT, 0.5), "e-/s"),
        "PDCSAP_FLUX": ("E", [20.0, 20.0, 20.0, np.nan, 20.0, 20.0], "e-/s"),
        "PDCSAP_FLUX_ERR": ("E", np.full(COUNT, 0.25), "e-/s"),
        "QUALITY": ("J", [0, 0, 1, 0, 64, 4096]),
    }
    return {name: spec for name, spec in (columns | changes).items() if spec is not None}


@pytest.fixture
def write(tmp_path):
    def written(hdu, *, primary=None, **header):
        first = fits.PrimaryHDU()
        first.header.update(primary or {"TELESCOP": "TESS", "OBJECT": "TIC 1"})
        hdu.header.update(header)
        path = tmp_path / "unnamed"
        fits.HDUList([first, hdu]).writeto(path, overwrite=True)
        return path

    return written


def test_a_tess_file_gives_pdcsap_flux_with_its_errors_and_time_system(write):
    curve = read(write(table_of(**tess_columns()), BJDREFI=2457000, BJDREFF=0.0, TIMESYS="TDB", TIMEUNIT="d"))
    assert curve.times.tolist() == [1354.1, 1354.3, 1354.4, 1354.5, 1354.6]
    assert curve.uncertainties.tolist() == [0.25] * 5
    assert curve.metadata["time_zero"] == 2457000
    assert curve.metadata["time_scale"] == "tdb"
    assert curve.metadata["time_unit_source"] == "file"
    assert curve.metadata["flux_column"] == "PDCSAP_FLUX"
    assert curve.metadata["flux_unit"] == "e-/s"
    assert curve.metadata["object"] == "TIC 1"
    assert curve.metadata["rows_without_time"] == 1


# Rows with a time have the quality 0, 1, 0 (no flux), 64, 4096; the bits are those of the TESS levels.
@pytest.mark.parametrize(
    ("quality", "flags", "mask"),
    [
        ("default", [0, 1, 1, 0, 0], 17087),
        ("hard", [0, 1, 1, 1, 1], 24319),
        ("hardest", [0, 1, 1, 1, 1], 65535),
        ("none", [0, 0, 1, 0, 0], 0),
        (64, [0, 0, 1, 1, 0], 64),
    ],
)
def test_quality_levels_of_tess(write, quality, flags, mask):
    curve = read(write(table_of(**tess_columns())), quality=quality)
    assert curve.flags.tolist() == flags
    assert curve.metadata["quality_mask"] == mask


@pytest.mark.parametrize(("quality", "mask"), [("default", 1130799), ("hard", 1664431), ("hardest", 2096639)])
@pytest.mark.parametrize("primary", [{"TELESCOP": "Kepler"}, {"TELESCOP": "Kepler", "MISSION": "K2"}])
def test_quality_levels_of_kepler_and_k2(write, primary, quality, mask):
    # The masks are the numbers that lightkurve's documentation gives for these levels.
    columns = tess_columns(QUALITY=None) | {"SAP_QUALITY": ("J", np.zeros(COUNT, dtype=int))}
    path = write(table_of(**columns), primary=primary, BJDREFI=2454833, BJDREFF=0.0)
    metadata = read(path, quality=quality).metadata
    assert metadata["quality_mask"] == mask
    assert metadata["quality_column"] == "SAP_QUALITY"
    assert metadata["time_zero"] == 2454833


@pytest.mark.parametrize(
    "columns",
    [
        tess_columns(PDCSAP_FLUX=None, PDCSAP_FLUX_ERR=None),
        tess_columns(PDCSAP_FLUX=("E", np.full(COUNT, np.nan))),
    ],
)
def test_sap_flux_is_taken_where_pdcsap_flux_is_missing_or_empty(write, columns):
    curve = read(write(table_of(**columns)))
    assert (curve.fluxes == 10).all()
    assert (curve.uncertainties == 0.5).all()


def test_the_user_chooses_the_flux(write):
    curve = read(write(table_of(**tess_columns())), flux_column="sap_flux")
    assert (curve.fluxes == 10).all()


def test_quick_look_files_have_their_own_columns(write):
    columns = {
        "TIME": ("D", np.arange(COUNT) + 1354.0, "BJD-2457000, days"),
        "SAP_FLUX": ("E", np.ones(COUNT)),
        "KSPSAP_FLUX": ("E", np.ones(COUNT)),
        "KSPSAP_FLUX_ERR": ("E", np.full(COUNT, 0.125)),
        "QUALITY": ("J", np.zeros(COUNT, dtype=int)),
    }
    curve = read(write(table_of(**columns), primary={"TELESCOP": "TESS", "ORIGIN": "MIT/QLP"}))
    assert curve.metadata["flux_column"] == "SAP_FLUX"
    assert (curve.uncertainties == 0.125).all()
    assert curve.metadata["time_zero"] == 2457000


def test_gzipped_files_are_read(write, tmp_path):
    path = write(table_of(**tess_columns()))
    packed = tmp_path / "packed"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert len(read(packed)) == 5


def test_scaled_columns_are_left_to_astropy_and_read_right(tmp_path):
    values = np.arange(COUNT, dtype=np.uint16) + 40000  # FITS has no unsigned integers but by an offset
    column = fits.Column(name="FLUX", format="I", array=values, bzero=32768)
    time = fits.Column(name="TIME", format="D", array=np.arange(COUNT) + 0.0, unit="d")
    path = tmp_path / "unnamed"
    fits.BinTableHDU.from_columns([time, column]).writeto(path)
    with pytest.raises(UnusualTableError, match="column 2 is scaled"):
        list(read_tables(path.read_bytes()))
    assert read(path).fluxes.tolist() == values.tolist()


def test_the_fast_reader_and_astropy_agree_on_all_kinds_of_columns(tmp_path):
    rng = np.random.default_rng(5)
    columns = {
        "TIME": ("D", rng.random(COUNT)), "E": ("E", rng.random(COUNT)), "I": ("I", np.arange(COUNT)),
        "K": ("K", np.arange(COUNT)), "B": ("B", np.arange(COUNT)), "TEXT": ("7A", ["a", "bcd"] * 3),
        "L": ("L", [True, False] * 3), "V": ("3E", rng.random((COUNT, 3))),
        "X": ("11X", np.ones((COUNT, 11), bool)),
    }  # fmt: skip
    path = tmp_path / "unnamed"
    image = fits.ImageHDU(np.zeros((5, 7), dtype=np.int16))
    fits.HDUList([fits.PrimaryHDU(), image, table_of(**columns)]).writeto(path)
    (table,) = read_tables(path.read_bytes())
    expected = fits.getdata(path, 2)
    for name in ("TIME", "E", "I", "K", "B", "V"):
        np.testing.assert_array_equal(table.columns[name], expected[name])
        assert table.columns[name].dtype.isnative
    assert table.header["EXTNAME"] == "LIGHTCURVE"


@pytest.mark.parametrize(
    ("text", "value"), [("'it''s'  / x", "it's"), ("T", True), ("1.5D3 / y", 1500.0), ("12", 12), ("", None)]
)
def test_header_values_have_their_types(text, value):
    cards = ["SIMPLE  =  T", "BITPIX  =  8", "NAXIS   =  0"]
    table = ["XTENSION= 'BINTABLE'", "BITPIX  =  8", "NAXIS   =  2", "NAXIS1  =  8", "NAXIS2  =  0"]
    table += ["PCOUNT  =  0", "GCOUNT  =  1", "TFIELDS =  1", "TFORM1  = 'D'", f"WANTED  = {text}"]
    blocks = ["".join(card.ljust(80) for card in [*part, "END"]).ljust(2880) for part in (cards, table)]
    (found,) = read_tables("".join(blocks).encode())
    assert found.header["WANTED"] == value


@pytest.mark.parametrize("keep", [100, 2880 + 500, -2880 - 1])
def test_a_file_cut_short_is_an_error(write, keep):
    path = write(table_of(**tess_columns()))
    content = path.read_bytes()[:keep]
    path.write_bytes(content)
    with pytest.raises(NotFitsError, match="ends within"):
        list(read_tables(content))
    with pytest.raises(LightcurveFileError, match="damaged FITS file"):
        read(path)


def test_a_file_without_a_table_of_times_lists_what_it_has(write):
    with pytest.raises(LightcurveFileError, match=r"no table has a column of times .*the tables have: FLUX"):
        read(write(table_of(FLUX=("E", np.ones(COUNT)))))


def test_a_missing_column_is_named(write):
    with pytest.raises(LightcurveFileError, match=r"flux_column = 'PDCSAP', but there is no such column"):
        read(write(table_of(**tess_columns())), flux_column="PDCSAP")


def test_listing_the_readers_imports_no_astropy():
    code = (
        "import sys, eas_astropy as p; list(p.eas_lightcurve_readers()); sys.exit('astropy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.skipif(not WASP_4.is_file(), reason=f"no file {WASP_4}; set EAS_TEST_LIGHT_CURVES to its folder")
def test_a_real_tess_file_is_read_as_astropy_reads_it():
    curve = read(WASP_4)
    data = fits.getdata(WASP_4, 1)
    has_time = np.isfinite(data["TIME"])
    np.testing.assert_array_equal(curve.times, data["TIME"][has_time])
    np.testing.assert_array_equal(curve.fluxes, data["PDCSAP_FLUX"][has_time])
    # the number of good samples published with the file
    assert np.count_nonzero((curve.flags == 0) & np.isfinite(curve.fluxes)) == 18316
    assert curve.metadata["object"] == "TIC 402026209"
    assert curve.metadata["time_zero"] == 2457000
