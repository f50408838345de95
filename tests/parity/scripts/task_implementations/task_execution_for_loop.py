#!../../../data/datadir_local/virtualenv/bin/python3
# -*- coding: utf-8 -*-
# task_execution_for_loop.py

"""
Do a list of tasks for each of several values.
"""

import json

import numpy as np

from plato_wp36 import task_database, task_execution


@task_execution.eas_pipeline_task
def task_handler(execution_attempt: task_database.TaskExecutionAttempt):
    parent = execution_attempt.task_object
    description = parent.task_description
    parameter = description['parameter']

    if 'values' in description:
        values = description['values']
    elif 'linear_range' in description:
        values = np.linspace(*description['linear_range'])
    elif 'log_range' in description:
        start, end, count = description['log_range']
        values = np.exp(np.linspace(np.log(start), np.log(end), count))
    else:
        raise ValueError("A loop needs values, linear_range or log_range")

    chain = {'task': 'execution_chain', 'task_list': description['task_list']}
    with task_database.TaskDatabaseConnection() as task_db:
        for index, value in enumerate(values):
            metadata = {
                **parent.metadata,
                'task_description': json.dumps(chain),
                parameter: value,
                "{}_index".format(parameter): index
            }
            task_db.task_register(parent_id=parent.task_id, job_name=parent.job_name,
                                  working_directory=parent.working_directory, task_type="execution_chain",
                                  metadata=metadata)


if __name__ == "__main__":
    # Read command-line arguments, and do the task
    task_handler()
