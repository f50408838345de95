"""Which task makes which file, which one needs it, and whether all of them can ever start."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple

from eas_framework.job_file.checks.names import Names
from eas_framework.job_file.checks.place import UNKNOWN, Place
from eas_framework.job_file.checks.report import Report
from eas_framework.job_file.document import KeyPath
from eas_framework.suggestions import did_you_mean

ProductExists = Callable[[str, str], bool]
Product = tuple[str, str]
"""Directory and file name."""


@dataclass(frozen=True, slots=True)
class Use:
    """A file that a task makes or needs: where the job says so, and at which place."""

    product: Product
    path: KeyPath
    task: KeyPath
    place: Place
    order: int


class _Maker(NamedTuple):
    """Around a maker of files: its loops, which of them are do-while, and whether its files are known."""

    loops: tuple[KeyPath, ...]
    repeated: tuple[KeyPath, ...]
    is_known: bool


def _exclude_each_other(one: Place, other: Place) -> bool:
    """Whether the two stand in different lists of one conditional, so that only one of them is done."""
    chosen = dict(one.branches)
    return any(chosen.get(path, branch) != branch for path, branch in other.branches)


class Flow:
    """Collects files and waits while the job is walked through; `finish` judges them."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._made: dict[Product, Use] = {}
        self._needed: list[Use] = []
        self._undeclared: list[tuple[int, str]] = []
        self._makers: set[_Maker] = set()
        self._cut: set[KeyPath] = set()
        self._waits: dict[Hashable, set[Hashable]] = {}
        self._order = 0

    # ------------------------------------------------------------- what the walk tells
    def add_task(self, names: Names, path: KeyPath, place: Place, *, makes_undeclared: bool) -> None:
        """Note the files of one task at one place."""
        self._order += 1
        for key, file in names.inputs.items():
            if UNKNOWN not in (file, names.directory):
                self._needed.append(self._use(names, file, (*path, "inputs", key), path, place))
        for key, file in names.outputs.items():
            if UNKNOWN in (file, names.directory):
                self._makers.add(_Maker(place.loops, place.repeated, is_known=False))
            else:
                self._add_output(self._use(names, file, (*path, "outputs", key), path, place))
        if makes_undeclared and names.directory is not UNKNOWN:
            self._undeclared.append((self._order, names.directory))

    def _use(self, names: Names, file: str, path: KeyPath, task: KeyPath, place: Place) -> Use:
        return Use((names.directory, file), path, task, place, self._order)

    def _add_output(self, use: Use) -> None:
        """Note an output; a second maker of the same file is an error."""
        self._makers.add(_Maker(use.place.loops, use.place.repeated, is_known=True))
        first = self._made.setdefault(use.product, use)
        if first is use or _exclude_each_other(first.place, use.place):
            return
        directory, file = use.product
        if first.path == use.path:
            text = (
                f"the file {file!r} in {directory!r} is made in another turn too; its name needs the variable"
            )
        else:
            line = self._report.line(first.path)
            text = f"the file {file!r} in {directory!r} is made twice, first in line {line}"
        # a second turn of a do-while loop may never come
        tell = self._report.warning if use.place.turn and use.place.repeated else self._report.error
        tell(use.path, text + use.place.suffix, topic="twice")

    def cut(self, loop: KeyPath) -> None:
        """Note that not all turns of a loop were looked at."""
        self._cut.add(loop)

    def add_wait(self, task: Hashable, cause: Hashable) -> None:
        """Note that a task starts after another one."""
        self._waits.setdefault(task, set()).add(cause)

    # ------------------------------------------------------------- what comes of it
    def made(self) -> Iterator[Use]:
        """Every file that is known to be made, in the order of the walk."""
        yield from self._made.values()

    def finish(self, product_exists: ProductExists) -> list[Use]:
        """Report inputs that nobody makes, and circles; the inputs that come from outside the job."""
        from_outside = []
        for use in self._needed:
            maker = self._made.get(use.product)
            if maker is not None:
                if not use.place.turn:
                    self.add_wait(use.task, maker.task)
            elif product_exists(*use.product):
                from_outside.append(use)
            elif not self._may_be_registered(use):
                self._report_missing(use)
        self._report_circle()
        return from_outside

    def _may_be_registered(self, use: Use) -> bool:
        """Whether an earlier task registers files of its own choice in the same folder."""
        return any(order < use.order and directory == use.product[0] for order, directory in self._undeclared)

    def _is_complete(self, use: Use) -> bool:
        """Whether every file that could be meant was looked at: only one loop at a time is walked through."""
        if use.place.turn and use.place.repeated:
            return False
        around = set(use.place.loops)
        most = 0 if use.place.turn else 1
        for maker in self._makers:
            further = set(maker.loops) - around
            if not maker.is_known or len(further) > most or further & (self._cut | set(maker.repeated)):
                return False
        return True

    def _report_missing(self, use: Use) -> None:
        directory, file = use.product
        if not self._is_complete(use):
            text = f"no task checked so far makes {file!r} in {directory!r}; another turn of a loop may"
            self._report.warning(use.path, text, topic="missing")
            return
        here = [name for folder, name in self._made if folder == directory]
        made = (
            f"made in this folder: {did_you_mean(file, here)}"
            if here
            else "no task of the job makes a file there"
        )
        text = f"no task makes {file!r} in {directory!r}, nor is it in the database; {made}"
        self._report.error(use.path, text + use.place.suffix, topic="missing")

    def _report_circle(self) -> None:
        """Report tasks that wait for one another."""
        try:
            TopologicalSorter(self._waits).prepare()
        except CycleError as error:
            circle = [node[-1] if is_done(node) else node for node in reversed(error.args[1])]
            tasks = list(dict.fromkeys(circle))
            lines = [str(self._report.line(path)) for path in [*tasks, tasks[0]]]
            where = " → ".join(lines)
            self._report.error(
                tasks[0], f"these tasks wait for one another and can never start: lines {where}"
            )


_DONE = "done"


def done(path: KeyPath) -> tuple[str, KeyPath]:
    """The moment at which a task and everything below it is done."""
    return (_DONE, path)


def is_done(node: tuple[object, ...]) -> bool:
    """Whether a node of the graph of waits is such a moment."""
    return len(node) == 2 and node[0] == _DONE and isinstance(node[1], tuple)
