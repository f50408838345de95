"""Labelled places at which a test can make a process die or stop.

A label stands at every transaction boundary. Unarmed, a label costs one comparison. Armed by the environment
variable ``EAS_CRASH_AT=label`` the process that reaches it exits at once with status 137, as after SIGKILL;
by ``EAS_STOP_AT=label`` it stops itself (SIGSTOP). ``EAS_CRASH_MARK=file`` names a file that is created
first: a process that finds it there passes the label unharmed, so that one crash is tried and the
recovery succeeds.

The labels: ``in_X_transaction``, just before the commit, and ``after_X_commit`` for each X of `TRANSACTIONS`;
``before_finish_commit``; ``before_store_rename`` and ``after_store_rename`` of a file.
"""

import os
import signal
from pathlib import Path

TRANSACTIONS = (
    "submit",
    "queue",
    "claim",
    "expansion",
    "version",
    "finish",
    "take_over",
    "reap",
    "loss",
    "retry",
    "cancel",
    "force",
    "drop",
    "making_again",
)
"""The transactions that move jobs, tasks and attempts."""

_crash_at = os.environ.get("EAS_CRASH_AT", "")
_stop_at = os.environ.get("EAS_STOP_AT", "")
_mark = os.environ.get("EAS_CRASH_MARK", "")


def crash_point(label: str) -> None:
    """Die or stop here if the environment armed this label; otherwise do nothing."""
    if label == _crash_at and _first_time():
        os._exit(137)
    if label == _stop_at and _first_time():
        os.kill(os.getpid(), signal.SIGSTOP)


def _first_time() -> bool:
    """Whether this is the first process to reach the armed label."""
    if not _mark:
        return True
    try:
        Path(_mark).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True
