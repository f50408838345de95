"""Task types that work, and task types that go wrong in every way that a process can."""

import hashlib
import os
import signal
import sys
import time
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from eas_framework.plugins import TaskType, hookimpl
from eas_framework.task_execution import call_subprocess_and_log_output
from eas_framework.task_io import record_metadata, task_database, task_of, task_parameters, write_file
from eas_framework.temporary_directory import TemporaryDirectory

GIGABYTE = 10**9
POLL_SECONDS = 0.01


class Keys(BaseModel):
    model_config = ConfigDict(extra="forbid")

    seconds: float = Field(0.0, description="How long the task takes.")
    until: str = Field("", description="File in the workspace for which the task waits.")
    text: str = Field("", description="What the outputs say.")
    once: str = Field(
        "", description="File in the workspace that a first failure makes; with it all is well."
    )
    path: str = Field("", description="A file to be stored.")
    gigabytes: float = Field(0.0, description="Memory to take.")


def work(attempt):
    """Digest the inputs and the text into each output."""
    keys = task_parameters(attempt, Keys)
    time.sleep(keys.seconds)
    while keys.until and not Path(keys.until).exists():
        time.sleep(POLL_SECONDS)
    task = task_of(attempt)
    digest = hashlib.sha256(keys.text.encode())
    with task_database() as database, TemporaryDirectory() as folder:
        for name in sorted(task.task_description.get("inputs", {})):
            path, _ = database.task_open_file_input(task, name, folder)
            digest.update(Path(path).read_bytes())
        for name in task.task_description.get("outputs", {}):
            path = Path(folder.tmp_dir) / f"out_{name}"
            path.write_text(f"{name} {digest.hexdigest()}\n" * 100)
            write_file(attempt, name, path, digest=digest.hexdigest())
    record_metadata(attempt, digest=digest.hexdigest())


def _first_time(keys):
    """Whether it is time to fail: always, or only the first time."""
    if not keys.once:
        return True
    try:
        Path(keys.once).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def leave(attempt):
    """End the process without a word."""
    keys = task_parameters(attempt, Keys)
    work(attempt)
    if _first_time(keys):
        sys.stdout.write("these are my last words\n")
        sys.stdout.flush()
        os._exit(3)


def die(attempt):
    """Be killed, as by the system when memory is short."""
    keys = task_parameters(attempt, Keys)
    work(attempt)
    if _first_time(keys):
        os.kill(os.getpid(), signal.SIGKILL)


def gorge(attempt):
    """Take memory and hold it."""
    keys = task_parameters(attempt, Keys)
    held = bytearray(int(keys.gigabytes * GIGABYTE))
    held[:: os.sysconf("SC_PAGE_SIZE")] = b"x" * len(held[:: os.sysconf("SC_PAGE_SIZE")])
    time.sleep(60)


def store(attempt):
    """Store a file that is there already."""
    keys = task_parameters(attempt, Keys)
    with task_database() as database:
        database.execution_attempt_register_output(attempt, "file", keys.path, {}, preserve=True)


def program(attempt):
    """Run a program that starts another one and waits for it; the file names their processes."""
    path = task_parameters(attempt, Keys).path
    call_subprocess_and_log_output(
        ["sh", "-c", f"sleep 600 & echo $$ $! > {path}.new; mv {path}.new {path}; wait"]
    )


def ask(attempt):
    """Record what the container of the largest searches gives here."""
    with task_database() as database:
        record_metadata(attempt, **database.container_get_resource_assignment("eas_worker_tls"))


@hookimpl
def eas_task_types():
    return [
        TaskType(name=f"fault_{handler.__name__}", handler=handler, parameters=Keys, summary=handler.__doc__)
        for handler in (work, leave, die, gorge, store, program, ask)
    ]
