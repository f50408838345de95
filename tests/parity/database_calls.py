"""What the documented calls on a database do, the same for every engine."""

import gzip
from pathlib import Path

import pytest

from eas_framework.errors import DatabaseError, IntegrityError


def check_making(database):
    """`database` is configured, closed, and does not exist yet; afterwards it has its tables and is open."""
    assert not database.test_database_exists()
    database.create_database(initialise_schema=False)
    assert database.test_database_exists()
    assert not database.has_table("eas_task")
    database.create_database(initialise_schema=True)
    assert database.has_table("eas_task")
    with pytest.raises(DatabaseError, match="force"):  # the prototype destroyed it without a question
        database.create_database()
    assert database.has_table("eas_task")


def check_statements(database, second):
    """`database` is open and has tables; `second` is another connection to it, not open."""
    query = "SELECT name FROM eas_metadata_keys WHERE name <> %s ORDER BY name"
    database.parameterised_query("INSERT INTO eas_metadata_keys (name) VALUES (%s)", ("it's %s",))
    first_key = database.lastrowid()
    database.parameterised_query_many(
        sql="INSERT INTO eas_metadata_keys (name) VALUES (%s)", parameters=[("b",), ("c",)]
    )
    database.commit()
    second.connect()
    second.parameterised_query(sql=query, parameters=("",))
    assert second.fetchall() == [{"name": "b"}, {"name": "c"}, {"name": "it's %s"}]
    second.parameterised_query("SELECT keyId FROM eas_metadata_keys WHERE name = %s", ("it's %s",))
    assert second.fetchone() == {"keyId": first_key}
    assert second.fetchone() is None
    insert_again = ("INSERT INTO eas_metadata_keys (name) VALUES (%s)", ("b",))
    with pytest.raises(IntegrityError):
        second.parameterised_query(*insert_again)
    second.parameterised_query(*insert_again, allow_errors=True)
    with pytest.raises(DatabaseError):
        second.parameterised_query("SELECT nothing FROM nowhere", allow_errors=True)
    second.parameterised_query("SELECT COUNT(*) FROM eas_metadata_keys")
    assert second.fetchone() == {"COUNT(*)": 3}
    second.close()
    second.close()
    second.commit()  # harmless without a connection
    with pytest.raises(DatabaseError):
        second.parameterised_query("SELECT 1")


def check_dump_and_restore(database, folder: Path):
    """`database` is open and has tables; what was written after the dump is gone after restoring it."""
    dump = folder / "dump.sql.gz"
    insert = "INSERT INTO eas_semantic_type (name) VALUES (%s)"
    database.parameterised_query(insert, ("kept; -- 'ü'",))
    database.commit()
    database.dump(output_filename=str(dump))
    assert "eas_semantic_type" in gzip.decompress(dump.read_bytes()).decode()
    database.parameterised_query(insert, ("lost",))
    database.commit()
    database.restore(input_filename=str(dump))
    database.parameterised_query(
        "SELECT name FROM eas_semantic_type WHERE name IN ('lost', %s)", ("kept; -- 'ü'",)
    )
    assert database.fetchall() == [{"name": "kept; -- 'ü'"}]
