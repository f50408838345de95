"""Reports count tasks rightly, fold loops, group errors, and never crash on what metadata may hold."""

from __future__ import annotations

import json
import math
import time

import pytest

from eas_framework.diagnostics.changed_inputs import changed_inputs
from eas_framework.diagnostics.failures import blocked_tasks, error_line, failures, grouped_failures
from eas_framework.diagnostics.files import file_list, find_version
from eas_framework.diagnostics.logs import log_messages
from eas_framework.diagnostics.origin import short_detail, why
from eas_framework.diagnostics.progress import STATES, job_list, progress_summary, totals
from eas_framework.diagnostics.results import pass_fail_table, results, sort_key, timings_table
from eas_framework.diagnostics.task_details import task_details
from eas_framework.diagnostics.tree import task_tree, tree_lines
from eas_framework.diagnostics.workers import queue_report, worker_report
from eas_framework.errors import NotFoundError, UsageError
from eas_framework.task_database.metadata import Owner
from eas_framework.task_objects import AttemptState


@pytest.fixture
def job(reports):
    return reports.jobs.list_all()[0]


def task_id(database, name: str) -> int:
    return next(row["task_id"] for row in task_tree(database.queries, fold=False) if row["name"] == name)


def counts(database, job_id, task_type="null"):
    row = next(row for row in progress_summary(database.queries, job_id) if row["task_type"] == task_type)
    return {state: row[state] for state in STATES if row[state]}


# ---------------------------------------------------------------- progress
def test_d34_a_task_with_two_failed_attempts_and_a_good_one_counts_once_as_passed(reports, made):
    task = made.task()
    for _ in range(2):
        made.end(task, AttemptState.FAILED, error="OSError: disk", retry_delay=-1.0)
        reports.queries.run("tasks_ready", limit=1)
    made_attempts = len(reports.attempts.of_task(task))
    claimed = made.claim(task) or pytest.fail("the repetition is not queued")
    made.finish(claimed)
    assert made_attempts == 3
    assert counts(reports, made.job_id) == {"passed": 1}


def test_d05_a_running_task_whose_lease_has_run_out_is_stalled_not_running(reports, made):
    alive, dead = made.task(), made.task()
    made.claim(alive)
    made.claim(dead, lease_seconds=-1.0)
    assert counts(reports, made.job_id) == {"running": 1, "stalled": 1}
    (row,) = [row for row in job_list(reports.queries) if row["job_id"] == made.job_id]
    assert (row["running"], row["stalled"]) == (1, 1)


def test_every_task_is_in_exactly_one_column(reports, job):
    for row in progress_summary(reports.queries, job.job_id):
        assert row["total"] == sum(row[state] for state in STATES)
    # 1 ingest, 1 binning, 3 turns, 2 errors, 1 after; control flow stands where its tasks stand
    assert totals(progress_summary(reports.queries))["total"] == 8


def test_a_control_flow_task_counts_while_it_waits_and_when_it_failed_itself(reports, made):
    assert counts(reports, made.job_id, "execution_chain") == {"waiting": 1}
    other = made.task("execution_for_loop")
    made.end(other, AttemptState.FAILED, error="TaskFailed: no table")
    assert counts(reports, made.job_id, "execution_for_loop") == {"failed": 1}


def test_a_job_that_has_ended_stays_visible_with_its_counts(reports, job):
    (row,) = job_list(reports.queries)
    assert row["job"] == job.name
    assert (row["state"], row["passed"], row["failed"], row["blocked"]) == ("failed", 5, 2, 1)
    assert row["done_percent"] == pytest.approx(100.0)  # all have ended


# ---------------------------------------------------------------- tree
def test_the_turns_of_a_loop_are_one_row_with_their_number(reports, job):
    rows = task_tree(reports.queries, job_id=job.job_id)
    assert [(row["depth"], row["name"], row["count"]) for row in rows] == [
        (0, "", 1),
        (1, "ingest", 1),
        (1, "binned", 1),
        (1, "loop", 1),
        (2, "", 3),
        (3, "turn_…", 3),
        (1, "bad", 1),
        (1, "worse", 1),
        (1, "after", 1),
    ]
    assert rows[5]["states"] == {"passed": 3}
    assert rows[0]["first_failed"] == rows[0]["task_id"]


def test_an_unfolded_tree_has_a_row_for_each_task(reports, job):
    rows = task_tree(reports.queries, job_id=job.job_id, fold=False)
    assert len(rows) == len({row["task_id"] for row in rows}) == 13
    assert sorted(row["name"] for row in rows if row["depth"] == 3) == ["turn_1", "turn_2", "turn_3"]


