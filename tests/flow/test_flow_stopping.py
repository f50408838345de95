"""Signals, killed supervisors, two runs at once, workers and schedulers, and the progress that is shown."""

import os
import pty
import signal
from dataclasses import replace
from itertools import pairwise

import pytest

LONG = {"task_list": [{"task": "null", "name": "long", "duration_seconds": 120}]}
IS_RUNNING = "SELECT 1 FROM eas_task WHERE taskName = ? AND state = 'running'"


def short_chain(number, seconds):
    """Tasks that do nothing for a while, one after the other."""
    tasks = [
        {"task": "null", "name": f"step_{index}", "duration_seconds": seconds} for index in range(number)
    ]
    for before, after in pairwise(tasks):
        after["requires_metadata_from"] = [before["name"]]
    return tasks


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_lets_running_tasks_end_and_the_next_run_goes_on(workspace, number):
    job = workspace.write("job.json", {"task_list": short_chain(3, 1.5)})
    running = workspace.start("run", job, "-j", 1)
    workspace.wait_for(IS_RUNNING, "step_1")
    running.send_signal(number)
    stdout, stderr = running.communicate(timeout=60)
    assert running.returncode == 130, stderr
    assert "stopping: " in stderr
    assert "not finished" in stdout
    assert workspace.states()["step_1"] == "passed"
    assert workspace.states()["step_2"] != "passed"
    assert "goes on where it stopped" in workspace.run("run", job).stderr
    assert workspace.attempts() == {"step_0": 1, "step_1": 1, "step_2": 1}


def test_ctrl_c_twice_stops_at_once_without_a_loss_of_attempts(workspace):
    job = workspace.write("job.json", LONG)
    running = workspace.start("run", job, "-j", 1)
    workspace.wait_for(IS_RUNNING, "long")
    running.send_signal(signal.SIGINT)
    line = ""
    while "stopping: " not in line:
        line = running.stderr.readline()
        assert line, "the program ended without a word"
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=60)
    assert running.returncode == 130
    assert workspace.states() == {"long": "queued"}
    assert workspace.query("SELECT attemptsLeft FROM eas_task WHERE taskName = 'long'") == [(2,)]


def test_what_a_dead_supervisor_held_is_taken_over_at_once(workspace):
    workspace = replace(workspace, environment={**workspace.environment, "EAS_LEASE_SECONDS": "600"})
    job = workspace.write("job.json", {"task_list": short_chain(3, 1.0)})
    running = workspace.start("run", job, "-j", 1)
    workspace.wait_for(IS_RUNNING, "step_1")
    os.killpg(running.pid, signal.SIGKILL)
    running.communicate(timeout=60)
    assert workspace.query("SELECT COUNT(*) FROM eas_scheduling_attempt WHERE state = 'running'") == [(1,)]
    workspace.run("run", job, "-j", 1, timeout=120)  # less than the lease
    assert workspace.attempts("lost") == {"step_1": 1}
    assert workspace.attempts() == {"step_0": 1, "step_1": 1, "step_2": 1}


def test_two_runs_of_one_job_share_the_work(workspace):
    tasks = [{"task": "null", "name": f"task_{index}", "duration_seconds": 0.4} for index in range(8)]
    job = workspace.write("job.json", {"task_list": tasks})
    both = [workspace.start("run", job, "-j", 1) for _ in range(2)]  # in a folder that is no workspace yet
    ends = [running.communicate(timeout=90) for running in both]
    assert [running.returncode for running in both] == [0, 0], ends
    assert all("8 tasks: 8 passed" in stdout for stdout, _ in ends)
    assert workspace.attempts() == {f"task_{index}": 1 for index in range(8)}
    assert len(workspace.query("SELECT jobId FROM eas_job")) == 1


def test_a_run_does_not_wait_for_the_long_task_of_another_job(workspace):
    workspace = replace(workspace, environment={**workspace.environment, "EAS_GRACE_SECONDS": "600"})
    long = workspace.write("long.json", LONG)
    workspace.run("submit", long)
    short = workspace.write("short.json", {"task_list": [{"task": "null", "name": "short"}]})
    workspace.run("run", short, "-j", 2, timeout=110)  # less than the grace period, and than the long task
    assert workspace.states()["short"] == "passed"


# ---------------------------------------------------------------- workers elsewhere
def test_a_submitted_job_is_done_by_a_worker(workspace):
    job = workspace.write("job.json", {"task_list": short_chain(3, 0.0)})
    assert workspace.run("submit", job).stdout == "1\n"
    assert workspace.run("submit", job).stdout == "1\n"
    assert set(workspace.states()) == set()
    assert workspace.run("scheduler", "--once").stdout == "0\n"
    workspace.run("worker", "--once", "-j", 1)
    assert workspace.states() == dict.fromkeys(["step_0", "step_1", "step_2"], "passed")


def test_a_worker_serves_only_the_types_asked_for(workspace):
    tasks = [{"task": "null", "name": "nothing"}, {"task": "error", "name": "bad"}]
    workspace.run("submit", workspace.write("job.json", {"task_list": tasks}))
    workspace.run("worker", "--once", "-j", 1, "--task-types", "execution_chain,null")
    assert workspace.states() == {"nothing": "passed", "bad": "queued"}
    done = workspace.run("worker", "--task-types", "nul", code=2)
    assert "did you mean 'null'" in done.stderr


