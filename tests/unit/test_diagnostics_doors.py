"""The documented names of the diagnostics: their forms, what they count, and how little they ask."""

from __future__ import annotations

import sqlite3
import sys

import pytest

from eas_framework.diagnostics import (
    fetch_job_tree,
    fetch_pass_fail_table,
    fetch_progress_summary,
    fetch_running_job_tree,
    fetch_timings_table,
)
from eas_framework.diagnostics.opening import open_database
from eas_framework.errors import DatabaseError, NotFoundError
from eas_framework.task_objects import AttemptState

TREE_KEYS = {"level", "job_name", "task_type_name", "task_id", "w", "r", "s", "d", "tree_truncated"}


def statements_of(work) -> int:
    """How many statements SQLite runs meanwhile, on any connection of this thread."""
    count = 0

    def watch(frame, event, called):
        nonlocal count
        owner = getattr(called, "__self__", None)
        is_statement = event == "c_call" and isinstance(owner, sqlite3.Connection | sqlite3.Cursor)
        count += is_statement and called.__name__ in ("execute", "executemany", "executescript")

    sys.setprofile(watch)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


@pytest.fixture
def waiting_job(reports, made):
    """A chain with one task in each state that a progress table tells apart."""
    states = {name: made.task(parent=made.root) for name in ("queued", "running", "failed", "passed")}
    states["waiting"] = made.task(parent=made.root, unmet=1)
    reports.lifecycle.queue_task(states["queued"])
    made.claim(states["running"])
    made.end(states["failed"], AttemptState.FAILED, error="ValueError: no data")
    made.end(states["passed"])
    return states


# ---------------------------------------------------------------- progress
def test_d34_the_progress_summary_counts_tasks_not_attempts(made):
    task = made.task()
    for _ in range(2):
        made.end(task, AttemptState.FAILED, error="OSError: disk", retry_delay=-1.0)
    made.finish(made.claim(task))
    for _ in range(2):
        made.end(made.task())
    summary = fetch_progress_summary("made")
    assert summary["column_headings"] == ("Task", "Waiting", "Queued", "Stalled", "Running", "Done")
    row = next(row for row in summary["rows"] if row[0] == "null")
    assert row == ["null", "0 (  0%)", "0 (  0%)", "0 (  0%)", "0 (  0%)", "3 (100%)"]


def test_every_task_is_in_one_column_of_the_progress_summary(waiting_job):
    row = next(row for row in fetch_progress_summary("made")["rows"] if row[0] == "null")
    assert row[1:] == ["1 ( 20%)"] * 5


def test_the_progress_of_all_jobs_has_its_types_by_name(reports, waiting_job):
    types = [row[0] for row in fetch_progress_summary()["rows"]]
    assert types == sorted(types)
    assert {"binning", "error", "null"} <= set(types)


def test_an_unknown_job_name_gives_empty_tables(reports):
    assert fetch_progress_summary("nobody's job")["rows"] == []
    assert fetch_job_tree("nobody's job") == []
    assert fetch_pass_fail_table("nobody's job") == fetch_timings_table("nobody's job") == []


@pytest.mark.parametrize("door", [fetch_progress_summary, fetch_job_tree, fetch_timings_table])
def test_without_a_database_the_doors_say_what_to_do(bare_machine, door):
    with pytest.raises(DatabaseError, match="run a job"):
        door()


# ---------------------------------------------------------------- trees
def test_the_job_tree_has_the_documented_rows_with_the_attempts_at_each_task(made, waiting_job):
    rows = fetch_job_tree("made")
    assert all(set(row) == TREE_KEYS for row in rows)
    assert rows[0] | {"w": 0} == {
        "level": 0, "job_name": "made", "task_type_name": "execution_chain", "task_id": made.root,
        "w": 0, "r": 0, "s": 0, "d": 0, "tree_truncated": False,
    }  # fmt: skip
    found = {row["task_id"]: "".join(str(row[column]) for column in "wrsd") for row in rows}
    wanted = {"queued": "1000", "running": "0100", "failed": "0010", "passed": "0001", "waiting": "0000"}
    assert {name: found[task] for name, task in waiting_job.items()} == wanted


def test_an_attempt_whose_lease_has_run_out_is_stalled(made):
    task = made.task(parent=made.root)
    made.claim(task, lease_seconds=-1.0)
    row = next(row for row in fetch_job_tree("made") if row["task_id"] == task)
    assert (row["r"], row["s"]) == (0, 1)


def test_a_tree_below_a_task_begins_with_its_children(made):
    chain = made.task("execution_chain", parent=made.root)
    children = [made.task(parent=chain) for _ in range(2)]
    deeper = made.task(parent=children[0])
    rows = fetch_job_tree(parent_id=chain, max_depth=0)
    assert [(row["level"], row["task_id"], row["tree_truncated"]) for row in rows] == [
        (0, children[0], True),
        (0, children[1], False),
    ]
    assert [row["task_id"] for row in fetch_job_tree(parent_id=chain, max_depth=None)] == [
        children[0], deeper, children[1],
    ]  # fmt: skip
    with pytest.raises(NotFoundError, match="no task 987654"):
        fetch_job_tree(parent_id=987654)


