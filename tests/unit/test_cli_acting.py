"""The commands that change something: queue empty, db, task run; they ask, and show what they would do."""

from __future__ import annotations

import json
import pdb
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from eas_framework.cli import db as db_command
from eas_framework.cli import looking
from eas_framework.cli import queue as queue_command
from eas_framework.errors import StateError
from eas_framework.task_database.queries import SCHEMA_VERSION
from eas_framework.task_database.schema_version import packaged_migrations
from eas_framework.task_objects import TaskId, TaskState
from eas_framework.worker.here import run_here

PROGRAM = "from eas_framework.cli.main import main; main()"

pytestmark = pytest.mark.usefixtures("report_workspace")


@pytest.fixture
def queued(reports):
    """The ids of two failed tasks that were queued again."""
    failed = reports.lifecycle.list_failed(1)
    reports.lifecycle.retry(failed)
    return failed


def state(database, task_id):
    return database.tasks.row(task_id)["state"]


def named(database, name):
    sql = "SELECT taskId FROM eas_task WHERE taskName = %(name)s"
    return TaskId(database.db_handle.query(sql, {"name": name})[0]["taskId"])


# ---------------------------------------------------------------- asking
def answer(word):
    """Run ``eas queue empty`` and answer its question."""
    as_in_eas = {"help_option_names": ["-h", "--help"], "standalone_mode": False}
    return CliRunner().invoke(queue_command.command, ["empty"], input=f"{word}\n", **as_in_eas)


def test_who_says_no_changes_nothing_and_ends_with_1(reports, queued):
    done = answer("n")
    assert done.return_value == 1
    assert "nothing was done" in done.output
    assert [state(reports, task) for task in queued] == ["queued", "queued"]


def test_who_says_yes_goes_on(reports, queued):
    answer("y")
    assert [state(reports, task) for task in queued] == ["cancelled", "cancelled"]


@pytest.mark.parametrize("words", [["queue", "empty"], ["db", "prune", "--job", "1"]])
def test_the_real_program_without_anybody_to_ask_refuses(queued, words):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words], input="", capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "give -y" in done.stderr


# ---------------------------------------------------------------- queues
def test_a_dry_run_counts_what_would_leave_the_queues(eas, reports, queued):
    eas("queue", "empty", "--dry-run")
    assert "2 queued tasks" in eas.err
    (row,) = eas.json("queue", "show")
    assert (row["task_type"], row["queued"]) == ("error", 2)
    assert [state(reports, task) for task in queued] == ["queued", "queued"]


def test_one_queue_is_emptied_and_its_tasks_can_be_queued_again(eas, reports, queued):
    eas("queue", "empty", "null", "-y")
    assert state(reports, queued[0]) == "queued"
    eas("queue", "empty", "error", "-y")
    assert "2 tasks cancelled" in eas.err
    assert eas("queue", "show") == "nothing waits or runs\n"
    assert reports.lifecycle.retry(queued) == 2
    eas("queue", "empty", "no such type", "-y", code=2)


def test_workers_are_listed(eas):
    assert eas("queue", "show", "--workers") == "no worker is at work\n"


# ---------------------------------------------------------------- the database
def test_d24_init_never_touches_a_database_that_exists(eas):
    eas("db", "init")
    assert "nothing was changed" in eas.err
    assert len(eas.json("status")) == 1


def test_init_makes_a_workspace(eas, bare_machine):
    new = bare_machine / "new"
    new.mkdir()
    eas("--workspace", str(new), "db", "init")
    assert "made the workspace" in eas.err
    assert eas("--workspace", str(new), "status") == "no job yet\n"
    eas("--workspace", str(new), "tree", code=1)
    assert "eas run JOB" in eas.err


def test_a_check_ends_with_1_when_a_counter_is_wrong(eas, reports):
    assert eas("db", "check") == "all is well\n"
    reports.db_handle.execute("UPDATE eas_task SET openChildren = 5 WHERE taskName = 'loop'")
    (fault,) = json.loads(eas("db", "check", "--format", "json", code=1))
    assert fault["check"] == "children"


