#!../../../data/datadir_local/virtualenv/bin/python3
# -*- coding: utf-8 -*-
# task_verify.py

"""
Look whether a light curve has samples at regular intervals.
"""

import logging

import numpy as np

from plato_wp36 import lightcurve, task_database, task_execution, temporary_directory


@task_execution.eas_pipeline_task
def task_handler(execution_attempt: task_database.TaskExecutionAttempt):
    with temporary_directory.TemporaryDirectory() as tmp_dir:
        # Read the light curve
        with task_database.TaskDatabaseConnection() as task_db:
            lc_in_file, lc_in_metadata = task_db.task_open_file_input(
                task=execution_attempt.task_object, tmp_dir=tmp_dir, input_name="lightcurve")
        lc = lightcurve.LightcurveArbitraryRaster.from_file(file_path=lc_in_file, file_metadata=lc_in_metadata)

    output = {
        'verification_time_min': np.min(lc.times),    # days
        'verification_time_max': np.max(lc.times),
        'verification_flux_min': np.min(lc.fluxes),
        'verification_flux_max': np.max(lc.fluxes)
    }

    # Up to four missing points are put into the log
    error_count = lc.check_fixed_step(verbose=True, max_errors=4)
    output['verification'] = error_count == 0
    logging.info("Verification found %d errors", error_count)

    with task_database.TaskDatabaseConnection() as task_db:
        task_db.execution_attempt_update(attempt_id=execution_attempt.attempt_id, metadata=output)


if __name__ == "__main__":
    # Read command-line arguments, and do the task
    task_handler()
