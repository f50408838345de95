"""Compiling the kernels of task types once, before several executors would each do it.

It is done in a process of its own, so that the supervisor loads no numerical library.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from typing import IO

from eas_framework.plugins.manager import plugin_manager
from eas_framework.process_tree import kill_tree
from eas_framework.settings import configuration
from eas_framework.worker.child import executor_environment
from eas_framework.worker.kernel_cache import is_cold, warm_up
from eas_framework.worker.orders import follow_settings, settings_order

STEP_SECONDS = 0.25


def warm_up_once(
    task_types: Iterable[str],
    *,
    tell: Callable[[str], None],
    is_stopped: Callable[[], bool] = lambda: False,
) -> None:
    """Warm up those of the task types that are not warm here yet; what fails is left to the first task.

    Args:
        task_types: Names; those that are not installed here are passed over.
        tell: Called with a sentence before, and with another one where something failed.
        is_stopped: Asked a few times a second; true ends the work at once.
    """
    cold = _cold(task_types)
    if not cold:
        return
    tell(f"compiling the kernels of {', '.join(cold)}, once")
    last_words = _in_own_process(cold, is_stopped)
    left = _cold(cold)
    if left and not is_stopped():
        reason = f" ({last_words})" if last_words else ""
        tell(f"not compiled, which is left to the first task: {', '.join(left)}{reason}")


def _cold(task_types: Iterable[str]) -> list[str]:
    installed = plugin_manager().task_types()
    return [name for name in sorted(set(task_types)) if name in installed and is_cold(installed[name])]


def _in_own_process(names: Sequence[str], is_stopped: Callable[[], bool]) -> str:
    """Warm up these types in another process; the last line that it printed."""
    order = {**settings_order(configuration()), "task_types": list(names)}
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "eas_framework.worker.warming"],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=executor_environment(),
        )
        try:
            _await(process, json.dumps(order).encode(), is_stopped)
        finally:
            if process.poll() is None:
                kill_tree(process.pid)
                process.wait()
        return _last_line(output)


def _await(process: subprocess.Popen[bytes], order: bytes, is_stopped: Callable[[], bool]) -> None:
    """Give a process its order, and wait for its end or for the wish to stop."""
    given: bytes | None = order
    while not is_stopped():
        try:
            process.communicate(given, timeout=STEP_SECONDS)
        except subprocess.TimeoutExpired:
            given = None  # communicate keeps what it could not write yet
        else:
            return


def _last_line(output: IO[bytes]) -> str:
    output.seek(0)
    lines = output.read().decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def main() -> None:
    """Warm up the types that the order on standard input names, and say of each failure what it was."""
    from eas_framework.worker.executor import die_with_parent  # late: imports what an executor needs

    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    order = json.load(sys.stdin)
    follow_settings(order)
    installed = plugin_manager().task_types()
    for name in order["task_types"]:
        try:
            warm_up(installed[name])
        except Exception as error:  # a plugin's code may raise anything
            print(f"{name}: {type(error).__name__}: {error}", flush=True)  # noqa: T201 - for the parent


if __name__ == "__main__":
    main()
