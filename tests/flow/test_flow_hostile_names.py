"""Hostile names through every command on both engines: quotes, NUL, line breaks, wide characters, paths."""

import json
import os

import pytest

from eas_framework.cli.command_table import COMMANDS
from eas_framework.cli.main import execute
from eas_framework.settings import use_configuration

pytestmark = [pytest.mark.service, pytest.mark.slow]
NAMES = {
    "quotes": 'it\'s "said" `so`',
    "statement": "x'); DROP TABLE eas_task; --",
    "marks": "100 % %s %(name)s {0} ? :x $(id)",
    "line breaks": "two\nlines\r\tand a tab",
    "nul": "nul\0byte",
    "wide": "🪐 恒星 é é \u202e",
    "path": "../../etc/passwd",
    "absolute": "/etc/passwd",
    "option": "-rf",
    "backslash": "back\\slash\\",
    "blank": " ",
    "long": "x" * 300,
}
GOOD, USAGE = 0, 2


@pytest.fixture(params=["sqlite3", "mysql"], scope="module")
def engine(request):
    return request.param


@pytest.fixture(scope="module")
def folder(tmp_path_factory, engine):
    return tmp_path_factory.mktemp(engine)


@pytest.fixture(scope="module")
def module_database(engine, request):
    """Settings of a database that lives as long as the module's tests of an engine."""
    if engine == "sqlite3":
        yield {"db_engine": "sqlite3"}
        return
    import pymysql

    server = request.getfixturevalue("mysql_address")
    name = f"eas_test_hostile_{os.getpid()}"
    yield {
        "db_engine": "mysql",
        "db_host": server.host,
        "db_port": server.port,
        "db_user": server.user,
        "db_password": server.password,
        "db_database": name,
    }
    login = {"host": server.host, "port": server.port, "user": server.user, "password": server.password}
    with pymysql.connect(**login) as admin, admin.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS `{name}`")


@pytest.fixture
def eas(folder, module_database, monkeypatch, capfd):
    """Runs a command in this process; its exit code and all that it said. It is never a bug that ends it."""
    for name in [name for name in os.environ if name.startswith("EAS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "none"))
    monkeypatch.chdir(folder)
    settings = folder / "eas.yaml"
    settings.touch(mode=0o600)
    settings.write_text("".join(f"{name}: {value}\n" for name, value in module_database.items()))

    def run(*words):
        use_configuration(None)
        capfd.readouterr()
        code = execute(words, program="eas")
        said = capfd.readouterr()
        assert "Traceback" not in said.err, (words, said.err)
        assert code in range(4), (words, code, said.err)
        assert "database server" not in said.err  # it was not asked what it would refuse
        return code, said.out + said.err

    yield run
    use_configuration(None)


def hostile_job(names):
    """A job whose own name holds all the names, with a task, a parameter and a loop's value of each."""
    return {
        "job_name": " ".join(names),
        "working_directory": "hostile",
        "task_list": [
            *({"task": "null", "name": name} for name in names),
            {
                "task": "execution_for_loop",
                "parameter": "value",
                "values": names,
                "task_list": [{"task": "null", "name": "'turn {value}'.format(**metadata)"}],
            },
        ],
    }


def test_a_job_with_hostile_names_runs_and_keeps_them(eas, folder):
    names = [name for kind, name in NAMES.items() if kind != "long"]
    (folder / "job.json").write_text(json.dumps(hostile_job(names)))
    code, said = eas("run", "job.json", "-j", "1")
    assert code == GOOD, said
    rows = json.loads(eas("tree", "1", "--unfold", "--format", "json")[1])
    shown = {row["name"].strip() for row in rows}
    assert shown >= {*(name.strip() for name in names), *(f"turn {name}".strip() for name in names)}
    assert json.loads(eas("status", "--format", "json")[1])[0]["job"] == " ".join(names).strip()


@pytest.mark.parametrize("key", ["job_name", "name"])
def test_a_name_that_one_engine_could_not_hold_is_refused_on_both(eas, folder, key):
    task = {"task": "null"}
    job = {"job_name": "short", "working_directory": "long", "task_list": [task]}
    (job if key == "job_name" else task)[key] = NAMES["long"]
    (folder / "long.json").write_text(json.dumps(job))
    code, said = eas("run", "long.json", "-j", "1")
    assert (code, "is longer than 255 characters" in said) == (USAGE, True), said


WORDS = [
    ("status", "{}"), ("status", "{}", "--format", "json"), ("tree", "{}"), ("results", "{}"),
    ("results", "{}", "--kind", "timings"), ("results", "x", "--where", "{}"), ("errors", "{}"),
    ("logs", "--job", "{}"), ("logs", "{}"), ("files", "ls", "{}"), ("files", "cat", "{}"),
    ("files", "why", "{}"), ("files", "get", "{}"), ("retry", "{}", "--no-run"), ("cancel", "{}"),
    ("task", "show", "{}"), ("task", "run", "{}"), ("tasks", "show", "{}"), ("queue", "show", "{}"),
    ("queue", "purge", "{}", "-n"), ("worker", "--once", "--task-types", "{}"), ("db", "restore", "{}", "-n"),
    ("db", "prune", "-n", "--job", "{}"), ("config", "show", "{}"), ("config", "set", "{}", "x"),
    ("validate", "{}"), ("run", "{}"), ("submit", "{}"), ("search", "{}"), ("schema", "{}"),
    ("plugins", "{}"), ("scheduler", "{}"), ("doctor", "{}"), ("demo", "{}"), ("port", "{}"),
    ("standalone", "{}"), ("completeness", "{}", "--by", "x"), ("completeness", "x", "--by", "{}"),
]  # fmt: skip


def test_every_command_is_among_those_that_are_tried():
    assert {words[0] for words in WORDS} == set(COMMANDS)


def test_a_hostile_name_as_an_argument_is_only_a_name(eas):
    quoting = "".join(NAMES[kind] for kind in ("quotes", "statement", "marks", "backslash"))
    names = [
        quoting,
        *(NAMES[kind] for kind in ("line breaks", "wide", "path", "option")),
    ]  # no NUL: argv ends
    before = eas("status", "--format", "json")
    for words in WORDS:
        for name in names:
            eas(*(word.replace("{}", name) for word in words))
    assert eas("status", "--format", "json") == before
    assert eas("db", "check")[0] == GOOD
