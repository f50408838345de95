"""The commands that look: status, tree, logs, errors, results, files; on a job that ran, on hostile names."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import subprocess
import sys

import pytest

from eas_framework.cli.row_filter import parse_condition
from eas_framework.cli.table_file import ecsv_lines
from eas_framework.errors import UsageError
from eas_framework.task_database.attempts import Ending, RunTimes
from eas_framework.task_database.tasks import NewTask
from eas_framework.task_objects import AttemptState

JOB_NAME = 'Robert\'); DROP TABLE eas_task; -- "ü→" %s %(x)s {0}'
PROGRAM = "from eas_framework.cli.main import main; main()"
NASTY = "a\nb\x1b[31mc\td'e\"f%g%(h)s</script>\u202e→ü"


def program(*words, **options):
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *words], capture_output=True, text=True, check=False, **options
    )


def on_a_terminal(*words):
    """What the program prints when its output is a terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *words], stdout=theirs, stderr=theirs, close_fds=True
    ):
        os.close(theirs)
        printed = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # Linux says so at the end
                break
            if not piece:
                break
            printed += piece
    os.close(ours)
    return printed.decode()


def task_id(eas, name):
    return next(str(row["task_id"]) for row in eas.json("tree", "--unfold") if row["name"] == name)


pytestmark = pytest.mark.usefixtures("report_workspace")


# ---------------------------------------------------------------- status
def test_status_shows_every_job_also_when_it_has_ended(eas):
    (row,) = eas.json("status")
    assert (row["job_id"], row["job"], row["state"]) == (1, JOB_NAME, "failed")
    assert (row["passed"], row["failed"], row["blocked"], row["total"]) == (5, 2, 1, 8)
    assert JOB_NAME in eas("status")


@pytest.mark.parametrize("name", ["1", JOB_NAME])
def test_status_of_a_job_by_number_or_name_counts_its_task_types(eas, name):
    rows = {row["task_type"]: row for row in eas.json("status", name)}
    assert rows["error"]["failed"] == 2
    assert rows["null"]["total"] == 4
    table = eas("status", name).splitlines()
    assert "failed, 100 % done" in table[0]
    assert table[-1].split()[0] == "all"


def test_status_of_an_unknown_job_is_exit_1_with_the_jobs_there_are(eas):
    assert eas("status", "'; DROP TABLE eas_job; --", code=1) == ""
    assert "newest jobs: 1" in eas.err
    assert len(eas.json("status")) == 1


def test_watching_ends_when_nothing_runs(eas):
    assert "failed" in eas("status", "1", "--watch")


def test_status_as_csv_is_csv(eas):
    (row,) = csv.DictReader(io.StringIO(eas("status", "--format", "csv")))
    assert (row["job"], row["passed"]) == (JOB_NAME, "5")


def test_the_real_program_shows_the_status_and_proposes_the_next_command_on_a_terminal_only():
    assert "next:" not in program("status").stdout
    assert "next: eas errors 1" in on_a_terminal("--color", "never", "status")


def test_status_imports_neither_numpy_nor_pydantic_nor_rich():
    code = (
        "import sys; from eas_framework.cli.main import execute; code = execute(['status'], program='eas'); "
        "heavy = {'numpy', 'pydantic', 'rich', 'lxml', 'yaml', 'astropy', 'psutil'} & set(sys.modules); "
        "sys.exit(str(heavy) if heavy or code else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "words",
    ["status", "tree", "logs", "errors", "results", "files ls", "files verify", "queue show", "db check",
     "db migrate", "task show 1"],
)  # fmt: skip
def test_a_workspace_without_a_database_is_exit_3_with_what_to_do(eas, bare_machine, words):
    eas("--workspace", str(bare_machine / "elsewhere"), *words.split(), code=3)
    assert "eas run JOB" in eas.err
    assert not (bare_machine / "elsewhere" / ".eas").exists()


