"""The pages of the programming interface: nothing public is undescribed, and every name is on its page."""

from __future__ import annotations

import importlib
import inspect
import re

import pytest
from api_reference import DOCUMENTED, FOR_AUTHORS, index_page, module_page, public_names

ENTRY = re.compile(r"^##+ (?:class )?`([\w.]+)`\n\n```text\n(.*?)\n```$", re.MULTILINE | re.DOTALL)
MODULES = (*DOCUMENTED, *FOR_AUTHORS)


@pytest.mark.parametrize("name", MODULES)
def test_everything_public_is_on_the_page_with_a_description(name: str):
    page = module_page(name)
    entries = re.findall(
        r"^##+ (?:class )?`([\w.]+)`\n\n```text\n(.*?)\n```$", page, re.MULTILINE | re.DOTALL
    )
    described = {entry: text.partition("\n\n")[2] for entry, text in entries}
    public = [key for key, _ in public_names(importlib.import_module(f"eas_framework.{name}"))]
    assert public
    assert set(public) <= set(described)
    if name != "testing":  # the names of the contracts' tests are sentences
        assert [entry for entry, text in described.items() if not text] == []


def test_methods_of_bases_that_have_no_entry_of_their_own_are_shown():
    from eas_framework.task_database import TaskDatabaseConnection

    page = module_page("task_database")
    public = [
        method
        for method, _ in inspect.getmembers(TaskDatabaseConnection, inspect.isfunction)
        if not method.startswith("_")
    ]
    assert len(public) > 45
    assert all(f"### `TaskDatabaseConnection.{method}`" in page for method in public)


def test_the_page_depends_on_no_address_in_memory():
    assert not any(re.search(r"0x[0-9a-f]{6}", module_page(name)) for name in MODULES)
    assert all(f"api/{name}.md" in index_page() for name in MODULES)
