"""Complete elliptic integrals, as arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_STEPS = 30  # the iteration converges quadratically; about 8 steps are used


def complete_elliptic(kc: FloatArray, p: FloatArray, a: FloatArray, b: FloatArray) -> FloatArray:
    """Bulirsch's general complete elliptic integral cel(kc, p, a, b), element by element.

    The integral of ``(a cos² + b sin²) / ((cos² + p sin²) sqrt(cos² + kc² sin²))`` from 0 to π/2. With
    ``m = 1 - kc²``: ``K(m) = cel(kc, 1, 1, 1)``, ``E(m) = cel(kc, 1, 1, kc²)``,
    ``Π(n, m) = cel(kc, 1 - n, 1, 1)``. A sum of them is one call, which spares the cancellations.

    Args:
        kc: Complementary modulus, above 0.
        p: Above 0.
        a: Weight of cos².
        b: Weight of sin².

    Source: Bulirsch (1969), Numerische Mathematik 13, 305, for p > 0.
    """
    geometric, mean = kc, np.ones_like(kc)
    root_p = np.sqrt(p)
    b = b / root_p
    product = kc
    for _ in range(_STEPS):
        a, b = a + b / root_p, 2 * (b + a * (product / root_p))
        root_p = product / root_p + root_p
        previous, mean = mean, mean + geometric
        if np.all(np.abs(previous - geometric) <= 1e-8 * previous):
            break
        geometric = 2 * np.sqrt(product)
        product = geometric * mean
    result: FloatArray = 0.5 * np.pi * (b + a * mean) / (mean * (mean + root_p))
    return result