def test_a_part_of_a_job_with_a_name_of_its_own_is_found_by_that_name(reports, made):
    part = made.task("execution_chain", parent=made.root)
    inner = made.task(parent=part)
    reports.db_handle.parameterised_query(
        "UPDATE eas_task SET jobName = %s WHERE taskId IN (%s, %s)", ("a part", part, inner)
    )
    assert [(row["level"], row["task_id"]) for row in fetch_job_tree("a part")] == [(0, part), (1, inner)]
    assert fetch_progress_summary("a part")["rows"][-1][:2] == ["null", "1 (100%)"]


def test_a_task_without_job_name_is_untitled(reports):
    task = reports.task_register(task_type="null", metadata={"task_description": '{"task": "null"}'})
    row = next(row for row in fetch_job_tree() if row["task_id"] == task)
    assert row["job_name"] == "<untitled>"


def test_the_running_tree_has_the_branches_to_running_tasks_only(made):
    idle, busy = (made.task("execution_chain", parent=made.root) for _ in range(2))
    made.task(parent=idle)
    tasks = [made.task(parent=busy) for _ in range(3)]
    made.claim(tasks[1])
    assert [row["task_id"] for row in fetch_running_job_tree("made")] == [made.root, busy, tasks[1]]
    cut = fetch_running_job_tree("made", max_depth=1)
    assert [(row["task_id"], row["tree_truncated"]) for row in cut] == [(made.root, False), (busy, True)]


def test_the_command_shows_the_branches_to_running_tasks_with_loops_folded(made, eas):
    loop = made.task("execution_for_loop", parent=made.root)
    tasks = [made.task(parent=loop) for _ in range(4)]
    for task in tasks[1:3]:
        made.claim(task)
    rows = eas.json("tree", "made", "--running")
    assert [(row["task_id"], row["count"]) for row in rows] == [(made.root, 1), (loop, 1), (tasks[1], 2)]
    assert [row["task_id"] for row in eas.json("tree", "made", "--running", "--unfold")][2:] == tasks[1:3]


def test_the_running_tree_can_show_what_has_just_ended(reports, made):
    old, new = (made.task(parent=made.root) for _ in range(2))
    for task in (old, new):
        made.end(task)
    reports.db_handle.parameterised_query(
        "UPDATE eas_scheduling_attempt SET endTime = endTime - 3600 WHERE taskId = %s", (old,)
    )
    # As if it ended only now, however slow this machine is: five seconds are the bound.
    reports.db_handle.parameterised_query(
        "UPDATE eas_scheduling_attempt SET endTime = endTime + 3600 WHERE taskId = %s", (new,)
    )
    assert fetch_running_job_tree("made") == []
    shown = fetch_running_job_tree("made", include_recently_finished=True)
    assert [row["task_id"] for row in shown] == [made.root, new]


# ---------------------------------------------------------------- tables
def test_d35_a_pass_fail_table_holds_mixed_missing_and_unfinished_rows(made):
    for period, outcome in ((2.5, "PASS"), ("two", "FAIL"), (None, "UNDEFINED"), (1, "FAIL")):
        parameters = {} if period is None else {"period": period}
        made.end(made.task(metadata={**parameters, "note": "n" * 26}), outcome=outcome)
    made.claim(made.task(metadata={"period": 7}))
    (table,) = fetch_pass_fail_table("made")
    assert table["title"] == "made  --  null"
    assert table["column_headings"] == ["period", "outcome"]
    assert [row["row_values"] for row in table["data_rows"]] == [[None, 0], [1, 0], [2.5, 1], ["two", 0]]
    assert table["data_rows"][2]["row_str"] == ["  2.50000000", "1"]
    assert [row["row_str"][0] for row in table["data_rows"]][::3] == ["--", "two"]


def test_d35_timings_have_unfinished_attempts_with_equal_parameters(made):
    made.claim(made.task(metadata={"size": 1.0}))
    made.end(made.task(metadata={"size": 1.0}))
    (table,) = fetch_timings_table("made")
    assert table["column_headings"] == ["size", "runTimeWallClock", "runTimeCpu", "runTimeCpuIncChildren"]
    assert [row["row_str"][1:] for row in table["data_rows"]] == [["-"] * 3, ["0.00"] * 3]


def test_tables_of_one_task_type_hold_no_other_and_no_control_flow(reports):
    titles = [table["title"] for table in fetch_timings_table()]
    assert not any("execution_" in title for title in titles)
    assert [table["title"] for table in fetch_timings_table(task_type="binning")] == [
        title for title in titles if title.endswith("--  binning")
    ]


# ---------------------------------------------------------------- how little they ask
@pytest.mark.parametrize(
    ("door", "number"),
    [
        (fetch_job_tree, 2),
        (fetch_running_job_tree, 2),
        (fetch_progress_summary, 3),
        (fetch_pass_fail_table, 4),
        (fetch_timings_table, 3),
    ],
)
def test_d54_the_number_of_queries_does_not_grow_with_the_tasks(made, door, number):
    def grow(tasks):
        with made.database.transaction():
            new = [made.task(parent=made.root, metadata={"period": n}) for n in range(tasks)]
        made.claim(new[0])
        made.end(new[1], outcome="PASS")

    opening = statements_of(lambda: open_database().close_db())
    grow(2)
    few = statements_of(lambda: door("made"))
    grow(200)
    assert statements_of(lambda: door("made")) == few == opening + number
