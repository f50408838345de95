"""F9 to F12: servers that die or lose everything, and a network between them that fails, while tasks run."""

import pytest
from fault_pairs import MYSQL, MYSQL_AMQP, SQLITE_AMQP, on
from fault_processes import wait_until
from faulty_network import Proxy

pytest_plugins = ["eas_framework.testing.fixtures"]

WIDTH = 12
CUTS = 3


def chains(width=WIDTH, **first):
    """Pairs of tasks, the second of which needs the file of the first."""
    for number in range(width):
        yield {"task": "fault_work", "outputs": {"file": f"a{number}"}, **first}
        yield {"task": "fault_work", "inputs": {"file": f"a{number}"}, "outputs": {"file": f"b{number}"}}


def has_ended(pipeline):
    return pipeline.ask("SELECT state FROM eas_job") == [{"state": "passed"}]


def check(pipeline, number):
    assert pipeline.count("passed", task_type="fault_work") == number
    assert pipeline.faults() == []
    assert pipeline.outcome.passed


@pytest.fixture
def submitted(pipeline):
    """A worker that does the first of many tasks, which waits for the file ``go``."""
    with (pipeline.workspace / "services.log").open("w") as said:
        pipeline.write_job(list(chains(until="go")), defaults={"max_attempts": 100})
        assert pipeline.run("submit", "job.json")[0] == 0
        pipeline.output = said
        pipeline.start("worker", "-j", "1")
        pipeline.wait_for("running", task_type="fault_work")
        yield pipeline
        pipeline.clean_up()


@on(MYSQL_AMQP)
@pytest.mark.parametrize("loss", ["kill", "wipe"])
def test_f9_f10_a_broker_that_dies_or_loses_everything_loses_no_task(submitted, rabbitmq, loss):
    getattr(rabbitmq, loss)()
    rabbitmq.start()
    (submitted.workspace / "go").touch()
    wait_until(lambda: has_ended(submitted), seconds=120)
    check(submitted, 2 * WIDTH)


@on(MYSQL_AMQP)
def test_f9_work_goes_on_while_the_broker_is_away(pipeline, rabbitmq):
    pipeline.write_job(list(chains(until="go")))
    run = pipeline.start()
    pipeline.wait_for("running", task_type="fault_work")
    rabbitmq.kill()
    (pipeline.workspace / "go").touch()
    status, said = run.end()
    assert status == 0, said
    rabbitmq.start()
    check(pipeline, 2 * WIDTH)


@on(SQLITE_AMQP, MYSQL_AMQP)
def test_f12_work_goes_on_while_the_line_to_the_broker_is_silent(pipeline, own_rabbitmq):
    line = Proxy("127.0.0.1", int(own_rabbitmq.port))
    pipeline.write_job(list(chains(until="go")))
    assert pipeline.run("submit", "job.json")[0] == 0
    pipeline.start("worker", "-j", "1", EAS_MQ_PORT=line.port)
    pipeline.wait_for("running", task_type="fault_work")
    line.swallow()
    (pipeline.workspace / "go").touch()
    wait_until(lambda: has_ended(pipeline))
    check(pipeline, 2 * WIDTH)
    line.close()


@on(MYSQL, MYSQL_AMQP, always=[MYSQL])
def test_f11_a_database_that_dies_while_a_task_ends_gets_its_result_once(pipeline, mariadb):
    pipeline.write_job(list(chains(2, until="go")), defaults={"max_attempts": 100})
    run = pipeline.start()
    pipeline.wait_for("running", task_type="fault_work")
    mariadb.kill()
    (pipeline.workspace / "go").touch()
    mariadb.start()
    status, said = run.end()
    assert status == 0, said
    check(pipeline, 4)


@on(MYSQL, MYSQL_AMQP)
def test_f12_lines_that_are_cut_or_fall_silent_are_opened_anew(pipeline, own_mariadb, own_rabbitmq):
    to_database, to_broker = (Proxy("127.0.0.1", int(server.port)) for server in (own_mariadb, own_rabbitmq))
    pipeline.write_job(list(chains(until="go")), defaults={"max_attempts": 100})
    run = pipeline.start(EAS_DB_PORT=to_database.port, EAS_MQ_PORT=to_broker.port, executors=2)
    pipeline.wait_for("running", task_type="fault_work")
    (pipeline.workspace / "go").touch()
    for number in range(CUTS):
        pipeline.wait_for("passed", 1 + number * 3, task_type="fault_work")
        for line in (to_database, to_broker):
            line.swallow()
            line.cut()
            line.flow()
    status, said = run.end()
    assert status == 0, said
    check(pipeline, 2 * WIDTH)
    to_database.close()
    to_broker.close()
