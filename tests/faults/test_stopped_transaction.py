"""F5: a worker that is stopped within a transaction holds its locks for a while, and not for ever."""

import pytest
from fault_pairs import MYSQL, MYSQL_AMQP, on
from fault_processes import wait_until

pytest_plugins = ["eas_framework.testing.fixtures"]

TASKS = [
    {"task": "fault_work", "outputs": {"file": "a"}},
    {"task": "fault_work", "inputs": {"file": "a"}, "outputs": {"file": "b"}},
]


@on(MYSQL, MYSQL_AMQP, always=[])
@pytest.mark.parametrize("transaction", ["finish", "claim", "version", "expansion"])
def test_f5_others_go_on_after_a_worker_that_was_stopped_in_a_transaction(pipeline, transaction):
    mark = pipeline.workspace / "mark"
    pipeline.write_job(TASKS)
    stop = {"EAS_STOP_AT": f"in_{transaction}_transaction", "EAS_CRASH_MARK": mark}
    sleeper = pipeline.start(**stop)
    wait_until(mark.exists)
    wait_until(lambda: any(child.status() == "stopped" for child in sleeper.executors))
    sleeper.stop()
    status, said = pipeline.run()
    assert status == 0, said
    sleeper.cont()
    status, said = sleeper.end()
    assert status == 0, said
    assert pipeline.count("passed", task_type="fault_work") == len(TASKS)
    assert pipeline.faults() == []
