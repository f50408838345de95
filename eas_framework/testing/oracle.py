"""What must hold after any fault: nothing lost, nothing done twice, nothing half visible."""

from __future__ import annotations

import time
from collections.abc import Iterator

from eas_framework.task_database import TaskDatabaseConnection
from eas_framework.task_database.integrity import check_database
from eas_framework.task_database.maintenance import find_waste, remove, verify_files
from eas_framework.testing.outcome import Outcome

CLOCK_STEP_SECONDS = 0.002
"""Start and end of attempts come from one clock, which may count in whole milliseconds."""

_FAULTS = {
    "a task is not at its end": """
        SELECT taskId, state FROM eas_task WHERE state NOT IN ('passed', 'failed', 'blocked', 'cancelled')""",
    "an attempt is not at its end": """
        SELECT schedulingAttemptId, state FROM eas_scheduling_attempt
        WHERE state NOT IN ('passed', 'failed', 'cancelled', 'lost')""",
    "a task passed twice": """
        SELECT taskId, COUNT(*) AS times FROM eas_scheduling_attempt WHERE state = 'passed'
        GROUP BY taskId HAVING COUNT(*) > 1""",
    "a task passed and no attempt at it did": """
        SELECT t.taskId FROM eas_task t LEFT JOIN eas_job j ON j.jobId = t.jobId
        WHERE t.state = 'passed' AND COALESCE(j.state, '') <> 'replaced' AND NOT EXISTS
            (SELECT 1 FROM eas_scheduling_attempt a WHERE a.taskId = t.taskId AND a.state = 'passed')""",
    "a task that did not pass has a passed attempt": """
        SELECT t.taskId, t.state FROM eas_task t
        JOIN eas_scheduling_attempt a ON a.taskId = t.taskId AND a.state = 'passed'
        WHERE t.state <> 'passed' AND t.isExpanded = 0""",
    "a product of a passed task has not one visible version": """
        SELECT p.productId, COUNT(v.productVersionId) AS versions FROM eas_product p
        JOIN eas_task t ON t.taskId = p.generatorTask AND t.state = 'passed'
        LEFT JOIN eas_scheduling_attempt a ON a.taskId = t.taskId AND a.state = 'passed'
        LEFT JOIN eas_product_version v ON v.productId = p.productId
            AND v.generatedByTaskExecution = a.schedulingAttemptId AND v.passedQc = 1
        GROUP BY p.productId HAVING COUNT(v.productVersionId) <> 1""",
    "a file counts whose attempt did not pass": """
        SELECT v.productVersionId, a.state FROM eas_product_version v
        JOIN eas_scheduling_attempt a ON a.schedulingAttemptId = v.generatedByTaskExecution
        WHERE v.passedQc = 1 AND a.state <> 'passed'""",
    "a consumer began before its input was there": """
        SELECT c.schedulingAttemptId, c.startTime, m.endTime FROM eas_task_input i
        JOIN eas_product p ON p.productId = i.inputId
        JOIN eas_scheduling_attempt m ON m.taskId = p.generatorTask AND m.state = 'passed'
        JOIN eas_scheduling_attempt c ON c.taskId = i.taskId
        WHERE c.startTime < m.endTime - %(step)s""",
    "a consumer began before the metadata were there": """
        SELECT c.schedulingAttemptId, c.startTime, m.endTime FROM eas_task_metadata_input i
        JOIN eas_scheduling_attempt m ON m.taskId = i.inputId AND m.state = 'passed'
        JOIN eas_scheduling_attempt c ON c.taskId = i.taskId
        WHERE c.startTime < m.endTime - %(step)s""",
    "a blocked task names no cause that ended badly": """
        SELECT b.taskId, b.blockedBy FROM eas_task b LEFT JOIN eas_task t ON t.taskId = b.blockedBy
        WHERE b.state = 'blocked' AND (t.taskId IS NULL OR b.blockedReason IS NULL)""",
    "a task was tried more often than it may be": """
        SELECT t.taskId, COUNT(*) AS times FROM eas_task t
        JOIN eas_scheduling_attempt a ON a.taskId = t.taskId AND a.state IN ('failed', 'lost')
        GROUP BY t.taskId, t.maxAttempts HAVING COUNT(*) > t.maxAttempts""",
    "the outbox is not empty": "SELECT outboxId FROM eas_outbox",
}


def faults(database: TaskDatabaseConnection) -> list[str]:
    """Everything that is wrong with a workspace whose jobs have all ended; removes files of lost attempts.

    For jobs whose tasks were not forced to run twice. Empty when all is well.
    """
    found = list(_broken_rules(database)) + moment_faults(database)
    remove(database, find_waste(database, safe_age_seconds=0.0, now=time.time() + 1.0))
    found += [f"file: {fault['problem']} {fault['path']}" for fault in verify_files(database)]
    return found


def moment_faults(database: TaskDatabaseConnection) -> list[str]:
    """What is wrong with a workspace at this moment, while tasks may be running."""
    return [f"{fault['check']}: {fault['detail']}" for fault in check_database(database.queries)]


def _broken_rules(database: TaskDatabaseConnection) -> Iterator[str]:
    for rule, sql in _FAULTS.items():
        parameters = {"step": CLOCK_STEP_SECONDS} if "%(step)s" in sql else {}
        for row in database.db_handle.query(sql, parameters):
            yield f"{rule}: {row}"


def results(outcome: Outcome) -> list[tuple[object, ...]]:
    """What each task of a job made: its type, name, state, metadata, and the checksums of its good files."""
    found: list[tuple[object, ...]] = []
    for task in outcome.tasks:
        attempts = [attempt for attempt in outcome.attempts(task) if attempt.state == "passed"]
        metadata = dict(outcome.metadata(task)) if attempts else {}
        files = {
            name: version.file_sha256
            for attempt in attempts[-1:]
            for name, version in attempt.output_files.items()
        }
        found.append(
            (task.task_type, task.task_name, str(task.state), repr(sorted(metadata.items())), repr(files))
        )
    return sorted(found, key=repr)
