"""The pairs of database and queue, as parameters of tests."""

import pytest

SQLITE, SQLITE_AMQP = ("sqlite3", "sql"), ("sqlite3", "amqp")
MYSQL, MYSQL_AMQP = ("mysql", "sql"), ("mysql", "amqp")
PAIRS = (SQLITE, SQLITE_AMQP, MYSQL, MYSQL_AMQP)


def on(*pairs, always=()):
    """Run a test on these pairs: on those of `always` in every test run, on the others by `make faults`."""
    given = [
        pytest.param(one, marks=() if one in always else pytest.mark.faults, id="-".join(one))
        for one in pairs
    ]
    return pytest.mark.parametrize("pair", given, indirect=False)
