"""`eas_pipeline_task`: one function, called by a worker or started as a script."""

from __future__ import annotations

import argparse
import functools
import importlib.util
import logging
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from eas_framework.errors import EasError, StateError, UsageError
from eas_framework.logging_database import EasLoggingHandler
from eas_framework.plugins.manager import plugin_manager
from eas_framework.settings import configuration, load_configuration, use_configuration
from eas_framework.task_database import TaskDatabaseConnection
from eas_framework.task_database.doors_of_attempts import ENDED
from eas_framework.task_database.opening import open_database
from eas_framework.task_execution.doing import claim_here, do_here
from eas_framework.task_execution.qc_scripts import verdict_of
from eas_framework.task_execution.sources import ScriptSource
from eas_framework.task_objects import AttemptId, AttemptState, TaskExecutionAttempt, TaskId, TaskState

if TYPE_CHECKING:
    from eas_framework.plugins.qc import QualityControl
    from eas_framework.plugins.task import Handler

log = logging.getLogger(__name__)

QC_FOLDER, TASK_FOLDER = "task_qc_implementations", "task_implementations"
INTERRUPTED = 130
_MARK = "is_eas_pipeline_task"


def eas_pipeline_task(task_handler: Handler) -> Callable[..., None]:
    """Decorator that makes a function of one attempt a task, in this process or as a script.

    Called with an attempt, as a discovered task type is, the function is simply called. Called without, it
    reads ``--job-id N`` from the command line, claims that attempt, does it with its quality control, and
    exits with 1 when it cannot, or the attempt did not pass::

        @eas_pipeline_task
        def task_handler(execution_attempt):
            ...

        if __name__ == "__main__":
            task_handler()

    The log goes to the database and to standard output. A script in a folder ``task_qc_implementations`` is
    quality control: the one of the same name is used by the script beside it in ``task_implementations``.
    """

    @functools.wraps(task_handler)
    def entry(execution_attempt: TaskExecutionAttempt | None = None) -> None:
        if execution_attempt is None:
            _run_script(task_handler)
        else:
            task_handler(execution_attempt)

    setattr(entry, _MARK, True)
    return entry


def do_pipeline_task(
    job_id: int,
    is_qc_task: bool,
    task_handler: Handler,
    eas_logger: EasLoggingHandler,
    *,
    quality_control: QualityControl | None = None,
) -> TaskState | None:
    """Do one attempt in this process: claim, log, times, heartbeat, expressions, handler, verdict, end.

    Args:
        job_id: Id of a queued or created execution attempt.
        is_qc_task: `task_handler` is quality control. It runs right after the task in the same process: on
            an attempt that this process holds it is called, of one that has ended the verdict is told.
        task_handler: Called with the attempt; what it raises is logged and fails the attempt.
        eas_logger: Gathers the log of the attempt.
        quality_control: Judges the outputs; None takes that of the task type.

    Returns:
        The state of the task afterwards; None when another worker took it over, or it has not ended.

    Raises:
        NotFoundError: There is no such attempt.
        StateError: The attempt is being done elsewhere, or has ended (a ValueError).
    """
    attempt_id = AttemptId(job_id)
    with open_database() as database:
        if is_qc_task:
            return _judge(database, attempt_id, task_handler)
        if database.attempts.get(attempt_id).state is AttemptState.CREATED:
            database.lifecycle.publish(attempt_id)
        claimed = claim_here(database, attempt_id)
        if claimed is None:
            raise StateError(_why_refused(database, attempt_id))
        source = ScriptSource(plugin_manager(), claimed.task_type, task_handler, quality_control)
        finished = do_here(database, claimed, source, eas_logger)
        eas_logger.flush()
    return finished.task_state if finished else None


def _why_refused(database: TaskDatabaseConnection, attempt_id: AttemptId) -> str:
    attempt = database.attempts.get(attempt_id)
    if attempt.state is AttemptState.RUNNING:
        return f"attempt {attempt_id} is being done by another process"
    return (
        f"attempt {attempt_id} has ended, it {attempt.state}; "
        f"`eas task run {attempt.task_id}` or `eas retry` makes a new one"
    )


def _judge(database: TaskDatabaseConnection, attempt_id: AttemptId, script: Handler) -> TaskState | None:
    """Call quality control on an attempt that this process is doing; the verdict on one that has ended."""
    attempt = database.attempts.get(attempt_id)
    if attempt.state in ENDED:
        log.info("attempt %d was judged when it ended: %s", attempt_id, attempt.state)
        return TaskState.PASSED if attempt.state is AttemptState.PASSED else TaskState.FAILED
    if not database.attempts.holds(attempt_id):
        raise StateError(
            f"attempt {attempt_id} is {attempt.state} and not done by this process; quality control runs "
            "right after the task, so start the task's own script"
        )
    attempt.task_object = database.task_lookup(TaskId(attempt.task_id or 0))
    script(attempt)
    return None


# ------------------------------------------------------------- as a script
def _run_script(task_handler: Handler) -> None:
    """Do the attempt that the command line names; exit with 1 unless it passed."""
    script = Path(sys.argv[0]).resolve()
    job_id = _read_command_line(script)
    try:
        judge = _quality_control_beside(script)
        open_database().close_db()  # first: the log must not make a database where there is none
        with closing(_log_to_database_and_terminal()) as eas_logger:
            is_qc_task = QC_FOLDER in script.parts
            state = do_pipeline_task(job_id, is_qc_task, task_handler, eas_logger, quality_control=judge)
    except KeyboardInterrupt:  # the attempt is queued again
        sys.exit(INTERRUPTED)
    except EasError as error:
        sys.stderr.write(f"{script.name}: {error}\n")
        sys.exit(1)
    if state not in (TaskState.PASSED, TaskState.EXPANDED):
        sys.stderr.write(f"{script.name}: attempt {job_id} did not pass; `eas logs` tells why\n")
        sys.exit(1)


def _read_command_line(script: Path) -> int:
    """The id of the attempt; settings are those of the workspace."""
    parser = argparse.ArgumentParser(prog=script.name, description="Do one attempt at a task.")
    parser.add_argument("--job-id", type=int, required=True, help="id of the execution attempt")
    parser.add_argument(
        "--workspace", type=Path, help="folder of the workspace (default: looked for upwards)"
    )
    given = parser.parse_args()
    if given.workspace is not None:
        use_configuration(load_configuration(workspace=given.workspace))
    return int(given.job_id)


def _log_to_database_and_terminal() -> EasLoggingHandler:
    """Send what is logged to the database and to standard output, from the configured level on."""
    terminal, eas_logger = logging.StreamHandler(sys.stdout), EasLoggingHandler()
    terminal.setFormatter(logging.Formatter("[%(asctime)s] %(levelname)s:%(filename)s: %(message)s"))
    logging.basicConfig(
        level=configuration().log_level.upper(), format="%(message)s", handlers=[terminal, eas_logger]
    )
    return eas_logger


def _quality_control_beside(script: Path) -> QualityControl | None:
    """The verdict of the script of the same name in the folder of quality control; None without one."""
    if script.parent.name != TASK_FOLDER:
        return None
    path = script.parent.with_name(QC_FOLDER) / script.name
    if not path.is_file():
        return None
    spec = importlib.util.spec_from_file_location(f"quality_control_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise UsageError(f"{path} is no Python script")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    functions = [value for value in vars(module).values() if getattr(value, _MARK, False)]
    if len(functions) != 1:
        raise UsageError(f"{path} has {len(functions)} functions with @eas_pipeline_task, not one")
    return verdict_of(functions[0])
