"""Several light curves of one star made into one: quarters, sectors, campaigns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from eas_framework.errors import LightcurveError
from eas_framework.lightcurve import LightcurveArbitraryRaster
from eas_tasks_tda.elliptic import FloatArray
from eas_tasks_tda.good_samples import flux_level, is_good
from eas_tasks_tda.stitching_metadata import check_time_zeros, common_metadata, on_time_zero, time_shift

Level = Literal["median", "mean", "none"]
COLUMNS = ("times", "fluxes", "uncertainties", "flags")


class StitchParameters(BaseModel):
    """Keys of a stitching task."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    normalise: Level = Field(
        "median", description="By which level of its good samples each light curve is divided."
    )
    overlap: Literal["refuse", "first", "all"] = Field(
        "refuse",
        description="What stands where light curves overlap: nothing (an error), the samples of the one that "
        "begins first (of some that begin together, the first by name), or those of all.",
    )


@dataclass(frozen=True, kw_only=True)
class Part:
    """One of the light curves: samples in order of time, on the common time zero, divided by `level`."""

    name: str
    times: FloatArray
    fluxes: FloatArray
    uncertainties: FloatArray
    flags: NDArray[np.int64]
    level: float

    def where(self, keep: NDArray[np.bool_]) -> Self:
        """Only the samples in `keep`."""
        return replace(self, **{name: getattr(self, name)[keep] for name in COLUMNS})

    def row(self) -> dict[str, Any]:
        """What the stitched curve says of this part."""
        first, last = (float(self.times[0]), float(self.times[-1])) if len(self.times) else (None, None)
        return {
            "file": self.name,
            "samples": len(self.times),
            "time_first": first,
            "time_last": last,
            "level": self.level,
        }


def stitch(
    curves: Mapping[str, LightcurveArbitraryRaster], *, parameters: StitchParameters | None = None
) -> LightcurveArbitraryRaster:
    """One light curve with the samples of all, in order of time, each curve divided by its own level.

    Uncertainties are divided by the same level, flags are kept. Samples without a time are left out. Where
    the curves say their ``time_zero``, times are brought to that of the one that begins first. With
    ``overlap = "first"`` a sample is left out where it is not later than the end of a curve that began before
    its own; curves that begin together count in the order in which they are given.

    Args:
        curves: By a name for errors and metadata; samples in any order.
        parameters: How levels and overlaps are treated; the defaults where not given.

    Returns:
        The curve. Its metadata are those in which all agree, ``stitched_from`` (one row for each curve in
        order of time) and ``stitched_left_out``, the number of samples left out.

    Raises:
        LightcurveError: No curves; one without a time, or with too few good samples or a level that is not
            positive; time systems (or, where nothing is divided out, flux units) that differ; an overlap.
    """
    parameters = parameters or StitchParameters()
    check_time_zeros({name: curve.metadata for name, curve in curves.items()})
    curves = dict(sorted(curves.items(), key=lambda item: _beginning(*item)))
    zero = next(iter(curves.values())).metadata.get("time_zero")
    metadata = common_metadata(
        {name: on_time_zero(curve.metadata, zero) for name, curve in curves.items()},
        is_relative=parameters.normalise != "none",
    )
    parts = [_part(name, curve, zero, normalise=parameters.normalise) for name, curve in curves.items()]
    parts = _without_overlap(parts, overlap=parameters.overlap)
    kept = sum(len(part.times) for part in parts)
    metadata["stitched_from"] = [part.row() for part in parts]
    metadata["stitched_left_out"] = sum(map(len, curves.values())) - kept
    return _joined(parts, metadata)


def _beginning(name: str, curve: LightcurveArbitraryRaster) -> float:
    """The first time of a curve; a Julian date where it says its time zero."""
    times = curve.times[np.isfinite(curve.times)]
    if not len(times):
        raise LightcurveError(f"{name}: the light curve has no sample with a time; leave it out")
    return float(times.min()) + float(curve.metadata.get("time_zero") or 0.0)


def _part(name: str, curve: LightcurveArbitraryRaster, zero: float | None, *, normalise: Level) -> Part:
    """One curve divided by its level; errors say which one it is."""
    times = curve.times + time_shift(curve.metadata, zero)
    try:
        level = _level(curve, normalise=normalise)
    except LightcurveError as error:
        raise LightcurveError(f"{name}: {error}") from error
    order = np.argsort(times, kind="stable")
    order = order[np.isfinite(times[order])]
    return Part(
        name=name,
        times=times[order],
        fluxes=curve.fluxes[order] / level,
        uncertainties=curve.uncertainties[order] / level,
        flags=curve.flags[order],
        level=level,
    )


def _level(curve: LightcurveArbitraryRaster, *, normalise: Level) -> float:
    """What the fluxes of a curve are divided by."""
    if normalise == "none":
        return 1.0
    good = is_good(curve)
    average = np.median if normalise == "median" else np.mean
    times, fluxes = curve.times[good], curve.fluxes[good]
    return flux_level(times, fluxes, purpose=f"normalise = {normalise}", average=average)


def _without_overlap(parts: Sequence[Part], *, overlap: str) -> list[Part]:
    """Parts in order of their first times, no two of them at the same time unless that is wanted."""
    if overlap == "all":
        return list(parts)
    kept: list[Part] = []
    latest = parts[0]  # the part that ends last so far
    for number, part in enumerate(parts):
        if number and part.times[0] <= latest.times[-1]:
            if overlap == "refuse":
                raise LightcurveError(
                    f"{part.name} begins at {part.times[0]:.6f} d, before {latest.name} ends at "
                    f"{latest.times[-1]:.6f} d; if both are the same star, give overlap = first or all"
                )
            kept.append(part.where(part.times > latest.times[-1]))
        else:
            kept.append(part)
        latest = max(latest, part, key=lambda one: one.times[-1])
    return kept


def _joined(parts: Sequence[Part], metadata: Mapping[str, Any]) -> LightcurveArbitraryRaster:
    """The samples of all parts in order of time; equal times stay in the order of the parts."""
    order = np.argsort(np.concatenate([part.times for part in parts]), kind="stable")
    times, fluxes, uncertainties, flags = (
        np.concatenate([getattr(part, name) for part in parts])[order] for name in COLUMNS
    )
    return LightcurveArbitraryRaster(times, fluxes, uncertainties, flags, metadata)
