"""What a job may say about a transit search."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from eas_tasks_tda.grids import OVERSAMPLING, Star
from eas_tasks_tda.prepare import CLIP_ABOVE_SIGMA

FAP_MAX = 0.01
"""Largest false-alarm probability for pink noise of a signal that is taken for a planet."""
SHORTEST_CHORD = 0.5
"""Shortest path before a known star that is searched, in diameters: impact parameters up to 0.87."""


class SearchSettings(BaseModel):
    """Settings that all searches share; keys that a search does not know are passed over with a warning."""

    model_config = ConfigDict(extra="allow", frozen=True, allow_inf_nan=False)

    period_min: float = Field(0.5, gt=0, description="Shortest period [d].")
    period_max: float | None = Field(None, gt=0, description="Longest period [d]; half the span by default.")
    r_star: float | None = Field(None, gt=0, description="Radius of the star [solar radii]; 1 by default.")
    m_star: float | None = Field(None, gt=0, description="Mass of the star [solar masses]; 1 by default.")
    r_star_min: float | None = Field(
        None, gt=0, description="Smallest possible radius of the star [solar radii]."
    )
    r_star_max: float | None = Field(
        None, gt=0, description="Largest possible radius of the star [solar radii]."
    )
    m_star_min: float | None = Field(
        None, gt=0, description="Smallest possible mass of the star [solar masses]."
    )
    m_star_max: float | None = Field(
        None, gt=0, description="Largest possible mass of the star [solar masses]."
    )
    oversampling: int = Field(
        int(OVERSAMPLING), ge=1, le=20, description="Periods per drift of one transit duration over the data."
    )
    clip_above: float | None = Field(
        CLIP_ABOVE_SIGMA, gt=0, description="Drop samples this many standard deviations above the median."
    )
    snr_min: float = Field(
        0.0, ge=0, description="Smallest signal-to-noise ratio that counts as a detection."
    )

    fap_max: float = Field(
        FAP_MAX,
        gt=0,
        le=1,
        description="Largest false-alarm probability of a planet after which others are sought.",
    )

    @model_validator(mode="after")
    def _limits_must_be_in_order(self) -> Self:
        """Refuse limits that contradict each other."""
        if self.period_max is not None and self.period_max <= self.period_min:
            raise ValueError(
                f"period_max = {self.period_max:g} d must be above period_min = {self.period_min:g} d"
            )
        star = self.star
        if not star.smallest_radius <= star.radius <= star.largest_radius:
            raise ValueError("r_star_min <= r_star <= r_star_max is needed")
        if not star.smallest_mass <= star.mass <= star.largest_mass:
            raise ValueError("m_star_min <= m_star <= m_star_max is needed")
        return self

    @property
    def star(self) -> Star:
        """The star, or the range of stars, that sets the grid of periods and durations."""
        default = Star()
        radius, mass = self.r_star or default.radius, self.m_star or default.mass
        return Star(
            radius=radius,
            mass=mass,
            smallest_radius=self.r_star_min or min(default.smallest_radius, radius),
            largest_radius=self.r_star_max or max(default.largest_radius, radius),
            smallest_mass=self.m_star_min or min(default.smallest_mass, mass),
            largest_mass=self.m_star_max or max(default.largest_mass, mass),
            shortest_chord=default.shortest_chord if self.r_star_min is None else SHORTEST_CHORD,
        )

    @property
    def unknown(self) -> list[str]:
        """Keys that this search does not know."""
        return sorted(self.model_extra or {})


class SearchParameters(BaseModel):
    """Keys of a search task."""

    model_config = ConfigDict(extra="forbid")

    lc_duration: float | None = Field(
        None, gt=0, description="Length of the light curve to search, from its first sample on [d]."
    )
    max_planets: int = Field(
        1, ge=1, le=20, description="Planets to look for: search, leave out what was found, search again."
    )
    search_settings: SearchSettings = Field(default_factory=SearchSettings, description="See the fields.")
