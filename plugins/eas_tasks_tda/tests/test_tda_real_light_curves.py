"""Known planets in real light curves, found with the defaults.

The files are public Kepler/K2/TESS photometry that the repository does not hold. They are looked for in the
folder that the variable EAS_TEST_LIGHT_CURVES names, else in shared/data/light_curves beside the repository.
"""

import os
from pathlib import Path

import numpy as np
import pytest
from eas_tasks_tda import bls_reference, tls
from eas_tasks_tda.detrending import detrend
from eas_tasks_tda.search import search_lightcurve
from eas_tasks_tda.settings import SearchSettings

from eas_framework.lightcurve import LightcurveArbitraryRaster

REPOSITORY = Path(__file__).resolve().parents[3]
FOLDER = Path(os.environ.get("EAS_TEST_LIGHT_CURVES", REPOSITORY.parent / "shared" / "data" / "light_curves"))
pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason=f"{FOLDER} is missing; EAS_TEST_LIGHT_CURVES names the folder"
)


def read_columns(name, *, time=0, flux=1, flag=None, header=0):
    columns = np.genfromtxt(FOLDER / name, delimiter=",", skip_header=header)
    flags = None if flag is None else np.nan_to_num(columns[:, flag], nan=1).astype(int)
    return LightcurveArbitraryRaster(columns[:, time], columns[:, flux], flags=flags)


def read_tess(name):
    from astropy.io import fits

    with fits.open(FOLDER / name) as file:
        table = file[1].data
        columns = (np.array(table[column], dtype=float) for column in ("TIME", "PDCSAP_FLUX"))
        return LightcurveArbitraryRaster(*columns, flags=np.array(table["QUALITY"], dtype=int))


def found_by(algorithm, curve):
    flat = detrend(curve)
    detrended = curve.with_columns(fluxes=flat.fluxes, uncertainties=flat.uncertainties, flags=flat.flags)
    search, settings = {
        "tls": (tls.search, tls.TlsSettings()),
        "bls": (bls_reference.search, SearchSettings()),
    }[algorithm]
    return search_lightcurve(search, detrended, settings=settings)


@pytest.mark.parametrize("algorithm", ["tls", "bls"])
@pytest.mark.parametrize("name", ["EPIC201367065_detrended.csv", "EPIC201367065.csv"])
def test_the_inner_planet_of_k2_3_is_found(algorithm, name):
    result = found_by(algorithm, read_columns(name))
    assert result.period_days == pytest.approx(10.0545, abs=0.01)  # Crossfield et al. 2015
    assert result.transit_count == 8
    assert result.depth == pytest.approx(1.3e-3, rel=0.25)


@pytest.mark.parametrize("algorithm", ["tls", "bls"])
def test_wasp_4_b_is_found_in_a_tess_file(algorithm):
    name = "tess2018234235059-s0002-0000000402026209-0121-s_lc.fits"
    result = found_by(algorithm, read_tess(name))
    assert result.period_days == pytest.approx(1.3382, abs=1e-3)  # Wilson et al. 2008


@pytest.mark.parametrize("algorithm", ["tls", "bls"])
def test_wasp_75_b_is_found(algorithm):
    result = found_by(algorithm, read_columns("EPIC206154641.csv"))
    assert result.period_days == pytest.approx(2.48419, abs=1e-3)  # Gómez Maqueo Chew et al. 2013


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", ["tls", "bls"])
def test_a_planet_of_l_98_59_is_found_in_a_year_with_long_gaps(algorithm):
    name = "TIC307210830_TOI175_L98-59_lc_data.csv"
    result = found_by(algorithm, read_columns(name, time=1, flux=2, flag=5, header=1))
    nearest = min((3.69068, 7.45072, 2.25311), key=lambda known: abs(known - result.period_days))
    assert result.period_days == pytest.approx(nearest, abs=1e-3)  # Kostov et al. 2019