# ---------------------------------------------------------------- tree
def test_the_tree_folds_loops_and_unfolds_them_when_asked(eas):
    table = eas("tree")
    assert "turn_… ×3" in table
    assert "└─ after" in table
    assert "turn_2" in eas("tree", "--unfold")
    assert "loop …" in eas("tree", "--depth", "1")
    assert len(eas.json("tree", "--task", task_id(eas, "loop"), "--unfold")) == 7
    eas("tree", "--task", "999", code=1)


# ---------------------------------------------------------------- logs
def test_logs_of_a_task_are_its_messages(eas):
    bad = task_id(eas, "bad")
    (line,) = eas("logs", bad, "--level", "error").splitlines()
    assert f"error task {bad}: " in line
    assert "no data after 3 cuts" in line
    assert eas.json("logs", bad, "--level", "critical") == []
    eas("logs", "999", code=1)


def test_following_a_task_that_has_ended_ends(eas):
    assert "no data after 3 cuts" in eas("logs", task_id(eas, "bad"), "--follow")
    assert "no data after 12 cuts" in eas("logs", "--job", "1", "--follow")
    eas("logs", "--follow", "--format", "json", code=2)


# ---------------------------------------------------------------- errors
def test_errors_are_grouped_each_or_whole(eas):
    (group,) = eas.json("errors")
    assert (group["count"], group["task_type"]) == (2, "error")
    assert {row["task"] for row in eas.json("errors", "--each")} == {"bad", "worse"}
    assert "    TaskFailed: no data after 12 cuts" in eas("errors", "1", "--text")
    (blocked,) = eas.json("errors", "--blocked")
    assert (blocked["task"], blocked["cause"]) == ("after", "bad")
    eas("errors")
    assert "1 tasks are blocked" in eas.err


# ---------------------------------------------------------------- results
def test_results_are_one_wide_table_that_can_be_filtered(eas):
    rows = eas.json("results")
    assert {row["task"] for row in rows} == {"ingest", "binned"}
    (row,) = eas.json("results", "--where", "binning_samples_in>=200", "--columns", "task,binning_samples_in")
    assert row == {"task": "binned", "binning_samples_in": 200}
    assert eas.json("results", "--where", "task=binned", "--where", "binning_samples_in<200") == []
    eas("results", "--where", "binning_sample_in=1", code=2)
    assert "did you mean 'binning_samples_in'" in eas.err
    eas("results", "--where", "nonsense", code=2)
    eas("results", "--columns", "tsk", code=2)


def test_timings_and_outcomes_are_tables_too(eas):
    rows = eas.json("results", "--kind", "timings", "--type", "null")
    assert len(rows) == 3
    assert eas.json("results", "--kind", "pass-fail") == []
    assert "wall_clock_s" in eas("results", "--kind", "timings")


@pytest.mark.parametrize("ending", ["csv", "json", "ecsv", "CSV"])
def test_results_are_written_to_files_that_others_read(eas, report_workspace, ending):
    target = report_workspace / f"out.{ending}"
    assert eas("results", "-o", str(target)) == ""
    assert "2 rows written" in eas.err
    text = target.read_text()
    if ending == "json":
        found = [row["task"] for row in json.loads(text)]
    elif ending == "ecsv":
        table = pytest.importorskip("astropy.table").Table.read(target, format="ascii.ecsv")
        found = list(table["task"])
        assert table["binning_samples_in"].dtype.kind == "i"
    else:
        found = [row["task"] for row in csv.DictReader(io.StringIO(text))]
    assert sorted(found) == ["binned", "ingest"]
    assert not list(report_workspace.glob(".out*"))


def test_a_file_that_cannot_be_written_is_one_line(eas, report_workspace):
    eas("results", "-o", "x.parquet", code=2)
    assert ".csv, .json and .ecsv" in eas.err
    eas("results", "-o", str(report_workspace / "no" / "x.csv"), code=1)
    assert eas.err.startswith("error: ")


