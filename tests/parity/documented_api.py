"""The documented API as a table: where each entry stands, and what it takes."""

import importlib
import inspect
import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pytest

TABLE = Path(__file__).with_name("documented_api.json")
OF_SERVERS = ("connect_db.DatabaseInterfaceMySql", "task_queues.TaskQueueAmqp")


@dataclass(frozen=True)
class Entry:
    """One module, class, function or method; `name` starts with the module's."""

    name: str
    kind: str
    parameters: list = field(default_factory=list)
    bases: list = field(default_factory=list)

    @property
    def needs_server(self):
        return self.name.startswith(OF_SERVERS)

    @cached_property
    def path(self):
        """The module and the names to follow from it."""
        module, *rest = self.name.split(".")
        return importlib.import_module(f"eas_framework.{module}"), rest

    @cached_property
    def object(self):
        found, rest = self.path
        for name in rest:
            found = getattr(found, name)
        return found

    @cached_property
    def owner(self):
        """The class that a method belongs to, else None."""
        module, rest = self.path
        return getattr(module, rest[0]) if len(rest) == 2 else None

    @cached_property
    def descriptor(self):
        """The method as its class holds it: a function, staticmethod or classmethod."""
        return inspect.getattr_static(self.owner, self.path[1][-1])

    def codes(self):
        """The code that a call of this entry runs; of a base class's method also that of its subclasses."""
        if self.kind == "class":
            return {code_of(cls.__init__) for cls in with_subclasses(self.object)} - {None}
        if self.owner is None:
            return {code_of(self.object)} - {None}
        name = self.path[1][-1]
        methods = (inspect.getattr_static(cls, name) for cls in with_subclasses(self.owner))
        return {code_of(getattr(method, "__func__", method)) for method in methods} - {None}


def calls(*names, of):
    """Mark of a test that calls these entries of a module for real, which is checked by what then runs."""
    return pytest.mark.calls(*(f"{of}.{name}" for name in names))


def with_subclasses(cls):
    yield cls
    for sub in cls.__subclasses__():
        yield from with_subclasses(sub)


def code_of(function):
    return getattr(inspect.unwrap(function), "__code__", None)


ENTRIES = {row["name"]: Entry(**row) for row in json.loads(TABLE.read_text(encoding="utf-8"))}
SERVER_FREE = {name for name, entry in ENTRIES.items() if not entry.needs_server}
