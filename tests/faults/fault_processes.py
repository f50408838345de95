"""Commands in processes of their own, to be killed, stopped and started again."""

import json
import os
import signal
import subprocess
import sys
import time

import psutil

from eas_framework.errors import DatabaseConnectionError
from eas_framework.testing import oracle
from eas_framework.testing.outcome import Outcome

COMMAND = [sys.executable, "-c", "from eas_framework.cli.main import main; main()"]
DEADLINE_SECONDS = 120.0


def wait_until(condition, *, seconds=DEADLINE_SECONDS):
    """What the condition gives as soon as it is true."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)
    return found


class Run:
    """One command in a process group of its own."""

    def __init__(self, arguments, environment, output=None):
        self.process = subprocess.Popen(
            [*COMMAND, *arguments],
            env=environment,
            start_new_session=True,
            stdout=output or subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    @property
    def executors(self):
        """The processes of the executors, as long as they live."""
        try:
            found = psutil.Process(self.process.pid).children()
        except psutil.NoSuchProcess:
            return []
        return [child for child in found if _is_executor(child)]

    def signal_group(self, number):
        os.killpg(self.process.pid, number)

    def kill(self):
        """End the whole group, as a crash of the machine's user session does."""
        self.signal_group(signal.SIGKILL)
        self.process.wait(timeout=DEADLINE_SECONDS)
        if self.process.stdout is not None:
            self.process.stdout.close()

    def stop(self):
        """Let neither the supervisor nor its executors go on.

        Programs that these have started are left alone: one that is stopped before it begins keeps its parent
        from stopping.
        """
        everybody = [psutil.Process(self.process.pid), *psutil.Process(self.process.pid).children()]
        for member in everybody:
            member.send_signal(signal.SIGSTOP)
        wait_until(lambda: all(member.status() == psutil.STATUS_STOPPED for member in everybody))

    def cont(self):
        self.signal_group(signal.SIGCONT)

    def end(self, *, patience=DEADLINE_SECONDS):
        """The exit status, once it ends by itself, and what it said."""
        said, _ = self.process.communicate(timeout=patience)
        return self.process.returncode, said


def _is_executor(process):
    try:
        return "eas_framework.worker.executor" in process.cmdline()
    except psutil.Error:
        return False


class Pipeline:
    """A workspace whose job is run from outside."""

    def __init__(self, workspace, database):
        self.workspace, self.database = workspace, database
        self._runs = []
        self.output = None  # a file for what services say, which nobody reads while they run

    def write_job(self, tasks, **keys):
        path = self.workspace / "job.json"
        path.write_text(json.dumps({"job_name": "job", **keys, "task_list": tasks}))
        return path

    def start(self, *arguments, executors=1, **environment):
        """Start a command; without arguments, run the job."""
        given = arguments or ("run", "job.json", "--no-progress", "-j", str(executors))
        run = Run(
            given, {**os.environ, **{name: str(value) for name, value in environment.items()}}, self.output
        )
        self._runs.append(run)
        return run

    def run(self, *arguments, patience=DEADLINE_SECONDS, **options):
        """The exit status of a command that ends by itself, and what it said."""
        return self.start(*arguments, **options).end(patience=patience)

    def finish(self, *, times=3):
        """Run the job until a run ends by itself; the exit status."""
        for _ in range(times):
            status, said = self.run()
            if status in (0, 1):
                return status
        raise AssertionError(f"the job does not end: {status} {said}")

    @property
    def outcome(self):
        return Outcome(self.database, self.database.jobs.get_named("job").job_id)

    def count(self, state, *, task_type="%"):
        """How many attempts are in a state."""
        ask = (
            "SELECT COUNT(*) AS n FROM eas_scheduling_attempt a JOIN eas_task_types y "
            "ON y.taskTypeId = a.taskTypeId WHERE a.state = %s AND y.taskTypeName LIKE %s"
        )
        return self.ask(ask, (state, task_type))[0]["n"]

    def ask(self, sql, values=()):
        """Rows of the database, over a new connection where a server was killed meanwhile."""
        try:
            return self.database.db_handle.query(sql, values)
        except DatabaseConnectionError:
            self.database.db_handle.connect()
            return self.database.db_handle.query(sql, values)

    def said(self):
        """States of tasks and attempts, for the explanation of a failed test."""
        ask = "SELECT state, COUNT(*) AS n FROM {} GROUP BY state"
        return {table: self.ask(ask.format(table)) for table in ("eas_task", "eas_scheduling_attempt")}

    def wait_for(self, state, number=1, **options):
        """Wait until so many attempts are in a state."""
        wait_until(lambda: self.count(state, **options) >= number)

    def faults(self):
        """What the oracle finds when all that runs is killed, and what that left in the outbox relayed."""
        self.clean_up()
        wait_until(self._has_relayed_all)
        return oracle.faults(self.database)

    def _has_relayed_all(self):
        left = "SELECT outboxId FROM eas_outbox"
        if self.ask(left):
            status, said = self.run("scheduler", "--once")
            assert status == 0, said
        return not self.ask(left)

    def clean_up(self):
        for run in self._runs:
            if run.process.poll() is None:
                run.kill()
