"""Lists the faults that the prototype had, by number, with the tests that hold them.

A test says by its name which fault it is about: ``test_d12_…``, or ``test_d18_d20_…`` for two.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from functools import cache

from source_code import ROOT

FOLDERS = ("tests", "plugins", "eas_framework/testing")
NUMBERS = frozenset(range(1, 67)) - {64}
"""The faults; there is no number 64."""
_BROKER = "plugins/eas_rabbitmq/tests/test_amqp_broker.py"
_QATS = "plugins/eas_tasks_tda/tests/test_tda_qats.py"
_STANDALONE = "tests/unit/test_standalone.py"
BY_OTHER_NAMES: Mapping[int, tuple[str, ...]] = {
    25: (f"{_BROKER}::test_what_is_queued_is_announced_by_the_same_transaction",),
    26: (f"{_BROKER}::test_f6_stale_double_and_unknown_hints_lead_to_one_claim",),
    59: (
        f"{_QATS}::test_no_mean_period_between_the_limits_is_left_out",
        f"{_QATS}::test_a_job_gets_the_transit_times_and_the_grid",
    ),
    62: (
        f"{_STANDALONE}::test_a_failed_task_ends_with_1_and_says_why",
        f"{_STANDALONE}::test_case_percent_signs_and_expressions_stay_and_the_label_is_task_name",
        f"{_STANDALONE}::test_every_mistake_is_named_with_its_line",
        f"{_STANDALONE}::test_a_loop_is_run_with_all_that_is_below_it",
        f"{_STANDALONE}::test_a_workspace_in_use_is_never_touched",
    ),
}
"""Tests whose names say what they do instead of a number."""
OPEN: Mapping[int, str] = {
    30: "demand-driven scaling: there is no deployment on Kubernetes yet that could scale",
}
"""Faults of parts that have no counterpart here yet."""

_PREFIX = re.compile(r"test((?:_d\d+)+)_")


@cache
def lessons() -> Mapping[int, list[str]]:
    """For each number the tests about it, as ``path::name``, in the order of their files."""
    found: dict[int, list[str]] = {number: [] for number in sorted(NUMBERS)}
    for number, others in BY_OTHER_NAMES.items():
        found[number].extend(others)
    for path, name in tests():
        match = _PREFIX.match(name)
        for number in re.findall(r"\d+", match[1]) if match else ():
            found.setdefault(int(number), []).append(f"{path}::{name}")
    return found


@cache
def tests() -> tuple[tuple[str, str], ...]:
    """Path and name of every test function of the repository."""
    return tuple(
        (str(path.relative_to(ROOT)), node.name)
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


def main() -> None:
    """Print the list."""
    for number, names in lessons().items():
        for name in names or [f"open: {OPEN.get(number, 'no test')}"]:
            print(f"D{number} {name}")


if __name__ == "__main__":
    main()
