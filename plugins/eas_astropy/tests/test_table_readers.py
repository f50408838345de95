"""ECSV and VOTable light curves: units, masked values and Time columns are honoured."""

import numpy as np
import pytest
from astropy import units as u
from astropy.table import MaskedColumn, QTable, Table
from astropy.time import Time
from eas_astropy.tables import READERS

from eas_framework.errors import LightcurveFileError
from eas_framework.lc_readers import read_lightcurve_file
from eas_framework.plugins import ReadOptions

FORMATS = ["ascii.ecsv", "votable"]
TIMES = 1354.0 + np.arange(5) * 0.02
FLUXES = np.array([1.0, 0.99, 1.01, 1.0, 1.0])


def read(path, **options):
    return read_lightcurve_file(path, ReadOptions(**options), readers=READERS)


@pytest.fixture
def write(tmp_path):
    def written(table, form):
        path = tmp_path / "unnamed"
        table.write(path, format=form)
        return path

    return written


@pytest.mark.parametrize("form", FORMATS)
def test_columns_are_found_by_name_and_units_honoured(write, form):
    table = Table({"time": TIMES * 24 * u.h, "flux": FLUXES * u.mJy, "flux_err": np.full(5, 100.0) * u.uJy})
    curve = read(write(table, form))
    np.testing.assert_allclose(curve.times, TIMES, rtol=1e-14)
    np.testing.assert_array_equal(curve.fluxes, FLUXES)
    np.testing.assert_allclose(curve.uncertainties, 0.1, rtol=1e-14)
    assert curve.metadata["flux_unit"] == "mJy"
    assert curve.metadata["time_unit_source"] == "file"
    assert curve.metadata["file_format"] in ("ECSV", "VOTable")


@pytest.mark.parametrize("form", FORMATS)
def test_masked_values_are_missing(write, form):
    table = Table({"btjd": TIMES * u.d})
    table["flux"] = MaskedColumn(FLUXES, mask=[0, 1, 0, 0, 0])
    table["quality"] = MaskedColumn([0, 0, 8, 0, 0], mask=[0, 0, 0, 0, 1])
    curve = read(write(table, form))
    assert curve.flags.tolist() == [0, 1, 1, 0, 1]
    assert np.isnan(curve.fluxes[1])
    assert curve.metadata["time_zero"] == 2457000


def test_time_columns_keep_their_digits_and_scale(write):
    times = Time(np.full(5, 2458354.0), np.arange(5) * 1e-9, format="jd", scale="tdb")
    times.info.serialize_method["ecsv"] = "jd1_jd2"
    table = QTable({"time": times, "flux": FLUXES})
    curve = read(write(table, "ascii.ecsv"))
    # Days since a whole Julian date resolve nanodays, which one float64 of the whole date cannot (4.7e-10).
    np.testing.assert_allclose(np.diff(curve.times), 1e-9, rtol=1e-6)
    assert curve.metadata["time_zero"] + curve.times[0] == 2458354.0
    assert curve.metadata["time_scale"] == "tdb"


def test_quantities_are_read_as_columns(write):
    curve = read(write(QTable({"time": TIMES * u.d, "flux": FLUXES * u.electron / u.s}), "ascii.ecsv"))
    np.testing.assert_array_equal(curve.fluxes, FLUXES)


@pytest.mark.parametrize("form", FORMATS)
def test_errors_in_another_kind_of_unit_are_refused(write, form):
    table = Table({"time": TIMES * u.d, "flux": FLUXES * u.mJy, "flux_err": FLUXES * u.m})
    with pytest.raises(LightcurveFileError, match="column flux_err has the unit m, the fluxes mJy"):
        read(write(table, form))


def test_a_column_of_text_is_refused(write):
    with pytest.raises(LightcurveFileError, match="column flux does not hold numbers"):
        read(write(Table({"time": TIMES, "flux": ["a"] * 5}), "ascii.ecsv"))


@pytest.mark.parametrize(
    ("content", "name"), [("# %ECSV 1.0\n# ---\n# datatype: [\n", "ECSV"), ("<VOTABLE><RESOURCE>", "VOTable")]
)
def test_malformed_tables_are_errors(tmp_path, content, name):
    (tmp_path / "unnamed").write_text(content)
    with pytest.raises(LightcurveFileError, match=f"malformed {name}"):
        read(tmp_path / "unnamed")