def test_a_tree_cut_at_a_depth_says_where_more_is(reports, job):
    rows = task_tree(reports.queries, job_id=job.job_id, max_depth=1)
    assert [row["name"] for row in rows if row["is_truncated"]] == ["loop"]
    assert max(row["depth"] for row in rows) == 1


def test_the_tree_of_a_task_is_that_task_and_those_below(reports):
    loop = task_id(reports, "loop")
    assert [row["depth"] for row in task_tree(reports.queries, task_id=loop)] == [0, 1, 2]
    with pytest.raises(NotFoundError, match="no task 999"):
        task_tree(reports.queries, task_id=999)


def test_folded_turns_that_differ_say_how_many_are_in_which_state(reports, made):
    loop = made.task("execution_for_loop", parent=made.root)
    turns = [made.task("null", parent=loop, child_index=index) for index in range(3)]
    made.end(turns[1], AttemptState.FAILED, error="x")
    row = task_tree(reports.queries, job_id=made.job_id)[-1]
    assert (row["state"], row["states"]) == ("mixed", {"failed": 1, "ready": 2})
    assert row["first_failed"] == turns[1]


def test_a_tree_deeper_than_pythons_stack_is_shown(reports, made):
    parent = made.root
    with reports.transaction():
        for _ in range(1500):
            parent = made.task("execution_chain", parent=parent)
    rows = task_tree(reports.queries, job_id=made.job_id)
    assert rows[-1]["depth"] == 1500
    assert len(tree_lines(rows)) == 1501


def test_lines_join_siblings_and_end_at_the_last():
    rows = [{"depth": depth} for depth in (0, 1, 2, 2, 1, 2, 0)]
    assert tree_lines(rows) == ["", "├─ ", "│  ├─ ", "│  └─ ", "└─ ", "   └─ ", ""]


# ---------------------------------------------------------------- failures
def test_errors_that_differ_in_numbers_are_one_group_with_its_first_task(reports, job):
    rows = failures(reports.queries, job.job_id)
    (group,) = grouped_failures(rows)
    assert group["count"] == 2
    assert group["first_task"] == rows[0]["task_id"]
    assert group["error"] in ("TaskFailed: no data after 3 cuts", "TaskFailed: no data after 12 cuts")


def test_a_blocked_task_names_its_cause(reports, job):
    (row,) = blocked_tasks(reports.queries, job.job_id)
    assert (row["task"], row["cause"], row["blocked_by"]) == ("after", "bad", task_id(reports, "bad"))
    assert row["reason"]


def test_d48_a_task_that_was_repeated_and_passed_is_no_failure(reports, made):
    task = made.task()
    made.end(task, AttemptState.FAILED, error="OSError: disk", retry_delay=-1.0)
    made_again = reports.tasks.row(task)["openAttemptId"]
    host = reports.names.host("here")
    claimed = reports.lifecycle.claim(made_again, worker_id="w", host_id=host, lease_seconds=60.0)
    assert failures(reports.queries, made.job_id) == []
    made.finish(claimed)
    assert failures(reports.queries, made.job_id) == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("TaskFailed: no data", "TaskFailed: no data"),
        ("", "an error without text"),
        ("\n \n", "an error without text"),
        (
            'Traceback (most recent call last):\n  File "a.py", line 3\n    g()\nValueError: bad\nmore of it',
            "ValueError: bad",
        ),
        (
            "Traceback (most recent call last):\n  File x\nKeyError: 1\n\nDuring handling …:\n\n"
            "Traceback (most recent call last):\n  File y\nOSError: last",
            "OSError: last",
        ),
        ("Traceback (most recent call last):\n  File x", "File x"),
    ],
)
def test_the_line_of_an_error_text_is_its_exception(text, line):
    assert error_line(text) == line


# ---------------------------------------------------------------- logs
def test_log_messages_are_of_a_task_a_job_or_all_and_newer_than_one(reports, job):
    of_all = log_messages(reports.queries)
    bad = task_id(reports, "bad")
    of_bad = log_messages(reports.queries, task_id=bad)
    assert {row["task_id"] for row in of_bad} == {bad}
    assert log_messages(reports.queries, job_id=job.job_id) == of_all
    assert log_messages(reports.queries, after=of_all[0]["message_id"]) == of_all[1:]
    assert log_messages(reports.queries, limit=1) == of_all[-1:]
    assert {row["level"] for row in log_messages(reports.queries, level=40)} == {"error"}


