"""Job files: reading them, saying all that is wrong with them at once, and what identifies a job."""

from eas_framework.job_file.checks import JobCheck, KnownFile, check_job, inspect_job
from eas_framework.job_file.loops import Iteration, LoopError, iterate_loop
from eas_framework.job_file.model import DEFAULT_MAX_ITERATIONS, DEFAULT_MAX_TASKS, Job, JobDefaults
from eas_framework.job_file.reading import read_job
from eas_framework.job_file.standalone import InputFile, StandaloneTask, read_standalone

__all__ = [
    "DEFAULT_MAX_ITERATIONS",
    "DEFAULT_MAX_TASKS",
    "InputFile",
    "Iteration",
    "Job",
    "JobCheck",
    "JobDefaults",
    "KnownFile",
    "LoopError",
    "StandaloneTask",
    "check_job",
    "inspect_job",
    "iterate_loop",
    "read_job",
    "read_standalone",
]
