#!../../../data/datadir_local/virtualenv/bin/python3
# -*- coding: utf-8 -*-
# task_ingest_external_lcs.py

"""
Bring light curves from outside into the file store.
"""

import glob
import logging
import os
import time

from plato_wp36 import lc_reader_lcsg, settings, task_database, task_execution, temporary_directory


@task_execution.eas_pipeline_task
def task_handler(execution_attempt: task_database.TaskExecutionAttempt):
    task = execution_attempt.task_object
    lc_type = task.task_description.get('lc_type', 'lcsg')
    assert lc_type == 'lcsg', "Unknown type of light curves <{}>".format(lc_type)
    pattern = os.path.join(settings.Settings().settings['lcPath'], task.task_description['input_path'])

    for index, item in enumerate(sorted(glob.glob(pattern))):
        filename = os.path.split(item)[1]
        lc = lc_reader_lcsg.read_lcsg_lightcurve(file_path=item)
        semantic_type = "light curve {:05d}".format(index)

        with task_database.TaskDatabaseConnection() as task_db, \
                temporary_directory.TemporaryDirectory() as tmp_dir:
            if task_db.file_product_by_filename(directory=task.working_directory, filename=filename):
                logging.info("Skipping <%s>", filename)
                continue

            task.task_description['outputs'] = {semantic_type: filename}
            task_db.file_product_register(generator_task=task.task_id, directory=task.working_directory,
                                          filename=filename, semantic_type=semantic_type,
                                          planned_time=time.time(), mime_type="null")
            target = os.path.join(tmp_dir.tmp_dir, "out.gz")
            metadata = {**lc.metadata, **lc.to_file(target_path=target)}
            task_db.execution_attempt_register_output(
                execution_attempt=execution_attempt, output_name=semantic_type, file_path=target,
                preserve=False, file_metadata=metadata)


if __name__ == "__main__":
    # Read command-line arguments, and do the task
    task_handler()