# ---------------------------------------------------------------- results
def test_results_have_parameters_of_all_loops_and_what_was_recorded(reports, made):
    loop = made.task("execution_for_loop", parent=made.root, metadata={"size": 1.5})
    turn = made.task("execution_chain", parent=loop, metadata={"period": 10, "outcome": "parameter too"})
    task = made.task(parent=turn, task_name="search")
    made.end(task, outcome="PASS", task="hostile", snr=7.5)
    (row,) = results(reports.queries, made.job_id)
    assert row["size"] == pytest.approx(1.5, rel=1e-15)  # stored as given
    assert (row["period"], row["snr"], row["outcome"]) == (10, 7.5, "PASS")
    assert row["parameter.outcome"] == "parameter too"
    assert (row["task"], row["result.task"]) == ("search", "hostile")


def test_only_the_newest_passed_attempt_of_a_task_is_a_result(reports, made):
    task = made.task(parent=made.root)
    made.end(task, period=1.0)
    reports.lifecycle.force(made.job_id)
    made.end(task, period=2.0)
    assert [row["period"] for row in results(reports.queries, made.job_id)] == [2.0]


def test_control_flow_and_tasks_that_recorded_nothing_are_no_results(reports, job):
    types = {row["task_type"] for row in results(reports.queries, job.job_id)}
    assert types == {"ingest_external_lcs", "binning"}


MIXED = ["text", 3, 2.5, None, True, math.nan, -math.inf, [1, "a"], {"k": None}, 10**400, "", "3"]


def test_d35_tables_hold_parameters_of_mixed_types_and_missing_ones(reports, made):
    for index, value in enumerate(MIXED):
        metadata = {"mixed": value} if index % 3 else {}
        made.end(
            made.task(parent=made.root, metadata={**metadata, "equal": 1}), outcome="PASS", mixed_too=value
        )
    made.claim(made.task(parent=made.root, metadata={"equal": 1}))  # unfinished, with equal parameters
    assert len(pass_fail_table(reports.queries, made.job_id)) == len(MIXED)
    assert len(timings_table(reports.queries, made.job_id)) == len(MIXED) + 1
    assert len(results(reports.queries, made.job_id)) == len(MIXED)


def test_an_integer_beyond_all_floats_comes_back_as_it_was_and_an_absurd_one_is_refused(reports, made):
    task = made.task(metadata={"large": 10**400, "negative": -(10**20)})
    found = reports.metadata.of(Owner("task", task))
    assert (found["large"].value, found["negative"].value) == (10**400, -(10**20))
    with pytest.raises(UsageError, match="too long"):
        made.task(metadata={"large": 10**5000})


def test_values_of_any_types_have_an_order():
    ordered = sorted(["b", 2, None, math.nan, "a", 1.5, -math.inf, [1]], key=sort_key)
    assert ordered[:4] == [None, -math.inf, 1.5, 2]
    assert math.isnan(ordered[4])
    assert ordered[5:] == [[1], "a", "b"]


def test_an_outcome_passes_or_not_and_tasks_without_one_are_left_out(reports, made):
    for outcome in ("PASS", "FAIL", "UNDEFINED"):
        made.end(made.task(parent=made.root, metadata={"size": outcome}), outcome=outcome)
    made.end(made.task(parent=made.root), other=1)
    table = pass_fail_table(reports.queries, made.job_id)
    assert {row["outcome"]: row["passed"] for row in table} == {"PASS": 1, "FAIL": 0, "UNDEFINED": 0}


def test_d66_timings_of_one_task_type_are_those_of_that_type(reports, job):
    rows = timings_table(reports.queries, job.job_id, task_type="null")
    assert {row["task_type"] for row in rows} == {"null"}
    assert len(rows) == 3  # the turns; the blocked one was never started
    assert all(row["wall_clock_s"] >= 0 and row["state"] == "passed" for row in rows)
    assert timings_table(reports.queries, job.job_id, task_type="no such") == []


# ---------------------------------------------------------------- files and their origin
def test_files_are_listed_with_their_newest_version(reports, job):
    rows = {row["file"]: row for row in file_list(reports.queries, job.job_id)}
    assert set(rows) == {"it's %s/star.npy", "it's %s/binned 'one'.npy"}
    assert all(row["state"] == "stored" and row["size"] > 0 for row in rows.values())


@pytest.mark.parametrize("form", ["path", "name", "version", "store"])
def test_a_file_is_found_by_each_of_its_names(reports, form):
    row = file_list(reports.queries)[0]
    stored = reports.files.path("it's %s", row["repository_id"])
    names = {
        "path": row["file"],
        "name": "binned 'one'.npy",
        "version": str(row["version"]),
        "store": str(stored),
    }
    assert find_version(reports, names[form]) == row["version"]


def test_a_file_that_is_not_there_is_refused_with_the_nearest(reports):
    with pytest.raises(NotFoundError, match=r"did you mean \"it's %s/star.npy\""):
        find_version(reports, "star.np")
    with pytest.raises(NotFoundError, match="no file"):
        find_version(reports, "elsewhere/star.npy")
    with pytest.raises(NotFoundError, match="no file"):
        find_version(reports, "9" * 400)


