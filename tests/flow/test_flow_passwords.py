"""A password appears nowhere: in no output, log, table, dump, file, process list or environment."""

import contextlib
import dataclasses
import gzip
import json
import secrets
import time
from pathlib import Path

import psutil
import pymysql
import pytest

pytestmark = [pytest.mark.service, pytest.mark.slow]
MARKER = "S3CR3T-marker-5b0e"
PATIENCE_SECONDS = 120.0
JOB = {
    "job_name": "quiet",
    "task_list": [
        {"task": "null", "name": "good"},
        {"task": "error", "name": "bad", "message": "no light"},
    ],
}
COMMANDS = [
    "config show", "config show --origin", "config show db_password mq_password --format json", "config path",
    "doctor", "status", "status --debug", "tree quiet", "results quiet", "errors", "logs", "files list",
    "queue", "plugins", "db check", "task show 1 --debug", "status absent", "config set db_port x",
]  # fmt: skip


@pytest.fixture
def user(mysql_address, mysql_database):
    """A user of the database whose password is the marker."""
    name = f"eas_user_{secrets.token_hex(6)}"
    login = {"host": mysql_address.host, "port": mysql_address.port}
    admin = pymysql.connect(user=mysql_address.user, password=mysql_address.password, **login)
    with admin, admin.cursor() as cursor:
        cursor.execute(f"CREATE USER '{name}'@'%' IDENTIFIED BY '{MARKER}'")
        cursor.execute(f"GRANT ALL ON `{mysql_database}`.* TO '{name}'@'%'")
        yield name
        cursor.execute(f"DROP USER '{name}'@'%'")


@pytest.fixture
def workspace(new_workspace, mysql_settings, amqp_settings, user):
    """A workspace whose passwords stand in files of their own."""
    made = new_workspace()
    mysql_settings |= {"db_user": user, "db_password": MARKER}
    local = made.folder / ".eas" / "local"
    local.mkdir(parents=True)
    for name, settings, key in (
        ("sql", mysql_settings, "db_password"),
        ("task_queue", amqp_settings, "mq_password"),
    ):
        path = local / f"local_settings_{name}.conf"
        path.touch(mode=0o600)
        path.write_text(f"{key}: {settings.pop(key)}\n")
    lines = [f"{name}: {value}" for name, value in {**mysql_settings, **amqp_settings}.items()]
    (made.folder / "eas.yaml").write_text("\n".join(lines) + "\n")
    made.write("job.json", JOB)
    return made


@pytest.fixture
def passwords(amqp_address):
    return (MARKER, amqp_address.password)


def assert_absent(passwords, text, where):
    for password in passwords:
        assert password not in text, where


def wait_until(condition, what):
    gives_up = time.monotonic() + PATIENCE_SECONDS
    while not (found := condition()):
        assert time.monotonic() < gives_up, what
        time.sleep(0.05)
    return found


def shown_by_the_system(process):
    """Command line and environment of a process, as the system shows them."""
    with contextlib.suppress(ProcessLookupError, FileNotFoundError):
        for name in ("cmdline", "environ"):
            yield Path(f"/proc/{process.pid}/{name}").read_bytes().decode(errors="replace")


def test_passwords_appear_in_no_process_output_log_table_dump_or_file(workspace, passwords, tmp_path):
    said = tmp_path / "worker.txt"
    with said.open("w") as stream:
        worker = workspace.start("worker", "-j", "2", "--debug", stderr=stream)
    try:
        family = psutil.Process(worker.pid)
        children = wait_until(lambda: len(found := family.children(True)) >= 2 and found, "no executors")
        workspace.run("submit", "job.json")
        wait_until(lambda: is_done(workspace), "the job did not end")
        for process in [family, *children]:
            for text in shown_by_the_system(process):
                assert_absent(passwords, text, process)
        assert_absent(passwords, "".join(all_command_lines()), "process list")
    finally:
        worker.terminate()
        out, _ = worker.communicate(timeout=PATIENCE_SECONDS)
    assert_absent(passwords, out + said.read_text(), "worker")
    for words in COMMANDS:
        done = workspace.run(*words.split(), code=None)
        assert_absent(passwords, done.stdout + done.stderr, words)
    workspace.run("db", "dump", "all.gz")
    assert_absent(passwords, gzip.decompress((workspace.folder / "all.gz").read_bytes()).decode(), "dump")
    for path in workspace.folder.rglob("*"):
        if path.is_file() and not path.name.startswith("local_settings_"):
            assert_absent(passwords, path.read_bytes().decode(errors="replace"), path)


def is_done(workspace):
    rows = json.loads(workspace.run("status", "--format", "json").stdout)
    return rows and rows[0]["state"] == "failed"


def all_command_lines():
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            yield path.read_bytes().decode(errors="replace")


@pytest.mark.parametrize(
    "change",
    [
        {"EAS_DB_USER": "eas_nobody"},
        {"EAS_DB_PORT": "1"},
        {"EAS_DB_DATABASE": "absent"},
        {"EAS_MQ_USER": "eas_nobody"},
    ],
)
def test_no_error_of_a_server_shows_a_password(workspace, passwords, change):
    broken = dataclasses.replace(workspace, environment={**workspace.environment, **change})
    done = broken.run("doctor", "--debug", code=None)
    assert done.returncode == 3, done.stdout
    assert_absent(passwords, done.stdout + done.stderr, change)


def test_a_password_of_the_environment_reaches_no_command_line_or_output(workspace, passwords):
    given = {"EAS_DB_PASSWORD": MARKER, "EAS_MQ_PASSWORD": passwords[1]}
    for path in (workspace.folder / ".eas" / "local").iterdir():
        path.unlink()
    told = dataclasses.replace(workspace, environment={**workspace.environment, **given})
    done = told.run("run", "job.json", "--debug", code=1)
    assert_absent(passwords, done.stdout + done.stderr, "run")
    for words in ("config show --origin", "doctor", "errors"):
        done = told.run(*words.split())
        assert_absent(passwords, done.stdout + done.stderr, words)
