"""The coverage check adds up the files of a package."""

from __future__ import annotations

import check_coverage
import pytest


def summary(
    covered_lines: int, lines: int, covered_branches: int = 0, branches: int = 0
) -> dict[str, dict[str, int]]:
    return {
        "summary": {
            "covered_lines": covered_lines,
            "num_statements": lines,
            "covered_branches": covered_branches,
            "num_branches": branches,
        }
    }


def test_lines_and_branches_are_added_up_over_the_package_alone():
    files = {
        "eas_framework/a.py": summary(9, 10, 1, 4),
        "eas_framework/cli/b.py": summary(21, 30),
        "plugins/eas_sqlite/eas_sqlite/backend.py": summary(0, 100),
    }
    measured = check_coverage.coverage_of("eas_framework", files)
    assert measured.lines == pytest.approx(100 * 30 / 40)
    assert measured.branches == pytest.approx(25.0)


def test_a_package_that_no_test_imported_has_no_coverage():
    assert check_coverage.coverage_of("eas_sqlite", {}).lines == 0.0
