#!../../../data/datadir_local/virtualenv/bin/python3
# -*- coding: utf-8 -*-
# task_synthesis_box.py

"""
Make a light curve with box-shaped transits.
"""

import logging
import os

import numpy as np

from plato_wp36 import constants, lightcurve, task_database, task_execution, temporary_directory


def synthesise(duration=10., orbital_period=2.5, planet_radius=1., cadence=1800., t0=1.):
    """
    Times in days, periods in days, radii in Jupiter radii, cadence in seconds.
    """
    eas_constants = constants.EASConstants()
    radius_ratio = planet_radius * eas_constants.jupiter_radius / eas_constants.sun_radius
    times = np.arange(0, duration, cadence / 86400)
    phase = np.mod(times - t0 + orbital_period / 2, orbital_period) - orbital_period / 2
    in_transit = np.abs(phase) < 0.1
    return times, 1 - radius_ratio ** 2 * in_transit, int(np.sum(in_transit))


@task_execution.eas_pipeline_task
def task_handler(execution_attempt: task_database.TaskExecutionAttempt):
    specs = execution_attempt.task_object.task_description.get('specs', {})
    times, fluxes, pixels_in_transit = synthesise(**{key: float(value) for key, value in specs.items()})
    metadata = {'orbital_period': float(specs.get('orbital_period', 2.5)), 'impact_parameter': None,
                'pixels_in_transit': pixels_in_transit, 'integrated_transit_power': float(np.sum(1 - fluxes))}
    lc = lightcurve.LightcurveArbitraryRaster(times=times, fluxes=fluxes, uncertainties=np.zeros_like(times),
                                              metadata=metadata)
    logging.info("Made %d samples", len(times))

    with temporary_directory.TemporaryDirectory() as tmp_dir:
        target = os.path.join(tmp_dir.tmp_dir, "synthesis.gz")
        file_metadata = {**metadata, **lc.to_file(target_path=target)}
        with task_database.TaskDatabaseConnection() as task_db:
            task_db.execution_attempt_register_output(
                execution_attempt=execution_attempt, output_name="lightcurve", file_path=target,
                preserve=False, file_metadata=file_metadata)
            task_db.execution_attempt_update(attempt_id=execution_attempt.attempt_id, metadata=metadata)


if __name__ == "__main__":
    # Read command-line arguments, and do the task
    task_handler()
