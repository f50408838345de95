"""Read-only reports on jobs, tasks and the installation; each returns rows, the command line renders them.

Times in rows are unix seconds (UTC) unless the name ends in ``_s`` (a duration in seconds) or the value is
text. The names that begin with ``fetch_`` are the documented ones; they open the workspace's database.
"""

from eas_framework.diagnostics.doors_of_tables import (
    fetch_pass_fail_table,
    fetch_progress_summary,
    fetch_timings_table,
)
from eas_framework.diagnostics.doors_of_trees import fetch_job_tree, fetch_running_job_tree

__all__ = [
    "fetch_job_tree",
    "fetch_pass_fail_table",
    "fetch_progress_summary",
    "fetch_running_job_tree",
    "fetch_timings_table",
]
