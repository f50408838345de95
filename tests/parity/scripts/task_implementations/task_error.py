#!../../../data/datadir_local/virtualenv/bin/python3
# -*- coding: utf-8 -*-
# task_error.py

"""
Fail, always.
"""

from plato_wp36 import task_database, task_execution


@task_execution.eas_pipeline_task
def task_handler(execution_attempt: task_database.TaskExecutionAttempt):
    assert False, "This task always fails"


if __name__ == "__main__":
    # Read command-line arguments, and do the task
    task_handler()
