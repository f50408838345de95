"""F1, F3, F4, F17: processes that are killed, stopped, or asked to stop, at any moment."""

import os
import random
import signal
import time

import pytest
from fault_pairs import PAIRS, SQLITE, on
from fault_processes import wait_until

pytest_plugins = ["eas_framework.testing.fixtures"]

CHAINS = 6
LINKS = 4
STEP_SECONDS = 0.08
SEED, RUNS = (int(os.environ.get(name, start)) for name, start in (("FAULTS_SEED", 20), ("FAULTS_RUNS", 1)))
FOR_EVER = 60.0
KILLS = 3


def links(chain):
    """Tasks each of which needs the file of the one before it."""
    for link in range(LINKS):
        task = {"task": "fault_work", "seconds": STEP_SECONDS, "outputs": {"file": f"c{chain}_{link}"}}
        if link:
            task["inputs"] = {"file": f"c{chain}_{link - 1}"}
        yield task


GRID = [task for chain in range(CHAINS) for task in links(chain)]


def running_attempts(pipeline):
    """Ids of the attempts that are running now."""
    rows = pipeline.ask(
        "SELECT schedulingAttemptId AS id FROM eas_scheduling_attempt WHERE state = 'running'"
    )
    return {row["id"] for row in rows}


def state_of(pipeline, attempt_id):
    return str(pipeline.database.attempts.get(attempt_id).state)


def check_whole_grid(pipeline):
    assert pipeline.faults() == []
    assert pipeline.outcome.passed
    assert pipeline.count("passed", task_type="fault_work") == CHAINS * LINKS


# ------------------------------------------------------------- F1
@on(*PAIRS, always=[SQLITE])
@pytest.mark.parametrize("seed", range(SEED, SEED + RUNS))
def test_f1_executors_killed_at_random_times_lose_nothing(pipeline, seed):
    chance = random.Random(seed)  # noqa: S311 - a schedule, not a secret
    pipeline.write_job(GRID, defaults={"max_attempts": 10})
    run = pipeline.start(executors=2)
    was_running = set()
    while run.process.poll() is None and pipeline.count("lost") < KILLS:
        pipeline.wait_for("running", task_type="fault_work")
        time.sleep(chance.uniform(0, 0.1))  # the schedule of the kills, not a synchronisation
        executors = run.executors
        was_running |= running_attempts(pipeline)
        if executors:
            chance.choice(executors).kill()
    status, said = run.end()
    assert status == 0, f"seed {seed}: {said}"
    lost = pipeline.count("lost")
    assert lost >= 1, f"seed {seed}: no kill met a task"
    assert sum(state_of(pipeline, attempt_id) == "lost" for attempt_id in was_running) >= 1
    check_whole_grid(pipeline)


@on(*PAIRS, always=[SQLITE])
@pytest.mark.parametrize("seed", range(SEED, SEED + RUNS))
def test_f1_a_whole_worker_killed_at_random_times_is_taken_over_by_the_next(pipeline, seed):
    chance = random.Random(seed)  # noqa: S311 - a schedule, not a secret
    pipeline.write_job(GRID, defaults={"max_attempts": 10})
    was_running = set()
    for _ in range(2):
        run = pipeline.start(executors=2)
        pipeline.wait_for("running", task_type="fault_work")
        time.sleep(chance.uniform(0, 0.1))  # the schedule of the kills, not a synchronisation
        run.kill()
        was_running |= running_attempts(pipeline)
    assert was_running, f"seed {seed}: no kill met a task"
    assert pipeline.finish() == 0
    assert {state_of(pipeline, attempt_id) for attempt_id in was_running} == {"lost"}
    check_whole_grid(pipeline)


def test_f1_a_dead_worker_is_taken_over_without_waiting_for_its_lease(pipeline):
    pipeline.write_job([{"task": "fault_leave", "once": "left", "seconds": 0.2, "outputs": {"file": "a"}}])
    (pipeline.workspace / "left").touch()
    run = pipeline.start(EAS_LEASE_SECONDS=3600)
    pipeline.wait_for("running", task_type="fault_leave")
    run.kill()
    status, said = pipeline.run(EAS_LEASE_SECONDS=3600)
    assert status == 0, said
    assert pipeline.count("lost") == 1
    assert pipeline.faults() == []


# ------------------------------------------------------------- F3
@on(*PAIRS, always=[SQLITE])
def test_f3_a_task_that_kills_its_process_is_tried_as_often_as_it_may_be_and_blocks_what_follows(pipeline):
    pipeline.write_job(
        [
            {"task": "fault_die", "max_attempts": 2, "outputs": {"file": "a"}},
            {"task": "fault_leave", "max_attempts": 1, "outputs": {"file": "b"}},
            {"task": "fault_work", "name": "after", "inputs": {"file": "a"}, "outputs": {"file": "c"}},
            {"task": "fault_work", "name": "other", "outputs": {"file": "d"}},
        ]
    )
    status, said = pipeline.run()
    assert status == 1, said
    killed, left = pipeline.outcome.attempts("fault_die"), pipeline.outcome.attempts("fault_leave")
    assert [str(attempt.state) for attempt in killed] == ["lost", "lost"]
    assert all("killed by signal 9" in attempt.error_text for attempt in killed)
    assert [str(attempt.state) for attempt in left] == ["lost"]
    assert "exited with status 3" in left[0].error_text
    assert "these are my last words" in left[0].error_text
    states = {task.task_name or task.task_type: str(task.state) for task in pipeline.outcome.tasks}
    assert states["fault_die"] == states["fault_leave"] == "failed"
    assert states["after"] == "blocked"
    assert states["other"] == "passed"
    assert not pipeline.outcome.visible_files("fault_die")
    assert pipeline.faults() == []