def test_ecsv_holds_every_type_that_metadata_have(tmp_path):
    astropy_table = pytest.importorskip("astropy.table")
    rows = [
        {"i": 1, "f": 1.5, "b": True, "s": "a,b\"c\n'd", "l": [1, 2], "m": 1, "n": None},
        {"i": 2**60, "f": float("nan"), "b": False, "s": "→", "l": {"k": 1}, "m": "x", "n": None},
        {"i": None, "f": 3, "b": None, "s": None, "l": None, "m": None, "n": None},
    ]
    path = tmp_path / "t.ecsv"
    path.write_text("".join(ecsv_lines(rows, list(rows[0]))))
    table = astropy_table.Table.read(path, format="ascii.ecsv")
    assert table["i"][1] == 2**60
    assert table["i"].mask[2]
    assert table["f"][0] == pytest.approx(1.5, rel=1e-15)  # written in full
    assert list(table["s"])[:2] == ["a,b\"c\n'd", "→"]
    assert table["l"][0] == [1, 2]
    assert list(table["m"])[:2] == ["1", "x"]


@pytest.mark.parametrize(
    ("condition", "value", "holds"),
    [
        ("x=1", 1.0, True), ("x=1", "1", True), ("x = 1", 1, True), ("x!=1", 2, True), ("x<10", 9, True),
        ("x<10", "9", False), ("x>=1e-3", 0.001, True), ("x=PASS", "PASS", True), ("x=pass", "PASS", False),
        ("x=true", True, True), ("x=1", True, False), ("x=none", None, True), ("x!=5", None, True),
        ("x<5", None, False), ("x<b", "a", True), ("x<b", 3, False), ("x!=b", 3, True),
        ("x=a=b", "a=b", True),
        ("x=", "", True), ("x=[1]", [1], True), ("x<1", float("nan"), False),
    ],
)  # fmt: skip
def test_a_condition_holds_for_values_of_any_type_or_not(condition, value, holds):
    assert parse_condition(condition).holds({"x": value}) is holds


@pytest.mark.parametrize("text", ["", "x", "=1", "<", "!"])
def test_a_text_that_is_no_condition_is_refused(text):
    with pytest.raises(UsageError, match="COLUMN=VALUE"):
        parse_condition(text)


# ---------------------------------------------------------------- files
def test_files_are_listed_read_copied_explained_and_verified(eas, report_workspace):
    rows = {row["file"]: row for row in eas.json("files", "ls")}
    assert set(rows) == {"it's %s/star.npy", "it's %s/binned 'one'.npy"}
    eas("files", "get", "star.npy")
    copied = (report_workspace / "star.npy").read_bytes()
    assert len(copied) == rows["it's %s/star.npy"]["size"]
    eas("files", "get", "star.npy", code=2)
    eas("files", "get", "star.npy", "-f", "-o", str(report_workspace))
    origin = eas("files", "why", "it's %s/binned 'one'.npy")
    assert origin.rstrip().splitlines()[-1].split()[1].endswith("star.csv")
    assert eas.json("files", "why", "star.npy")[1]["detail"]["task_type"] == "ingest_external_lcs"
    assert eas.json("files", "verify") == []
    assert eas.json("files", "ls", "--missing") == []


def test_the_real_program_writes_the_bytes_of_a_file():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "files", "cat", "star.npy"], capture_output=True, check=True
    )
    assert done.stdout.startswith(b"\x93NUMPY")
    assert "is not text" in on_a_terminal("files", "cat", "star.npy")


def test_a_damaged_file_is_not_served_and_fails_the_verification(eas, report_workspace):
    row = next(row for row in eas.json("files", "ls") if row["file"].endswith("star.npy"))
    path = next((report_workspace / ".eas" / "store").rglob(row["repository_id"]))
    path.chmod(0o644)
    path.write_bytes(b"x" * row["size"])
    (fault,) = json.loads(eas("files", "verify", "--format", "json", code=1))
    assert (fault["problem"], fault["version"]) == ("damaged", row["version"])
    eas("files", "get", "star.npy", code=1)
    assert "differs from what was stored" in eas.err


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "..", "", "' OR 1=1 --", NASTY])
def test_d44_no_name_of_a_file_leads_out_of_the_store(eas, name):
    for verb in ("get", "cat", "why"):
        assert eas("files", verb, name, code=1) == ""
        assert "no file" in eas.err


