"""The iterations of an ``execution_for_loop``, the same for the check of a job and for the running task."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from eas_framework.errors import JobFileError
from eas_framework.job_file.model import DEFAULT_MAX_TASKS
from eas_framework.job_file.rows import iterate_files, iterate_table

SOURCES = ("values", "linear_range", "log_range", "table", "files")
"""Keys of which a loop has exactly one."""

_VARIABLE = re.compile(r"[A-Za-z_]\w{0,57}")  # with "_index" at most 64 characters, as metadata keywords are
_DEFAULT_ROW_NAME = "row"


class LoopError(JobFileError):
    """A loop that cannot be carried out; `key` is the one at fault."""

    def __init__(self, key: str, text: str) -> None:
        super().__init__(text if key == "task" else f"{key}: {text}")
        self.key = key


@dataclass(frozen=True, kw_only=True)
class Iteration:
    """One turn of a loop.

    Attributes:
        metadata: Loop variables and indices that the tasks of this turn inherit.
        label: Which turn it is, for messages: ``size = 0.3``, ``targets.csv:17``.
    """

    metadata: Mapping[str, Any]
    label: str


Source = Callable[[str, Any, Mapping[str, Any], Mapping[str, Any], Path], Iterator[Iteration]]


def iterate_loop(
    description: Mapping[str, Any], *, metadata: Mapping[str, Any], input_folder: Path
) -> Iterator[Iteration]:
    """The iterations of a for loop, one by one in constant memory.

    Args:
        description: The evaluated description of the loop.
        metadata: What the loop itself inherited; a row filter may use it.
        input_folder: Where relative tables and patterns of files begin.

    Raises:
        LoopError: The definition is wrong; names the key.
        JobFileError: A bad row of a table; names file and line.
    """
    given = [key for key in SOURCES if description.get(key) is not None]
    if len(given) != 1:
        what = f"{' and '.join(given)} are given together" if given else "none of them is given"
        raise LoopError(
            given[1] if given else "task", f"a loop needs exactly one of {', '.join(SOURCES)}; {what}"
        )
    key = given[0]
    if description.get("where") is not None and key != "table":
        raise LoopError("where", "a row filter needs a table")
    name = loop_variable(description, key)
    turns = _ITERATORS[key](name, description[key], description, metadata, input_folder)
    return islice(turns, _limit(description.get("limit")))


def _limit(given: Any) -> int | None:
    """How many turns the loop makes at most; None is all."""
    if given is None or (isinstance(given, int) and not isinstance(given, bool) and given >= 1):
        return given
    raise LoopError("limit", f"a whole number from 1 is needed, not {given!r}")


def loop_variable(description: Mapping[str, Any], key: str) -> str:
    """The name of the loop variable; a loop over a table may leave it out."""
    name = description.get("parameter")
    if name is None and key == "table":
        return _DEFAULT_ROW_NAME
    if not isinstance(name, str) or not _VARIABLE.fullmatch(name):
        what = "is missing" if name is None else f"{name!r} is not a name"
        raise LoopError(
            "parameter", f"the loop variable {what}: letters, digits and _, at most 58 characters"
        )
    return name


def _numbered(name: str, values: Iterator[Any]) -> Iterator[Iteration]:
    """An iteration for each value of one variable."""
    for index, value in enumerate(values):
        yield Iteration(metadata={name: value, f"{name}_index": index}, label=f"{name} = {value!r}")


def _over_values(name: str, values: Any, *_: Any) -> Iterator[Iteration]:
    if not isinstance(values, list):
        raise LoopError("values", f"a list is needed, not {values!r}")
    return _numbered(name, iter(values))


def _range(key: str, given: Any) -> tuple[float, float, int]:
    """Start, end and number of a range."""
    if not isinstance(given, Sequence) or isinstance(given, str) or len(given) != 3:
        raise LoopError(key, f"[start, end, number of values] is needed, not {given!r}")
    for item in given:
        if isinstance(item, bool) or not isinstance(item, int | float) or not math.isfinite(item):
            raise LoopError(key, f"{item!r} is not a finite number")
    start, end, number = given
    if number != int(number) or number < 1:
        raise LoopError(key, f"the number of values must be a whole number from 1, not {number!r}")
    if number > DEFAULT_MAX_TASKS:
        raise LoopError(
            key, f"{int(number):,} values are more than the {DEFAULT_MAX_TASKS:,} tasks that a job may have"
        )
    return float(start), float(end), int(number)


def _over_linear_range(name: str, given: Any, *_: Any) -> Iterator[Iteration]:
    start, end, number = _range("linear_range", given)
    step = (end - start) / max(number - 1, 1)
    return _numbered(name, (end if 0 < i == number - 1 else start + i * step for i in range(number)))


def _over_log_range(name: str, given: Any, *_: Any) -> Iterator[Iteration]:
    start, end, number = _range("log_range", given)
    if start <= 0 or end <= 0:
        raise LoopError("log_range", f"both ends must be above 0, not {start:g} and {end:g}")
    step = math.log(end / start) / max(number - 1, 1)
    return _numbered(
        name, (end if 0 < i == number - 1 else start * math.exp(i * step) for i in range(number))
    )


def _over_table(
    name: str, given: Any, description: Mapping[str, Any], metadata: Mapping[str, Any], input_folder: Path
) -> Iterator[Iteration]:
    if not isinstance(given, str) or not given or "\x00" in given:
        raise LoopError("table", f"the name of a CSV or ECSV file is needed, not {given!r}")
    path = input_folder / given
    return _rows(name, path, description.get("where"), metadata)


def _rows(name: str, path: Path, where: Any, metadata: Mapping[str, Any]) -> Iterator[Iteration]:
    """An iteration for each row, with the columns as variables."""
    for index, (line, row) in enumerate(iterate_table(path, where=where, metadata=metadata)):
        if f"{name}_index" in row:
            raise LoopError(
                "table", f"{path} has a column {name}_index, which counts the rows; choose a parameter"
            )
        yield Iteration(metadata={**row, f"{name}_index": index}, label=f"{path.name}:{line}")


def _over_files(
    name: str, given: Any, _description: Mapping[str, Any], _metadata: Mapping[str, Any], input_folder: Path
) -> Iterator[Iteration]:
    if not isinstance(given, str):
        raise LoopError("files", f"a pattern such as 'tess/*.fits' is needed, not {given!r}")
    return _files(name, given, input_folder)


def _files(name: str, pattern: str, input_folder: Path) -> Iterator[Iteration]:
    """An iteration for each file: its path below the input folder, and its name up to the first dot."""
    for index, path in enumerate(iterate_files(pattern, input_folder)):
        relative = path.relative_to(input_folder).as_posix()
        variables = {name: relative, f"{name}_stem": path.name.split(".")[0], f"{name}_index": index}
        yield Iteration(metadata=variables, label=f"{name} = {relative!r}")


_ITERATORS: Mapping[str, Source] = {
    "values": _over_values,
    "linear_range": _over_linear_range,
    "log_range": _over_log_range,
    "table": _over_table,
    "files": _over_files,
}
