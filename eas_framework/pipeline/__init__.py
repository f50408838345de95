"""A job from file to result: read, check, submit, supervise until its root is done, report."""

from eas_framework.pipeline.input_file import store_input
from eas_framework.pipeline.preparation import PreparedJob, prepare_job, refuse_missing_types
from eas_framework.pipeline.running import Observer, Outcome, RunOptions, finish_job, run_job
from eas_framework.pipeline.submission import Submitted, submit_job
from eas_framework.pipeline.supervision import StopRequests, run_until_done
from eas_framework.pipeline.workspace import find_job, find_workspace_database, open_workspace

__all__ = [
    "Observer",
    "Outcome",
    "PreparedJob",
    "RunOptions",
    "StopRequests",
    "Submitted",
    "find_job",
    "find_workspace_database",
    "finish_job",
    "open_workspace",
    "prepare_job",
    "refuse_missing_types",
    "run_job",
    "run_until_done",
    "store_input",
    "submit_job",
]
