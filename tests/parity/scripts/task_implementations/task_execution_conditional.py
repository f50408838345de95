#!../../../data/datadir_local/virtualenv/bin/python3
# -*- coding: utf-8 -*-
# task_execution_conditional.py

"""
Do one of two lists of tasks.
"""

import json

from plato_wp36 import task_database, task_execution


@task_execution.eas_pipeline_task
def task_handler(execution_attempt: task_database.TaskExecutionAttempt):
    parent = execution_attempt.task_object
    description = parent.task_description
    chosen = 'task_list' if description['criterion'] else 'else_task_list'
    if chosen not in description:
        return

    chain = {'task': 'execution_chain', 'task_list': description[chosen]}
    with task_database.TaskDatabaseConnection() as task_db:
        task_db.task_register(parent_id=parent.task_id, job_name=parent.job_name,
                              working_directory=parent.working_directory, task_type="execution_chain",
                              metadata={**parent.metadata, 'task_description': json.dumps(chain)})


if __name__ == "__main__":
    # Read command-line arguments, and do the task
    task_handler()