def test_f3_a_task_over_its_limits_fails_with_the_reason_and_the_worker_goes_on(pipeline):
    pipeline.write_job(
        [
            {"task": "fault_gorge", "gigabytes": 0.8, "max_attempts": 1},
            {
                "task": "fault_work",
                "name": "slow",
                "seconds": FOR_EVER,
                "time_limit_s": 0.3,
                "max_attempts": 2,
            },
            {"task": "fault_work", "name": "good", "outputs": {"file": "a"}},
        ],
        defaults={"memory_gb": 0.5},
    )
    status, said = pipeline.run()
    assert status == 1, said
    (gorged,) = pipeline.outcome.attempts("fault_gorge")
    assert str(gorged.state) == "failed"
    assert "more than its limit of 0.5 GB" in gorged.error_text
    slow = pipeline.outcome.attempts("slow")
    assert [str(attempt.state) for attempt in slow] == ["failed", "failed"]
    assert "more than its limit of 0.3 s" in slow[0].error_text
    assert str(pipeline.outcome.task("good").state) == "passed"
    assert pipeline.faults() == []


# ------------------------------------------------------------- F4
@on(*PAIRS, always=[SQLITE])
def test_f4_a_worker_that_was_stopped_finds_its_task_taken_and_records_nothing(pipeline):
    pipeline.write_job([{"task": "fault_work", "until": "go", "outputs": {"file": "a"}}])
    sleeper = pipeline.start()
    pipeline.wait_for("running", task_type="fault_work")
    (attempt_id,) = running_attempts(pipeline)
    sleeper.stop()
    assert state_of(pipeline, attempt_id) == "running"
    other = pipeline.start()
    pipeline.wait_for("lost")
    pipeline.wait_for("running", task_type="fault_work")
    (pipeline.workspace / "go").touch()
    sleeper.cont()
    for run in (sleeper, other):
        status, said = run.end()
        assert status == 0, said
    lost, passed = pipeline.outcome.attempts("fault_work")
    assert (str(lost.state), str(passed.state)) == ("lost", "passed")
    assert lost.metadata == {}
    assert pipeline.faults() == []


# ------------------------------------------------------------- F17
@on(*PAIRS, always=[SQLITE])
def test_f17_a_worker_asked_to_stop_ends_its_task_and_takes_no_other(pipeline):
    pipeline.write_job(
        [
            {"task": "fault_work", "seconds": 2.0, "outputs": {"file": "a"}},
            {"task": "fault_work", "name": "next", "inputs": {"file": "a"}, "outputs": {"file": "b"}},
        ]
    )
    run = pipeline.start()
    pipeline.wait_for("running", task_type="fault_work")
    os.kill(run.process.pid, signal.SIGTERM)
    status, said = run.end()
    assert status == 130, said
    assert pipeline.count("passed", task_type="fault_work") == 1
    assert pipeline.count("running") == pipeline.count("lost") == 0
    assert pipeline.finish() == 0
    assert pipeline.count("passed", task_type="fault_work") == 2
    assert pipeline.faults() == []


def test_f17_a_task_that_does_not_end_in_time_is_queued_again_without_the_loss_of_an_attempt(pipeline):
    pipeline.write_job([{"task": "fault_leave", "seconds": FOR_EVER, "max_attempts": 1, "once": "left"}])
    run = pipeline.start(EAS_GRACE_SECONDS=0.2)
    pipeline.wait_for("running", task_type="fault_leave")
    os.kill(run.process.pid, signal.SIGTERM)
    status, said = run.end()
    assert status == 130, said
    assert pipeline.count("lost", task_type="fault_leave") == 1
    assert pipeline.count("queued", task_type="fault_leave") == 1
    task = pipeline.outcome.task("fault_leave")
    assert str(task.state) == "queued"
    assert pipeline.database.tasks.row(task.task_id)["attemptsLeft"] == 0


def test_f17_ctrl_c_once_drains_and_twice_stops(pipeline):
    pipeline.write_job([{"task": "fault_work", "seconds": FOR_EVER}])
    run = pipeline.start(executors=2)
    pipeline.wait_for("running", task_type="fault_work")
    run.signal_group(signal.SIGINT)
    wait_until(lambda: len(run.executors) == 1)  # the idle one has left: the first was heard
    assert pipeline.count("running") == 1
    run.signal_group(signal.SIGINT)
    status, said = run.end()
    assert status == 130, said
    assert pipeline.count("running") == 0
    assert str(pipeline.outcome.task("fault_work").state) == "queued"


def test_f1_executors_do_not_outlive_a_killed_supervisor(pipeline):
    pipeline.write_job([{"task": "fault_work", "seconds": FOR_EVER}])
    run = pipeline.start()
    pipeline.wait_for("running", task_type="fault_work")
    executors = run.executors
    assert executors
    run.process.kill()
    run.process.wait()
    for executor in executors:
        executor.wait(timeout=30)
