"""What a quality-control plugin supplies: verdicts on outputs, and metrics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eas_framework.task_objects import TaskExecutionAttempt

    QualityControl = Callable[[TaskExecutionAttempt], "QcVerdict"]
    Measure = Callable[[TaskExecutionAttempt], Mapping[str, float | str]]


@dataclass(frozen=True, kw_only=True)
class QcVerdict:
    """Whether each output (by its name in the job file) is good, and why one is not."""

    outputs: Mapping[str, bool]
    reason: str = ""

    @property
    def passed(self) -> bool:
        """Whether every output is good; an attempt without outputs passes unless a reason is given."""
        return all(self.outputs.values()) and not self.reason


@dataclass(frozen=True, kw_only=True)
class QcMetric:
    """A measurement on finished attempts of some task types; its values become metadata of the attempt.

    A metric adds facts and never decides: a metric that raises is reported in the log and adds nothing.
    """

    name: str
    task_types: frozenset[str]
    measure: Measure
    summary: str = ""
