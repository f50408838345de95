"""What two connections do to each other, step by step: each waits until the server says it is blocked."""

import threading
import time

import pytest
from faulty_network import Proxy

from eas_framework.job_file import read_job
from eas_framework.pipeline import open_workspace, submit_job
from eas_framework.settings import configuration, load_configuration, use_configuration
from eas_framework.task_database import TaskDatabaseConnection
from eas_framework.task_database.expansion import ChildPlan
from eas_framework.testing.oracle import moment_faults
from eas_framework.testing.scenarios import Hand, write_job

pytestmark = pytest.mark.service
PATIENCE_SECONDS = 60.0
SHOWN_ANEW_SECONDS = 0.15  # the server shows what it showed before to whoever asks sooner
HEAVY = 200  # rows that make the server end the other one of two that are deadlocked
SOURCES = ("execution_for_loop", "execution_chain")
BLOCKED = "SELECT trx_state AS state FROM information_schema.innodb_trx WHERE trx_mysql_thread_id = %s"


@pytest.fixture
def engine_settings(mysql_settings):
    return {"queue_implementation": "sql", **mysql_settings}


@pytest.fixture
def tasks(workspace):
    database, _ = open_workspace()
    yield database
    database.close_db()


class Beside:
    """Work on a connection and in a thread of its own."""

    def __init__(self, watch, work):
        self._watch, self._work, self._errors = watch, work, []
        self.database = TaskDatabaseConnection()
        self._id = self.database.db_handle.query("SELECT CONNECTION_ID() AS id")[0]["id"]
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        try:
            self._work(self.database)
        except BaseException as error:
            self._errors.append(error)

    def wait_until_blocked_or_done(self):
        gives_up = time.monotonic() + PATIENCE_SECONDS
        while self._thread.is_alive():
            assert time.monotonic() < gives_up, "it is neither blocked nor done"
            if {"state": "LOCK WAIT"} in self._watch.db_handle.query(BLOCKED, (self._id,)):
                return
            time.sleep(SHOWN_ANEW_SECONDS)

    def end(self):
        self._thread.join(PATIENCE_SECONDS)
        assert not self._thread.is_alive(), "it does not end"
        self.database.close_db()
        if self._errors:
            raise self._errors[0]


def plan(name, kind="null", **keys):
    return ChildPlan(task_type=kind, description="{}", label=name, task_name=name, **keys)


def write_one_task(folder, name="late"):
    return read_job(write_job(folder, {"job_name": name, "task_list": [{"task": "null"}]}))


class Family:
    """A job whose control-flow tasks are expanded by hand."""

    def __init__(self, database, folder):
        self.database, self.hand = database, Hand(database)
        self.root = database.jobs.get(submit_job(database, write_one_task(folder)).job_id).root_task

    def claim(self, task_id):
        return self.hand.claim(self.database.tasks.row(task_id)["openAttemptId"]).claim.attempt_id

    def expand(self, task_id, *plans):
        register = self.database.expansion.register
        return register(task_id, self.claim(task_id), plans, source_types=SOURCES)


# ------------------------------------------------------------- a late-bound product
def test_a_consumer_registered_while_its_late_product_is_adopted_and_made_is_woken(tasks, workspace):
    """The maker is registered before the consumer's transaction reads, commits in it, and ends within it."""
    family = Family(tasks, workspace)
    wants = {"inputs": {"file": "late.txt"}}
    loop, chain, first = family.expand(
        family.root, plan("loop", SOURCES[0]), plan("chain", SOURCES[1]), plan("first", **wants)
    )
    (inner,) = family.expand(loop, plan("inner", SOURCES[1]))
    attempt_of = {task: family.claim(task) for task in (chain, inner)}
    is_registered, may_commit = threading.Event(), threading.Event()

    def register_consumer(database):
        with database.transaction():
            plans = [plan("second", **wants)]
            database.expansion.register(chain, attempt_of[chain], plans, source_types=SOURCES)
            is_registered.set()
            assert may_commit.wait(PATIENCE_SECONDS)

    def end_maker(database):
        hand, source = Hand(database), workspace / "late.txt"
        claimed = hand.claim(database.tasks.row(maker)["openAttemptId"])
        source.write_text("late")
        hand.write(claimed, "late.txt", source, directory="late")
        hand.end(claimed)

    with TaskDatabaseConnection() as watch:
        with tasks.transaction():
            plans = [plan("maker", outputs={"file": "late.txt"}), plan("idle")]
            maker, _ = tasks.expansion.register(inner, attempt_of[inner], plans)
            consumer = Beside(watch, register_consumer)
            consumer.wait_until_blocked_or_done()
        assert is_registered.wait(PATIENCE_SECONDS)
        ending = Beside(watch, end_maker)
        ending.wait_until_blocked_or_done()
        may_commit.set()
        consumer.end()
        ending.end()
    assert moment_faults(tasks) == []
    assert [row["state"] for row in tasks.tasks.children(chain)] == ["queued"]
    assert tasks.tasks.row(first)["state"] == "queued"


