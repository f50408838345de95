"""Measures repeated code in the packages; exit 1 from 4 % on.

Counted are code lines that lie in a run of six or more equal lines which occurs twice or more. Blanks,
comments, docstrings and imports are left out; spacing is evened.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Sequence

from source_code import SourceFile, read_packages

RUN_LINES = 6
BOUND = 0.04
Place = tuple[int, int]  # index of the file, index among its lines


def comparable_lines(file: SourceFile) -> list[tuple[int, str]]:
    """Line number and normalised text of the lines that are compared."""
    return [(n, text) for n, text in sorted(file.code_lines.items()) if n not in file.import_lines]


def repeated_runs(texts: Sequence[Sequence[str]]) -> list[list[Place]]:
    """Where runs of `RUN_LINES` equal lines begin, one list of places for each run that occurs again."""
    places: dict[tuple[str, ...], list[Place]] = defaultdict(list)
    for file_index, lines in enumerate(texts):
        for start in range(len(lines) - RUN_LINES + 1):
            places[tuple(lines[start : start + RUN_LINES])].append((file_index, start))
    return [found for found in places.values() if len(found) > 1]


def covered(runs: Sequence[Sequence[Place]]) -> set[Place]:
    """Every line that lies in one of the runs."""
    return {(f, start + i) for run in runs for f, start in run for i in range(RUN_LINES)}


def describe(files: Sequence[SourceFile], runs: Sequence[Sequence[Place]]) -> list[str]:
    """One line for each stretch of repeated lines: where it stands."""
    marked = covered(runs)
    rows = []
    for file_index, line in sorted(marked):
        if (file_index, line - 1) not in marked:
            length = next(n for n in range(1, len(marked) + 1) if (file_index, line + n) not in marked)
            number = comparable_lines(files[file_index])[line][0]
            rows.append(f"    {files[file_index].path}:{number}: {length} lines")
    return rows


def main() -> int:
    """Print the share and the places; 1 where the bound is reached."""
    files = read_packages()
    texts = [[text for _, text in comparable_lines(file)] for file in files]
    runs = repeated_runs(texts)
    total = sum(map(len, texts))
    share = len(covered(runs)) / total if total else 0.0
    print(f"repeated code: {share:.1%} of {total} lines (bound {BOUND:.0%})")
    print("\n".join(describe(files, runs)))
    return int(share >= BOUND)


if __name__ == "__main__":
    sys.exit(main())
