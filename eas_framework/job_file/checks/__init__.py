"""Whether a job can run: everything that can be said about a job file before anything is stored."""

from eas_framework.job_file.checks.check import JobCheck, KnownFile, check_job, inspect_job

__all__ = ["JobCheck", "KnownFile", "check_job", "inspect_job"]
