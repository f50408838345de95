#!../../../data/datadir_local/virtualenv/bin/python3
# -*- coding: utf-8 -*-
# task_transit_search_box.py

"""
Search a light curve for the box-shaped dip that repeats best.
"""

import logging

import numpy as np

from plato_wp36 import lightcurve, quality_control, settings, task_database, task_execution, temporary_directory

import box_periodogram


@task_execution.eas_pipeline_task
def task_handler(execution_attempt: task_database.TaskExecutionAttempt):
    task_description = execution_attempt.task_object.task_description
    lc_duration = float(task_description['lc_duration'])
    search_settings = task_description.get('search_settings', {})
    logging.info("Software version %s", settings.Settings().settings['softwareVersion'])

    with temporary_directory.TemporaryDirectory() as tmp_dir:
        with task_database.TaskDatabaseConnection() as task_db:
            threads = max(1, int(task_db.container_get_resource_assignment('eas_worker_my_group')['cpu']))
            lc_in_file, lc_in_metadata = task_db.task_open_file_input(
                task=execution_attempt.task_object, tmp_dir=tmp_dir, input_name="lightcurve")
        lc = lightcurve.LightcurveArbitraryRaster.from_file(file_path=lc_in_file, file_metadata=lc_in_metadata)

    lc = lc.truncate_to_length(maximum_time=lc_duration)
    period, power = box_periodogram.best_period(
        np.array(lc.times), np.array(lc.fluxes), float(search_settings.get('period_min', 1.)),
        float(search_settings.get('period_max', lc_duration / 2)))
    results = {'period': period, 'power': power, 'threads': threads}
    for key in ('integrated_transit_power', 'pixels_in_transit', 'mes'):
        results[key] = lc.metadata.get(key, None)

    # Compare the period with that of the planet
    results.update(quality_control.transit_detection_quality_control(lc=lc, metadata=results))

    with task_database.TaskDatabaseConnection() as task_db:
        task_db.execution_attempt_update(attempt_id=execution_attempt.attempt_id, metadata=results)


if __name__ == "__main__":
    # Read command-line arguments, and do the task
    task_handler()
