#!../../../data/datadir_local/virtualenv/bin/python3
# -*- coding: utf-8 -*-
# task_multiply.py

"""
Multiply one light curve by another.
"""

import os

from plato_wp36 import lightcurve as lc_module
from plato_wp36 import task_database
from plato_wp36 import task_execution
from plato_wp36 import temporary_directory


@task_execution.eas_pipeline_task
def task_handler(execution_attempt: task_database.TaskExecutionAttempt):
    with temporary_directory.TemporaryDirectory() as tmp_dir:
        curves = []
        metadata = {}
        with task_database.TaskDatabaseConnection() as task_db:
            for input_name in ("lightcurve_1", "lightcurve_2"):
                path, file_metadata = task_db.task_open_file_input(
                    task=execution_attempt.task_object, tmp_dir=tmp_dir, input_name=input_name)
                curves.append(lc_module.LightcurveArbitraryRaster.from_file(file_path=path,
                                                                            file_metadata=file_metadata))
                # These are MetadataItems, and are mixed with plain values below
                metadata = {**metadata, **file_metadata}

        lc_product = curves[0] * curves[1]
        target = os.path.join(tmp_dir.tmp_dir, "product.dat")
        file_metadata = {**metadata, **lc_product.to_file(target_path=target)}

        with task_database.TaskDatabaseConnection() as task_db:
            task_db.execution_attempt_register_output(
                execution_attempt=execution_attempt, output_name="lightcurve",
                file_path=target, preserve=False, file_metadata=file_metadata)
            task_db.execution_attempt_update(attempt_id=execution_attempt.attempt_id, metadata=metadata)


if __name__ == "__main__":
    # Read command-line arguments, and do the task
    task_handler()
