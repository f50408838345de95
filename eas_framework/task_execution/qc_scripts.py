"""Quality control by a function that gives its verdict through the documented calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eas_framework.errors import TaskFailed
from eas_framework.plugins.qc import QcVerdict
from eas_framework.task_database.attempts import Requests
from eas_framework.task_io import task_database
from eas_framework.task_objects import ProductVersionId, TaskExecutionAttempt

if TYPE_CHECKING:
    from eas_framework.plugins.qc import QualityControl
    from eas_framework.plugins.task import Handler


def verdict_of(script: Handler) -> QualityControl:
    """Quality control by a function in the form of the prototype's quality-control scripts.

    The function is called with the attempt. What it asks for by ``file_version_update(passed_qc=…)`` and
    ``execution_attempt_update(all_products_passed_qc=…)`` is its verdict. A file or an attempt of which it
    says nothing is rejected; so is one that the task's own code has rejected.
    """

    def judge(attempt: TaskExecutionAttempt) -> QcVerdict:
        if attempt.attempt_id is None:
            raise TaskFailed("an attempt without id cannot be judged")
        with task_database() as database, database.attempts.asked_within(attempt.attempt_id) as said:
            script(attempt)
        return _verdict(attempt, said)

    return judge


def _verdict(attempt: TaskExecutionAttempt, said: Requests) -> QcVerdict:
    """What was said, as a verdict with its reasons."""
    of_files = {
        name: said.versions.get(ProductVersionId(version.product_version_id or 0))
        for name, version in attempt.output_files.items()
    }
    reasons = [
        f"quality control says nothing of output {name!r}"
        for name, is_good in of_files.items()
        if is_good is None
    ]
    reasons += [
        f"quality control rejects output {name!r}" for name, is_good in of_files.items() if is_good is False
    ]
    if said.error_fail:
        reasons.append(said.error_text or "quality control reports an error")
    if said.passed_qc is None:
        reasons.append("quality control gives no verdict on the attempt (all_products_passed_qc)")
    elif not said.passed_qc:
        reasons.append("quality control rejects the attempt")
    return QcVerdict(
        outputs={name: bool(is_good) for name, is_good in of_files.items()}, reason="; ".join(reasons)
    )
