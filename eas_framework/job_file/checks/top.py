"""The keys of the job itself."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from eas_framework.errors import ExpressionError
from eas_framework.job_file.checks.place import UNKNOWN, Place, static_value
from eas_framework.job_file.checks.report import Report
from eas_framework.job_file.document import KeyPath
from eas_framework.job_file.model import Job, JobDefaults, JobKeys
from eas_framework.store_names import path_fault, title_fault
from eas_framework.suggestions import did_you_mean

EXPRESSIVE_KEYS = frozenset({"job_name", "working_directory"})
"""Keys of the job whose values may be expressions."""


def check_top(job: Job, report: Report) -> None:
    """Report what is wrong with the keys of the job itself."""
    given = job.document.value
    for key in given.keys() - JobKeys.model_fields.keys():
        report.error(
            (key,), f"unknown key {key!r} of the job; {did_you_mean(key, JobKeys.model_fields)}", of_key=True
        )
    place = Place(metadata={}, directory=None)
    evaluated = dict(given)
    for key in EXPRESSIVE_KEYS & given.keys():
        evaluated[key] = _top_value(key, given[key], place, report)
    try:
        JobKeys.model_validate({key: value for key, value in evaluated.items() if value is not UNKNOWN})
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            _report_top(detail["loc"], detail["type"], detail["msg"], report)
    fault = title_fault(job.name, what="job name")
    if fault is not None:
        report.error(("job_name",), fault)
    fault = path_fault(job.working_directory, what="working directory")
    if fault is not None:
        report.error(("working_directory" if "working_directory" in given else "job_name",), fault)


def _top_value(key: str, value: Any, place: Place, report: Report) -> Any:
    """The value of a key of the job; UNKNOWN where it has none."""
    try:
        result = static_value(value, place)
    except ExpressionError as error:
        report.error((key,), str(error))
        return UNKNOWN
    if result is UNKNOWN:
        report.error(
            (key,), f"{key} must be known before the job starts; it can use neither metadata nor random"
        )
    return result


def _report_top(location: KeyPath, kind: str, message: str, report: Report) -> None:
    """Report a value of the job that its declaration refuses."""
    if kind == "missing":
        report.error((), f"the key {location[-1]!r} is missing")
    elif kind != "extra_forbidden":
        report.error(location, f"{'.'.join(map(str, location))}: {message}", topic="value")
    elif len(location) > 1:
        known = JobDefaults.model_fields
        report.error(
            location, f"unknown key {location[-1]!r}; {did_you_mean(str(location[-1]), known)}", of_key=True
        )
