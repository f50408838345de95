"""Synthetic transit light curves: times, fluxes with noise, and how well the transit shows."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from eas_tasks_tda.elliptic import FloatArray
from eas_tasks_tda.orbit import averaged_over_exposure
from eas_tasks_tda.synthesis_settings import PlanetSpecs, TransitSpecs
from eas_tasks_tda.transit_model import transit_flux

SECONDS_PER_DAY = 86_400.0
NOISE_CADENCE_SECONDS = 25.0  # the setting noise is that of a sample of this length
EXPOSURE_PART_SECONDS = 60.0  # longest part of an exposure that is modelled as instantaneous
LARGEST_MES = 1e8  # reported where there is no noise
_CHUNK = 50_000  # samples modelled at a time, so that averaging over exposures needs little memory

FluxModel = Callable[[TransitSpecs, FloatArray], FloatArray]


@dataclass(frozen=True, kw_only=True)
class SyntheticCurve:
    """Columns of equal length (times in days, fluxes relative to the star) and what is known of them."""

    times: FloatArray
    fluxes: FloatArray
    uncertainties: FloatArray
    metadata: dict[str, Any]


def synthesise(specs: TransitSpecs, *, seed: int, flux_model: FluxModel | None = None) -> SyntheticCurve:
    """A light curve as `specs` say; equal `seed`, equal noise.

    Args:
        specs: Star, planet and observation.
        seed: Of the noise; ``specs.seed`` wins.
        flux_model: Flux without noise at given times [d]; `model_flux` by default.
    """
    seed = seed if specs.seed is None else specs.seed
    samples = math.ceil(specs.duration * SECONDS_PER_DAY / specs.sampling_cadence)
    times: FloatArray = np.arange(samples, dtype=np.float64) * (specs.sampling_cadence / SECONDS_PER_DAY)
    model = (flux_model or model_flux)(specs, times)
    noise = noise_per_sample(specs.noise, cadence_seconds=specs.sampling_cadence)
    fluxes = model + np.random.default_rng(seed).normal(0.0, noise, samples) if noise > 0 else model
    settings = specs.model_dump(exclude_none=True) | {"seed": seed}
    return SyntheticCurve(
        times=times,
        fluxes=fluxes,
        uncertainties=np.full(samples, noise),
        metadata=settings | transit_figures(model, noise=_noise_for_mes(specs)),
    )


def model_flux(specs: PlanetSpecs, times: FloatArray) -> FloatArray:
    """Flux without noise at `times` [d], shape (n,)."""
    chunks = [_modelled(specs, times[start : start + _CHUNK]) for start in range(0, len(times), _CHUNK)]
    return np.concatenate(chunks) if chunks else np.empty(0)


def _modelled(specs: PlanetSpecs, times: FloatArray) -> FloatArray:
    """Flux at few `times`, averaged over the exposure where there is one."""
    shape = {"radius_ratio": specs.radius_ratio, "u1": specs.u1, "u2": specs.u2}
    if specs.exposure_time is None:
        return transit_flux(specs.orbit.separation(times), **shape)
    parts = averaged_over_exposure(
        times,
        exposure_days=specs.exposure_time / SECONDS_PER_DAY,
        samples=max(5, math.ceil(specs.exposure_time / EXPOSURE_PART_SECONDS)),
    )
    averaged: FloatArray = transit_flux(specs.orbit.separation(parts), **shape).mean(axis=1)
    return averaged


def noise_per_sample(noise: float, *, cadence_seconds: float) -> float:
    """Noise of one sample, from that of a sample of 25 s: white noise averages down."""
    return noise * math.sqrt(NOISE_CADENCE_SECONDS / cadence_seconds)


def _noise_for_mes(specs: TransitSpecs) -> float:
    """Noise per sample that the figure mes refers to."""
    noise = specs.noise if specs.mes_assume_noise is None else specs.mes_assume_noise
    return noise_per_sample(noise, cadence_seconds=specs.sampling_cadence)


def transit_figures(model: FloatArray, *, noise: float) -> dict[str, float | int]:
    """How well the transits show in a flux without noise.

    Returns:
        ``integrated_transit_power`` (sum of the missing flux over the samples), ``pixels_in_transit`` and
        ``pixels_out_of_transit`` (numbers of samples), and ``mes``, the multiple-event statistic:
        power / `noise` / sqrt(pixels in transit), at most 1e8, 0 without a transit.
    """
    in_transit = int(np.count_nonzero(model < 1))
    power = float(np.sum(1 - model))
    figures: dict[str, float | int] = {
        "integrated_transit_power": power,
        "pixels_in_transit": in_transit,
        "pixels_out_of_transit": len(model) - in_transit,
    }
    if in_transit == 0:
        return figures | {"mes": 0.0}
    significance = power / noise / math.sqrt(in_transit) if noise > 0 else LARGEST_MES
    return figures | {"mes": min(significance, LARGEST_MES)}
