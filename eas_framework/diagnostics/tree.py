"""The tasks of a job as a tree: one query, one pass; the turns of a loop are folded into one line."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from eas_framework.errors import NotFoundError
from eas_framework.plugins.database import Row
from eas_framework.task_database.queries import Queries
from eas_framework.task_objects import JobId, TaskId, TaskState

_LOOPS = frozenset({"execution_for_loop", "execution_do_while_loop"})
_NO_PARENT = 0
_MIXED = "mixed"
_FAILED = (TaskState.FAILED, TaskState.BLOCKED)
_Children = Mapping[int, list[Row]]
_Group = tuple[int, list[Row]]


def task_tree(  # noqa: PLR0913 - keywords, each of which narrows or shapes the tree
    queries: Queries,
    *,
    job_id: JobId | None = None,
    job_name: str | None = None,
    task_id: TaskId | None = None,
    only: Collection[int] | None = None,
    max_depth: int | None = None,
    fold: bool = True,
) -> list[Row]:
    """The tasks of a job, of one task, or all, depth first; siblings in the order of the job file.

    Args:
        queries: The database.
        job_id: Only the tasks of this job.
        job_name: Only tasks that carry this job name; those whose parent does not are roots.
        task_id: Only this task and those below it.
        only: Of these, only the tasks with these ids, and those above them.
        max_depth: Leave out what lies deeper; roots have depth 0.
        fold: Show the turns of a loop, and what stands at the same place of each, as one row.

    Returns:
        Rows with ``depth``; ``task_id`` (the first of a folded row); ``count``; ``name``; ``task_type``;
        ``job``; ``state`` (``mixed`` where folded tasks differ); ``states``, a table of state to number;
        ``first_failed``, the first failed or blocked task of the row; ``is_truncated``, whether there are
        deeper tasks that `max_depth` left out.

    Raises:
        NotFoundError: There is no task of that id.
    """
    tasks = _branches(_tasks(queries, job_id, job_name, task_id), only)
    known = {row["taskId"] for row in tasks}
    children: defaultdict[int, list[Row]] = defaultdict(list)
    for row in tasks:
        parent = row["parentTask"]
        children[parent if parent in known else _NO_PARENT].append(row)
    return list(_walk(children, max_depth=max_depth, fold=fold))


def tree_lines(rows: Sequence[Row]) -> list[str]:
    """The prefix of each row that draws the tree: ``├─``, ``└─`` and lines between."""
    is_last = [True] * len(rows)
    seen_depths: set[int] = set()
    for index in reversed(range(len(rows))):
        depth = rows[index]["depth"]
        is_last[index] = depth not in seen_depths
        seen_depths = {other for other in seen_depths if other < depth} | {depth}
    lines: list[str] = []
    goes_on: list[bool] = []
    for row, last in zip(rows, is_last, strict=True):
        depth = row["depth"]
        goes_on = [*goes_on[:depth], not last]
        stems = "".join("│  " if more else "   " for more in goes_on[1:depth])
        lines.append("" if depth == 0 else f"{stems}{'└─ ' if last else '├─ '}")
    return lines


def _tasks(queries: Queries, job_id: JobId | None, job_name: str | None, task_id: TaskId | None) -> list[Row]:
    if task_id is not None:
        rows = queries.rows("report_tree_below_task", task_id=task_id)
        if not rows:
            raise NotFoundError(f"there is no task {task_id}")
        return rows
    if job_id is not None:
        return queries.rows("report_tree_of_job", job_id=job_id)
    if job_name is not None:
        return queries.rows("report_tree_of_name", job_name=job_name)
    return queries.rows("report_tree_of_all")


def _branches(tasks: list[Row], only: Collection[int] | None) -> list[Row]:
    """The tasks on the branches that lead to some of them; all when `only` is None."""
    if only is None:
        return tasks
    parents = {row["taskId"]: row["parentTask"] for row in tasks}
    kept: set[int] = set()
    for task_id in only:
        while task_id in parents and task_id not in kept:
            kept.add(task_id)
            task_id = parents[task_id]
    return [row for row in tasks if row["taskId"] in kept]


def _walk(children: _Children, *, max_depth: int | None, fold: bool) -> Iterator[Row]:
    """The rows of the tree; a stack instead of recursion, since loops may nest deeply."""
    stack: list[_Group] = [(0, [row]) for row in reversed(children.get(_NO_PARENT, []))]
    while stack:
        depth, group = stack.pop()
        below = list(_groups_below(group, children, fold=fold))
        is_cut = max_depth is not None and depth >= max_depth
        yield _as_row(depth, group, is_truncated=is_cut and bool(below))
        if not is_cut:
            stack.extend((depth + 1, tasks) for tasks in reversed(below))


def _groups_below(group: list[Row], children: _Children, *, fold: bool) -> Iterable[list[Row]]:
    """The children of the tasks of one row, in the groups that become rows."""
    if not fold:
        return [[child] for task in group for child in children.get(task["taskId"], [])]
    groups: dict[tuple[object, ...], list[Row]] = {}
    for task in group:
        is_loop = task["task_type"] in _LOOPS
        for child in children.get(task["taskId"], []):
            place = None if is_loop else child["childIndex"]
            groups.setdefault((is_loop, place, child["task_type"]), []).append(child)
    return groups.values()


def _as_row(depth: int, group: list[Row], *, is_truncated: bool) -> Row:
    states = Counter(task["state"] for task in group)
    return {
        "depth": depth,
        "task_id": group[0]["taskId"],
        "count": len(group),
        "name": _common_name(group),
        "task_type": group[0]["task_type"],
        "job": group[0]["jobName"],
        "state": group[0]["state"] if len(states) == 1 else _MIXED,
        "states": dict(sorted(states.items())),
        "first_failed": next((task["taskId"] for task in group if task["state"] in _FAILED), None),
        "is_truncated": is_truncated,
    }


def _common_name(group: list[Row]) -> str:
    """The name of the tasks; where they differ, what they begin with and an ellipsis."""
    names = {task["taskName"] for task in group}
    if len(names) == 1:
        return str(names.pop())
    first, last = min(names), max(names)
    shared = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    return f"{first[:shared]}…"
