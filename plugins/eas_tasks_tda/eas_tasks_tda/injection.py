"""A planet's transits put into the light curve of a star."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from eas_tasks_tda.elliptic import FloatArray
from eas_tasks_tda.good_samples import flux_level, is_good
from eas_tasks_tda.prepare import CurveLike, neighbour_scatter
from eas_tasks_tda.synthesis import model_flux, transit_figures
from eas_tasks_tda.synthesis_settings import PlanetSpecs

log = logging.getLogger(__name__)


class InjectionSpecs(PlanetSpecs):
    """A star and one planet."""

    t0: float = Field(1.0, description="Time of one mid-transit, as the light curve counts days [d].")


class InjectionParameters(BaseModel):
    """Keys of an injection task."""

    model_config = ConfigDict(extra="forbid")

    specs: InjectionSpecs = Field(default_factory=InjectionSpecs, description="Star and planet.")


@dataclass(frozen=True, kw_only=True)
class Injected:
    """Columns in the order and unit of the input, and what is known of the transits in its good samples."""

    fluxes: FloatArray
    uncertainties: FloatArray
    metadata: dict[str, Any]


def inject(curve: CurveLike, *, specs: InjectionSpecs) -> Injected:
    """The light curve multiplied by the flux of a star with a transiting planet, before as after `t0`.

    The noise of a sample is dimmed as its flux is, and so is its uncertainty. Flagged samples are dimmed as
    others are and not counted in the figures; NaN stays NaN. The figure ``mes`` is that for the scatter of
    neighbouring good samples before the injection.

    Args:
        curve: Times in days in any order, fluxes in any unit with a positive median.
        specs: Star and planet; `t0` is on the curve's own time zero.

    Raises:
        LightcurveError: Fewer than two good samples, a median flux that is not positive, or times that
            cannot be days.
    """
    good = is_good(curve)
    level = flux_level(curve.times[good], curve.fluxes[good], purpose="an injection")
    model = np.ones(len(curve.times))
    has_time = np.isfinite(curve.times)
    model[has_time] = model_flux(specs, curve.times[has_time])
    in_order = np.argsort(curve.times[good], kind="stable")
    noise = neighbour_scatter(curve.fluxes[good][in_order] / level)
    figures = transit_figures(model[good], noise=noise)
    if not figures["pixels_in_transit"]:
        log.warning("no good sample lies in a transit of period %g d", specs.orbital_period)
    return Injected(
        fluxes=curve.fluxes * model,
        uncertainties=curve.uncertainties * model,
        metadata=specs.model_dump(exclude_none=True) | figures,
    )
