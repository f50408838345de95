"""The duplicate check finds repeated runs and nothing else."""

from __future__ import annotations

from pathlib import Path

import check_duplicates
from source_code import SourceFile

SIX = "\n".join(f"x{number} = {number}" for number in range(6)) + "\n"


def lines_of(*texts: str) -> list[list[str]]:
    files = [SourceFile(Path("sample.py"), text) for text in texts]
    return [[text for _, text in check_duplicates.comparable_lines(file)] for file in files]


def covered(*texts: str) -> set[tuple[int, int]]:
    return check_duplicates.covered(check_duplicates.repeated_runs(lines_of(*texts)))


def test_six_equal_lines_in_two_files_count_in_both():
    assert len(covered(SIX, "a = 1\n" + SIX)) == 12


def test_five_equal_lines_do_not_count():
    five = SIX.removesuffix("x5 = 5\n")
    assert not covered(five + "a = 1\n", five + "b = 1\n")


def test_a_run_repeated_inside_one_file_counts():
    assert len(covered(SIX + "a = 1\n" + SIX)) == 12


def test_a_longer_run_is_counted_line_by_line_once():
    assert len(covered(SIX + "y = 1\n", SIX + "y = 1\n")) == 14


def test_spacing_comments_and_docstrings_do_not_hide_a_repetition():
    spaced = '"""Doc."""\n' + SIX.replace(" = ", "  =  ").replace("\n", "  # note\n\n")
    assert len(covered(SIX, spaced)) == 12


def test_imports_are_left_out():
    imports = "".join(f"import m{number}\n" for number in range(8))
    assert not covered(imports, imports)


def test_each_stretch_is_described_by_file_line_and_length():
    files = [SourceFile(Path("one.py"), SIX), SourceFile(Path("two.py"), "a = 1\n" + SIX)]
    runs = check_duplicates.repeated_runs(
        [[t for _, t in check_duplicates.comparable_lines(f)] for f in files]
    )
    assert check_duplicates.describe(files, runs) == ["    one.py:1: 6 lines", "    two.py:2: 6 lines"]
