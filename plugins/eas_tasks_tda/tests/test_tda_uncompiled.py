"""The kernels as they are written give what their machine code gives."""

import json
import os
import subprocess
import sys

import pytest

SEARCH = """
import json, sys
import numpy as np
from eas_tasks_tda import bls, bls_kovacs, ffa, qats
from eas_tasks_tda.box_search import BoxSettings
from eas_tasks_tda.prepare import CleanCurve

times = np.arange(0.0, 12.0, 0.06)
fluxes = 1 + 1e-4 * np.sin(times * 37.0)
fluxes[np.remainder(times, 2.5) < 0.13] -= 1e-2
few = BoxSettings(peak_count=3, period_min=2.0, period_max=3.0)
search, settings = {
    "bls": (bls.search, few),
    "bls_kovacs": (bls_kovacs.search, few),
    "ffa": (ffa.search, ffa.FfaSettings(peak_count=3)),
    "qats": (qats.search, qats.QatsSettings(period_min=2.0, duration_count=3, max_ttv_mag=0.2)),
}[sys.argv[1]]
found = []
for keep in (np.ones(len(times), bool), (times < 4) | (times > 6)):
    curve = CleanCurve.clean(times[keep], fluxes[keep])
    result = search(curve, settings=settings)
    found.append((result.period_days, result.snr, result.depth))
print(json.dumps(found))
"""


def searched(name, **environment):
    done = subprocess.run(
        [sys.executable, "-c", SEARCH, name],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", ["bls", "bls_kovacs", "ffa", "qats"])
def test_a_search_finds_the_same_without_compilation(name):
    compiled, written = searched(name), searched(name, NUMBA_DISABLE_JIT="1")

    for machine, plain in zip(compiled, written, strict=True):
        assert plain == pytest.approx(machine, rel=1e-6)  # single precision, other order of the sums
        assert plain[0] == pytest.approx(2.5, abs=0.02)  # the period of the dips
