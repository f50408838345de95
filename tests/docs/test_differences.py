"""Every difference from the prototype names a test that exists and is run."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from source_code import ROOT

PAGE = ROOT / "docs" / "explanation" / "differences.md"
LINE = re.compile(r"\| (?P<what>.+) \| \[(?P<test>\w+)\]\((?P<path>[^)]+)\) \|")
HEADINGS = {"| here | test |", "|---|---|"}


def lines() -> list[str]:
    text = PAGE.read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line.startswith("|") and line not in HEADINGS]


@cache
def functions_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("line", lines())
def test_a_difference_names_a_test_that_exists(line: str):
    found = LINE.fullmatch(line)
    assert found, "a line is: | what is different here. | [test](path of its file) |"
    path = (PAGE.parent / found["path"]).resolve()
    is_collected = path.name.startswith("test_") or path.is_relative_to(ROOT / "eas_framework" / "testing")
    assert is_collected
    assert found["test"] in functions_of(path), f"{path} has no {found['test']}"
    assert found["what"].endswith(".")


def test_no_difference_stands_there_twice():
    names = [found["what"] for line in lines() if (found := LINE.fullmatch(line))]
    assert len(names) == len(set(names)) > 100
