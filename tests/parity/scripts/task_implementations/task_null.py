#!../../../data/datadir_local/virtualenv/bin/python3
# -*- coding: utf-8 -*-
# task_null.py

"""
Do nothing for a while.
"""

import logging
import time

from plato_wp36 import task_database, task_execution


@task_execution.eas_pipeline_task
def task_handler(execution_attempt: task_database.TaskExecutionAttempt):
    # Take a rest
    logging.info("Resting for %.2f seconds", 0.05)
    time.sleep(0.05)


if __name__ == "__main__":
    # Read command-line arguments, and do the task
    task_handler()
