"""Task `transit_search_tls`: transit least squares (Hippke & Heller 2019), package transitleastsquares.

The samples are binned to a fifth of the shortest duration searched before TLS sees them (TLS bins further
where the periods allow it); the refinement and the signal-to-noise ratio use the samples as they are.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from pydantic import Field

from eas_framework.errors import LightcurveError
from eas_framework.plugins import Resources, TaskType
from eas_tasks_tda import examples, grids
from eas_tasks_tda.prepare import CleanCurve
from eas_tasks_tda.refine import Peak, describe
from eas_tasks_tda.result import TransitResult, nothing_found
from eas_tasks_tda.search import CURVE_IN, RESULT_FILES, SEARCH_METADATA, transit_search
from eas_tasks_tda.settings import SearchParameters, SearchSettings
from eas_tasks_tda.spectrum import ResidueSpectrum

log = logging.getLogger(__name__)

BINS_PER_DURATION = 5


class TlsSettings(SearchSettings):
    """Settings of TLS."""

    u1: float = Field(0.4804, description="Linear limb darkening of the template.")
    u2: float = Field(0.1867, description="Quadratic limb darkening of the template.")


class TlsParameters(SearchParameters):
    """Keys of a TLS task."""

    search_settings: TlsSettings = Field(default_factory=TlsSettings, description="See the fields.")


def search(curve: CleanCurve, *, settings: TlsSettings, threads: int = 1) -> TransitResult:
    """The best limb-darkened transit in a light curve, searched with `threads` processes."""
    found = power(curve, settings=settings, threads=threads)
    if not np.isfinite(found.period):
        return nothing_found("TLS fitted no transit at any period")
    peak = Peak(period=float(found.period), t0=float(found.T0), duration=float(found.duration))
    falling = np.argsort(-np.asarray(found.periods))
    columns = (
        np.asarray(column, dtype=np.float64)[falling] for column in (found.periods, found.SR, found.power)
    )
    periods, residue, sde = columns
    return describe(
        curve, peak, sde=float(found.SDE), depth=1 - float(found.depth), snr_min=settings.snr_min
    ).with_spectrum(ResidueSpectrum(periods=periods, residue=residue, sde=sde))


def power(curve: CleanCurve, *, settings: TlsSettings, threads: int = 1) -> Any:
    """The results object of transitleastsquares, with the whole spectrum; its `depth` is a flux level."""
    from transitleastsquares import transitleastsquares

    shortest, longest = grids.period_range(
        curve.span_days, shortest=settings.period_min, longest=settings.period_max
    )
    binned = curve.binned(settings.star.shortest_transit(shortest) / BINS_PER_DURATION)
    with _quietly():
        # TLS refuses fluxes below zero, which only noise or damage can make
        model = transitleastsquares(
            binned.times, np.maximum(binned.fluxes, 0.0), binned.sigmas, verbose=False
        )
        try:
            return model.power(
                period_min=shortest,
                period_max=longest,
                oversampling_factor=settings.oversampling,
                u=[settings.u1, settings.u2],
                use_threads=_processes(threads),
                show_progress_bar=False,
                verbose=False,
                **_star_arguments(settings.star, period_min=shortest),
            )
        except ValueError as error:
            raise LightcurveError(f"TLS cannot search this light curve: {error}") from error


def _star_arguments(star: grids.Star, *, period_min: float) -> dict[str, float]:
    """The star as TLS wants it, small enough that its grid reaches down to `period_min`.

    TLS starts at the orbit of three stellar radii (0.6 d for the Sun) whatever period it is asked for.
    """
    needed = 0.999 * grids.radius_for_orbit(period_min, mass=star.mass)
    radius = max(star.smallest_radius, min(star.radius, needed))
    if radius > needed:
        log.warning("TLS does not search below the orbit of three stellar radii: r_star_min is too large")
    return {
        "R_star": radius,
        "R_star_min": star.smallest_radius,
        "R_star_max": star.largest_radius,
        "M_star": star.mass,
        "M_star_min": star.smallest_mass,
        "M_star_max": star.largest_mass,
    }


def _processes(threads: int) -> int:
    """Processes that TLS may start: one where this process may not have children."""
    return 1 if multiprocessing.current_process().daemon else max(1, threads)


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """TLS's warnings go to the log, and none of its processes outlives the search."""
    from transitleastsquares import tls_constants

    kept_alive, tls_constants.WORKER_IDLE_TIMEOUT = tls_constants.WORKER_IDLE_TIMEOUT, 0
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield
    finally:
        tls_constants.WORKER_IDLE_TIMEOUT = kept_alive
    for warning in caught:
        log.info("TLS: %s", warning.message)


def warm_up() -> None:
    """Compile, or load from numba's cache, what TLS needs."""
    times = np.arange(0.0, 20.0, 0.02)
    fluxes = 1 + 1e-4 * np.sin(times * 37.0)
    fluxes[np.remainder(times, 5.0) < 0.15] -= 1e-2
    search(CleanCurve.clean(times, fluxes), settings=TlsSettings(period_min=4.0, period_max=6.0))


TASK_TYPE = TaskType(
    name="transit_search_tls",
    handler=transit_search(search, TlsParameters),
    resources=Resources(cpu=1, memory_gb=2),
    parameters=TlsParameters,
    inputs=CURVE_IN,
    outputs=RESULT_FILES,
    metadata=SEARCH_METADATA,
    packages=("transitleastsquares", "numba", "numpy", "scipy"),
    warm_up=warm_up,
    summary="Search for transits with transit least squares.",
    example=examples.search_job("transit_search_tls"),
)