def test_a_dump_is_restored_to_what_it_was(eas, reports, report_workspace):
    dump = report_workspace / "it's; a $(dump).sql.gz"
    eas("db", "dump", str(dump))
    eas("db", "dump", str(dump), code=2)
    eas("db", "dump", str(dump), "--force")
    before = eas.json("tree", "--unfold")
    reports.db_handle.execute("DELETE FROM eas_job")
    reports.close_db()
    eas("db", "restore", str(dump), "--dry-run")
    assert eas.json("status") == []
    eas("db", "restore", str(dump), "-y")
    assert eas.json("tree", "--unfold") == before
    assert eas("db", "check") == "all is well\n"


def test_a_dump_without_a_name_is_called_by_its_time(eas, report_workspace):
    eas("db", "dump")
    (dump,) = report_workspace.glob("eas_*.sql.gz")
    assert dump.stat().st_size > 1000


def test_a_file_that_is_no_dump_leaves_the_database_as_it_was(eas, report_workspace):
    (report_workspace / "bad.gz").write_text("not compressed")
    eas("db", "restore", "bad.gz", "-y", code=3)
    assert "bad.gz is not a dump that can be restored" in eas.err
    assert len(eas.json("status")) == 1


def test_a_database_in_use_is_not_replaced(eas, reports, queued, report_workspace):
    eas("db", "dump", "x.gz")
    host = reports.names.host("here")
    attempt = reports.tasks.row(queued[0])["openAttemptId"]
    reports.lifecycle.claim(attempt, worker_id="w", host_id=host, lease_seconds=60.0)
    eas("db", "restore", "x.gz", "-y", code=3)
    assert "tasks are running" in eas.err


def test_migrations_are_listed_and_a_newer_schema_is_refused_in_one_line(eas, reports):
    (row,) = eas.json("db", "migrate")  # made with the newest tables, it never went through older ones
    assert (row["version"], row["name"]) == (SCHEMA_VERSION, packaged_migrations()[-1].name)
    assert eas("db", "migrate", "--dry-run").count("\n") == 2
    reports.queries.run("schema_version_insert", version=99)
    for words in (["status"], ["db", "migrate"], ["db", "init"]):
        eas(*words, code=3)
        assert "newer eas-framework" in eas.err
        assert eas.err.count("\n") == 1


def test_pruning_shows_bytes_first_and_removes_when_told(eas, reports):
    reports.db_handle.execute(
        "UPDATE eas_scheduling_attempt SET state = 'lost' WHERE schedulingAttemptId IN "
        "(SELECT generatedByTaskExecution FROM eas_product_version)"
    )
    rows = eas.json("db", "prune", "--dry-run")
    waste = sum(row["bytes"] for row in rows)
    assert waste > 0
    assert len(eas.json("db", "prune", "--dry-run")) == len(rows)
    eas("db", "prune", "-y")
    assert "freed" in eas.err
    assert eas("db", "prune", "-y").splitlines()[0] == "0 B can be freed"
    assert eas.json("files", "ls", "--missing")


def test_a_whole_job_is_pruned_by_name(eas):
    eas("db", "prune", "--job", "1", "--dry-run")
    assert len(eas.json("status")) == 1
    eas("db", "prune", "--job", "1", "-y")
    assert eas.json("status") == []
    assert eas.json("files", "verify") == []
    eas("db", "prune", "--job", "1", code=1)


# ---------------------------------------------------------------- one task here
def test_a_failed_task_is_run_here_and_fails_again_with_a_record(eas, reports):
    bad = named(reports, "bad")
    eas("task", "run", str(bad), code=1)
    assert f"task {bad}: failed" in eas.err
    assert [attempt.state for attempt in reports.attempts.of_task(bad)] == ["failed", "failed"]
    assert eas("db", "check") == "all is well\n"
    log = eas.json("logs", str(bad))
    assert len([row for row in log if "no data after 3 cuts" in row["message"]]) == 2


