"""Metadata of light curves that become one: their times must mean the same, and what all say is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eas_framework.errors import LightcurveError
from eas_framework.lightcurve.merging import TIME_SYSTEM, check_same_flux_unit, check_same_time_system

Metadata = Mapping[str, Any]

_ABSENT = object()
# figures of one light curve, which are not those of the whole even where they are equal
OF_ONE_CURVE = frozenset(
    {
        "duration", "samples", "integrated_transit_power", "pixels_in_transit", "pixels_out_of_transit",
        "mes", "clip_scatter", "clipped_above", "clipped_below", "stitched_from", "stitched_left_out",
        "detrend_protected_samples", "rows_without_time",
    }
)  # fmt: skip


def check_time_zeros(metadata: Mapping[str, Metadata]) -> None:
    """Refuse curves of which only some say what to add to their times to get Julian dates.

    Args:
        metadata: Those of each curve, by its name.

    Raises:
        LightcurveError: Names the curves that do not say it; or there are no curves.
    """
    if not metadata:
        raise LightcurveError("there are no light curves to stitch")
    silent = [name for name, items in metadata.items() if items.get("time_zero") is None]
    if silent and len(silent) < len(metadata):
        raise LightcurveError(
            f"time_zero is not known of {', '.join(silent)}, and is of the other light curves: give it where "
            "the files are read, so that all times mean the same"
        )


def time_shift(metadata: Metadata, zero: float | None) -> float:
    """Days to add to the times of a curve to bring them to a common time zero."""
    return 0.0 if zero is None else float(metadata["time_zero"]) - zero


def on_time_zero(metadata: Metadata, zero: float | None) -> dict[str, Any]:
    """The metadata of a curve once its times are on a common time zero."""
    shift = time_shift(metadata, zero)
    moved = dict(metadata)
    if shift:
        moved["time_zero"] = zero
    if shift and isinstance(moved.get("t0"), int | float):
        moved["t0"] += shift
    return moved


def common_metadata(metadata: Mapping[str, Metadata], *, is_relative: bool) -> dict[str, Any]:
    """What the metadata of all curves say alike, and the time system as far as any knows it.

    Args:
        metadata: Those of each curve, by its name, on a common time zero.
        is_relative: Whether fluxes have been divided by their levels, so that their units may differ.

    Raises:
        LightcurveError: Time systems or flux units that differ; names the first curve that does.
    """
    system: dict[str, Any] = {}
    for name, items in metadata.items():
        try:
            check_same_time_system(system, items)
            if not is_relative:
                check_same_flux_unit(system, items)
        except LightcurveError as error:
            raise LightcurveError(f"{name} and those before it: {error}") from error
        known = {keyword: items.get(keyword) for keyword in (*TIME_SYSTEM, "flux_unit")}
        system |= {keyword: value for keyword, value in known.items() if value is not None}
    first, *others = metadata.values()
    common = {
        keyword: value
        for keyword, value in first.items()
        if keyword not in OF_ONE_CURVE and all(items.get(keyword, _ABSENT) == value for items in others)
    }
    return common | system | ({"flux_unit": "relative"} if is_relative else {})
