"""F13, F19: a disk that is full, and copies of the database at any moment."""

import shutil
import subprocess

import pytest
from eas_sqlite.backend import DatabaseInterfaceSqlite
from fault_pairs import PAIRS, SQLITE, on

from eas_framework.errors import DatabaseError
from eas_framework.task_database import TaskDatabaseConnection
from eas_framework.testing.oracle import moment_faults

pytest_plugins = ["eas_framework.testing.fixtures"]

DISK_BYTES = 1_000_000
COPIES = 5


@pytest.fixture
def small_store(workspace):
    """A file store on a disk of one megabyte."""
    store = workspace / "small"
    store.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "none", str(store)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("a small disk can be mounted by root only")
    yield store
    subprocess.run(["umount", "--lazy", str(store)], check=True)


@on(*PAIRS, always=[SQLITE])
def test_f13_a_full_disk_fails_the_task_with_the_reason_and_leaves_no_part_of_a_file(
    pipeline, small_store, monkeypatch
):
    monkeypatch.setenv("EAS_DATA_PATH", str(small_store))
    monkeypatch.setattr(pipeline.database.files, "root", small_store)
    big = pipeline.workspace / "big"
    big.write_bytes(b"x" * 2 * DISK_BYTES)
    pipeline.write_job(
        [
            {"task": "fault_store", "path": str(big), "max_attempts": 1, "outputs": {"file": "big"}},
            {"task": "fault_work", "name": "after", "inputs": {"file": "big"}, "outputs": {"file": "a"}},
            {"task": "fault_work", "name": "good", "outputs": {"file": "b"}},
        ]
    )
    status, said = pipeline.run()
    assert status == 1, said
    (attempt,) = pipeline.outcome.attempts("fault_store")
    assert str(attempt.state) == "failed"
    assert "No space left on device" in attempt.error_text
    states = {task.task_name or task.task_type: str(task.state) for task in pipeline.outcome.tasks}
    assert (states["after"], states["good"]) == ("blocked", "passed")
    assert [path.name for path in small_store.rglob("*") if path.is_file()] == [
        pipeline.outcome.visible_files("good")["file"].name
    ]
    assert pipeline.faults() == []


@on(*PAIRS, always=[SQLITE])
def test_f13_a_disk_that_has_room_again_lets_the_task_pass(pipeline, small_store, monkeypatch):
    monkeypatch.setenv("EAS_DATA_PATH", str(small_store))
    monkeypatch.setattr(pipeline.database.files, "root", small_store)
    other = small_store / "something_else"
    other.write_bytes(b"x" * (DISK_BYTES - 100_000))
    big = pipeline.workspace / "big"
    big.write_bytes(b"x" * (DISK_BYTES // 2))
    pipeline.write_job([{"task": "fault_store", "path": str(big), "outputs": {"file": "big"}}])
    run = pipeline.start()
    pipeline.wait_for("failed", task_type="fault_store")
    other.unlink()
    status, said = run.end()
    assert status == 0, said
    assert pipeline.faults() == []


def test_f13_a_database_that_cannot_grow_is_not_damaged(pipeline):
    """SQLite's own limit stands for a full disk, which this process meets as an error of the database."""
    database = pipeline.database
    pages = database.db_handle.query("PRAGMA page_count")[0]["page_count"]
    database.db_handle.query(f"PRAGMA max_page_count = {pages + 2}")

    def fill():
        with database.transaction():
            for number in range(1000):
                database.task_register(task_type="null", metadata={"text": "x" * 5000, "number": number})

    with pytest.raises(DatabaseError, match="full"):
        fill()
    assert database.db_handle.check_integrity() == []
    assert database.db_handle.query("SELECT COUNT(*) AS n FROM eas_task") == [{"n": 0}]


def test_f19_the_database_as_it_is_at_any_moment_opens_and_is_consistent(pipeline, tmp_path):
    tasks = [
        task
        for number in range(6 * COPIES)
        for task in (
            {"task": "fault_work", "until": f"go{number // 6}", "outputs": {"file": f"a{number}"}},
            {"task": "fault_work", "inputs": {"file": f"a{number}"}, "outputs": {"file": f"b{number}"}},
        )
    ]
    pipeline.write_job([*tasks, {"task": "fault_work", "until": "end"}])
    run = pipeline.start(executors=2)
    unfinished = 0
    for number in range(COPIES):
        (pipeline.workspace / f"go{number}").touch()
        pipeline.wait_for("passed", 1 + number * 6)
        run.stop()
        copy = tmp_path / f"copy{number}.db"
        for suffix in ("", "-wal"):
            shutil.copyfile(f"{pipeline.database.db_handle.path}{suffix}", f"{copy}{suffix}")
        run.cont()
        with TaskDatabaseConnection(tmp_path, database=DatabaseInterfaceSqlite(path=copy)) as opened:
            assert moment_faults(opened) == []
            ask = "SELECT COUNT(*) AS n FROM eas_task WHERE state NOT IN ('passed')"
            unfinished += opened.db_handle.query(ask)[0]["n"] > 0
    (pipeline.workspace / "end").touch()
    status, said = run.end()
    assert status == 0, said
    assert unfinished == COPIES, "a copy was taken after the end"
    assert pipeline.faults() == []


def test_f19_a_dump_taken_while_tasks_run_is_of_one_moment(pipeline, tmp_path):
    pipeline.write_job([{"task": "fault_work", "outputs": {"file": f"a{n}"}} for n in range(40)])
    run = pipeline.start(executors=2)
    pipeline.wait_for("passed", 5)
    pipeline.database.db_handle.dump(tmp_path / "dump.gz")
    assert run.end()[0] == 0
    restored = DatabaseInterfaceSqlite(path=tmp_path / "restored.db")
    restored.restore(tmp_path / "dump.gz")
    with TaskDatabaseConnection(tmp_path, database=restored) as opened:
        assert moment_faults(opened) == []
