"""Which injected planets a search finds: thresholds from curves without planets, and recovered shares.

Each detector (search task type) gets a threshold of its own on a statistic such as SNR: that which a light
curve without a planet exceeds with a chosen probability. The largest peak of a search is the maximum of many
noise values, so that its distribution tends to Gumbel's, which is fitted to the curves without planets by
maximum likelihood (Gumbel 1958, Statistics of Extremes, section 5.2; Baluev 2008, MNRAS 385, 1279, on
periodograms). An injected planet counts as recovered where the outcome is PASS and the statistic is at least
the threshold.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eas_framework.diagnostics.work import PARAMETER
from eas_framework.errors import UsageError
from eas_framework.plugins.database import Row

LEAST_NULLS = 20
BOOTSTRAPS = 400
_SEED = 1
_STEPS = 200
_CLOSE = 1e-12


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """What a detector's statistic must reach, its standard error, and from how many curves without planets.

    A threshold that was given, not measured, has no error and no curves.
    """

    detector: str
    value: float
    error: float | None = None
    curves: int = 0


# ------------------------------------------------------------- the rows of a job
def is_null(row: Mapping[str, Any]) -> bool:
    """Whether a search looked at a light curve that is known to hold no planet."""
    return row.get("target_period") is None or row.get("pixels_in_transit") == 0


def search_rows(rows: Iterable[Row]) -> list[Row]:
    """The rows of searches: those that recorded an outcome."""
    return [row for row in rows if row.get("outcome") is not None]


def parameter(row: Mapping[str, Any], name: str) -> Any:
    """A parameter of the task; one that a result has the name of too is called ``parameter.NAME`` there."""
    return row.get(f"{PARAMETER}.{name}", row.get(name))


def measured_thresholds(
    rows: Iterable[Mapping[str, Any]], *, statistic: str, false_alarm: float
) -> list[Threshold]:
    """The threshold of each detector at a false-alarm probability, from its curves without planets.

    Raises:
        UsageError: A detector has fewer than `LEAST_NULLS` of them.
    """
    found = []
    for detector, own in _by_detector(rows):
        nulls = [_number(row.get(statistic)) for row in own if is_null(row)]
        if len(nulls) < LEAST_NULLS:
            raise UsageError(
                f"{detector}: {len(nulls)} light curves without a planet are too few for a threshold, "
                f"{LEAST_NULLS} are needed; add some to the job, or give --threshold"
            )
        value, error = gumbel_threshold(np.array(nulls), probability=false_alarm)
        found.append(Threshold(detector=detector, value=value, error=error, curves=len(nulls)))
    return found


def completeness(
    rows: Iterable[Mapping[str, Any]], *, thresholds: Iterable[Threshold], by: Sequence[str], statistic: str
) -> list[Row]:
    """The recovered share of the injected planets in each cell of a grid.

    Args:
        rows: Of searches, see `search_rows`.
        thresholds: One for each detector.
        by: Parameters whose values make the cells, such as period and radius.
        statistic: The column that is compared with the threshold.

    Returns:
        Rows with ``detector``, the columns of `by`, ``injected``, ``recovered``, ``completeness``, and
        ``low`` and ``high``, the 68.3 % interval of Wilson (1927); ordered by detector and cell.
    """
    wanted = {threshold.detector: threshold.value for threshold in thresholds}
    cells: dict[tuple[Any, ...], list[bool]] = {}
    for row in rows:
        if is_null(row):
            continue
        detector = str(row["task_type"])
        is_found = row["outcome"] == "PASS" and _number(row.get(statistic)) >= wanted[detector]
        cells.setdefault((detector, *(parameter(row, name) for name in by)), []).append(is_found)
    return [_cell(key, found, by) for key, found in sorted(cells.items(), key=_order)]


def _order(item: tuple[tuple[Any, ...], list[bool]]) -> list[tuple[bool, Any]]:
    return [(isinstance(value, str), value if value is not None else -math.inf) for value in item[0]]


def _cell(key: tuple[Any, ...], found: Sequence[bool], by: Sequence[str]) -> Row:
    recovered, injected = sum(found), len(found)
    low, high = wilson_interval(recovered, injected)
    return {
        "detector": key[0],
        **dict(zip(by, key[1:], strict=True)),
        "injected": injected,
        "recovered": recovered,
        "completeness": recovered / injected,
        "low": low,
        "high": high,
    }


def _by_detector(rows: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault(str(row["task_type"]), []).append(row)
    yield from sorted(groups.items())


def _number(value: Any) -> float:
    """A statistic; that of a search which found nothing is 0."""
    is_number = isinstance(value, int | float) and math.isfinite(value)
    return float(value) if is_number else 0.0


# ------------------------------------------------------------- statistics
def wilson_interval(successes: int, trials: int, *, z: float = 1.0) -> tuple[float, float]:
    """The interval of Wilson (1927, JASA 22, 209) for a probability, `z` standard deviations wide."""
    share, width = successes / trials, z**2 / trials
    centre = (share + width / 2) / (1 + width)
    half = z / (1 + width) * math.sqrt(share * (1 - share) / trials + width / (4 * trials))
    return max(0.0, centre - half), min(1.0, centre + half)


def gumbel_fit(values: NDArray[np.float64]) -> tuple[float, float]:
    """Location and scale of Gumbel's distribution of maxima, by maximum likelihood.

    The scale is the fixed point of ``β = mean(x) - Σ x exp(-x/β) / Σ exp(-x/β)``, approached by halving.

    Args:
        values: Shape (n,), finite; where all are equal the scale is 0.
    """
    shifted = values - values.min()  # keeps the exponentials in range
    if shifted.max() <= _CLOSE * max(1.0, abs(values).max()):
        return float(values.mean()), 0.0

    def excess(scale: float) -> float:
        weights = np.exp(-shifted / scale)
        return float(scale - shifted.mean() + (shifted * weights).sum() / weights.sum())

    low, high = _CLOSE * float(shifted.max()), 2 * float(shifted.max())
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if excess(middle) > 0 else (middle, high)
    scale = (low + high) / 2
    location = float(values.min() - scale * math.log(np.exp(-shifted / scale).mean()))
    return location, scale


def gumbel_threshold(values: NDArray[np.float64], *, probability: float) -> tuple[float, float]:
    """What a new value exceeds with a probability, and the standard error of that, from resampled values."""

    def threshold(sample: NDArray[np.float64]) -> float:
        location, scale = gumbel_fit(sample)
        return location - scale * math.log(-math.log1p(-probability))

    rng = np.random.default_rng(_SEED)
    again = [threshold(rng.choice(values, size=len(values))) for _ in range(BOOTSTRAPS)]
    return threshold(values), float(np.std(again, ddof=1))
