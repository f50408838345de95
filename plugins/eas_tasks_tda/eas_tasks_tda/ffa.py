"""Task `transit_search_ffa`: fast-folding transit search, the fastest and default search of this package.

Folds of all periods are sums of each other (Staelin 1969; for transits Shahaf et al. 2022), so that a fold
costs a few additions per bin of phase whatever the number of samples. Here the fluxes are folded with their
inverse-variance weights at several resolutions, each for the transit durations that it resolves, and the
highest peaks are refined on the samples. docs/explanation/transit_search.md explains statistic and grid.
"""

from __future__ import annotations

import numpy as np
from pydantic import Field

from eas_framework.plugins import Resources, TaskType
from eas_tasks_tda import examples
from eas_tasks_tda.prepare import CleanCurve
from eas_tasks_tda.refine import describe
from eas_tasks_tda.result import TransitResult, nothing_found
from eas_tasks_tda.search import CURVE_IN, RESULT_FILES, SEARCH_METADATA, transit_search
from eas_tasks_tda.settings import SearchParameters, SearchSettings
from eas_tasks_tda.spectrum import ResidueSpectrum, near_period


class FfaSettings(SearchSettings):
    """Settings of the fast-folding search."""

    peak_count: int = Field(50, ge=1, le=1000, description="Peaks of the spectrum that are refined.")
    fold_weights: bool | None = Field(
        None, description="Fold the weights of the samples; by default where coverage is not uniform."
    )


class FfaParameters(SearchParameters):
    """Keys of a fast-folding search."""

    search_settings: FfaSettings = Field(default_factory=FfaSettings, description="See the fields.")


def search(curve: CleanCurve, *, settings: FfaSettings, threads: int = 1) -> TransitResult:
    """The best periodic transit in a light curve; a single one where that explains the data as well."""
    from eas_tasks_tda.folding import candidates  # late: loads numba
    from eas_tasks_tda.single_transit import describe_single, is_single

    found = candidates(
        curve,
        settings=settings,
        peak_count=settings.peak_count,
        fold_weights=settings.fold_weights,
        threads=threads,
    )
    if not found.peaks:
        return nothing_found("no trial period has a transit with data")
    best = found.peaks[0]
    if is_single(found.single, best_snr=best.snr):
        return describe_single(curve, found.single, snr_min=settings.snr_min)
    chi_squared = np.sum(((curve.fluxes - 1) / curve.sigmas) ** 2) - found.snr**2
    residue = chi_squared.min() / chi_squared if chi_squared.min() > 0 else found.snr / best.snr
    spectrum = ResidueSpectrum.of(found.periods, residue, oversampling=settings.oversampling)
    near = near_period(found.periods, best.peak.period, apart=2 * settings.oversampling)
    result = describe(
        curve, best.peak, sde=float(spectrum.sde[near].max()), snr_min=settings.snr_min, is_refined=True
    )
    return result.with_spectrum(spectrum)


def warm_up() -> None:
    """Compile, or load from numba's cache, what a search needs."""
    times = np.arange(0.0, 20.0, 0.02)
    fluxes = 1 + 1e-4 * np.sin(times * 37.0)
    fluxes[np.remainder(times, 5.0) < 0.15] -= 1e-2
    for keep in (np.ones(len(times), bool), (times < 6) | (times > 9)):
        search(CleanCurve.clean(times[keep], fluxes[keep]), settings=FfaSettings())


TASK_TYPE = TaskType(
    name="transit_search_ffa",
    handler=transit_search(search, FfaParameters),
    resources=Resources(cpu=1, memory_gb=1),
    parameters=FfaParameters,
    inputs=CURVE_IN,
    outputs=RESULT_FILES,
    metadata=SEARCH_METADATA,
    packages=("numba", "numpy", "scipy"),
    warm_up=warm_up,
    summary="Search for transits by fast folding: the fastest search, for any length of data.",
    example=examples.search_job("transit_search_ffa"),
)
