"""The size check counts what its bounds speak of."""

from __future__ import annotations

import ast
from pathlib import Path

import check_sizes
import pytest
from source_code import SourceFile


def source(text: str) -> SourceFile:
    return SourceFile(Path("sample.py"), text)


def function(text: str) -> ast.FunctionDef:
    node = ast.parse(text).body[0]
    assert isinstance(node, ast.FunctionDef)
    return node


def test_blanks_comments_and_docstrings_are_not_code_lines():
    file = source(
        '"""Doc."""\n\ndef f() -> int:\n    """Doc\n\n    more."""\n    # why\n    return 1  # here\n'
    )
    assert file.code_lines == {3: "def f ( ) -> int :", 8: "return 1"}


def test_every_line_of_a_long_string_that_is_no_docstring_is_code():
    assert sorted(source('x = """a\nb\n"""\n').code_lines) == [1, 2, 3]


def test_a_function_is_measured_from_def_to_its_end_without_its_decorator():
    file = source("@decorator\ndef f(\n    a: int,\n) -> int:\n    return a\n")
    assert [file.code_line_count(node) for node in file.functions()] == [4]


@pytest.mark.parametrize(
    ("text", "depth"),
    [
        ("def f():\n    return 1", 0),
        ("def f():\n    if a:\n        return 1", 1),
        ("def f():\n    if a:\n        pass\n    elif b:\n        pass\n    elif c:\n        pass", 1),
        ("def f():\n    if a:\n        pass\n    else:\n        if b:\n            pass\n        x = 1", 2),
        ("def f():\n    for a in b:\n        with c:\n            try:\n                pass\n"
         "            finally:\n                pass", 3),
        ("def f():\n    if a:\n        def g():\n            if b:\n                pass", 1),
    ],
)  # fmt: skip
def test_nesting_counts_blocks_in_blocks(text: str, depth: int):
    assert check_sizes.nesting(function(text)) == depth


@pytest.mark.parametrize(
    ("text", "is_method", "expected"),
    [
        ("def f(a: int) -> int: ...", False, False),
        ("def f(a) -> int: ...", False, True),
        ("def f(a: int): ...", False, True),
        ("def f(self, a: int) -> int: ...", True, False),
        ("def f(self, *a) -> int: ...", True, True),
        ("def f(*, a) -> int: ...", False, True),
    ],
)
def test_a_signature_is_typed_when_each_argument_and_the_result_is(
    text: str, is_method: bool, expected: bool
):
    assert check_sizes.untyped(function(text), is_method=is_method) is expected


def test_a_static_method_has_no_argument_that_goes_without_a_type():
    file = source("class A:\n    @staticmethod\n    def f(a) -> None: ...\n")
    assert not list(check_sizes.methods(file.tree))


def test_ninety_percent_is_the_smallest_value_that_nine_tenths_do_not_exceed():
    assert check_sizes.ninety_percent([*range(1, 11)]) == 9
    assert check_sizes.ninety_percent([5]) == 5


def test_a_module_above_its_bound_is_reported_by_name():
    findings = check_sizes.measure([source("x = 1\n" * 501)])
    broken = [finding for finding in findings if finding.is_broken]
    assert "lines of a module, most" in [finding.what for finding in broken]
    assert "sample.py: 501" in check_sizes.report(findings)
