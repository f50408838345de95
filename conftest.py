"""Fixtures for all tests of the repository: those of the contract kit, and private servers."""

from hypothesis import settings

pytest_plugins = ["eas_framework.testing.fixtures", "server_fixtures"]

# The same examples in every run, however slow the machine.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")
