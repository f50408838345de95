"""From the peak of a grid to the best period, epoch and duration, and how strong the signal is.

The grid of any search is coarser than the data; here a limb-darkened shape is fitted to the samples. The fit
maximises ``(Σ w a r)² / Σ w a²``, the drop of χ² for the best depth, with a the shape, r the missing flux and
w the inverse variances. Uncertainties come from the curvature of χ² at the best point.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from eas_tasks_tda.elliptic import FloatArray
from eas_tasks_tda.prepare import CleanCurve
from eas_tasks_tda.result import TransitResult, nothing_found
from eas_tasks_tda.transit_model import transit_flux

# A typical small planet before a Sun-like star; the shape depends little on these.
_SHAPE = {"radius_ratio": 0.03, "u1": 0.48, "u2": 0.19}
IMPACT = 0.3  # of the fitted shape, in stellar radii
_BINS_PER_DURATION = 20
_LOCAL = 2.0  # samples within so many durations of a mid-transit take part
_LONGEST_DUTY_CYCLE = 0.25
# starts of the fit: shift of the central epoch, drift over the data (both in durations), log of the duration
_SHIFTS, _DRIFTS, _STRETCHES = (
    np.linspace(-0.4, 0.4, 9),
    np.linspace(-0.9, 0.9, 13),
    np.log([0.7, 0.85, 1.0, 1.2]),
)
_NEWTON_STEPS, _LONGEST_STEP, _SMALLEST_GAIN = 4, 0.3, 1e-3
_FIRST_STEPS = np.array([0.05, 0.08, 0.1])  # shift, drift, stretch
_FARTHEST = np.array([0.8, 2.0, 1.1])  # the fit stays at the peak that it was given


@dataclass(frozen=True, kw_only=True)
class Peak:
    """A periodic transit with times in days; the uncertainties are 0 where not known."""

    period: float
    t0: float
    duration: float
    period_sigma: float = 0.0
    t0_sigma: float = 0.0

    def phases(self, times: FloatArray) -> FloatArray:
        """Time [d] since the nearest mid-transit."""
        phases: FloatArray = times - self.t0
        phases -= self.period * np.rint(phases / self.period)
        return phases

    def first_after(self, time: float) -> Peak:
        """The same transits with t0 the first one not before `time`; its uncertainty follows."""
        cycles = math.ceil((time - self.t0) / self.period)
        sigma = math.hypot(self.t0_sigma, cycles * self.period_sigma)
        return replace(self, t0=self.t0 + cycles * self.period, t0_sigma=sigma)


@cache
def _shape_table() -> tuple[FloatArray, FloatArray]:
    """Depth (1 at mid-transit) over time from mid-transit in half durations (0 to 1)."""
    x = np.linspace(0, 1, 201)
    chord = (1 + _SHAPE["radius_ratio"]) ** 2 - IMPACT**2
    missing = 1 - transit_flux(np.sqrt(IMPACT**2 + chord * x**2), **_SHAPE)
    return x, missing / missing[0]


def transit_shape(x: FloatArray) -> FloatArray:
    """Depth over that at mid-transit, at times from mid-transit in half durations; 0 outside."""
    known, depth = _shape_table()
    shape: FloatArray = np.interp(np.abs(x), known, depth, right=0.0)
    return shape


class _Fit:
    """The drop of χ² as a function of shift, drift and stretch, for the samples near the transits."""

    def __init__(self, curve: CleanCurve, peak: Peak) -> None:
        from eas_tasks_tda.template_kernels import shape_sums  # late: loads numba

        centre = float(curve.times.mean())
        cycles = round((centre - peak.t0) / peak.period)
        self.peak = replace(
            peak, t0=peak.t0 + cycles * peak.period
        )  # period and epoch decouple at the centre
        phases = np.abs(self.peak.phases(curve.times))
        near = phases < _LOCAL * peak.duration
        quiet = phases > 0.75 * peak.duration
        level = np.median(curve.fluxes[quiet]) if quiet.any() else 1.0
        self.samples = np.stack([curve.times[near], level - curve.fluxes[near], curve.sigmas[near] ** -2])
        self.sums = shape_sums
        self.cycles_in_data = max(1.0, curve.span_days / peak.period)
        parts = math.ceil(_BINS_PER_DURATION * curve.cadence_days / peak.duration)
        self.parts = curve.cadence_days * ((np.arange(parts) + 0.5) / parts - 0.5)

    def peak_at(self, point: FloatArray) -> Peak:
        """The transits that a point stands for."""
        shift, drift, stretch = (float(value) for value in point)
        duration = self.peak.duration
        return Peak(
            period=self.peak.period + drift * duration / self.cycles_in_data,
            t0=self.peak.t0 + shift * duration,
            duration=duration * math.exp(stretch),
        )

    def __call__(self, point: FloatArray) -> float:
        """Minus the drop of χ²; 0 where the fluxes rise instead."""
        peak = self.peak_at(point)
        if np.any(np.abs(point) > _FARTHEST) or not 0 < peak.duration < _LONGEST_DUTY_CYCLE * peak.period:
            return 0.0
        norm, projection = self.sums(
            self.samples, self.parts, _shape_table()[1], peak.period, peak.t0, peak.duration
        )
        return -(projection**2) / norm if norm > 0 and projection > 0 else 0.0

    def curvature(self, point: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Gradient and Hessian at a point by central differences, of a step of about its uncertainty."""
        step = float(np.clip(1 / math.sqrt(max(-self(point), 1.0)), 0.02, 0.3))
        units = np.eye(3) * step
        centre, above, below = self(point), [self(point + u) for u in units], [self(point - u) for u in units]
        gradient = (np.array(above) - below) / (2 * step)
        hessian = np.diag((np.array(above) + below - 2 * centre) / step**2)
        for i, k in ((0, 1), (0, 2), (1, 2)):
            u, v = units[i], units[k]
            same, opposite = (
                self(point + u + v) + self(point - u - v),
                self(point + u - v) + self(point - u + v),
            )
            hessian[i, k] = hessian[k, i] = (same - opposite) / (4 * step**2)
        return gradient, hessian

    def sigmas(self, point: FloatArray) -> FloatArray | None:
        """Standard deviations of shift, drift and stretch; None where χ² has no minimum there."""
        return _sigmas_from(self.curvature(point)[1])

    def descend(self) -> FloatArray:
        """The minimum of χ² next to the peak given: Newton's steps, and steps along axes where they fail."""
        point, value = np.zeros(3), self(np.zeros(3))
        for _ in range(_NEWTON_STEPS):
            gradient, hessian = self.curvature(point)
            if np.linalg.eigvalsh(hessian)[0] <= 0:
                return self.climb(point)
            step = np.clip(np.linalg.solve(hessian, -gradient), -_LONGEST_STEP, _LONGEST_STEP)
            following = self(point + step)
            if following >= value - _SMALLEST_GAIN:
                return point
            point, value = point + step, following
        return point

    def climb(self, start: FloatArray) -> FloatArray:
        """The minimum of χ² near a point by shrinking steps along the coordinates."""
        from eas_tasks_tda.climbing import climb

        scale = np.array([self.peak.duration, self.peak.duration, 1.0])
        reference = (self.peak.period, self.peak.t0, self.peak.duration, self.cycles_in_data)
        data = (self.samples, self.samples, self.parts, _shape_table()[1])
        point = start * scale
        climb(data, reference, point, math.sqrt(-self(start)), _FIRST_STEPS * scale)
        reached: FloatArray = point / scale
        return reached

    def simplex(self, start: FloatArray) -> FloatArray:
        """The minimum of χ² near a point by the method of Nelder & Mead."""
        from scipy.optimize import minimize

        corners = start + np.vstack([np.zeros(3), np.diag(_FIRST_STEPS)])
        options = {"initial_simplex": corners, "xatol": 1e-4, "fatol": 1e-6, "maxfev": 600}
        best: FloatArray = minimize(self, start, method="Nelder-Mead", options=options).x
        return best


