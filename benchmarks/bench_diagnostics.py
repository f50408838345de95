"""How long the documented reports take on a job of 5,000 tasks that has run; one JSON object per line.

Each report opens the database itself, as its callers do; the whole ``eas tree`` process stands beside them.
The median of the repeats counts, which take turns. ``--check`` exits with 1 where a mark is missed: the tree
of 5,000 tasks within 0.5 s, with a row for each task; processes include the start of Python and have no mark.

    python benchmarks/bench_diagnostics.py --repeats 5 --check
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from figures import report, spread

from eas_framework import diagnostics
from eas_framework.job_file import read_job
from eas_framework.pipeline import open_workspace, run_until_done, submit_job
from eas_framework.settings import load_configuration, use_configuration

TREE_MARK_S = 0.5
TASKS_PER_TURN = 2  # the chain of a turn, and the task in it


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tasks", type=int, default=5_000, help="tasks of the job (default 5000)")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--check", action="store_true", help="exit with 1 where a mark is missed")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="eas_bench_") as name:
        folder = Path(name)
        use_configuration(load_configuration(workspace=folder))
        try:
            run_job(folder, arguments.tasks)
            is_met = bench_reports(folder, arguments)
        finally:
            use_configuration(None)
    return int(arguments.check and not is_met)


def run_job(folder: Path, tasks: int) -> None:
    """Run a loop to its end, so that there are attempts to count and times to show."""
    turns = tasks // TASKS_PER_TURN
    loop = {
        "task": "execution_for_loop",
        "parameter": "period",
        "linear_range": [1, 100, turns],
        "task_list": [{"task": "null"}],
    }
    path = folder / "bench.json"
    path.write_text(json.dumps({"job_name": "bench", "task_list": [loop]}), encoding="utf-8")
    database, _ = open_workspace()
    with database:
        state = run_until_done(database, submit_job(database, read_job(path)).job_id, executors=2)
    if state != "passed":
        sys.exit(f"the job ended as {state}")


def bench_reports(folder: Path, arguments: argparse.Namespace) -> bool:
    """Each report and the command in turn; whether the marks are met."""

    def tree_command(*words: str) -> None:
        program = str(Path(sys.executable).with_name("eas"))
        command = [program, "tree", *words, "--workspace", str(folder)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    works: dict[str, tuple[Callable[[], object], float | None]] = {
        "fetch_job_tree": (lambda: diagnostics.fetch_job_tree(max_depth=None), TREE_MARK_S),
        "eas tree": (tree_command, None),
        "eas tree --unfold --format csv": (lambda: tree_command("--unfold", "--format", "csv"), None),
        "fetch_running_job_tree": (diagnostics.fetch_running_job_tree, None),
        "fetch_progress_summary": (diagnostics.fetch_progress_summary, None),
        "fetch_pass_fail_table": (diagnostics.fetch_pass_fail_table, None),
        "fetch_timings_table": (diagnostics.fetch_timings_table, None),
    }
    shown = len(diagnostics.fetch_job_tree(max_depth=None))
    if shown < arguments.tasks:
        sys.exit(f"the tree shows {shown} of {arguments.tasks} tasks")
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(arguments.repeats):
        for name, (work, _mark) in works.items():
            start = time.perf_counter()
            work()
            seconds[name].append(time.perf_counter() - start)
    is_met = True
    for name, (_work, mark) in works.items():
        figures = {"tasks": shown, "seconds": spread(seconds[name])}
        if mark is not None:
            is_within = statistics.median(seconds[name]) <= mark
            is_met &= is_within
            figures |= {"mark_s": mark, "met": is_within}
        report(name, **figures)
    return is_met


if __name__ == "__main__":
    sys.exit(main())
