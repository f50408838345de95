"""What a task uses of its machine: programs end with it, and it is told of no more than there is."""

import os
import signal

import psutil
import pytest
from fault_processes import wait_until

pytest_plugins = ["eas_framework.testing.fixtures"]


def test_programs_that_a_task_started_are_killed_with_it(pipeline):
    started = pipeline.workspace / "started"
    pipeline.write_job([{"task": "fault_program", "path": str(started)}])
    run = pipeline.start(EAS_GRACE_SECONDS=0.2)
    wait_until(started.exists)
    programs = [psutil.Process(int(word)) for word in started.read_text().split()]
    assert len(programs) == 2
    os.kill(run.process.pid, signal.SIGTERM)
    status, said = run.end()
    assert status == 130, said
    _, alive = psutil.wait_procs(programs, timeout=60)
    assert alive == []
    assert pipeline.count("queued", task_type="fault_program") == 1


def test_a_container_gives_no_more_than_the_share_of_an_executor(pipeline):
    pipeline.database.container_set_resource_assignment("eas_worker_tls", cpu=5000, gpu=1, memory_gb=1e6)
    pipeline.write_job([{"task": "fault_ask"}])
    status, said = pipeline.run(executors=2)
    assert status == 0, said
    (attempt,) = pipeline.outcome.attempts("fault_ask")
    given = {name: item.value for name, item in attempt.metadata.items()}
    assert given["cpu"] == max(1, len(os.sched_getaffinity(0)) // 2)
    assert given["gpu"] == 1
    assert given["memory_gb"] == pytest.approx(psutil.virtual_memory().total / 2e9)
    whole = pipeline.database.container_get_resource_assignment("eas_worker_tls")
    assert whole == {"cpu": 5000, "gpu": 1, "memory_gb": 1e6}