def _sigmas_from(hessian: FloatArray) -> FloatArray | None:
    """Standard deviations from the second derivatives of χ²; None where it has no minimum."""
    if np.linalg.eigvalsh(hessian)[0] <= 0:
        return None
    sigmas: FloatArray = np.sqrt(np.diagonal(2 * np.linalg.inv(hessian)))
    return sigmas


def refine_further(curve: CleanCurve, peak: Peak) -> Peak:
    """As `refine`, for a peak that the search itself has refined: the nearest minimum of χ²."""
    fit = _Fit(curve.binned(peak.duration / _BINS_PER_DURATION), peak)
    return _refined(curve, fit, fit.descend())


def refine(curve: CleanCurve, peak: Peak) -> Peak:
    """The transits near `peak` that fit the samples best, t0 being the first mid-transit in the data."""
    fit = _Fit(curve.binned(peak.duration / _BINS_PER_DURATION), peak)
    starts = [np.array([a, b, c]) for a in _SHIFTS for b in _DRIFTS for c in _STRETCHES]
    best = fit.simplex(min([np.zeros(3), *starts], key=fit))
    return _refined(curve, fit, best)


def _refined(curve: CleanCurve, fit: _Fit, point: FloatArray) -> Peak:
    """The transits at a point of a fit, with uncertainties, t0 being the first mid-transit in the data."""
    refined, sigmas = fit.peak_at(point), fit.sigmas(point)
    if sigmas is not None:
        shift_sigma, drift_sigma = sigmas[:2] * fit.peak.duration
        refined = replace(
            refined, t0_sigma=float(shift_sigma), period_sigma=float(drift_sigma / fit.cycles_in_data)
        )
    return refined.first_after(float(curve.times[0]))


