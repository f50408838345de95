"""What a job may say about a search for almost periodic transits."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from eas_tasks_tda.settings import SearchParameters, SearchSettings


class QatsSettings(SearchSettings):
    """Settings of the search for almost periodic transits; the star is not used."""

    period_min: float = Field(4.0, gt=0, description="Shortest mean period [d].")
    duration_min: float = Field(0.05, gt=0, description="Shortest duration of a transit [d].")
    duration_max: float = Field(0.2, gt=0, description="Longest duration of a transit [d].")
    duration_count: int = Field(16, ge=1, le=1000, description="How many durations are tried.")
    min_transit_count: int = Field(
        2, ge=2, le=1000, description="Transits that the longest period has in the data, by default."
    )
    max_ttv_mag: float = Field(
        0.0005,
        ge=0,
        le=1,
        description="Width of the intervals of spacings tried, in periods; neighbours overlap by half.",
    )

    @model_validator(mode="after")
    def _transits_must_be_shorter_than_periods(self) -> Self:
        """Refuse durations that contradict each other or the shortest period."""
        if self.duration_max < self.duration_min:
            raise ValueError(
                f"duration_max = {self.duration_max:g} d must not be below "
                f"duration_min = {self.duration_min:g} d"
            )
        if self.duration_max > self.period_min / 2:
            raise ValueError(
                f"duration_max = {self.duration_max:g} d must not be above half of "
                f"period_min = {self.period_min:g} d"
            )
        return self


class QatsParameters(SearchParameters):
    """Keys of a search for almost periodic transits."""

    search_settings: QatsSettings = Field(default_factory=QatsSettings, description="See the fields.")