def test_a_task_whose_cause_is_gone_passes_here_and_unlocks_what_waited(eas, reports):
    bad, after = named(reports, "bad"), named(reports, "after")
    reports.db_handle.execute(
        "UPDATE eas_task SET taskTypeId = (SELECT taskTypeId FROM eas_task WHERE taskName = 'turn_1'), "
        "descriptionId = (SELECT descriptionId FROM eas_task WHERE taskName = 'turn_1') "
        "WHERE taskName = 'bad'"
    )
    eas("task", "run", str(bad))
    assert state(reports, bad) == "passed"
    assert state(reports, after) == "queued"
    eas("task", "run", str(after))
    assert state(reports, after) == "passed"
    assert eas("db", "check") == "all is well\n"


@pytest.mark.parametrize(
    ("name", "reason"),
    [("after", "blocked by another task"), ("turn_1", "has passed"), ("loop", "has passed")],
)
def test_a_task_that_cannot_be_done_now_is_refused_with_the_reason(eas, reports, name, reason):
    task = named(reports, name)
    before = len(reports.attempts.of_task(task))
    eas("task", "run", str(task), code=3)
    assert reason in eas.err
    assert len(reports.attempts.of_task(task)) == before
    eas("task", "run", "999", code=1)


def test_a_task_that_runs_elsewhere_is_left_alone(reports, queued):
    host = reports.names.host("here")
    attempt = reports.tasks.row(queued[0])["openAttemptId"]
    reports.lifecycle.claim(attempt, worker_id="w", host_id=host, lease_seconds=60.0)
    with pytest.raises(StateError, match="is running on a worker"):
        run_here(reports, queued[0])
    assert state(reports, queued[0]) == "running"


def test_the_debugger_is_entered_where_the_task_failed_while_the_lease_is_held(reports, queued):
    seen = []

    def debug(error):
        frame = pdb.Pdb  # the debugger that the command gives; here we look instead of a person
        seen.append((str(error), error.__traceback__ is not None, state(reports, queued[0]), frame))

    assert run_here(reports, queued[0], on_error=debug) is TaskState.FAILED
    ((text, has_traceback, state_then, _),) = seen
    assert text.startswith("no data after")
    assert has_traceback
    assert state_then == "running"


def test_the_real_program_enters_pdb(reports, queued):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "task", "run", str(queued[0]), "--pdb"],
        input="p 'stopped at', task_parameters.__name__\nq\n", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "('stopped at', 'task_parameters')" in done.stdout
    assert state(reports, queued[0]) == "failed"


def test_a_person_who_stops_the_task_gives_it_back(reports, queued):
    def stop(error):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_here(reports, queued[0], on_error=stop)
    assert state(reports, queued[0]) == "queued"


def test_the_details_of_a_task_are_rows(eas, reports):
    rows = eas.json("task", "show", str(named(reports, "binned")))
    assert {"task", "parameters", "input", "output", "provenance"} <= {row["section"] for row in rows}
    assert "passed" in eas("task", "show", str(named(reports, "binned")))
    eas("task", "show", "999", code=1)
    eas("task", "show", "x", code=2)


# ---------------------------------------------------------------- help
@pytest.mark.parametrize(
    "words",
    ["status", "tree", "logs", "errors", "results", "files", "files ls", "files get", "files cat",
     "files verify", "files why", "queue", "queue show", "queue empty", "db", "db init", "db check",
     "db migrate", "db dump", "db restore", "db prune", "task", "task show", "task run"],
)  # fmt: skip
def test_help_fits_a_screen_and_ends_in_examples(eas, words):
    lines = eas(*words.split(), "--help").rstrip().splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 80
    assert lines[-1].strip().startswith("eas ")


@pytest.mark.parametrize("command", [db_command.restore, db_command.prune, queue_command.empty])
def test_every_command_that_destroys_has_a_dry_run_and_yes(command: click.Command):
    options = {option for parameter in command.params for option in parameter.opts}
    assert {"--dry-run", "-y"} <= options


@pytest.mark.parametrize(("size", "text"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (2.5e9, "2.5 GB")])
def test_sizes_are_for_people(size, text):
    assert looking.size_text(size) == text
