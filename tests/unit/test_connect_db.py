"""`DatabaseConnector`: from settings and arguments to the backend that a plugin supplies."""

import pytest

from eas_framework import connect_db
from eas_framework.connect_db import DatabaseConnector
from eas_framework.plugins import manager as manager_module
from eas_framework.plugins.manager import PluginManager
from eas_framework.settings import Configuration, Secret, configuration, use_configuration


class Backend:
    """Keeps what it was built with."""

    def __init__(
        self, db_user=None, db_passwd=None, db_host=None, db_port=None, db_database=None, connect=True
    ):
        self.given = (db_user, db_passwd, db_host, db_port, db_database, connect)


class SmallBackend:
    """Names two of the arguments, as an engine without a server does."""

    def __init__(self, db_database=None, connect=True, *, path=None):
        self.given = (db_database, connect, path)


@pytest.fixture
def installed(bare_machine, monkeypatch):
    """A process whose plugins supply the two backends above."""
    use_configuration(
        Configuration(
            workspace=bare_machine, db_engine="small", db_user="set", db_password=Secret("pw"), db_port=4444
        )
    )
    backends = {"big": Backend, "small": SmallBackend}
    manager = PluginManager(entry_points=())
    monkeypatch.setattr(manager, "database_backend", backends.__getitem__)
    monkeypatch.setattr(manager_module, "_managers", [(configuration(), manager)])


def test_settings_fill_what_arguments_leave_open(installed):
    with DatabaseConnector(db_engine="big", db_host="here") as connector:
        assert connector.interface().given == ("set", "pw", "here", 4444, "eas", True)


def test_arguments_stand_before_settings_even_when_empty(installed):
    connector = DatabaseConnector("big", db_user="", db_passwd="", db_port=1, db_database="other")
    assert connector.interface(connect=False).given == ("", "", "localhost", 1, "other", False)


def test_a_backend_gets_only_the_arguments_that_it_names(installed):
    assert DatabaseConnector().interface(connect=False).given == ("eas", False, None)


def test_an_unknown_engine_is_a_value_error_that_says_what_to_install(bare_machine):
    use_configuration(Configuration(workspace=bare_machine, disabled_plugins=("mysql",)))
    with pytest.raises(ValueError, match="no database backend 'oracle'"):
        DatabaseConnector(db_engine="oracle").interface()
    with pytest.raises(ValueError, match=r"no database backend 'mysql'.*install the package eas-mysql"):
        DatabaseConnector(db_engine="mysql").interface()


def test_classes_that_moved_into_plugins_keep_their_address(installed, monkeypatch):
    monkeypatch.setattr(manager_module._managers[0][1], "database_backend", {"sqlite3": SmallBackend}.get)
    assert connect_db.DatabaseInterfaceSqlite is SmallBackend


def test_a_moved_class_without_its_plugin_says_which_package_is_missing(bare_machine):
    use_configuration(Configuration(workspace=bare_machine, disabled_plugins=("mysql",)))
    with pytest.raises(AttributeError, match=r"DatabaseInterfaceMySql: .*install the package eas-mysql"):
        _ = connect_db.DatabaseInterfaceMySql
    with pytest.raises(AttributeError, match="has no attribute 'DatabaseInterfaceOracle'"):
        _ = connect_db.DatabaseInterfaceOracle
