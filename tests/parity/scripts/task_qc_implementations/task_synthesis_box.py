#!../../../data/datadir_local/virtualenv/bin/python3
# -*- coding: utf-8 -*-
# task_synthesis_box.py

"""
Quality control of the task <synthesis_box>.
"""

from plato_wp36 import task_database, task_execution


@task_execution.eas_pipeline_task
def task_handler(execution_attempt: task_database.TaskExecutionAttempt):
    # Open a connection to the database
    task_db = task_database.TaskDatabaseConnection()

    # All files pass
    for output_file in execution_attempt.output_files.values():
        task_db.file_version_update(product_version_id=output_file.product_version_id, passed_qc=True)

    # So does the attempt
    task_db.execution_attempt_update(attempt_id=execution_attempt.attempt_id, all_products_passed_qc=True)

    # Commit database
    task_db.commit()
    task_db.close_db()


if __name__ == "__main__":
    # Read command-line arguments, and do the task
    task_handler()
