"""Light curves that nobody should have: a clear error or the right answer, in bounded memory."""

import json
import subprocess
import sys

import numpy as np
import pytest
from eas_tasks_tda import ffa
from eas_tasks_tda.search import search_planets

from eas_framework.errors import LightcurveError
from eas_framework.lightcurve import LightcurveArbitraryRaster

MOST_MEGABYTES = 1500  # 1e7 samples are 240 MB of times, fluxes and flags before the search begins
LARGE = f"""
import json, resource
import numpy as np
from eas_tasks_tda import ffa
from eas_tasks_tda.search import search_lightcurve
from eas_framework.lightcurve import LightcurveArbitraryRaster

resource.setrlimit(resource.RLIMIT_DATA, ({MOST_MEGABYTES} << 20,) * 2)
times = np.arange(10_000_000) * (25 / 86_400)
fluxes = 1 + np.random.default_rng(1).normal(0, 1e-3, len(times))
fluxes[np.remainder(times - 1.3, 7.77) < 0.15] -= 1e-3
settings = ffa.FfaSettings(period_min=7.7, period_max=7.9, peak_count=5)
result = search_lightcurve(ffa.search, LightcurveArbitraryRaster(times, fluxes), settings=settings)
print(json.dumps([result.period_days, result.depth]))
"""


def planet(*, days=40.0):
    """Boxes of 0.2 % every 3.3 d, 30 minutes apart."""
    times = np.arange(0, days, 30 / 1440)
    fluxes = 1 + np.random.default_rng(2).normal(0, 3e-4, len(times))
    return times, fluxes - 2e-3 * (np.remainder(times - 1.0, 3.3) < 0.12)


def found_in(times, fluxes, uncertainties=None):
    curve = LightcurveArbitraryRaster(times, fluxes, uncertainties)
    return search_planets(ffa.search, curve, settings=ffa.FfaSettings(), max_planets=3)


@pytest.mark.parametrize(
    ("times", "fluxes", "said"),
    [
        (np.arange(500) * 0.02, np.ones(500), "equal"),
        (np.arange(500) * 0.02, np.full(500, np.nan), "0 of 500 samples are good"),
        (np.array([0.0, 1.0]), np.array([1.0, 0.9]), "2 of 2 samples are good"),
        (np.zeros(500), np.linspace(0.9, 1.1, 500), "different times"),
    ],
    ids=["constant", "all NaN", "two points", "one time"],
)
def test_a_curve_that_holds_too_little_is_a_result_that_says_why(times, fluxes, said):
    (result,) = found_in(times, fluxes)
    assert not result.found
    assert said in result.note


def test_unsorted_and_duplicate_times_do_not_hide_a_planet():
    times, fluxes = planet()
    order = np.random.default_rng(3).permutation(len(times))
    twice = np.concatenate([order, order[:200]])
    results = found_in(times[twice], fluxes[twice])
    assert [result.period_days for result in results] == pytest.approx([3.3], abs=0.003)


@pytest.mark.parametrize("error", [-1e-3, 0.0, np.inf])
def test_errors_that_cannot_be_errors_do_not_hide_a_planet(error):
    times, fluxes = planet()
    results = found_in(times, fluxes, np.full(len(times), error))
    assert [result.period_days for result in results] == pytest.approx([3.3], abs=0.003)


def test_times_in_seconds_are_an_error_that_says_what_to_do():
    times, fluxes = planet()
    with pytest.raises(LightcurveError, match="divide them by 86400"):
        found_in(times * 86_400, fluxes)


@pytest.mark.slow
def test_ten_million_samples_are_searched_within_the_memory_that_is_stated():
    done = subprocess.run([sys.executable, "-c", LARGE], stdout=subprocess.PIPE, text=True, check=True)
    period, depth = json.loads(done.stdout)
    assert period == pytest.approx(7.77, abs=1e-4)
    assert depth == pytest.approx(1e-3, rel=0.1)