# ------------------------------------------------------------- deadlocks and lost connections
def test_a_documented_call_that_is_the_victim_of_a_deadlock_is_done_again(tasks):
    task_id = tasks.task_register(task_type="null", metadata={"a": 0, "b": 0})
    keys = [tasks.metadata_keyword_id(name) for name in ("a", "b")]
    lock = "SELECT itemId FROM eas_metadata_item WHERE taskId = %s AND metadataKey = %s FOR UPDATE"
    with TaskDatabaseConnection() as watch:
        with tasks.transaction():
            for number in range(HEAVY):
                tasks.catalogue.ensure_task_type(f"heavy_{number}")
            tasks.db_handle.query(lock, (task_id, keys[1]))
            call = Beside(watch, lambda other: other.metadata_register({"a": 1, "b": 2}, task_id=task_id))
            call.wait_until_blocked_or_done()
            tasks.db_handle.query(lock, (task_id, keys[0]))
        call.end()
    assert call.database.db_handle.rollbacks == 1, "there was no deadlock"
    found = tasks.metadata_fetch_all(task_id=task_id)
    assert {name: item.value for name, item in found.items()} == {"a": 1, "b": 2}


def test_leases_whose_renewal_is_the_victim_of_a_deadlock_are_renewed_again(tasks):
    hand = Hand(tasks)
    held = [
        hand.claim(tasks.lifecycle.queue_task(tasks.task_register(task_type="null"))).claim.attempt_id
        for _ in range(2)
    ]
    lock = "SELECT state FROM eas_scheduling_attempt WHERE schedulingAttemptId = %s FOR UPDATE"
    found = []
    with TaskDatabaseConnection() as watch:
        with tasks.transaction():
            for number in range(HEAVY):
                tasks.catalogue.ensure_task_type(f"heavy_{number}")
            tasks.db_handle.query(lock, (held[1],))
            renewal = Beside(
                watch,
                lambda other: found.append(other.attempts.renew_all([hand.name], lease_seconds=60.0)),
            )
            renewal.wait_until_blocked_or_done()
            tasks.db_handle.query(lock, (held[0],))
        renewal.end()
    assert renewal.database.db_handle.rollbacks == 1, "there was no deadlock"
    assert found == [set(held)]


def submit(database, folder):
    return submit_job(database, write_one_task(folder, "cut")).is_new


def register_file(database, folder):
    (root,) = database.db_handle.query("SELECT rootTask AS id FROM eas_job")
    database.file_product_register(root["id"], "late", "a.txt", "file", metadata={"key": 1})
    return len(database.file_product_by_filename("late", "a.txt")) == 1


def note_metadata(database, folder):
    (root,) = database.db_handle.query("SELECT rootTask AS id FROM eas_job")
    database.task_update(root["id"], metadata={"cut": 1})
    return database.metadata_fetch_all(task_id=root["id"])["cut"].value == 1


def register_task(database, folder):
    task_id = database.task_register(task_type="null", metadata={"cut": 1})
    return database.task_lookup(task_id) is not None


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (submit, b"INSERT INTO eas_scheduling_attempt"),
        (register_file, b"INSERT INTO eas_metadata_item"),
        (note_metadata, b"INSERT INTO eas_metadata_item"),
        (register_task, b"INSERT INTO eas_metadata_item"),
    ],
)
def test_a_call_whose_connection_breaks_in_its_transaction_is_done_again(tasks, workspace, call, word):
    Family(tasks, workspace)
    config = configuration()
    proxy = Proxy(config.db_host, config.db_port)
    settings = {name: getattr(config, name) for name in ("queue_implementation", "db_engine", "db_host")}
    login = {"db_user": config.db_user, "db_database": config.db_database}
    password = {"db_password": config.db_password.reveal(), "db_port": str(proxy.port)}
    use_configuration(load_configuration(workspace=workspace, overrides={**settings, **login, **password}))
    with TaskDatabaseConnection() as database:
        proxy.cut_after = word
        assert call(database, workspace)
        assert proxy.cut_after is None, "nothing was cut"
    proxy.close()
    assert moment_faults(tasks) == []
