"""Constants that the expressions of a job may name, as ``constants.<name>``."""

from __future__ import annotations


class EASConstants:
    """Constants as attributes.

    Attributes:
        day: One day, in days.
        month: 28 days.
        year: 365.25 days.
        sun_radius: Radius of the Sun, in metres.
        earth_radius: Radius of the Earth, in metres.
        jupiter_radius: Equatorial radius of Jupiter, in metres.
        phy_AU: Astronomical unit, in metres (IAU 2012 resolution B2).
        Rearth: Radius of the Earth, in radii of Jupiter.
        plato_noise: Relative noise of one PLATO sample of 25 s, as simulated by PSLS.
    """

    def __init__(self) -> None:
        self.day = 1.0
        self.month = 28.0
        self.year = 365.25
        self.sun_radius = 695_500e3
        self.earth_radius = 6_371e3
        self.jupiter_radius = 71_492e3
        self.phy_AU = 149_597_870_700.0
        self.Rearth = 0.08911486
        self.plato_noise = 0.000315
