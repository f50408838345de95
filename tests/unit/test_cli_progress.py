"""The progress of a job in numbers and words, and the summary at its end."""

import pytest

from eas_framework.cli.job_report import counted, exit_code, task_label
from eas_framework.cli.progress import as_cells, duration_text, measured, one_line, only_waits
from eas_framework.diagnostics.progress import STATES
from eas_framework.pipeline import Outcome
from eas_framework.task_database.jobs import JobState
from eas_framework.task_objects import JobId


def counts(task_type="search", **given):
    return {"task_type": task_type, **dict.fromkeys(STATES, 0), **given, "total": sum(given.values())}


def test_the_rate_counts_only_what_ended_since_the_start():
    (progress,) = measured([counts(passed=30, failed=2, running=2, waiting=16)], {"search": 12}, seconds=10.0)
    assert progress.rate == pytest.approx(2.0)  # (32 - 12) tasks in 10 s
    assert progress.seconds_left == pytest.approx(9.0)  # 18 tasks are left
    assert (progress.ended, progress.failed, progress.running, progress.waiting) == (32, 2, 2, 16)


def test_without_an_ended_task_the_time_left_is_not_known():
    (progress,) = measured([counts(waiting=3)], {}, seconds=5.0)
    assert progress.seconds_left is None
    assert as_cells(progress)[-1] == "-"


def test_a_moment_after_the_start_there_is_no_rate():
    (progress,) = measured([counts(passed=1)], {}, seconds=0.0)
    assert progress.rate == 0.0


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "0 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (125, "2 min 05 s"), (12000, "3 h 20 min")],
)
def test_durations_have_the_two_units_that_matter(seconds, text):
    assert duration_text(seconds) == text


def test_one_line_names_only_types_that_are_not_done():
    rows = [counts("multiply", passed=4), counts("search", passed=1, failed=1, running=1, waiting=1)]
    line = one_line(measured(rows, {}, seconds=2.0))
    assert line == "6/8 tasks done, 1 failed or blocked; search 2/4 (1/s, left 2 s)"


@pytest.mark.parametrize(
    ("state", "was_interrupted", "code"),
    [
        (JobState.PASSED, False, 0),
        (JobState.PASSED, True, 0),
        (JobState.FAILED, True, 1),
        (JobState.CANCELLED, False, 1),
        (JobState.RUNNING, True, 130),
        (JobState.RUNNING, False, 1),
    ],
)
def test_only_an_unfinished_job_counts_as_interrupted(state, was_interrupted, code):
    assert exit_code(Outcome(job_id=JobId(1), state=state, was_interrupted=was_interrupted)) == code


def test_tasks_are_named_by_name_number_and_type():
    row = {"task": "search", "task_id": 12, "task_type": "transit_search_tls"}
    assert task_label(row) == "search (task 12, transit_search_tls)"
    assert task_label({**row, "task": ""}) == "transit_search_tls (task 12)"


def test_one_is_singular():
    assert [counted(number) for number in (0, 1, 1200)] == ["0 tasks", "1 task", "1,200 tasks"]


def test_a_job_that_only_waits_is_told_from_one_that_goes_on_or_is_done():
    assert only_waits([counts(passed=2, waiting=1)])
    assert not only_waits([counts(passed=2, waiting=1), counts("multiply", queued=1)])
    assert not only_waits([counts(passed=2)])
