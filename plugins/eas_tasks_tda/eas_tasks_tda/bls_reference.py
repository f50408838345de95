"""Task `transit_search_bls_reference`: box least squares (Kovács, Zucker & Mazeh 2002) with astropy.

The grid is that of all searches for boxes (`box_grid`).
"""

from __future__ import annotations

import numpy as np

from eas_framework.plugins import Resources, TaskType
from eas_tasks_tda import examples
from eas_tasks_tda.box_grid import BINS_PER_DURATION, Octave, Periodogram, octaves
from eas_tasks_tda.elliptic import FloatArray
from eas_tasks_tda.prepare import CleanCurve
from eas_tasks_tda.refine import Peak, describe
from eas_tasks_tda.result import TransitResult
from eas_tasks_tda.search import CURVE_IN, RESULT_FILES, SEARCH_METADATA, transit_search
from eas_tasks_tda.settings import SearchParameters, SearchSettings
from eas_tasks_tda.spectrum import ResidueSpectrum


def search(curve: CleanCurve, *, settings: SearchSettings, threads: int = 1) -> TransitResult:
    """The strongest box in a light curve; `threads` is not used."""
    spectrum = periodogram(curve, settings=settings)
    chi_squared = np.sum(((curve.fluxes - 1) / curve.sigmas) ** 2) - 2 * spectrum.power
    residue = chi_squared.min() / chi_squared
    periods = ResidueSpectrum.of(spectrum.periods, residue, oversampling=settings.oversampling)
    best = int(np.argmax(spectrum.power))
    peak = Peak(
        period=float(spectrum.periods[best]),
        t0=float(spectrum.mid_transits[best]),
        duration=float(spectrum.durations[best]),
    )
    return describe(
        curve,
        peak,
        sde=float(periods.sde[best]),
        extras={"power": float(spectrum.power[best])},
        snr_min=settings.snr_min,
    ).with_spectrum(periods)


def periodogram(curve: CleanCurve, *, settings: SearchSettings) -> Periodogram:
    """The best box at every period: gain in log-likelihood over no transit."""
    parts, periods = [], []
    for octave in octaves(curve, settings=settings):
        parts.append(_searched(octave))
        periods.append(octave.periods)
    power, durations, mid_transits = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return Periodogram(
        periods=np.concatenate(periods), power=power, durations=durations, mid_transits=mid_transits
    )


def _searched(octave: Octave) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Power, duration and mid-transit of the best box at each period."""
    from astropy.timeseries import BoxLeastSquares

    binned = octave.binned
    model = BoxLeastSquares(binned.times, binned.fluxes, dy=binned.sigmas)
    found = model.power(
        octave.periods, octave.durations, objective="likelihood", oversample=BINS_PER_DURATION
    )
    return tuple(np.asarray(found[name]) for name in ("power", "duration", "transit_time"))  # type: ignore[return-value] # three


TASK_TYPE = TaskType(
    name="transit_search_bls_reference",
    handler=transit_search(search, SearchParameters),
    resources=Resources(cpu=1, memory_gb=2),
    parameters=SearchParameters,
    inputs=CURVE_IN,
    outputs=RESULT_FILES,
    metadata=SEARCH_METADATA,
    packages=("astropy", "numpy", "scipy"),
    summary="Search for transits with box least squares (astropy).",
    example=examples.search_job("transit_search_bls_reference"),
)
