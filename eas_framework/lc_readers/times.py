"""What a file says about its times: the unit, and what to add to get Julian dates."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from eas_framework.errors import LightcurveFileError
from eas_framework.plugins import ReadOptions

SECONDS_PER_DAY = 86400.0

# Days to add to get (barycentric) Julian dates.
TIME_ZERO = {"btjd": 2457000.0, "bkjd": 2454833.0, "bjd": 0.0, "hjd": 0.0, "jd": 0.0, "mjd": 2400000.5}
_UNITS = {
    "d": "d", "day": "d", "days": "d", "jd": "d", "bjd": "d", "btjd": "d", "bkjd": "d", "mjd": "d",
    "hjd": "d", "s": "s", "sec": "s", "secs": "s", "second": "s", "seconds": "s",
}  # fmt: skip
_OFFSET = re.compile(r"(?P<jd>[bh]?jd)\s*-\s*(?P<days>24\d{5}(?:\.\d*)?)")
# No survey takes one sample in so many days; cadences in seconds are larger.
_SUSPICIOUS_SPACING = 5.0
_JULIAN_DATES = (2.4e6, 2.5e6)


@dataclass(frozen=True, kw_only=True)
class TimeSystem:
    """What a file says: unit ("d" or "s"), days to add for Julian dates, time scale. None is not said."""

    unit: str | None = None
    zero: float | None = None
    scale: str | None = None


def time_system_of_column(name: str, unit: str | None = None) -> TimeSystem:
    """What the name of a column of times ("BTJD", "time (BJD - 2457000)") and its unit say."""
    said = f"{name} {unit or ''}".lower()
    words = set(re.split(r"[^a-z0-9]+", said))
    units = {_UNITS[word] for word in words if word in _UNITS}
    offset = _OFFSET.search(said)
    systems = [TIME_ZERO[word] for word in TIME_ZERO if word in words]
    zero = float(offset["days"]) if offset else systems[0] if systems else None
    return TimeSystem(
        unit=units.pop() if len(units) == 1 else None,
        zero=zero,
        scale=next((scale for scale in ("tdb", "utc", "tt") if scale in words), None),
    )


def in_days(
    times: npt.NDArray[np.float64], system: TimeSystem, options: ReadOptions, path: Path
) -> tuple[npt.NDArray[np.float64], dict[str, str | float]]:
    """The times in days, and the metadata that say what they mean and who said so.

    Raises:
        LightcurveFileError: The unit is not known, and the spacing looks like seconds.
    """
    unit, unit_source = _first_said(
        (options.time_unit, "option"), (system.unit, "file"), ("d", "assumed: neither file nor user says")
    )
    if unit_source.startswith("assumed"):
        _check_plausible_days(times, path)
    days = times / SECONDS_PER_DAY if unit == "s" else times
    zero, zero_source = _time_zero(days, system, options)
    metadata: dict[str, str | float] = {"time_unit": "d", "time_unit_source": unit_source}
    metadata |= {"time_unit_in_file": str(unit), "time_zero_source": zero_source}
    metadata |= {} if zero is None else {"time_zero": zero}
    metadata |= {} if system.scale is None else {"time_scale": system.scale}
    return days, metadata


def _first_said(*claims: tuple[str | None, str]) -> tuple[str, str]:
    """The first claim with a value, and where it came from."""
    return next((value, source) for value, source in claims if value is not None)


def _time_zero(
    days: npt.NDArray[np.float64], system: TimeSystem, options: ReadOptions
) -> tuple[float | None, str]:
    """Days to add to get Julian dates, and how that is known."""
    if options.time_zero is not None:
        return options.time_zero, "option"
    if system.zero is not None:
        return system.zero, "file"
    if days.size and _JULIAN_DATES[0] < days.min() and days.max() < _JULIAN_DATES[1]:
        return 0.0, "assumed: the values look like Julian dates"
    return None, "unknown: neither file nor user says"


def _check_plausible_days(times: npt.NDArray[np.float64], path: Path) -> None:
    """Refuse times that cannot be days, unless somebody says that they are."""
    if len(times) < 2:
        return
    spacing = float(np.median(np.diff(np.sort(times))))
    if spacing >= _SUSPICIOUS_SPACING:
        raise LightcurveFileError(
            f"{path}: the times step by {spacing:g}, which looks like seconds, but the file does not say so; "
            "give the option time_unit = s (or d, if they really are days)"
        )
