"""F2: a process that dies at any labelled point loses nothing and does nothing twice."""

import re
from pathlib import Path

import pytest
from fault_pairs import MYSQL_AMQP, PAIRS, SQLITE, SQLITE_AMQP, on

import eas_framework
from eas_framework.crash_points import TRANSACTIONS

pytest_plugins = ["eas_framework.testing.fixtures"]

CRASH_STATUS = 137
COPIES = 3
MANY, FEW = 60, 3  # many are more than one transaction queues, so that the scheduler has to

A, B = ("'a{turn_index}'.format(**metadata)", "'b{turn_index}'.format(**metadata)")


def job(turns):
    return [
        {
            "task": "execution_for_loop",
            "name": "loop",
            "parameter": "turn",
            "values": list(range(COPIES)),
            "task_list": [
                {"task": "fault_work", "outputs": {"file": A}},
                {"task": "fault_work", "inputs": {"file": A}, "outputs": {"file": B}},
            ],
        },
        {
            "task": "execution_for_loop",
            "parameter": "number",
            "values": list(range(turns)),
            "task_list": [{"task": "null"}],
        },
        {"task": "fault_work", "requires_metadata_from": ["loop"], "outputs": {"file": "last"}},
    ]


ONE_DIES = [{"task": "fault_die", "once": "died", "outputs": {"file": "c"}}]

IN_A_RUN = [
    *(f"in_{name}_transaction" for name in ("submit", "queue", "claim", "expansion", "version", "finish")),
    *(f"after_{name}_commit" for name in ("submit", "queue", "claim", "expansion", "version", "finish")),
    "before_finish_commit",
    "before_store_rename",
    "after_store_rename",
]
# tried with a queue outside the database, which alone has a relay
OF_THE_RELAY = {"after_commit_before_publish", "after_publish_before_tick"}
LOSES_AN_ATTEMPT = {
    "after_claim_commit",
    "in_expansion_transaction",
    "after_expansion_commit",
    "in_version_transaction",
    "after_version_commit",
    "before_finish_commit",
    "in_finish_transaction",
    "before_store_rename",
    "after_store_rename",
}


@pytest.fixture
def armed(tmp_path):
    """The environment that arms a label, and whether some process has reached it."""

    class Armed:
        mark = tmp_path / "mark"

        def at(self, label):
            return {"EAS_CRASH_AT": label, "EAS_CRASH_MARK": self.mark}

        @property
        def was_reached(self):
            return self.mark.exists()

    return Armed()


@on(*PAIRS, always=[SQLITE])
@pytest.mark.parametrize("label", IN_A_RUN)
def test_f2_a_crash_at_a_label_loses_nothing(pipeline, armed, label):
    turns = MANY if "queue" in label else FEW
    pipeline.write_job(job(turns))
    status, said = pipeline.run(**armed.at(label))
    assert armed.was_reached, f"no process reached {label}: {said}"
    assert status in (0, CRASH_STATUS), said
    assert status == 0 or pipeline.finish() == 0
    assert pipeline.count("lost") >= (label in LOSES_AN_ATTEMPT)
    assert pipeline.faults() == []
    assert pipeline.outcome.passed
    assert pipeline.count("passed", task_type="fault_work") == 2 * COPIES + 1
    assert pipeline.count("passed", task_type="null") == turns


@on(SQLITE_AMQP, MYSQL_AMQP)
@pytest.mark.parametrize("label", sorted(OF_THE_RELAY))
def test_f8_a_relay_that_dies_between_database_and_broker_loses_nothing(pipeline, armed, label):
    pipeline.write_job(job(FEW))
    status, said = pipeline.run(**armed.at(label))
    assert armed.was_reached, f"no process reached {label}: {said}"
    assert status == CRASH_STATUS, said
    assert pipeline.finish() == 0
    assert pipeline.faults() == []
    assert pipeline.count("passed", task_type="fault_work") == 2 * COPIES + 1


@on(*PAIRS, always=[SQLITE])
@pytest.mark.parametrize("label", ["in_loss_transaction", "after_loss_commit"])
def test_f2_a_supervisor_that_dies_while_it_buries_an_executor_loses_nothing(pipeline, armed, label):
    pipeline.write_job(ONE_DIES)
    status, said = pipeline.run(**armed.at(label))
    assert armed.was_reached, said
    assert status == CRASH_STATUS
    assert pipeline.finish() == 0
    assert pipeline.count("lost") == 1
    assert pipeline.faults() == []


@on(*PAIRS, always=[SQLITE])
@pytest.mark.parametrize("label", ["in_reap_transaction", "after_reap_commit"])
def test_f2_a_scheduler_that_dies_while_it_takes_over_loses_nothing(pipeline, armed, label):
    pipeline.write_job([{"task": "fault_work", "until": "go", "outputs": {"file": "a"}}])
    run = pipeline.start()
    pipeline.wait_for("running", task_type="fault_work")
    run.kill()
    (pipeline.workspace / "go").touch()
    assert pipeline.count("running") == 1
    status, said = pipeline.run(**armed.at(label))
    assert armed.was_reached, said
    assert status == CRASH_STATUS
    assert pipeline.finish() == 0
    assert pipeline.count("lost") == 1
    assert pipeline.faults() == []


