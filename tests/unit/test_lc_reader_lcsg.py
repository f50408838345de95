"""Files of the Light Curve Stitching Group."""

import gzip

import pytest

from eas_framework.errors import LightcurveFileError
from eas_framework.lc_reader_lcsg import read_lcsg_lightcurve

CONTENT = """# a comment
# #star = HD 1 = Sirius
# #mes = 12.5

0.0,1.0,0
0.5,0.99,1
1.0,1.01,0
"""


@pytest.fixture
def lcsg_file(tmp_path):
    path = tmp_path / "curve.csv"
    path.write_text(CONTENT)
    return path


def test_d3_times_are_days_and_flags_are_flags(lcsg_file):
    curve = read_lcsg_lightcurve(lcsg_file)
    assert curve.times.tolist() == [0, 0.5, 1]
    assert curve.fluxes.tolist() == [1, 0.99, 1.01]
    assert curve.flags.tolist() == [0, 1, 0]
    assert curve.uncertainties.tolist() == [0, 0, 0]


def test_d57_metadata_keys_end_at_the_first_equals_sign(lcsg_file):
    metadata = read_lcsg_lightcurve(lcsg_file).metadata
    assert metadata == {"star": "HD 1 = Sirius", "mes": 12.5, "filename": "curve.csv", "time_unit": "d"}


@pytest.mark.parametrize("gzipped", [None, True])
def test_gzipped_files_are_read(tmp_path, gzipped):
    path = tmp_path / "curve.gz"
    path.write_bytes(gzip.compress(CONTENT.encode()))
    assert len(read_lcsg_lightcurve(file_path=path, gzipped=gzipped)) == 3


def test_a_wrong_word_about_compression_is_an_error(lcsg_file):
    with pytest.raises(LightcurveFileError, match="gzipped=True was asked for"):
        read_lcsg_lightcurve(lcsg_file, gzipped=True)


def test_samples_after_the_cut_off_time_are_dropped(lcsg_file):
    assert read_lcsg_lightcurve(lcsg_file, cut_off_time=0.5).times.tolist() == [0, 0.5]


@pytest.mark.parametrize(
    ("line", "message"), [("1.5,1.0", ":8: expected 3 numbers"), ("1.5,1.0,0.5", "column 3: flags must be")]
)
def test_a_malformed_line_is_named(lcsg_file, line, message):
    lcsg_file.write_text(CONTENT + line + "\n")
    with pytest.raises(LightcurveFileError, match=message):
        read_lcsg_lightcurve(lcsg_file)
