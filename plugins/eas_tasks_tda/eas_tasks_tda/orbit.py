"""Where the planet stands before the star, as a function of time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eas_tasks_tda.elliptic import FloatArray

_KEPLER_STEPS = 60
_KEPLER_TOLERANCE = 1e-13


@dataclass(frozen=True, kw_only=True)
class Orbit:
    """A Keplerian orbit.

    Attributes:
        period_days: Orbital period.
        t0_days: Time of one mid-transit (inferior conjunction).
        semi_major_axis: In stellar radii.
        inclination: Radians; π/2 is edge-on.
        eccentricity: 0 <= e < 1.
        periastron: Argument of periastron of the planet's orbit, radians.
    """

    period_days: float
    t0_days: float
    semi_major_axis: float
    inclination: float = np.pi / 2
    eccentricity: float = 0.0
    periastron: float = np.pi / 2

    def separation(self, times: FloatArray) -> FloatArray:
        """Distance of the disc centres in stellar radii at `times` [days]; inf where the planet is behind."""
        anomaly = self._true_anomaly(times)
        angle = self.periastron + anomaly
        semi_latus_rectum = self.semi_major_axis * (1 - self.eccentricity**2)
        distance = semi_latus_rectum / (1 + self.eccentricity * np.cos(anomaly))
        projected = np.hypot(np.cos(angle), np.sin(angle) * np.cos(self.inclination))
        in_front: FloatArray = np.where(np.sin(angle) > 0, distance * projected, np.inf)
        return in_front

    def _true_anomaly(self, times: FloatArray) -> FloatArray:
        """True anomaly [radians] at `times`; at t0 the planet stands at ``π/2 - periastron``."""
        phase = 2 * np.pi * (np.asarray(times, dtype=np.float64) - self.t0_days) / self.period_days
        e = self.eccentricity
        at_transit = np.pi / 2 - self.periastron
        eccentric = 2 * np.arctan(np.sqrt((1 - e) / (1 + e)) * np.tan(at_transit / 2))
        mean = phase + eccentric - e * np.sin(eccentric)
        solution = eccentric_anomaly(np.remainder(mean, 2 * np.pi), eccentricity=e)
        anomaly: FloatArray = 2 * np.arctan2(
            np.sqrt(1 + e) * np.sin(solution / 2), np.sqrt(1 - e) * np.cos(solution / 2)
        )
        return anomaly


def eccentric_anomaly(mean_anomaly: FloatArray, *, eccentricity: float) -> FloatArray:
    """Solution E of Kepler's equation ``E - e sin E = M`` in radians, for 0 <= M < 2π, by Newton's method."""
    if eccentricity == 0:
        return mean_anomaly
    solution = np.full_like(mean_anomaly, np.pi)  # from here the iteration converges for every M and e < 1
    for _ in range(_KEPLER_STEPS):
        error = solution - eccentricity * np.sin(solution) - mean_anomaly
        step = error / (1 - eccentricity * np.cos(solution))
        solution = solution - step
        if np.max(np.abs(step), initial=0.0) < _KEPLER_TOLERANCE:
            break
    return solution


def inclination_from_impact(
    impact_parameter: float,
    *,
    semi_major_axis: float,
    eccentricity: float = 0.0,
    periastron: float = np.pi / 2,
) -> float:
    """Inclination [radians] at which the planet passes `impact_parameter` stellar radii from the centre."""
    at_conjunction = semi_major_axis * (1 - eccentricity**2) / (1 + eccentricity * np.sin(periastron))
    return float(np.arccos(impact_parameter / at_conjunction))


def averaged_over_exposure(times: FloatArray, *, exposure_days: float, samples: int) -> FloatArray:
    """Times of `samples` equal parts of each exposure, shape (n, samples), about its mid-time in `times`."""
    offsets = (np.arange(samples) + 0.5) / samples - 0.5
    parts: FloatArray = np.asarray(times)[:, np.newaxis] + exposure_days * offsets
    return parts