def test_a_worker_told_to_stop_ends_its_task_and_then_itself(workspace):
    workspace.run("submit", workspace.write("job.json", {"task_list": short_chain(2, 1.5)}))
    running = workspace.start("worker", "-j", 1)
    workspace.wait_for(IS_RUNNING, "step_0")
    running.terminate()
    _, stderr = running.communicate(timeout=60)
    assert running.returncode == 0, stderr
    assert workspace.states()["step_0"] == "passed"
    assert workspace.states()["step_1"] != "passed"
    assert workspace.query("SELECT COUNT(*) FROM eas_worker WHERE stoppedTime IS NULL") == [(0,)]


def test_a_scheduler_told_to_stop_ends(workspace):
    running = workspace.start("scheduler")
    workspace.wait_for("SELECT 1 FROM eas_task_types")
    running.terminate()
    running.communicate(timeout=60)
    assert running.returncode in (0, -signal.SIGTERM)  # the signal may come before its handler


def test_cancel_stops_a_job_and_retry_opens_it_again(workspace):
    job = workspace.write("job.json", {"task_list": short_chain(2, 2.0)})
    running = workspace.start("run", job, "-j", 1)
    workspace.wait_for(IS_RUNNING, "step_0")
    assert "2 tasks cancelled" in workspace.run("cancel", "job").stdout
    stdout, _ = running.communicate(timeout=60)
    assert running.returncode == 1
    assert "job 1 (job): cancelled" in stdout
    assert "has ended already: cancelled" in workspace.run("cancel", "1").stdout
    workspace.run("run", job, code=1)
    workspace.run("retry", "job")
    assert workspace.states() == {"step_0": "passed", "step_1": "passed"}


# ---------------------------------------------------------------- progress
def test_a_terminal_sees_a_live_table_of_the_progress(workspace):
    job = workspace.write("job.json", {"task_list": short_chain(2, 1.0)})
    ours, theirs = pty.openpty()
    environment = {**workspace.environment, "TERM": "xterm", "COLUMNS": "100"}
    running = replace(workspace, environment=environment).start("run", job, "-j", 1, stderr=theirs)
    os.close(theirs)
    seen = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # the other side is closed
            break
        if not piece:
            break
        seen += piece
    os.close(ours)
    stdout, _ = running.communicate(timeout=60)
    assert running.returncode == 0
    assert b"task type" in seen
    assert b"per second" in seen
    assert "2 tasks: 2 passed" in stdout


def test_lines_tell_the_progress_where_there_is_no_terminal_unless_unwanted(new_workspace):
    said = []
    for options in ((), ("--no-progress",)):
        workspace = new_workspace(f"with_{len(options)}")
        job = workspace.write("job.json", {"task_list": short_chain(1, 6.0)})
        said.append(workspace.start("run", job, "-j", 1, *options))
    told, quiet = (running.communicate(timeout=60)[1] for running in said)
    assert "0/1 tasks done; null 0/1" in told
    assert "tasks done" not in quiet


def test_a_run_does_the_tasks_of_its_own_job_only(workspace):
    loop = {
        "task": "execution_for_loop",
        "parameter": "x",
        "linear_range": [1, 300, 300],
        "task_list": [{"task": "null", "name": "backlog", "duration_seconds": 0.2}],
    }
    workspace.run("submit", workspace.write("backlog.json", {"task_list": [loop]}))
    worker = workspace.start("worker", "-j", 1)
    workspace.wait_for("SELECT 1 FROM eas_task WHERE taskName = 'backlog' AND state = 'passed'")
    worker.terminate()
    worker.communicate(timeout=60)
    before = workspace.attempts()["backlog"]
    inner = {**loop, "linear_range": [1, 60, 60], "task_list": [{"task": "null", "name": "own"}]}
    job = workspace.write("own.json", {"task_list": [inner]})
    workspace.run("run", job, "-j", 2)
    assert workspace.attempts() == {"backlog": before, "own": 60}


def test_a_job_that_waits_for_another_says_so_and_goes_on_when_that_is_done(workspace):
    star = {"duration": 12, "orbital_period": 3.1, "semi_major_axis": 0.042, "sampling_cadence": 900}
    making = {"task": "synthesis_transit", "outputs": {"lightcurve": "star.lc"}, "specs": star}
    late = {**making, "requires_metadata_from": ["before"]}
    first = [{"task": "null", "name": "before"}, late]
    maker = workspace.write("maker.json", {"working_directory": "shared", "task_list": first})
    workspace.run("submit", maker)
    workspace.run("worker", "--once", "-j", 1, "--task-types", "execution_chain")
    user = {"task": "verify", "name": "user", "inputs": {"lightcurve": "star.lc"}}
    job = workspace.write("user.json", {"working_directory": "shared", "task_list": [user]})
    running = workspace.start("run", job, "-j", 1)
    line = ""
    while "another job has not made yet" not in line:
        line = running.stderr.readline()
        assert line, "the program ended without a word"
    workspace.run("run", maker, "-j", 1)
    running.communicate(timeout=60)
    assert running.returncode == 0
    assert workspace.states()["user"] == "passed"
