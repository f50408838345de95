#!../../../data/datadir_local/virtualenv/bin/python3
# -*- coding: utf-8 -*-
# task_execution_chain.py

"""
Register a task for each entry of a list, with links between them.
"""

import json
import logging

from plato_wp36 import task_database, task_execution, task_expression_evaluation


@task_execution.eas_pipeline_task
def task_handler(execution_attempt: task_database.TaskExecutionAttempt):
    parent = execution_attempt.task_object
    task_list = parent.task_description.get('task_list', [])
    assert isinstance(task_list, list), "task_list must be a list"

    evaluator = task_expression_evaluation.TaskExpressionEvaluation(
        metadata=parent.metadata, requested_metadata=parent.input_metadata)

    def evaluate(value):
        return evaluator.evaluate_expression(expression=value)

    siblings = {}
    with task_database.TaskDatabaseConnection() as task_db:
        for item in task_list:
            assert isinstance(item, dict) and 'task' in item, "A task is a dictionary with the key 'task'"
            name = evaluate(item.get('name', ""))
            job_name = evaluate(item.get('job_name', parent.job_name))
            directory = evaluate(item.get('working_directory', parent.working_directory))

            # Look for the input files
            inputs = {}
            for semantic_type, filename in item.get('inputs', {}).items():
                products = task_db.file_product_by_filename(directory=directory, filename=evaluate(filename))
                if len(products) != 1:
                    raise ValueError("Input <{}> is made by {:d} tasks".format(filename, len(products)))
                inputs[evaluate(semantic_type)] = products[0]

            # Output files must be new
            outputs = {evaluate(key): evaluate(value) for key, value in item.get('outputs', {}).items()}
            for filename in outputs.values():
                if task_db.file_product_by_filename(directory=directory, filename=filename):
                    raise ValueError("File <{}> exists already".format(filename))

            # A dictionary of MetadataItems, and one plain string
            metadata = {**parent.metadata, 'task_description': json.dumps(item)}
            task_id = task_db.task_register(
                parent_id=parent.task_id, fully_configured=False, job_name=job_name, task_name=name,
                working_directory=directory, task_type=evaluate(item['task']), metadata=metadata)

            for semantic_type, product_id in inputs.items():
                task_db.db_handle.parameterised_query("""
INSERT INTO eas_task_input (taskId, inputId, semanticType) VALUES (%s, %s, %s);
""", (task_id, product_id, task_db.semantic_type_get_id(name=semantic_type)))

            for sibling in item.get('requires_metadata_from', []):
                task_db.db_handle.parameterised_query("""
INSERT INTO eas_task_metadata_input (taskId, inputId) VALUES (%s, %s);
""", (task_id, siblings[evaluate(sibling)]))

            for semantic_type, filename in outputs.items():
                task_db.file_product_register(generator_task=task_id, directory=directory, filename=filename,
                                              semantic_type=semantic_type, mime_type="null")

            # The task may be scheduled from now on
            task_db.db_handle.parameterised_query("UPDATE eas_task SET isFullyConfigured=1 WHERE taskId=%s;",
                                                  (task_id,))
            task_db.commit()
            siblings[name] = task_id
            logging.info("Registered task %d <%s>", task_id, name)


if __name__ == "__main__":
    # Read command-line arguments, and do the task
    task_handler()
