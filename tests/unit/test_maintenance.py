"""Pruning removes what nobody reads again and nothing else; checks see what is wrong; versions fit."""

from __future__ import annotations

import os

import pytest

from eas_framework.errors import DatabaseError, StateError
from eas_framework.task_database import maintenance
from eas_framework.task_database.attempts import Ending, RunTimes
from eas_framework.task_database.file_store import new_repository_id
from eas_framework.task_database.integrity import check_counters, check_database
from eas_framework.task_database.queries import Queries
from eas_framework.task_database.schema_version import (
    applied_versions,
    apply_migration,
    packaged_migrations,
    pending_migrations,
    require_current_schema,
    schema_version,
)
from eas_framework.task_database.tasks import NewTask
from eas_framework.task_objects import AttemptState, JobId

NO_TIME = RunTimes(wall_clock=0.0, cpu=0.0, cpu_inc_children=0.0)
LONG_AGO = 1e9


class Store:
    """A job of one task that writes files, by hand."""

    def __init__(self, database, folder, name="made") -> None:
        self.database, self.folder = database, folder
        with database.transaction():
            self.job_id = database.jobs.register(name=name, digest=name.ljust(64), seed=0, text="{}")
            self.task = database.tasks.register(
                NewTask(
                    type_id=database.catalogue.task_type_id("null"),
                    job_id=self.job_id,
                    job_name=name,
                    working_directory=name,
                    unmet_dependencies=0,
                )
            )
            database.jobs.set_root(self.job_id, self.task)
            self.product = database.products.register(
                self.task, directory=name, filename="out.txt", semantic_type="out"
            )

    def claim(self):
        self.database.lifecycle.queue_task(self.task)
        attempt = self.database.tasks.row(self.task)["openAttemptId"]
        host = self.database.names.host("here")
        return self.database.lifecycle.claim(attempt, worker_id="w", host_id=host, lease_seconds=60.0)

    def write(self, claimed, text="content"):
        source = self.folder / "out.txt"
        source.write_text(text)
        return self.database.file_version_register(
            product_id=self.product,
            generated_by_task_execution=claimed.claim.attempt_id,
            file_path_input=source,
        )

    def finish(self, claimed, version=None, *, state=AttemptState.PASSED, retry_delay=None):
        passed = {version: state is AttemptState.PASSED} if version else None
        ending = Ending(state=state, times=NO_TIME, passed_versions=passed, error_text="x")
        return self.database.lifecycle.finish(claimed, ending, retry_delay_seconds=retry_delay)

    def do(self, *, state=AttemptState.PASSED, retry_delay=None):
        claimed = self.claim()
        version = self.write(claimed)
        self.finish(claimed, version, state=state, retry_delay=retry_delay)
        return version

    def path(self, version):
        return self.database.versions.path(version)


@pytest.fixture
def store(reports, tmp_path):
    return Store(reports, tmp_path)


def prune(database, **options):
    return maintenance.remove(database, maintenance.find_waste(database, **options))


def size_of_waste(database, **options):
    return sum(part.size + part.rows for part in maintenance.find_waste(database, **options))


# ---------------------------------------------------------------- prune
def test_d24_files_of_an_attempt_that_failed_go_with_their_records_and_its_error_stays(reports, store):
    version = store.do(state=AttemptState.FAILED)
    path = store.path(version)
    assert path.exists()
    freed = prune(reports)
    assert freed == len("content")
    assert not path.exists()
    assert reports.versions.find(version) is None
    assert [attempt.error_text for attempt in reports.attempts.of_task(store.task)] == ["x"]
    assert size_of_waste(reports) == 0


def test_what_is_found_is_not_touched_before_it_is_removed(reports, store):
    version = store.do(state=AttemptState.FAILED)
    waste = maintenance.find_waste(reports)
    assert sum(part.size for part in waste) == len("content")
    assert store.path(version).exists()


def test_failed_attempts_of_a_task_that_passed_later_are_removed(reports, store):
    store.do(state=AttemptState.FAILED, retry_delay=-1.0)
    attempt = reports.tasks.row(store.task)["openAttemptId"]
    host = reports.names.host("here")
    claimed = reports.lifecycle.claim(attempt, worker_id="w", host_id=host, lease_seconds=60.0)
    version = store.write(claimed, "good")
    store.finish(claimed, version)
    prune(reports)
    assert [a.state for a in reports.attempts.of_task(store.task)] == [AttemptState.PASSED]
    assert store.path(version).read_text() == "good"


def test_results_that_count_and_files_being_written_stay(reports, store, tmp_path):
    passed = store.do()
    other = Store(reports, tmp_path, "other")
    claimed = other.claim()
    running = other.write(claimed)
    before = {path for _, path in reports.files.files()}
    assert prune(reports) == 0
    assert {path for _, path in reports.files.files()} == before
    assert store.path(passed).exists()
    assert other.path(running).exists()


