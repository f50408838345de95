"""The planets in the record that a search saved."""

from __future__ import annotations

import logging
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from eas_framework.errors import TaskFailed
from eas_tasks_tda.result import TransitResult
from eas_tasks_tda.several import stands_out

log = logging.getLogger(__name__)


class _Planet(BaseModel):
    """What tells where the transits of a recorded planet are, and whether it stands out."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    period: float | None = Field(None, gt=0)
    t0: float | None = None
    duration_hours: float | None = Field(None, gt=0)
    snr_pink: float | None = None
    false_alarm_probability_pink: float | None = None
    doubts: tuple[str, ...] = ()


class _Record(BaseModel):
    planets: list[_Planet]


def recorded_planets(path: Path, *, fap_max: float) -> list[TransitResult]:
    """The planets of a record that stand out (`several.stands_out`); the log names those passed over.

    Args:
        path: The JSON that a search saved as its output ``record``.
        fap_max: Largest false-alarm probability for pink noise.

    Raises:
        TaskFailed: The file is not such a record; names the first place that is wrong.
    """
    try:
        record = _Record.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise TaskFailed(
            f"input 'record': {path.name} is not the record of a search ({place}: {first['msg']}); it takes "
            "the output 'record' of a transit_search task"
        ) from None
    found = [
        TransitResult(
            period_days=planet.period,
            t0_days=planet.t0,
            duration_hours=planet.duration_hours,
            snr_pink=planet.snr_pink,
            false_alarm_probability_pink=planet.false_alarm_probability_pink,
            doubts=planet.doubts,
        )
        for planet in record.planets
    ]
    kept = [result for result in found if stands_out(result, fap_max=fap_max)]
    log.info("%d of %d signals of the record stand out and are protected", len(kept), len(found))
    return kept
