"""What a job may say about a synthetic transit light curve."""

from __future__ import annotations

import math
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from eas_framework.constants import EASConstants
from eas_tasks_tda.orbit import Orbit, inclination_from_impact

_constants = EASConstants()
SOLAR_RADIUS = _constants.sun_radius / _constants.jupiter_radius  # 9.728 Jupiter radii


class PlanetSpecs(BaseModel):
    """A star and one planet, as samples see them. Radii are in Jupiter radii, also that of the star."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    t0: float = Field(1.0, description="Time of the first mid-transit [d].")
    orbital_period: float = Field(365.0, gt=0, description="Orbital period [d].")
    star_radius: float = Field(
        SOLAR_RADIUS, gt=0, description="Radius of the star [Jupiter radii]; the Sun's by default."
    )
    planet_radius: float = Field(1.0, ge=0, description="Radius of the planet [Jupiter radii].")
    semi_major_axis: float = Field(1.0, gt=0, description="Semi-major axis of the orbit [AU].")
    eccentricity: float = Field(0.0, ge=0, lt=1, description="Eccentricity of the orbit.")
    argument_of_periastron: float = Field(90.0, description="Argument of periastron of the planet [deg].")
    orbital_angle: float = Field(
        0.0, ge=-90, le=90, description="Tilt of the orbit against the line of sight [deg]; 0 is edge-on."
    )
    impact_parameter: float | None = Field(
        None, ge=0, description="Impact parameter [stellar radii]; where given, orbital_angle is ignored."
    )
    u1: float = Field(0.1, description="Linear coefficient of the quadratic limb darkening.")
    u2: float = Field(0.3, description="Quadratic coefficient of the limb darkening.")
    exposure_time: float | None = Field(
        None, gt=0, description="Time over which a sample averages the flux [s]; instantaneous by default."
    )

    @model_validator(mode="after")
    def _must_be_possible(self) -> Self:
        """Refuse what no star can do; the message names the settings."""
        if not self.darkening_is_physical:
            raise ValueError(
                f"u1 = {self.u1} and u2 = {self.u2} give a negative intensity somewhere on the star; "
                "u1 + u2 <= 1 and 1 - u1 / 3 - u2 / 6 > 0 are needed"
            )
        nearest = self.axis_in_stellar_radii * (1 - self.eccentricity)
        if nearest <= 1 + self.radius_ratio:
            raise ValueError(
                "the planet touches the star: semi_major_axis, eccentricity and radii bring the centres "
                f"within {nearest:.3g} stellar radii"
            )
        if self.impact_parameter is not None and self.impact_parameter >= nearest:
            raise ValueError(
                f"impact_parameter = {self.impact_parameter} is larger than the orbit ({nearest:.3g} stellar "
                "radii at the nearest)"
            )
        return self

    @property
    def darkening_is_physical(self) -> bool:
        """Whether limb and whole disc of the star shine."""
        return self.u1 + self.u2 <= 1 and 1 - self.u1 / 3 - self.u2 / 6 > 0

    @property
    def radius_ratio(self) -> float:
        """Radius of the planet in stellar radii."""
        return self.planet_radius / self.star_radius

    @property
    def axis_in_stellar_radii(self) -> float:
        """Semi-major axis in stellar radii."""
        return self.semi_major_axis * _constants.phy_AU / (self.star_radius * _constants.jupiter_radius)

    @property
    def inclination(self) -> float:
        """Inclination of the orbit [radians]; π/2 is edge-on."""
        if self.impact_parameter is None:
            return math.radians(90.0 - self.orbital_angle)
        return inclination_from_impact(
            self.impact_parameter,
            semi_major_axis=self.axis_in_stellar_radii,
            eccentricity=self.eccentricity,
            periastron=math.radians(self.argument_of_periastron),
        )

    @property
    def orbit(self) -> Orbit:
        """The orbit in the units of the transit model."""
        return Orbit(
            period_days=self.orbital_period,
            t0_days=self.t0,
            semi_major_axis=self.axis_in_stellar_radii,
            inclination=self.inclination,
            eccentricity=self.eccentricity,
            periastron=math.radians(self.argument_of_periastron),
        )


class TransitSpecs(PlanetSpecs):
    """A star, one planet, and how they are observed."""

    duration: float = Field(730.0, gt=0, description="Length of the light curve [d].")
    noise: float = Field(0.0, ge=0, description="White noise of a sample of 25 s, relative to the flux.")
    mes_assume_noise: float | None = Field(
        None, ge=0, description="Noise of a sample of 25 s that the figure mes assumes; noise by default."
    )
    sampling_cadence: float = Field(25.0, gt=0, description="Time between samples [s].")
    seed: int | None = Field(None, ge=0, description="Seed of the noise; the task's own seed by default.")


class BatmanSpecs(TransitSpecs):
    """The same settings for batman."""

    threads: Literal[1] = Field(1, description="Accepted for old job files; batman is run with one thread.")


class SynthesisParameters(BaseModel):
    """Keys of a synthesis task."""

    model_config = ConfigDict(extra="forbid")

    specs: TransitSpecs = Field(default_factory=TransitSpecs, description="Star, planet and observation.")


class BatmanParameters(BaseModel):
    """Keys of a batman synthesis task."""

    model_config = ConfigDict(extra="forbid")

    specs: BatmanSpecs = Field(default_factory=BatmanSpecs, description="Star, planet and observation.")
