"""F15, F16: many workers and schedulers that want the same rows."""

from fault_pairs import MYSQL, MYSQL_AMQP, PAIRS, on
from fault_processes import wait_until

pytest_plugins = ["eas_framework.testing.fixtures"]

EXECUTORS, SOURCES = 8, 1000
SCHEDULERS, WORKERS, WIDTH = 3, 2, 40
DEADLOCKS = "SELECT COUNT AS n FROM information_schema.innodb_metrics WHERE NAME = 'lock_deadlocks'"


@on(MYSQL, MYSQL_AMQP)
def test_f15_a_thousand_tasks_that_end_at_once_and_one_that_waits_for_all(pipeline, record_property):
    sources = [{"task": "null", "name": f"source_{number}"} for number in range(SOURCES)]
    names = [source["name"] for source in sources]
    pipeline.write_job([*sources, {"task": "null", "name": "all", "requires_metadata_from": names}])
    before = pipeline.ask(DEADLOCKS)[0]["n"]
    status, said = pipeline.run(executors=EXECUTORS, patience=300)
    assert status == 0, said
    record_property("deadlocks", pipeline.ask(DEADLOCKS)[0]["n"] - before)
    rows = pipeline.ask("SELECT state, COUNT(*) AS n FROM eas_scheduling_attempt GROUP BY state")
    assert rows == [{"state": "passed", "n": SOURCES + 2}]
    assert pipeline.faults() == []


@on(*PAIRS, always=[MYSQL_AMQP])
def test_f16_many_schedulers_at_once_queue_each_task_once(pipeline):
    pipeline.write_job([{"task": "fault_work", "outputs": {"file": f"a{n}"}} for n in range(WIDTH)])
    assert pipeline.run("submit", "job.json")[0] == 0
    for _ in range(SCHEDULERS):
        pipeline.start("scheduler")
    for _ in range(WORKERS):
        pipeline.start("worker", "-j", "1")
    wait_until(lambda: pipeline.ask("SELECT state FROM eas_job") == [{"state": "passed"}])
    rows = pipeline.ask("SELECT COUNT(*) AS n FROM eas_scheduling_attempt")
    assert rows == [{"n": WIDTH + 1}]
    assert pipeline.faults() == []