def describe(  # noqa: PLR0913 - all but the first two are given by name
    curve: CleanCurve,
    peak: Peak,
    *,
    sde: float,
    depth: float | None = None,
    extras: dict[str, float | int | str] | None = None,
    snr_min: float = 0.0,
    is_refined: bool = False,
) -> TransitResult:
    """The common record for the transits near `peak`, refined on the samples of `curve`.

    Args:
        curve: The samples, not binned.
        peak: Best point of the grid.
        sde: Signal detection efficiency of the grid's spectrum.
        depth: Depth as the algorithm defines it; by default the mean depth over the duration.
        extras: Further metadata of the algorithm.
        snr_min: A signal-to-noise ratio below this is no detection.
        is_refined: Whether the search has refined the peak, so that only the nearest minimum is looked for.
    """
    peak = refine_further(curve, peak) if is_refined else refine(curve, peak)
    phases = peak.phases(curve.times)
    inside, weights = np.abs(phases) < peak.duration / 2, curve.sigmas**-2
    if not inside.any() or inside.all():
        return nothing_found("no sample lies in a transit of the best period")
    level = float(np.median(curve.fluxes[~inside]))
    mean_depth = float(1 - np.average(curve.fluxes[inside], weights=weights[inside]) / level)
    sigma = math.sqrt(1 / weights[inside].sum() + 1 / weights[~inside].sum()) / level
    snr = mean_depth / sigma
    if not snr > snr_min:
        return nothing_found(f"the strongest signal has a signal-to-noise ratio of {snr:.3g}")
    return TransitResult(
        period_days=peak.period,
        t0_days=peak.t0,
        duration_hours=24 * peak.duration,
        depth=mean_depth if depth is None else depth,
        snr=snr,
        sde=sde,
        transit_count=len(np.unique(np.rint((curve.times[inside] - peak.t0) / peak.period))),
        period_uncertainty_days=peak.period_sigma or None,
        t0_uncertainty_days=peak.t0_sigma or None,
        extras=extras or {},
    )