def test_a_name_in_two_directories_must_be_told_apart(reports, made):
    for directory in ("a", "b"):
        task = made.task(parent=made.root)
        with reports.transaction():
            reports.products.register(task, directory=directory, filename="same.npy", semantic_type="x")
    with pytest.raises(UsageError, match=r"a/same\.npy, b/same\.npy"):
        find_version(reports, "same.npy")
    with pytest.raises(NotFoundError, match="has not been made"):
        find_version(reports, "a/same.npy")


def test_the_origin_of_a_file_goes_back_to_the_raw_light_curve(reports):
    rows = why(reports, find_version(reports, "binned 'one'.npy"))
    assert [(row["depth"], row["kind"]) for row in rows] == [
        (0, "file"),
        (1, "attempt"),
        (2, "file"),
        (3, "attempt"),
        (4, "raw file"),
    ]
    assert rows[4]["what"].endswith("raw/star.csv")
    assert rows[2]["what"] == "lightcurve = it's %s/star.npy"
    made_by = rows[1]["detail"]
    assert made_by["task_type"] == "binning"
    assert made_by["parameters"]["cadence"] == 7200
    assert len(made_by["content_key"]) == 64
    assert made_by["package"] == "eas-framework"
    assert made_by["packages"]["numpy"]
    assert all(short_detail(row) for row in rows[:4])


def test_a_raw_file_that_was_read_again_and_is_the_same_is_not_read_the_next_time(reports):
    job_id = reports.jobs.list_all()[0].job_id

    def later_ns():
        return time.time_ns() + 10_000_000_000  # the file was written just now

    assert changed_inputs(reports, job_id, may_write=False, clock_ns=later_ns) == []
    assert changed_inputs(reports, job_id, clock_ns=later_ns) == []
    reports.db_handle.execute(
        "UPDATE eas_scheduling_attempt SET contentFields = REPLACE(contentFields, %s, %s) "
        "WHERE externalFiles IS NOT NULL",
        ('.csv":"', '.csv":"no longer '),
    )
    assert changed_inputs(reports, job_id) == []
    reports.db_handle.execute("UPDATE eas_scheduling_attempt SET externalFiles = NULL")
    (found,) = changed_inputs(reports, job_id)
    assert found.state == "changed"
    assert [row["task"] for row in found.readers] == ["ingest"]


# ---------------------------------------------------------------- one task, queues, workers
def test_the_details_of_a_task_have_its_parameters_files_attempts_and_provenance(reports):
    rows = task_details(reports, task_id(reports, "binned"))
    found = {(row["section"], row["name"]): row["value"] for row in rows}
    assert found["task", "state"] == "passed"
    assert found["parameters", "cadence"] == 7200
    assert found["input", "lightcurve"]["file"] == "it's %s/star.npy"
    assert len(found["output", "lightcurve"]["sha256"]) == 64
    assert found["output", "lightcurve"]["passed"] is True
    assert found["provenance", "inputs"] == {"lightcurve": found["input", "lightcurve"]["sha256"]}
    assert found["environment", "python"]
    assert found["metadata", "binning_samples_in"] == 200
    assert json.dumps(rows)


def test_the_details_of_a_failed_and_of_a_blocked_task_say_why(reports):
    bad = {
        (row["section"].split()[0], row["name"]): row["value"]
        for row in task_details(reports, task_id(reports, "bad"))
    }
    assert "no data after 3 cuts" in bad["attempt", "error"]
    after = {row["name"]: row["value"] for row in task_details(reports, task_id(reports, "after"))}
    assert after["blocked by task"] == task_id(reports, "bad")
    with pytest.raises(NotFoundError):
        task_details(reports, 10**6)


def test_queues_tell_ready_queued_delayed_and_running_apart(reports, made):
    made.task()
    made.claim(made.task())
    reports.lifecycle.queue_task(made.task())
    made.end(made.task(), AttemptState.FAILED, error="OSError: x", retry_delay=60.0)
    (row,) = queue_report(reports.queries)
    assert (row["task_type"], row["ready"], row["queued"], row["delayed"], row["running"]) == (
        "null",
        1,
        2,
        1,
        1,
    )
    assert row["oldest_wait_s"] >= 0


def test_workers_are_listed_until_they_stop(reports):
    assert worker_report(reports.queries) == []
    host = reports.names.host("here")
    reports.queries.run("worker_insert", worker_id="w-1", host_id=host, pid=7, pid_start=0.0, executors=2)
    (row,) = worker_report(reports.queries)
    assert (row["worker"], row["host"], row["pid"], row["executors"]) == ("w-1", "here", 7, 2)
    assert row["heartbeat_age_s"] >= 0
