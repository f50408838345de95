"""What a job may say about a light curve made by PSLS."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from eas_tasks_tda.synthesis_settings import PlanetSpecs

STEP_OF_SYSTEMATICS_SECONDS = 25.0


class PslsSpecs(PlanetSpecs):
    """A star of PSLS, one planet, and the cameras that look at them."""

    u1: float = Field(0.25, description="Linear coefficient of the quadratic limb darkening.")
    u2: float = Field(0.75, description="Quadratic coefficient of the limb darkening.")
    exposure_time: float | None = Field(
        None,
        gt=0,
        description="Time over which a sample averages the flux [s]; by default 22/25 of the cadence for the "
        "cameras, and instantaneous for the transits.",
    )
    mode: Literal["main_sequence", "red_giant"] = Field(
        "main_sequence", description="The star whose pulsation, granulation and activity are seen."
    )
    magnitude: float | None = Field(
        None,
        description="Its V magnitude; 10 on the main sequence and 12.5 for the giant by default. "
        "PSLS's tables of systematics hold 7.9 to 13.4.",
    )
    duration: float = Field(730.0, gt=0, description="Length of the light curve [d].")
    sampling_cadence: float = Field(
        25.0, gt=0, description="Time between samples [s]; a multiple of 25 s where there are systematics."
    )
    enable_transits: bool = Field(True, description="Whether the planet transits.")
    enable_random_noise: bool = Field(True, description="Whether there is photon and detector noise.")
    nsr: float | None = Field(
        None,
        ge=0,
        description="Noise of an hour's mean of one camera [ppm]; by default that of the star's magnitude.",
    )
    enable_systematics: bool = Field(False, description="Whether the star drifts over the detectors.")
    mask_updates: bool = Field(False, description="Whether the photometric masks follow the drift.")
    mission_phase: Literal["BOL", "EOL"] = Field(
        "BOL", description="Systematics at the beginning (BOL) or the end (EOL) of the mission."
    )
    drift_level: Literal["any", "min", "low", "medium", "high", "max"] = Field(
        "any", description="How far the star drifts, where there are systematics."
    )
    quarter_days: float = Field(
        91.3125, ge=1, description="Time between two turns of the telescope [d]; PLATO's by default."
    )
    number_camera_groups: int = Field(4, ge=1, le=4, description="Groups of cameras that see the star.")
    number_cameras_per_group: int = Field(6, ge=1, le=6, description="Cameras in each group.")
    mes_assume_noise: float | None = Field(
        None,
        ge=0,
        description="Noise of a sample of 25 s that the figure mes assumes; that of PSLS by default.",
    )
    seed: int | None = Field(None, ge=0, description="Seed of star and noise; the task's own by default.")

    @model_validator(mode="after")
    def _times_must_fit(self) -> Self:
        if self.enable_systematics and self.sampling_cadence % STEP_OF_SYSTEMATICS_SECONDS:
            raise ValueError(
                f"sampling_cadence = {self.sampling_cadence:g} s is not a multiple of 25 s, as PSLS needs it "
                "for systematics (enable_systematics)"
            )
        if self.exposure_time is not None and self.exposure_time > self.sampling_cadence:
            raise ValueError(
                f"exposure_time = {self.exposure_time:g} s is longer than sampling_cadence = "
                f"{self.sampling_cadence:g} s"
            )
        return self

    @property
    def cameras(self) -> int:
        """How many cameras see the star."""
        return self.number_camera_groups * self.number_cameras_per_group


class PslsParameters(BaseModel):
    """Keys of a PSLS synthesis task."""

    model_config = ConfigDict(extra="forbid")

    specs: PslsSpecs = Field(default_factory=PslsSpecs, description="Star, planet and observation.")