@pytest.mark.parametrize("place", ["it's %s/a/bc", ".staging"])
def test_a_file_without_a_record_goes_when_it_is_old_enough(reports, place):
    folder = reports.files.root / place
    folder.mkdir(parents=True, exist_ok=True)
    orphan = folder / new_repository_id("x.npy")
    orphan.write_text("left by a crash")
    young = maintenance.find_waste(reports, safe_age_seconds=3600.0)
    assert sum(part.size for part in young) == 0
    assert prune(reports, safe_age_seconds=0.0) == len("left by a crash")
    assert not orphan.exists()


def test_a_file_that_was_moved_in_just_now_is_young_however_old_its_contents(reports, tmp_path):
    source = tmp_path / "old"
    source.write_text("x")
    os.utime(source, (LONG_AGO, LONG_AGO))
    source.rename(reports.files.root / new_repository_id("x.npy"))
    assert size_of_waste(reports) == 0


def test_a_file_that_no_task_can_have_made_is_never_removed(reports):
    foreign = reports.files.root / "thesis.tex"
    foreign.write_text("mine")
    os.utime(foreign, (LONG_AGO, LONG_AGO))
    prune(reports, safe_age_seconds=0.0, now=None)
    assert foreign.read_text() == "mine"


def test_while_tasks_run_files_without_a_record_get_an_hour(reports, store):
    orphan = reports.files.root / new_repository_id("x.npy")
    orphan.write_text("x")
    in_ten_minutes = orphan.stat().st_ctime + 600
    assert size_of_waste(reports, now=in_ten_minutes) == 1
    store.claim()
    assert size_of_waste(reports, now=in_ten_minutes) == 0


def test_results_of_a_replaced_job_go_when_the_new_job_has_passed(reports, store, tmp_path):
    version = store.do()
    new = Store(reports, tmp_path, "new")
    with reports.transaction():
        reports.jobs.retire(store.job_id)
        reports.queries.run("product_adopt", product_id=store.product, generator=new.task, semantic=None,
                            planned=0.0, mime=None)  # fmt: skip
        reports.db_handle.execute(
            "UPDATE eas_job SET replaces = %(old)s WHERE jobId = %(new)s",
            {"old": store.job_id, "new": new.job_id},
        )
    assert size_of_waste(reports) == 0  # the new job may still take the result over
    new.do()
    path = store.path(version)
    prune(reports)
    assert not path.exists()
    assert reports.attempts.of_task(store.task) == []  # so that nothing can take over a result without files


def test_a_whole_job_goes_with_its_tasks_and_files_only(reports, store):
    version = store.do()
    path = store.path(version)
    others = reports.tasks.descendants(1)
    assert maintenance.remove_job(reports, reports.jobs.get(store.job_id)) == len("content")
    assert not path.exists()
    assert reports.jobs.find(store.job_id) is None
    assert reports.tasks.find(store.task) is None
    assert reports.tasks.descendants(1) == others
    assert list(maintenance.verify_files(reports)) == []


def test_a_job_that_runs_or_that_others_need_is_not_removed(reports, store, tmp_path):
    needing = Store(reports, tmp_path, "needing")
    with reports.transaction():
        reports.tasks.add_input(needing.task, store.product, "in", is_met=False)
    with pytest.raises(StateError, match="1 open tasks of other jobs need"):
        maintenance.job_waste(reports, reports.jobs.get(store.job_id))
    store.claim()
    with pytest.raises(StateError, match="are running"):
        maintenance.remove_job(reports, reports.jobs.get(store.job_id))


# ---------------------------------------------------------------- verify
def test_d46_missing_damaged_and_unknown_files_are_told_apart(reports, store, tmp_path):
    damaged, missing = store.do(), Store(reports, tmp_path, "other").do()
    assert list(maintenance.verify_files(reports)) == []
    store.path(damaged).write_text("cOntent")  # of the same length
    reports.versions.path(missing).unlink()
    (reports.files.root / new_repository_id("x")).write_text("orphan")
    (reports.files.root / "notes").write_text("foreign")
    found = {row["problem"]: row for row in maintenance.verify_files(reports)}
    assert set(found) == {"damaged", "missing", "orphan", "foreign"}
    assert (found["damaged"]["version"], found["damaged"]["file"]) == (damaged, "made/out.txt")
    assert found["missing"]["version"] == missing
    assert maintenance.count_files(reports) == 4  # with the two of the job that ran


# ---------------------------------------------------------------- counters
def test_a_job_that_ran_leaves_no_counter_wrong(reports):
    assert list(check_database(reports.queries)) == []


@pytest.mark.parametrize(
    ("harm", "check"),
    [
        ("UPDATE eas_task SET unmetDependencies = 7 WHERE taskName = 'after'", "unmet dependencies"),
        ("UPDATE eas_task SET openChildren = 1 WHERE taskName = 'loop'", "children"),
        ("UPDATE eas_task SET failedChildren = 0 WHERE parentTask IS NULL", "children"),
        ("UPDATE eas_task SET state = 'waiting' WHERE taskName = 'binned'", "unmet dependencies"),
        ("UPDATE eas_scheduling_attempt SET state = 'queued' WHERE taskId IN "
         "(SELECT taskId FROM eas_task WHERE taskName = 'bad')", "attempts"),
        ("UPDATE eas_task SET openAttemptId = 1 WHERE taskName = 'bad'", "attempts"),
        ("UPDATE eas_job SET state = 'running'", "jobs"),
        ("UPDATE eas_task SET state = 'expanded' WHERE taskName = 'loop'", "children"),
    ],
)  # fmt: skip
def test_each_counter_that_is_wrong_is_found_and_named(reports, harm, check):
    reports.db_handle.execute(harm)
    found = list(check_counters(reports.queries))
    assert check in {row["check"] for row in found}
    assert all(row["detail"] for row in found)


