"""Metadata of two light curves that become one: time systems and units must agree, the rest is merged.

`time_unit`, `time_scale`, `time_zero` (days to add to get Julian dates) and `flux_unit` are compared where
both curves know them; a curve that does not know them takes the other's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eas_framework.errors import LightcurveError

TIME_SYSTEM = ("time_unit", "time_scale", "time_zero")
Metadata = Mapping[str, Any]


def check_same_time_system(first: Metadata, second: Metadata) -> None:
    """Refuse to combine curves whose times mean different things.

    Raises:
        LightcurveError: Names the item and both values.
    """
    for keyword in TIME_SYSTEM:
        _check_same(keyword, first, second, "convert the times of one curve first")


def check_same_flux_unit(first: Metadata, second: Metadata) -> None:
    """Refuse to add or subtract fluxes of different units.

    Raises:
        LightcurveError: Names both units.
    """
    _check_same("flux_unit", first, second, "normalise or convert one curve first")


def _check_same(keyword: str, first: Metadata, second: Metadata, cure: str) -> None:
    one, other = first.get(keyword), second.get(keyword)
    if one is not None and other is not None and one != other:
        raise LightcurveError(
            f"light curves of different {keyword} cannot be combined: {one!r} and {other!r}; {cure}"
        )


def metadata_of_sum(first: Metadata, second: Metadata) -> dict[str, Any]:
    """Metadata of the curve with the larger `mes`; of the second where that decides nothing."""
    stronger = first if _mes(first) > _mes(second) else second
    return dict(stronger) | _known_system(first, second)


def metadata_of_difference(first: Metadata, second: Metadata) -> dict[str, Any]:
    """Metadata of both; the second wins."""
    return {**first, **second} | _known_system(first, second)


def metadata_of_product(first: Metadata, second: Metadata) -> dict[str, Any]:
    """Metadata of both, the second wins; `flux_unit` is the one not relative, or the units' product."""
    merged = metadata_of_difference(first, second)
    units = [unit for unit in (first.get("flux_unit"), second.get("flux_unit")) if unit is not None]
    absolute = [unit for unit in units if unit != "relative"]
    if units:
        merged["flux_unit"] = " * ".join(absolute) or "relative"
    return merged


def _known_system(first: Metadata, second: Metadata) -> dict[str, Any]:
    """The time system and unit as far as either curve knows them."""
    known = {}
    for keyword in (*TIME_SYSTEM, "flux_unit"):
        value = second.get(keyword) if first.get(keyword) is None else first[keyword]
        if value is not None:
            known[keyword] = value
    return known


def _mes(metadata: Metadata) -> float:
    """The curve's multiple-event statistic, minus infinity where it has none."""
    value = metadata.get("mes")
    return float(value) if isinstance(value, int | float) else float("-inf")
