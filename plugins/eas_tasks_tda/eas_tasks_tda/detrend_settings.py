"""What a job may say about detrending."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from eas_tasks_tda.result import TransitResult
from eas_tasks_tda.settings import FAP_MAX

Method = Literal[
    "biweight", "andrewsinewave", "welsch", "hodges", "median", "mean", "trim_mean", "winsorize",
    "hampelfilt", "huber_psi", "tau", "lowess", "cofiam", "cosine", "rspline", "savgol", "medfilt",
    "hspline", "pspline", "huber", "hampel", "ramsay", "supersmoother", "gp", "ridge", "lasso", "elasticnet",
]  # fmt: skip


class KnownPlanet(BaseModel):
    """Transits that are known before the search."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    period_days: float | None = Field(
        None, gt=0, description="Orbital period [d]; absent where only one transit is known."
    )
    t0_days: float = Field(description="Time of one mid-transit [d, as the light curve's times].")
    duration_hours: float = Field(gt=0, description="Duration of a transit, first to last contact [h].")

    @model_validator(mode="after")
    def _must_leave_a_star_without_transit(self) -> Self:
        """Refuse a duration that fills the period, as one in other units may."""
        if self.period_days is not None and self.duration_hours / 24 >= self.period_days:
            raise ValueError(
                f"duration_hours = {self.duration_hours:g} h is not shorter than period_days = "
                f"{self.period_days:g} d"
            )
        return self

    @property
    def transits(self) -> TransitResult:
        """The same as a search describes it."""
        return TransitResult(
            period_days=self.period_days, t0_days=self.t0_days, duration_hours=self.duration_hours
        )


class DetrendParameters(BaseModel):
    """Keys of a detrending task."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    method: Method = Field("biweight", description="Method of wotan; those after medfilt need more packages.")
    window: Literal["fixed", "rotation"] = Field(
        "fixed",
        description="Whether the window follows from the star's rotation; window_days if none is seen.",
    )
    window_days: float = Field(1.0, gt=0, description="Length of the window, or the scale of the method [d].")
    rotation_fraction: float = Field(
        0.1,
        gt=0,
        le=0.5,
        description="The window over the rotation period: its length with window 'rotation', and the most "
        "for which no rotation model is needed.",
    )
    rotation_model: Literal["auto", "never"] = Field(
        "auto",
        description="Whether the variation of a star that rotates too fast for the window, harmonics of the "
        "rotation whose amplitudes drift, is divided out before the window slides.",
    )
    longest_transit_hours: float = Field(
        8.0, gt=0, description="With window 'rotation': no window is shorter than three times this [h]."
    )
    break_tolerance_days: float = Field(
        0.5, ge=0, description="Gaps longer than this part the light curve [d]; 0 never does."
    )
    edge_cutoff_days: float = Field(
        0.0, ge=0, description="Samples this near to an edge of a part get no trend and are flagged [d]."
    )
    protect: tuple[KnownPlanet, ...] = Field(
        (), description="Known planets whose transits do not shape the trend."
    )
    protect_durations: float = Field(
        1.5, ge=1, le=10, description="Durations around each mid-transit that do not shape the trend."
    )
    fap_max: float = Field(
        FAP_MAX,
        gt=0,
        le=1,
        description="Largest false-alarm probability for pink noise of a planet of the record.",
    )