def test_d06_two_open_attempts_of_one_task_are_found(reports, store):
    store.claim()
    type_id = reports.catalogue.task_type_id("null")
    reports.attempts.create(store.task, type_id=type_id, generation=0, queued=True)
    details = [row["detail"] for row in check_counters(reports.queries)]
    assert f"task {store.task} has 2 open attempts" in details


def test_a_dependant_that_was_not_unlocked_is_found(reports, store, tmp_path):
    store.do()
    needing = Store(reports, tmp_path, "needing")
    with reports.transaction():
        reports.tasks.add_input(needing.task, store.product, "in", is_met=False)
        reports.tasks.add_metadata_source(needing.task, store.task, is_met=False)
        reports.db_handle.execute(
            "UPDATE eas_task SET state = 'waiting', unmetDependencies = 2 WHERE taskId = %(task)s",
            {"task": needing.task},
        )
    details = " ".join(row["detail"] for row in check_counters(reports.queries))
    assert "still waits for made/out.txt" in details
    assert f"still waits for metadata of task {store.task}" in details


# ---------------------------------------------------------------- schema versions
@pytest.fixture
def migrations(tmp_path):
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "02_known.sql").write_text("SELECT 1;")
    (folder / "03_add_notes.sql").write_text(
        "-- a column; and a table\nALTER TABLE eas_job ADD COLUMN note TEXT;\n"
        "CREATE TABLE eas_note (noteId AUTO_ID, text TEXT NOT NULL);\n"
    )
    (folder / "04_note_index.sql").write_text("CREATE INDEX eas_note_text ON eas_note (text);")
    (folder / "README").write_text("not a migration")
    return packaged_migrations(folder)


def test_the_packaged_migrations_lead_to_the_version_of_this_program(reports):
    newest = packaged_migrations()[-1].version if packaged_migrations() else 1
    assert schema_version(reports.queries) == newest
    require_current_schema(reports.queries)


def test_migrations_are_applied_in_order_once_and_recorded(reports, migrations):
    assert [m.version for m in pending_migrations(reports.queries, migrations)] == [3, 4]
    for migration in pending_migrations(reports.queries, migrations):
        apply_migration(reports.queries, migration)
    assert pending_migrations(reports.queries, migrations) == []
    assert schema_version(reports.queries) == 4
    rows = applied_versions(reports.queries, migrations)
    assert [(row["version"], row["name"]) for row in rows] == [
        (2, "known"),
        (3, "add_notes"),
        (4, "note_index"),
    ]
    assert all(row["applied"] for row in rows)
    reports.db_handle.execute("INSERT INTO eas_note (text) VALUES ('x')")


def test_a_migration_that_fails_leaves_the_old_tables_and_version(reports, tmp_path):
    (tmp_path / "02_known.sql").write_text("SELECT 1;")
    (tmp_path / "03_bad.sql").write_text(
        "ALTER TABLE eas_job ADD COLUMN note TEXT; ALTER TABLE nothing ADD x;"
    )
    migration = packaged_migrations(tmp_path)[-1]
    with pytest.raises(DatabaseError):
        apply_migration(reports.queries, migration)
    assert schema_version(reports.queries) == 2
    with pytest.raises(DatabaseError, match="note"):
        reports.db_handle.query("SELECT note FROM eas_job")


@pytest.mark.parametrize("names", [["03_a.sql"], ["02_a.sql", "02_b.sql"], ["02_a.sql", "04_b.sql"]])
def test_migrations_with_gaps_or_doubles_are_refused(tmp_path, names):
    for name in names:
        (tmp_path / name).write_text("SELECT 1;")
    with pytest.raises(DatabaseError, match="without gaps"):
        packaged_migrations(tmp_path)


def test_newer_older_and_missing_tables_are_refused_each_with_the_way_on(reports):
    with pytest.raises(DatabaseError, match="eas db migrate"):
        require_current_schema(reports.queries, newest=3)
    reports.queries.run("schema_version_insert", version=9)
    with pytest.raises(DatabaseError, match="newer eas-framework"):
        require_current_schema(reports.queries)


def test_a_database_without_tables_is_refused_with_the_way_on(bare_machine):
    from eas_framework.connect_db import DatabaseConnector

    with DatabaseConnector().interface() as backend, pytest.raises(DatabaseError, match="eas db init"):
        schema_version(Queries(backend))


def test_every_job_id_that_a_number_can_name_is_looked_up_safely(reports):
    assert reports.jobs.get_named("1").job_id == JobId(1)
    for name in ("9" * 30, "²", "-1", "0x1", ""):
        with pytest.raises(LookupError, match="newest jobs: 1"):
            reports.jobs.get_named(name)
