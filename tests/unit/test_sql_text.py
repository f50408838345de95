"""Statements come from named files with bound values; the few that are put together are listed here."""

from pathlib import Path

import pytest
from source_code import SourceFile, read_packages
from sql_text import built_statements

CORE, MYSQL, SQLITE = "eas_framework", "plugins/eas_mysql/eas_mysql", "plugins/eas_sqlite/eas_sqlite"
NAMED = "the statement of a `.sql` file, by its name"
QUOTED = "names of databases and tables cannot be bound; `quoted` makes any text a name"
EXPLAINED = "EXPLAIN before a statement that is whole"
LISTED = {
    (f"{CORE}/plugins/database.py", "explain"): EXPLAINED,
    (f"{CORE}/task_database/queries.py", "iterate"): NAMED,
    (f"{CORE}/task_database/queries.py", "prepare"): NAMED,
    (f"{CORE}/task_database/queries.py", "rows"): NAMED,
    (f"{CORE}/task_database/queries.py", "run"): NAMED,
    (f"{CORE}/task_database/queries.py", "run_many"): NAMED,
    (f"{CORE}/task_database/schema_version.py", "apply_migration"): "the statements of a migration's file",
    (f"{MYSQL}/administration.py", "_drop"): QUOTED,
    (f"{MYSQL}/administration.py", "_kill"): "KILL takes no bound value; it is made an integer",
    (f"{MYSQL}/administration.py", "check_tables"): QUOTED,
    (f"{MYSQL}/administration.py", "make_database"): QUOTED,
    (f"{MYSQL}/administration.py", "require_empty"): QUOTED,
    (f"{MYSQL}/administration.py", "create_tables"): "the statements of `schema.sql` with a fixed ending",
    (f"{MYSQL}/dump.py", "_table_rows"): QUOTED,
    (f"{MYSQL}/dump.py", "load_dump"): QUOTED,
    (
        f"{MYSQL}/session.py",
        "_set_up",
    ): "names of variables and a collation that are constants; values are bound",
    (f"{SQLITE}/backend.py", "_has_run"): "one of three constants",
    (f"{SQLITE}/backend.py", "_set"): "PRAGMA takes no bound value; names and values are constants",
    (f"{SQLITE}/backend.py", "create_database"): "the statements of `schema.sql`",
    (f"{SQLITE}/backend.py", "explain"): EXPLAINED,
    (f"{SQLITE}/backend.py", "restore"): "the statements of a dump, into a new file of its own",
}


def test_no_statement_is_put_together_but_those_that_are_listed():
    found = {
        (place.file, place.function): place
        for place in built_statements(read_packages())
        if not place.file.startswith(f"{CORE}/testing/")  # the kit makes tables of its own
    }
    assert {key: place for key, place in found.items() if key not in LISTED} == {}
    assert LISTED.keys() - found.keys() == set(), "listed, and no longer so"


@pytest.mark.parametrize(
    "statement",
    [
        'f"DELETE FROM t WHERE name = {name}"',
        '"DELETE FROM t WHERE name = " + name',
        '"DELETE FROM t WHERE name = %s" % name',
        '"DELETE FROM t WHERE name = {}".format(name)',
        '" ".join(["DELETE FROM t WHERE name =", name])',
        "text",
        "made()",
        'to_qmark("DELETE FROM t WHERE name = " + name)',
    ],
)
@pytest.mark.parametrize(
    "call", ["database.execute({})", "cursor.executemany({}, rows)", "run(1, {})", "run(1, sql={})"]
)
def test_a_statement_that_is_put_together_is_found(statement, call):
    code = f"def run(one, sql): ...\ndef remove(name, text):\n    {call.format(statement)}\n"
    (place,) = built_statements([SourceFile(Path("made.py"), code)])
    assert (place.function, place.line) == ("remove", 3)


@pytest.mark.parametrize(
    "statement", ['"DELETE FROM t WHERE name = %s"', "REMOVE", "to_qmark(REMOVE)", "sql"]
)
def test_a_statement_that_is_whole_is_not_found(statement):
    code = f'REMOVE = "DELETE FROM t"\ndef remove(name, sql):\n    database.execute({statement}, (name,))\n'  # noqa: S608 - code to look at, never run
    assert built_statements([SourceFile(Path("made.py"), code)]) == []
