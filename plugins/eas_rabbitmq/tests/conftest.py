"""A message broker for the tests, and private queues on it."""

import pytest


@pytest.fixture
def engine_settings(amqp_settings):
    """SQLite and the broker."""
    return {"db_engine": "sqlite3", **amqp_settings}
