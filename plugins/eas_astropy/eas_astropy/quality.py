"""Bits of the quality columns of Kepler, K2 and TESS that make a sample bad, by level.

The levels have the names and the bits of lightkurve 2 (``quality_bitmask``). Meaning of the bits: Kepler
Archive Manual (KDMC-10008-006), section 2.3; TESS Science Data Products Description Document
(EXP-TESS-ARC-ICD-0014), section on data quality flags.
"""

from __future__ import annotations

from collections.abc import Mapping

_KEPLER_DEFAULT = sum((
    1,  # attitude tweak
    2,  # safe mode
    4,  # coarse point
    8,  # Earth point
    32,  # reaction wheel desaturation
    256,  # manual exclude
    16384,  # detector anomaly
    65536,  # no data
    1048576,  # thruster firing (K2)
))  # fmt: skip
_KEPLER_HARD = _KEPLER_DEFAULT | sum((
    128,  # cosmic ray in the aperture
    1024,  # sudden sensitivity drop-out
    8192,  # cosmic ray in collateral data
    524288,  # possible thruster firing (K2)
))  # fmt: skip
_TESS_DEFAULT = sum((
    1,  # attitude tweak
    2,  # safe mode
    4,  # coarse point
    8,  # Earth point
    16,  # Argabrightening
    32,  # reaction wheel desaturation
    128,  # manual exclude
    512,  # impulsive outlier
    16384,  # bad calibration
))  # fmt: skip
_TESS_HARD = _TESS_DEFAULT | sum((
    64,  # cosmic ray in the aperture
    1024,  # cosmic ray in collateral data
    2048,  # stray light, found by eye
    4096,  # stray light, found by background level
))  # fmt: skip

KEPLER: Mapping[str, int] = {
    "default": _KEPLER_DEFAULT, "hard": _KEPLER_HARD, "hardest": 2096639, "none": 0,
}  # fmt: skip
TESS: Mapping[str, int] = {"default": _TESS_DEFAULT, "hard": _TESS_HARD, "hardest": 65535, "none": 0}
BY_MISSION: Mapping[str, Mapping[str, int]] = {"kepler": KEPLER, "k2": KEPLER, "tess": TESS}
