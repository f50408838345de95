"""Flux of a quadratically limb-darkened star with a dark disc in front of it.

Intensity of the star: ``I(μ) = 1 - u1 (1 - μ) - u2 (1 - μ)²``. The light that the disc hides is the
integral of I over the overlap of two circles: a sum of three integrals, of 1, of μ and of μ². The formulas
are those of Mandel & Agol (2002), ApJ 580, L171, eqs. 1-7, with their elliptic integrals joined into single
calls of Bulirsch's ``cel`` so that nothing diverges at contact (an idea of Agol, Luger & Foreman-Mackey 2020,
AJ 159, 123).
"""

from __future__ import annotations

import numpy as np

from eas_tasks_tda.elliptic import FloatArray, complete_elliptic

# Distance kept from singular lines (disc's edge at the centre, inner contact); changes the flux by < 1e-13.
_NUDGE = 1e-14


def transit_flux(separation: FloatArray, *, radius_ratio: float, u1: float, u2: float) -> FloatArray:
    """Flux of the star in units of its unobscured flux; exactly 1 where the discs do not touch.

    Args:
        separation: Distance of the disc centres in stellar radii, >= 0, any shape; inf where the planet is
            not in front of the star.
        radius_ratio: Radius of the planet in stellar radii, >= 0.
        u1: Linear limb-darkening coefficient.
        u2: Quadratic limb-darkening coefficient.
    """
    separation = np.asarray(separation, dtype=np.float64)
    flux = np.ones_like(separation)
    overlapping = separation < 1 + radius_ratio
    if radius_ratio > 0 and overlapping.any():
        hidden = _hidden_light(separation[overlapping], radius_ratio, u1=u1, u2=u2)
        flux[overlapping] = 1 - hidden / (np.pi * (1 - u1 / 3 - u2 / 6))
    return flux


def _hidden_light(z: FloatArray, p: float, *, u1: float, u2: float) -> FloatArray:
    """Integral of the intensity over the overlap of the discs, for ``0 <= z < 1 + p``."""
    covered = z <= p - 1
    z = np.where(np.abs(z - p) < _NUDGE, np.abs(p - _NUDGE), z)
    z = np.where(np.abs(z + p - 1) < _NUDGE, np.abs(1 - p - _NUDGE), z)
    area, linear, quadratic = np.empty_like(z), np.empty_like(z), np.empty_like(z)
    inside = z < 1 - p
    crossing = ~(covered | inside)
    area[covered], linear[covered], quadratic[covered] = np.pi, 2 * np.pi / 3, np.pi / 2
    for where, integrals in ((inside, _integrals_inside), (crossing, _integrals_crossing)):
        if where.any():
            area[where], linear[where], quadratic[where] = integrals(z[where], p)
    return (1 - u1 - u2) * area + (u1 + 2 * u2) * linear - u2 * quadratic


def _integrals_inside(z: FloatArray, p: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Integrals of 1, μ and μ² over a disc that lies within the star."""
    area = np.full_like(z, np.pi * p**2)
    quadratic = area * (1 - z**2 - p**2 / 2)
    s, d = p + z, p - z
    outer, inner = (1 - s) * (1 + s), (1 - d) * (1 + d)
    kc = np.sqrt(outer / inner)
    # numerators of cos² and sin² once K and Π share the denominator d² cos² + s² sin²
    cosine, sine = inner * (d * outer - 3 * s), s * outer * (s * inner - 3 * d)
    third_kind = complete_elliptic(kc, (s / d) ** 2, cosine / d, sine / d**2)
    second_kind = complete_elliptic(kc, np.ones_like(kc), np.ones_like(kc), kc**2)
    loss = 2 / (9 * np.pi * np.sqrt(inner)) * (third_kind + inner * (z**2 + 7 * p**2 - 4) * second_kind)
    return area, _linear_integral(loss, d), quadratic


def _integrals_crossing(z: FloatArray, p: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Integrals of 1, μ and μ² over a disc that crosses the limb of the star."""
    s, d = p + z, p - z
    outer, inner = (s - 1) * (s + 1), (1 - d) * (1 + d)
    kite = 0.5 * np.sqrt(outer * inner)  # centres and intersections of the two circles
    angle_planet = np.arctan2(2 * kite, z**2 + p**2 - 1)
    angle_star = np.arctan2(2 * kite, z**2 - p**2 + 1)
    area = angle_star + p**2 * angle_planet - kite
    second_moment = 0.5 * (
        angle_star + p**2 * (p**2 + 2 * z**2) * angle_planet - 0.5 * (1 + 5 * p**2 + z**2) * kite
    )
    kc, one = np.sqrt(outer / (4 * z * p)), np.ones_like(z)
    first = -outer * (2 * s**2 + d**2 - 3)
    second = 4 * z * p * (z**2 + 7 * p**2 - 4)
    first_and_second = complete_elliptic(kc, one, first + second, first + second * kc**2)
    third_kind = complete_elliptic(kc, 1 / d**2, (1 + (s**2 - 2) * d**2) / d, outer / d)
    loss = (first_and_second - 3 * s * third_kind) / (9 * np.pi * np.sqrt(z * p))
    return area, _linear_integral(loss, d), area - second_moment


def _linear_integral(loss: FloatArray, d: FloatArray) -> FloatArray:
    """Integral of μ over the overlap from Mandel & Agol's λ_d; where d > 0 the star's centre is hidden."""
    return np.pi * (loss + np.where(d > 0, 2 / 3, 0.0))
