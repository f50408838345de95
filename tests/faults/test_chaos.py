"""Everything is killed while work is running, again and again: servers, supervisors, executors, the relay."""

import itertools
import os
import random
import signal
import time

import psutil
import pytest
from fault_pairs import MYSQL_AMQP, on
from fault_processes import wait_until
from oracle_counts import counts

pytest_plugins = ["eas_framework.testing.fixtures"]

WORKERS, EXECUTORS = 2, 2
OFTEN, ONCE = 5, 1  # how often each kind is killed
LAYERS = 4
SMALL, LARGE = 25, 500  # tasks of a layer
STEP_SECONDS = 0.05
END_SECONDS = 600.0
BAD_ENDS = """
    SELECT t.taskId, t.state, t.blockedReason, a.errorText FROM eas_task t
    LEFT JOIN eas_scheduling_attempt a ON a.taskId = t.taskId
    WHERE t.state IN ('failed', 'cancelled', 'blocked') ORDER BY t.taskId LIMIT 8"""
FIRST_SEED = int(os.environ.get("FAULTS_SEED", "31"))
RUNS = [(FIRST_SEED, LARGE, OFTEN), *((FIRST_SEED + number, SMALL, ONCE) for number in range(1, 5))]


def layered(width):
    """Layers of tasks each of which needs two files of the layer before."""
    tasks = []
    for layer, place in itertools.product(range(LAYERS), range(width)):
        task = {"task": "fault_work", "seconds": STEP_SECONDS, "outputs": {"file": f"f{layer}_{place}"}}
        if layer:
            above = (f"f{layer - 1}_{place}", f"f{layer - 1}_{(place + 1) % width}")
            task["inputs"] = dict(zip(("left", "right"), above, strict=True))
        tasks.append(task)
    return tasks


class Crew:
    """Workers and a scheduler, each started again when it was killed; what was killed is counted."""

    def __init__(self, pipeline, chance):
        self.pipeline, self.chance = pipeline, chance
        self.killed = dict.fromkeys(("supervisors", "executors", "relays"), 0)
        self.workers = [self._worker() for _ in range(WORKERS)]
        self.scheduler = self._scheduler()

    def _worker(self):
        return self.pipeline.start("worker", "-j", str(EXECUTORS))

    def _scheduler(self):
        return self.pipeline.start("scheduler")

    def kill_supervisor(self):
        """The supervisor alone: its executors must notice it."""
        place = self.chance.randrange(WORKERS)
        old = self.workers[place]
        os.kill(old.process.pid, signal.SIGKILL)
        old.kill()
        self.workers[place] = self._worker()
        self.killed["supervisors"] += 1

    def kill_executor(self):
        found = wait_until(lambda: [child for worker in self.workers for child in worker.executors])
        self.chance.choice(found).kill()
        self.killed["executors"] += 1

    def kill_relay(self):
        """The scheduler's relay dies with its process."""
        self.scheduler.kill()
        self.scheduler = self._scheduler()
        self.killed["relays"] += 1

    def stop_for_long(self):
        """A worker that sleeps past its lease finds its tasks taken."""
        worker = self.chance.choice(self.workers)
        for member in [psutil.Process(worker.process.pid), *worker.executors]:
            member.send_signal(signal.SIGSTOP)
        time.sleep(self.chance.uniform(0.5, 5.0))  # the schedule of the faults, not a synchronisation
        worker.cont()

    def revive(self):
        """Start again what ended by itself, as a service manager does."""
        for place, worker in enumerate(self.workers):
            if worker.process.poll() is not None:
                self.workers[place] = self._worker()
        if self.scheduler.process.poll() is not None:
            self.scheduler = self._scheduler()


class Killed:
    """A server that is killed and brought back."""

    def __init__(self, server, chance):
        self.server, self.chance, self.times = server, chance, 0

    def __call__(self):
        self.server.kill()
        time.sleep(self.chance.uniform(0.0, 2.0))  # the schedule of the faults, not a synchronisation
        self.server.start()
        self.times += 1


class Work:
    """Jobs one after another, so that there is always something to do."""

    def __init__(self, pipeline, width):
        self._pipeline, self._width = pipeline, width
        self.jobs = 0
        self.add()

    @property
    def tasks(self):
        """How many tasks that work were submitted."""
        return LAYERS * (self._width + (self.jobs - 1) * SMALL)

    def add(self):
        width = SMALL if self.jobs else self._width
        keys = {"job_name": f"job{self.jobs}", "defaults": {"max_attempts": 1000}}
        self._pipeline.write_job(layered(width), **keys)
        status, said = self._pipeline.run("submit", "job.json")
        assert status == 0, said
        self.jobs += 1

    def is_running(self):
        """Whether a task is being done; where all are done, there will be more."""
        if not self._pipeline.ask("SELECT 1 FROM eas_job WHERE state = 'running' LIMIT 1"):
            self.add()
        return self._pipeline.count("running", task_type="fault_work") > 0

    def wait(self, crew):
        gives_up = time.monotonic() + END_SECONDS
        while self._pipeline.ask("SELECT 1 FROM eas_job WHERE state = 'running' LIMIT 1"):
            assert time.monotonic() < gives_up, self._pipeline.said()
            crew.revive()
            time.sleep(0.2)


@on(MYSQL_AMQP)
@pytest.mark.parametrize(("seed", "width", "times"), RUNS)
def test_chaos_loses_nothing_and_does_nothing_twice(
    pipeline, mariadb, rabbitmq, seed, width, times, record_property
):
    chance = random.Random(seed)  # noqa: S311 - a schedule, not a secret
    with (pipeline.workspace / "services.log").open("w") as said:
        pipeline.output = said
        work, crew = Work(pipeline, width), Crew(pipeline, chance)
        servers = [Killed(mariadb, chance), Killed(rabbitmq, chance)]
        kinds = [crew.kill_supervisor, crew.kill_executor, crew.kill_relay, crew.stop_for_long, *servers]
        schedule = kinds * times
        chance.shuffle(schedule)
        for strike in schedule:
            wait_until(work.is_running, seconds=END_SECONDS)
            strike()
            crew.revive()
            time.sleep(chance.uniform(0.0, 1.0))  # the schedule of the faults, not a synchronisation
        work.wait(crew)
        found, faults = counts(pipeline)
    kills = {**crew.killed, "database servers": servers[0].times, "brokers": servers[1].times}
    record_property("seed", seed)
    for name, value in {**{f"killed {k}": n for k, n in kills.items()}, **found}.items():
        record_property(name, value)
    assert faults == []
    assert pipeline.ask(BAD_ENDS) == []
    assert found["tasks passed"] == work.tasks + work.jobs
    assert min(kills.values()) >= times