@on(*PAIRS, always=[SQLITE])
@pytest.mark.parametrize("label", ["in_take_over_transaction", "after_take_over_commit"])
def test_f2_an_executor_that_dies_while_it_takes_a_result_over_loses_nothing(pipeline, armed, label):
    tasks = [
        {"task": "fault_work", "text": "kept", "outputs": {"file": "a"}},
        {"task": "fault_work", "text": "changed", "outputs": {"file": "b"}},
    ]
    pipeline.write_job(tasks)
    assert pipeline.run()[0] == 0
    tasks[1]["text"] = "changed later"
    pipeline.write_job(tasks)
    status, said = pipeline.run("run", "job.json", "--replace", "-j1", "--no-progress", **armed.at(label))
    assert armed.was_reached, said
    assert status == 0, said
    assert pipeline.outcome.passed
    assert pipeline.count("passed", task_type="fault_work") == 3
    assert pipeline.faults() == []


def names_of_versions(pipeline, *, dropped):
    """Names of the files of which a version was dropped, or is kept."""
    rows = pipeline.ask(
        "SELECT p.filename, v.droppedTime FROM eas_product p "
        "JOIN eas_product_version v ON v.productId = p.productId ORDER BY p.filename"
    )
    return sorted({row["filename"] for row in rows if (row["droppedTime"] is not None) == dropped})


@on(*PAIRS, always=[SQLITE])
@pytest.mark.parametrize("label", ["in_drop_transaction", "after_drop_commit"])
def test_f2_a_run_that_dies_while_it_drops_intermediate_files_loses_none_that_counts(pipeline, armed, label):
    pipeline.write_job(job(FEW)[:1], keep="final")
    status, said = pipeline.run(**armed.at(label))
    assert armed.was_reached, said
    assert status == CRASH_STATUS
    asked = pipeline.ask("SELECT COUNT(*) AS n FROM eas_product_version WHERE droppedTime IS NOT NULL")
    assert (asked[0]["n"] > 0) == label.startswith("after_")
    assert pipeline.finish() == 0
    assert pipeline.faults() == []
    assert names_of_versions(pipeline, dropped=False) == [f"b{turn}" for turn in range(COPIES)]


@on(*PAIRS, always=[SQLITE])
@pytest.mark.parametrize("label", ["in_making_again_transaction", "after_making_again_commit"])
def test_f2_an_executor_that_dies_while_it_asks_for_a_dropped_file_loses_nothing(pipeline, armed, label):
    def tasks(text):
        return [
            {"task": "fault_work", "outputs": {"file": "a"}},
            {"task": "fault_work", "text": text, "inputs": {"file": "a"}, "outputs": {"file": "b"}},
        ]

    pipeline.write_job(tasks("first"), keep="final")
    assert pipeline.run()[0] == 0
    pipeline.write_job(tasks("second"), keep="final")
    status, said = pipeline.run("run", "job.json", "--replace", "-j1", "--no-progress", **armed.at(label))
    assert armed.was_reached, said
    assert status == 0, said
    assert pipeline.outcome.passed
    assert pipeline.run("db", "check")[0] == 0  # the oracle is for jobs whose tasks ran once
    assert pipeline.run("files", "verify")[0] == 0
    assert names_of_versions(pipeline, dropped=True) == ["a"]
    assert names_of_versions(pipeline, dropped=False) == ["b"]


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("retry", ("retry", "job")),
        ("cancel", ("cancel", "job")),
        ("force", ("run", "job.json", "--force", "--no-progress")),
    ],
)
@on(*PAIRS, always=[SQLITE])
@pytest.mark.parametrize("moment", ["in_{}_transaction", "after_{}_commit"])
def test_f2_a_person_s_command_that_dies_is_done_whole_or_not_at_all(pipeline, armed, name, command, moment):
    pipeline.write_job([{"task": "null"}, {"task": "error" if name == "retry" else "null"}])
    status, said = pipeline.run("submit", "job.json") if name == "cancel" else pipeline.run()
    assert status in (0, 1), said
    before = [task.state for task in pipeline.outcome.tasks]
    label = moment.format(name)
    status, said = pipeline.run(*command, **armed.at(label))
    assert armed.was_reached, said
    assert status == CRASH_STATUS
    after = [task.state for task in pipeline.outcome.tasks]
    assert (after == before) == label.startswith("in_")
    assert pipeline.finish() in (0, 1)
    assert [fault for fault in pipeline.faults() if "passed twice" not in fault] == []


def test_every_crash_point_of_the_code_is_tried_here():
    tried = {re.sub("^(in|after)_(.*)_(transaction|commit)$", r"\2", label) for label in IN_A_RUN}
    tried |= {"loss", "reap", "take_over", "retry", "cancel", "force", "drop", "making_again"}
    assert tried >= set(TRANSACTIONS)
    sources = [path.read_text() for path in Path(eas_framework.__file__).parent.rglob("*.py")]
    literal = {label for text in sources for label in re.findall(r'crash_point\("(\w+)"\)', text)}
    assert literal <= set(IN_A_RUN) | OF_THE_RELAY | {"in_drop_transaction", "after_drop_commit"}
    labels = {label for text in sources for label in re.findall(r'_transact\(\s*"(\w+)"', text)}
    assert labels <= set(TRANSACTIONS)
