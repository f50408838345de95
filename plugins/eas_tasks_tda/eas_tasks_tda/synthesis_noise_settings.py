"""What a job may say about the noise of a star without planets."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from eas_tasks_tda.stellar_noise import SOLAR_LOGG, SOLAR_TEFF


class NoiseSpecs(BaseModel):
    """A quiet star and the telescope that looks at it; by default a Sun seen by PLATO at V = 11."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    duration: float = Field(730.0, gt=0, description="Length of the light curve [d].")
    sampling_cadence: float = Field(25.0, gt=0, description="Time between samples, and exposure [s].")
    nsr: float = Field(50.0, ge=0, description="White noise of an hour's mean [ppm].")
    granulation: bool = Field(True, description="Whether the star's granulation is seen.")
    log_g: float = Field(SOLAR_LOGG, ge=0, le=6, description="log10 of the star's gravity [cm/s²].")
    teff: float = Field(SOLAR_TEFF, gt=2000, le=50_000, description="The star's effective temperature [K].")
    activity_ppm: float = Field(0.0, ge=0, description="Standard deviation of the star's activity [ppm].")
    activity_days: float = Field(0.2, gt=0, description="Time in which activity decays [d].")
    systematics: float = Field(
        0.0, ge=0, lt=0.2, description="Size of the drift in each quarter, relative to the flux."
    )
    quarter_days: float = Field(
        91.3125, gt=0, description="Time between two turns of the telescope [d]; PLATO's by default."
    )
    seed: int | None = Field(None, ge=0, description="Seed of the noise; the task's own seed by default.")


class NoiseParameters(BaseModel):
    """Keys of the noise task."""

    model_config = ConfigDict(extra="forbid")

    specs: NoiseSpecs = Field(default_factory=NoiseSpecs, description="Star and telescope.")
