#!../../../data/datadir_local/virtualenv/bin/python3
# -*- coding: utf-8 -*-
# task_execution_do_while_loop.py

"""
Do a list of tasks, and again while a criterion is true.
"""

import json
import logging

from plato_wp36 import task_database, task_execution, task_expression_evaluation, task_objects


@task_execution.eas_pipeline_task
def task_handler(execution_attempt: task_database.TaskExecutionAttempt):
    parent = execution_attempt.task_object
    description = parent.task_description
    index_name = "{}_index".format(description['iteration_name'])

    counter = parent.metadata.get(index_name, 0)
    if isinstance(counter, task_objects.MetadataItem):
        counter = counter.value

    if counter > 0:
        evaluator = task_expression_evaluation.TaskExpressionEvaluation(
            metadata=parent.metadata, requested_metadata=parent.input_metadata)
        if not evaluator.evaluate_expression(expression=description['repeat_criterion']):
            logging.info("Loop ended after %d turns", counter)
            return

    next_look = {
        'task': 'execution_do_while_loop',
        'iteration_name': description['iteration_name'],
        'repeat_criterion': description['repeat_criterion'],
        'task_list': description['task_list'],
        'requires_metadata_from': description['requires_metadata_from_child'],
        'requires_metadata_from_child': description['requires_metadata_from_child']
    }
    task_list = list(description['task_list'])
    task_list.append(next_look)

    with task_database.TaskDatabaseConnection() as task_db:
        task_db.task_register(
            parent_id=parent.task_id, job_name=parent.job_name, working_directory=parent.working_directory,
            task_type="execution_chain",
            metadata={
                **parent.metadata,
                'task_description': json.dumps({'task': 'execution_chain', 'task_list': task_list}),
                index_name: counter + 1
            })


if __name__ == "__main__":
    # Read command-line arguments, and do the task
    task_handler()
