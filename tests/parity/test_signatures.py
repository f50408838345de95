"""Every documented entry stands at its address, takes what it took, and says what it does."""

import inspect
import logging

import pytest
from documented_api import ENTRIES, SERVER_FREE

CALLABLE = [name for name, entry in ENTRIES.items() if entry.kind != "module"]
MODULES = [name for name, entry in ENTRIES.items() if entry.kind == "module"]
ATTRIBUTES = {  # not in the table, but used by task code
    "connect_db.DatabaseInterface": ["__enter__", "__exit__"],
    "connect_db.DatabaseConnector": ["__enter__", "__exit__"],
    "lightcurve.Lightcurve": ["__add__", "__sub__", "__mul__"],
    "task_database": ["Task", "TaskExecutionAttempt", "FileProduct", "FileProductVersion", "MetadataItem"],
    "task_database.TaskDatabaseConnection": ["__enter__", "__exit__"],
    "task_heartbeat.TaskHeartbeat": ["__enter__", "__exit__", "process"],
    "task_queues.TaskQueue": ["__enter__", "__exit__"],
    "task_queues.TaskQueueConnector": ["__enter__", "__exit__"],
    "task_queues.TaskScheduler": ["__enter__", "__exit__"],
    "task_timer.TaskTimer": ["__enter__", "__exit__"],
    "temporary_directory.TemporaryDirectory": ["__enter__", "__exit__", "__del__"],
}


def test_the_table_is_whole():
    assert len(ENTRIES) == 219
    assert len(SERVER_FREE) == 201


def parameters_of(entry):
    """The parameters of a call, `self` left out."""
    found = list(inspect.signature(entry.object).parameters.values())
    return found[1:] if entry.kind == "method" else found


@pytest.mark.parametrize("name", CALLABLE)
def test_a_call_takes_the_documented_parameters(name):
    entry = ENTRIES[name]
    found = parameters_of(entry)
    documented = [parameter for parameter in entry.parameters if not parameter[0].startswith("*")]
    for (wanted, *default), parameter in zip(documented, found, strict=False):
        assert parameter.name == wanted
        assert parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
        assert (repr(parameter.default) if default else parameter.default) == (
            default[0] if default else inspect.Parameter.empty
        )
    assert len(found) >= len(documented)
    for further in found[len(documented) :]:
        is_free = further.kind in (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
        assert is_free or further.default is not inspect.Parameter.empty


@pytest.mark.parametrize("name", CALLABLE)
def test_an_entry_is_of_the_documented_kind(name):
    entry = ENTRIES[name]
    if entry.kind == "class":
        assert inspect.isclass(entry.object)
        bases = {base.__name__ for base in entry.object.__mro__}
        assert bases >= {base.rpartition(".")[2] for base in entry.bases}
    elif entry.kind in ("classmethod", "staticmethod"):
        assert type(entry.descriptor).__name__ == entry.kind
    else:
        assert inspect.isfunction(entry.object)


@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_says_what_it_does(name):
    entry = ENTRIES[name]
    text = entry.object.__doc__ or ""
    assert len(text.strip()) > 20
    assert not text.startswith(f"{entry.name.rpartition('.')[2]}(")  # what a dataclass writes by itself
    assert "See :" not in text.splitlines()[0]


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.calls(name)) for name in MODULES])
def test_a_module_holds_what_the_table_names_in_it(name):
    entry = ENTRIES[name]
    module, _ = entry.path
    assert module.__name__ == f"eas_framework.{name}"
    inside = {other.path[1][0] for other in ENTRIES.values() if other.name.startswith(f"{name}.")}
    assert inside
    assert all(hasattr(module, wanted) for wanted in inside)


@pytest.mark.parametrize(("name", "wanted"), [(n, w) for n, names in ATTRIBUTES.items() for w in names])
def test_what_task_code_uses_beside_the_table_is_there(name, wanted):
    assert hasattr(ENTRIES[name].object, wanted)


def test_the_handler_of_the_log_is_a_stream_handler():
    assert issubclass(ENTRIES["logging_database.EasLoggingHandler"].object, logging.StreamHandler)
