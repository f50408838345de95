"""From a pure search function to a task: read, clean, search, judge, record.

A search is a function of a `CleanCurve`; everything around it is the same for all and stands here once.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from eas_framework import task_io
from eas_framework.lightcurve import LightcurveArbitraryRaster
from eas_framework.plugins import FileSlot
from eas_framework.quality_control import transit_detection_quality_control
from eas_tasks_tda.assessing import assessed
from eas_tasks_tda.elliptic import FloatArray
from eas_tasks_tda.prepare import CleanCurve, UnsearchableError
from eas_tasks_tda.result import RESULT_METADATA, TransitResult, nothing_found
from eas_tasks_tda.saving import save
from eas_tasks_tda.settings import SearchParameters, SearchSettings
from eas_tasks_tda.several import (
    doubted,
    is_significant,
    named_relations,
    stands_out,
    still_observed,
    without_signal,
)

if TYPE_CHECKING:
    from eas_framework.plugins.task import Handler
    from eas_framework.task_objects import TaskExecutionAttempt

log = logging.getLogger(__name__)

Settings = TypeVar("Settings", bound=SearchSettings, contravariant=True)

MOST_PASSED_OVER = 2
"""Doubtful signals after which a search for planets is given up."""

RESULT_FILES = (
    FileSlot(name="record", summary="All that was found, JSON.", required=False, kind="file"),
    FileSlot(name="table", summary="One row per planet, numpy.", required=False, kind="file"),
    FileSlot(
        name="periodogram", summary="The spectra that were searched, numpy.", required=False, kind="file"
    ),
)
CURVE_IN = (FileSlot(name="lightcurve", summary="The light curve to search, detrended."),)
# what is known of an injected transit, handed on from the light curve
INJECTED = ("integrated_transit_power", "pixels_in_transit", "pixels_out_of_transit", "mes")
SEARCH_METADATA: Mapping[str, str] = {
    **RESULT_METADATA,
    "planet_count": "With max_planets above 1: how many signals stand out from noise.",
    "planets": "With max_planets above 1: the record of each signal, in the order in which they were found.",
    "outcome": "PASS, FAIL or UNDEFINED: the found period against the light curve's orbital_period.",
    "target_period": "Orbital period that the light curve is known to hold [d].",
    "target_t0": "First mid-transit that the light curve is known to hold [d].",
    "alias": "Found over true period where that is a simple ratio: '1/2', '2', '3/2', '2/3', '1/3', '3'.",
    "integrated_transit_power": "Of the light curve: missing flux summed over its samples.",
    "pixels_in_transit": "Of the light curve: number of samples in transit.",
    "pixels_out_of_transit": "Of the light curve: number of samples out of transit.",
    "mes": "Of the light curve: multiple-event statistic of its transits.",
}


class Search(Protocol[Settings]):
    """An algorithm: a clean light curve in, the best transit out; it sees no file and no clock."""

    def __call__(self, curve: CleanCurve, *, settings: Settings, threads: int) -> TransitResult:
        """The best transit; raises `UnsearchableError` where the curve holds too little."""


def transit_search(search: Search[Any], parameters: type[SearchParameters]) -> Handler:
    """The handler of a task that searches its input ``lightcurve`` and records what was found as metadata."""

    def handler(attempt: TaskExecutionAttempt) -> None:
        given = task_io.task_parameters(attempt, parameters)
        curve = task_io.read_lightcurve(attempt, "lightcurve")
        task_io.record_metadata(attempt, **searched(search, curve, attempt=attempt, given=given))

    return handler


def searched(
    search: Search[Any],
    curve: LightcurveArbitraryRaster,
    *,
    attempt: TaskExecutionAttempt,
    given: SearchParameters,
) -> dict[str, Any]:
    """What a search task records of a light curve; the files that its job asks for are written.

    Args:
        search: The algorithm.
        curve: Any light curve; flagged and NaN samples are dropped.
        attempt: Of the search task.
        given: Its keys.
    """
    for key in given.search_settings.unknown:
        log.warning("search_settings: %r is not a setting of this search and is passed over", key)
    found = search_planets(
        search,
        curve,
        settings=given.search_settings,
        duration_days=given.lc_duration,
        threads=task_io.thread_count(attempt),
        max_planets=given.max_planets,
    )
    save(attempt, found)
    several = planets_metadata(found, curve, fap_max=given.search_settings.fap_max)
    return search_metadata(found[0], curve) | (several if given.max_planets > 1 else {})


def search_planets(
    search: Search[Any],
    curve: LightcurveArbitraryRaster,
    *,
    settings: SearchSettings,
    duration_days: float | None = None,
    threads: int = 1,
    max_planets: int = 1,
) -> list[TransitResult]:
    """The transits of up to `max_planets` planets in the order in which they were found, at least one result.

    After each the samples near its transits are left out and the rest is searched again, as long as its
    false-alarm probability for pink noise is at most `settings.fap_max`. Signals with doubts are passed over,
    at most `MOST_PASSED_OVER`. Where there is no planet the result is the strongest signal, whatever it is.

    Args:
        search: The algorithm.
        curve: Any light curve; flagged and NaN samples are dropped.
        settings: Of the algorithm.
        duration_days: Search only so much of the curve, from its first sample on.
        threads: Processes or threads that the algorithm may use.
        max_planets: Planets looked for at most.
    """

    def strongest(rest: CleanCurve, observed: FloatArray) -> TransitResult:
        found = search(rest, settings=settings, threads=threads)
        return assessed(found, rest, settings=settings, observed=observed)

    try:
        clean = CleanCurve.of(curve, clip_above=settings.clip_above)
        if duration_days is not None:
            clean = clean.first(duration_days)
        first = strongest(clean, clean.times)
    except UnsearchableError as error:
        return [nothing_found(str(error))]
    planets: list[TransitResult] = []
    passed_over: list[TransitResult] = []
    observed, span, following = clean.times, clean.span_days, first
    while is_significant(following, fap_max=settings.fap_max):
        (passed_over if following.doubts else planets).append(following)
        if len(planets) == max_planets or len(passed_over) > MOST_PASSED_OVER:
            break
        observed = still_observed(observed, following)
        try:
            clean = without_signal(clean, following)
            following = doubted(strongest(clean, observed), passed_over, span_days=span)
        except UnsearchableError:
            break
    return named_relations(planets or [first], span_days=span)


def search_lightcurve(
    search: Search[Any],
    curve: LightcurveArbitraryRaster,
    *,
    settings: SearchSettings,
    duration_days: float | None = None,
    threads: int = 1,
) -> TransitResult:
    """The best transit in a light curve; nothing found where the curve holds too little to search.

    Args:
        search: The algorithm.
        curve: Any light curve; flagged and NaN samples are dropped.
        settings: Of the algorithm.
        duration_days: Search only so much of the curve, from its first sample on.
        threads: Processes or threads that the algorithm may use.
    """
    return search_planets(search, curve, settings=settings, duration_days=duration_days, threads=threads)[0]


def search_metadata(result: TransitResult, curve: LightcurveArbitraryRaster) -> dict[str, Any]:
    """Everything that a search task records: the result, what is known of the curve, and the verdict."""
    found = result.as_metadata()
    verdict = transit_detection_quality_control(lc=curve, metadata=found)
    known = {key: curve.metadata.get(key) for key in INJECTED}
    if "orbital_period" in curve.metadata:
        known["target_t0"] = curve.metadata.get("t0")
    items = found | known | verdict
    return {key: value for key, value in items.items() if can_be_stored(value)}


def planets_metadata(
    found: Sequence[TransitResult], curve: LightcurveArbitraryRaster, *, fap_max: float
) -> dict[str, Any]:
    """What is recorded beyond the first result where several planets are looked for.

    The verdict is that of the planet which is known to be there, where one of those found is it.
    """
    rows = [search_metadata(result, curve) for result in found]
    verdict = next((row for row in rows if row["outcome"] == "PASS"), rows[0])
    return {
        "outcome": verdict["outcome"],
        "planet_count": sum(stands_out(result, fap_max=fap_max) for result in found),
        "planets": [{key: row[key] for key in row if key in RESULT_METADATA} for row in rows],
    }


def can_be_stored(value: Any) -> bool:
    """Whether a value says anything: not None, and as a number finite."""
    return value is not None and not (isinstance(value, float) and not math.isfinite(value))
