"""Doing one attempt: with its log, timer, expressions, quality control, and the record of its end.

For task code: the decorator `eas_pipeline_task`, `do_pipeline_task`, and the calls that run other programs.
"""

from eas_framework.task_execution.qc_scripts import verdict_of
from eas_framework.task_execution.runner import TaskRunner, error_text
from eas_framework.task_execution.scripts import do_pipeline_task, eas_pipeline_task
from eas_framework.task_execution.subprocesses import (
    call_subprocess_and_catch_stdout,
    call_subprocess_and_log_output,
)

__all__ = [
    "TaskRunner",
    "call_subprocess_and_catch_stdout",
    "call_subprocess_and_log_output",
    "do_pipeline_task",
    "eas_pipeline_task",
    "error_text",
    "verdict_of",
]
