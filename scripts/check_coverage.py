"""Prints line and branch coverage of each package from the combined data; exit 1 below 90 % of the lines."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BOUND = 90.0
PACKAGES = ("eas_framework", "eas_sqlite", "eas_tasks_tda")


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """Percentages of one package."""

    package: str
    lines: float
    branches: float


def coverage_of(package: str, files: Mapping[str, Any]) -> Coverage:
    """The percentages over the package's files; `files` comes from coverage's JSON report."""
    found = [entry["summary"] for path, entry in files.items() if package in Path(path).parts[:-1]]
    return Coverage(
        package=package,
        lines=_percent(found, "covered_lines", "num_statements"),
        branches=_percent(found, "covered_branches", "num_branches"),
    )


def _percent(summaries: Iterable[Mapping[str, int]], covered: str, total: str) -> float:
    pairs = [(summary[covered], summary[total]) for summary in summaries]
    return 100.0 * sum(done for done, _ in pairs) / (sum(all_ for _, all_ in pairs) or 1)


def main() -> int:
    """Print the table; 1 where a package is below the bound."""
    import json
    import tempfile

    from coverage import Coverage as Data

    data = Data()
    data.load()
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        data.json_report(outfile=report.name)
        files = json.loads(Path(report.name).read_text(encoding="utf-8"))["files"]
    rows = [coverage_of(package, files) for package in PACKAGES]
    print(f"{'coverage':20}{'lines':>8}{'branches':>10}   (lines: at least {BOUND:g} %)")
    for row in rows:
        print(f"{row.package:20}{row.lines:8.1f}{row.branches:10.1f}{'  TOO LOW' * (row.lines < BOUND)}")
    return int(any(row.lines < BOUND for row in rows))


if __name__ == "__main__":
    sys.exit(main())