# ---------------------------------------------------------------- hostile names
@pytest.fixture
def hostile(reports):
    """A job whose every name and text is hostile: one task passed, one failed, one is blocked."""
    with reports.transaction():
        job_id = reports.jobs.register(name=NASTY, digest="h" * 64, seed=0, text="{}", source_file=NASTY)
        type_id = reports.catalogue.ensure_task_type(NASTY)

        def task(**given):
            given = {"unmet_dependencies": 0, "task_name": NASTY, **given}
            return reports.tasks.register(
                NewTask(type_id=type_id, job_id=job_id, job_name=NASTY, working_directory=JOB_NAME, **given)
            )

        root = task()
        reports.jobs.set_root(job_id, root)
        reports.tasks.add_children(root, 3)
        tasks = [task(parent=root, metadata={NASTY: NASTY}) for _ in range(2)]
        reports.products.register(
            tasks[0], directory=JOB_NAME, filename=f"{JOB_NAME}.txt", semantic_type=NASTY
        )
        blocked = task(parent=root, unmet_dependencies=1)
        reports.tasks.add_metadata_source(blocked, tasks[1], is_met=False)
    host = reports.names.host(NASTY)
    times = RunTimes(wall_clock=0.0, cpu=0.0, cpu_inc_children=0.0)
    for task_id, state in zip(tasks, (AttemptState.PASSED, AttemptState.FAILED), strict=True):
        reports.lifecycle.queue_task(task_id)
        attempt = reports.tasks.row(task_id)["openAttemptId"]
        claimed = reports.lifecycle.claim(attempt, worker_id=NASTY, host_id=host, lease_seconds=60.0)
        reports.metadata_register({NASTY: NASTY, "outcome": NASTY}, scheduling_attempt_id=attempt)
        log = [{"attempt_id": attempt, "timestamp": 0.0, "severity": 40, "message": NASTY}]
        error = NASTY if state is AttemptState.FAILED else None
        reports.lifecycle.finish(claimed, Ending(state=state, times=times, error_text=error), log_rows=log)
    return reports, tasks


@pytest.mark.parametrize(
    "words",
    [
        ["status"], ["status", NASTY], ["tree", NASTY], ["tree", NASTY, "--unfold"], ["logs", "--job", NASTY],
        ["errors", NASTY], ["errors", NASTY, "--text"], ["errors", "--blocked"], ["results", NASTY],
        ["results", NASTY, "--kind", "pass-fail"], ["results", NASTY, "--kind", "timings"],
        ["files", "ls", NASTY], ["queue", "show"], ["db", "check"], ["task", "show", "{task}"],
        ["db", "prune", "--dry-run"], ["db", "prune", "--dry-run", "--job", NASTY],
    ],
)  # fmt: skip
def test_hostile_names_pass_through_every_command_and_never_steer_the_terminal(eas, hostile, words):
    reports, tasks = hostile
    words = [word.format(task=tasks[0]) if word == "{task}" else word for word in words]
    before = reports.queries.value("maintenance_tasks_of_job", job_id=2)
    text = eas(*words)
    assert "\x1b" not in text
    assert "\u202e" not in text
    if words[0] != "logs":
        for form in ("json", "csv"):
            said = eas(*words, "--format", form)
            json.loads(said) if form == "json" else list(csv.reader(io.StringIO(said)))
    assert reports.queries.value("maintenance_tasks_of_job", job_id=2) == before == 4


def test_a_name_that_is_no_text_is_refused_not_crashed_on():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "status", b"\xff\xfe"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "UTF-8" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_credentials_of_the_database_are_never_shown(eas, report_workspace):
    settings = report_workspace / "eas.yaml"
    settings.touch(mode=0o600)
    settings.write_text("db_password: S3CR3T\nmq_password: S3CR3T\n")
    for words in (["status", "--debug"], ["task", "show", "1"], ["db", "check"], ["status", "no such job"]):
        code = int(words[-1] == "no such job")
        assert "S3CR3T" not in eas(*words, code=code) + eas.err
