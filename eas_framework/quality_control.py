"""Judging what a task made: the transit-detection verdict against a known orbital period."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any, Protocol

from eas_framework.plugins.qc import QcMetric, QcVerdict
from eas_framework.task_database.attempts import Requests
from eas_framework.task_objects import FileProductVersion, ProductVersionId, TaskExecutionAttempt, plain_value

log = logging.getLogger(__name__)

PERIOD_TOLERANCE = 0.03  # PLATO's provisional criterion of success: within 3 % of the true period
ALIASES = (Fraction(1, 2), Fraction(2), Fraction(3, 2), Fraction(2, 3), Fraction(1, 3), Fraction(3))


class HasMetadata(Protocol):
    """Anything with a metadata table, such as a light curve."""

    @property
    def metadata(self) -> Mapping[str, Any]:
        """Keyword to value, or to `MetadataItem`."""


def transit_detection_quality_control(lc: HasMetadata, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """``outcome`` (PASS, FAIL, UNDEFINED) and ``target_period`` [days] of a transit search.

    PASS when the found period agrees with the true one: ``0.97 < target / found < 1.03``, limits excluded.
    UNDEFINED when either is missing or no positive number: nothing found, or nothing known to be there.
    A found period in a simple ratio to the true one is FAIL, and the key ``alias`` says found/true:
    '1/2', '2', '3/2', '2/3', '1/3' or '3'.

    Args:
        lc: Light curve; ``lc.metadata['orbital_period']`` [days] is the truth, a `MetadataItem` or number.
        metadata: What the search found; ``metadata['period']`` [days], a `MetadataItem` or number.

    Returns:
        Items to merge into the metadata; ``target_period`` is NaN where it is not known.
    """
    target = _positive_number(lc.metadata.get("orbital_period"))
    found = _positive_number(metadata.get("period"))
    verdict: dict[str, Any] = {
        "outcome": "UNDEFINED",
        "target_period": math.nan if target is None else target,
    }
    if target is None or found is None:
        return verdict
    if _periods_agree(target, found):
        return verdict | {"outcome": "PASS"}
    alias = find_alias(target, found)
    return verdict | {"outcome": "FAIL"} | ({} if alias is None else {"alias": alias})


def find_alias(target_period: float, found_period: float) -> str | None:
    """Ratio found/true as text where the found period is an alias of the true one, else None."""
    return next(
        (str(ratio) for ratio in ALIASES if _periods_agree(target_period * ratio, found_period)), None
    )


def _periods_agree(target_period: float, found_period: float) -> bool:
    """Whether two positive periods agree within `PERIOD_TOLERANCE`."""
    return 1 - PERIOD_TOLERANCE < target_period / found_period < 1 + PERIOD_TOLERANCE


def _positive_number(item: Any) -> float | None:
    """The value of a metadata item where it is a finite number above zero, else None."""
    value = plain_value(item)
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) and number > 0 else None


# ------------------------------------------------------------- the default verdict on outputs
def accept_outputs(
    attempt: TaskExecutionAttempt,
    *,
    required: Iterable[str],
    is_readable: Callable[[FileProductVersion], bool],
) -> QcVerdict:
    """The verdict where a task type brings none: good is every file that is complete and readable.

    Args:
        attempt: The attempt, with the files that it wrote.
        required: Names of the outputs that had to be written; others may be missing.
        is_readable: Whether a stored file is there and as long as it was.
    """
    outputs = {name: is_readable(version) for name, version in attempt.output_files.items()}
    missing = sorted(set(required) - outputs.keys())
    damaged = sorted(name for name, is_good in outputs.items() if not is_good)
    reasons = [f"required output {name!r} was not written" for name in missing]
    reasons += [f"output {name!r} cannot be read back" for name in damaged]
    return QcVerdict(outputs=outputs, reason="; ".join(reasons))


def with_requests(
    verdict: QcVerdict, requests: Requests, files: Mapping[str, FileProductVersion]
) -> QcVerdict:
    """The verdict, made worse where the task's own code has asked for that by the documented calls.

    Args:
        verdict: What quality control found.
        requests: What the task's code said of its attempt and of single files.
        files: The files that the attempt made, by name.
    """
    said = {
        name: requests.versions.get(ProductVersionId(file.product_version_id or 0), True)
        for name, file in files.items()
    }
    outputs = {name: is_good and said.get(name, True) for name, is_good in verdict.outputs.items()}
    is_bad = requests.passed_qc is False or bool(requests.error_fail)
    own_word = (requests.error_text or "the task's own code said so") if is_bad else ""
    return QcVerdict(outputs=outputs, reason=verdict.reason or own_word)


def measured(attempt: TaskExecutionAttempt, metrics: Iterable[QcMetric]) -> dict[str, float | str]:
    """What the metrics measured on an attempt; one that raises is logged and adds nothing."""
    found: dict[str, float | str] = {}
    for metric in metrics:
        try:
            found.update(metric.measure(attempt))
        except Exception:
            log.warning("attempt %s: metric %s failed", attempt.attempt_id, metric.name, exc_info=True)
    return found
