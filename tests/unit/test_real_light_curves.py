"""Real photometry of Kepler, K2 and TESS; the numbers of samples are those published with the files."""

import os
from pathlib import Path

import numpy as np
import pytest

from eas_framework.errors import LightcurveFileError
from eas_framework.lc_readers import read_lightcurve_file

ROOT = Path(__file__).parents[2]
FOLDER = Path(os.environ.get("EAS_TEST_LIGHT_CURVES", ROOT.parent / "shared" / "data" / "light_curves"))

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason=f"no real light curves in {FOLDER}; set EAS_TEST_LIGHT_CURVES to their folder"
)


# name, samples with flux and without flag, span in days (both from the list that comes with the files)
@pytest.mark.parametrize(
    ("name", "good", "span"),
    [
        ("EPIC201367065_detrended.csv", 3632, 80.1),
        ("EPIC201367065.csv", 3632, 80.1),
        ("EPIC206154641.csv", 3203, 69.2),
        ("K2-32_lc.dat", 3664, 77.6),
        ("PiMen_TIC261136679_TESS_S1.csv", 16697, 27.9),
        ("TIC307210830_TOI175_L98-59_lc_data.csv", 25577, 328),
    ],
)
def test_real_tables_are_read_with_all_their_good_samples(name, good, span):
    curve = read_lightcurve_file(FOLDER / name, readers=())
    is_good = (curve.flags == 0) & np.isfinite(curve.fluxes)
    assert np.count_nonzero(is_good) == good
    assert np.ptp(curve.times[is_good]) == pytest.approx(span, abs=0.5)
    assert (np.diff(curve.times) > 0).all()


def test_errors_without_meaning_are_recognised_in_real_tables():
    for name in ("K2-32_lc.dat", "PiMen_TIC261136679_TESS_S1.csv"):
        curve = read_lightcurve_file(FOLDER / name, readers=())
        assert not curve.uncertainties.any()
        assert "throughout" in curve.metadata["uncertainties_source"]


def test_a_real_column_of_fluxes_alone_asks_for_times():
    with pytest.raises(LightcurveFileError, match="only one column of numbers"):
        read_lightcurve_file(FOLDER / "Kepler36_qats_kep36.dat", readers=())


def test_rounded_times_of_tess_have_the_cadence_of_two_minutes():
    curve = read_lightcurve_file(FOLDER / "PiMen_TIC261136679_TESS_S1.csv", readers=())
    # The archive's times are rounded to 1e-4 d; the cadence is 120 s on board.
    assert curve.estimate_sampling_interval() * 86400 == pytest.approx(120, rel=1e-3)
