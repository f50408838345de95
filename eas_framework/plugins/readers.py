"""What a light-curve reader plugin supplies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from eas_framework.lightcurve import LightcurveArbitraryRaster

    Sniff = Callable[[bytes, Path], bool]
    Read = Callable[[Path, "ReadOptions"], LightcurveArbitraryRaster]


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """What a user may say about a light-curve file; None leaves the choice to the reader.

    Attributes:
        time_column: Name or number (from 0) of the column of times.
        flux_column: Name or number of the column of fluxes, such as ``PDCSAP_FLUX``.
        error_column: Name or number of the column of flux uncertainties.
        quality_column: Name or number of the column of quality flags.
        quality: ``default``, ``hard``, ``none``, or an integer bit mask of flags that make a sample bad.
        time_unit: ``d`` or ``s``; where the file does not say, days are assumed and the record says so.
        time_zero: Offset in days to add to get barycentric Julian dates, such as 2457000 for BTJD.
        cut_off_time: Samples later than this many days (in the file's time system) are dropped.
    """

    time_column: str | int | None = None
    flux_column: str | int | None = None
    error_column: str | int | None = None
    quality_column: str | int | None = None
    quality: str | int = "default"
    time_unit: Literal["d", "s"] | None = None
    time_zero: float | None = None
    cut_off_time: float | None = None


@dataclass(frozen=True, kw_only=True)
class LightcurveReader:
    """A file format: `sniff(first_bytes, path)` recognises it by content, `read(path, options)` reads it."""

    name: str
    sniff: Sniff
    read: Read
    summary: str = ""
