"""The named queries that MySQL and MariaDB say otherwise, read from ``dialect.sql``."""

from __future__ import annotations

import importlib.resources
from collections.abc import Mapping
from functools import cache

from eas_framework.task_database.queries import read_blocks


@cache
def overrides() -> Mapping[str, str]:
    """Query name to SQL."""
    text = importlib.resources.files("eas_mysql").joinpath("dialect.sql").read_text(encoding="utf-8")
    return read_blocks(text, "dialect.sql")
