"""Jobs done by executors: control flow, dependencies, and what their ends mean."""

import json

import pytest

from eas_framework.task_objects import AttemptId
from eas_framework.testing.scenarios import submit

pytest_plugins = ["eas_framework.testing.fixtures"]


def chain(*tasks, **keys):
    return {"task": "execution_chain", "task_list": list(tasks), **keys}


def loop(values, *tasks, parameter="value", **keys):
    return {
        "task": "execution_for_loop",
        "parameter": parameter,
        "values": values,
        "task_list": list(tasks),
        **keys,
    }


def null(**keys):
    return {"task": "null", **keys}


def states(outcome):
    return {task.task_name: str(task.state) for task in outcome.tasks if task.task_name}


def evaluated(outcome, name):
    """The description that the last attempt at each task of a name saw."""
    ask = "SELECT evaluatedDescription AS text FROM eas_scheduling_attempt WHERE schedulingAttemptId = %s"
    found = []
    for task in outcome.named(name):
        attempt = outcome.attempts(task)[-1]
        found.append(json.loads(outcome.database.db_handle.query(ask, (attempt.attempt_id,))[0]["text"]))
    return found


def span(outcome, name):
    """First start and last end of all tasks of a name."""
    attempts = [attempt for task in outcome.named(name) for attempt in outcome.attempts(task)]
    return min(a.start_time for a in attempts), max(a.end_time for a in attempts)


# ------------------------------------------------------------- what done means
def test_d14_metadata_of_a_loop_are_there_when_all_below_it_is_done(shared_worker):
    inner = loop([1, 2], null(name="deep", duration_seconds=0.05), parameter="inner")
    outcome = shared_worker(
        [loop([1, 2, 3], inner, name="loop"), null(name="after", requires_metadata_from=["loop"])]
    )
    assert outcome.passed, outcome.errors
    assert len(outcome.named("deep")) == 6
    assert span(outcome, "after")[0] >= span(outcome, "deep")[1] - 0.002
    (after,) = outcome.named("after")
    assert shared_worker.database.task_lookup(after.task_id).input_metadata["loop"]["iterations"].value == 3


def test_d14_a_chain_fails_when_a_task_far_below_it_fails(shared_worker):
    outcome = shared_worker(
        [
            chain(loop([1, 2], chain({"task": "error"}, null(name="good"))), name="outer"),
            null(name="needs", requires_metadata_from=["outer"]),
            null(name="free"),
        ]
    )
    assert outcome.failed
    found = states(outcome)
    assert (found["outer"], found["needs"], found["free"]) == ("failed", "blocked", "passed")
    assert all(str(task.state) == "passed" for task in outcome.named("good"))


def test_a_job_is_passed_when_its_root_is(shared_worker):
    outcome = shared_worker([])
    assert outcome.passed
    assert [str(task.state) for task in outcome.tasks] == ["passed"]


# ------------------------------------------------------------- conditionals and loops
@pytest.mark.parametrize(("criterion", "done"), [("(1 < 2)", ["yes"]), ("(1 > 2)", ["no"])])
def test_a_conditional_does_the_list_that_its_criterion_selects(shared_worker, criterion, done):
    outcome = shared_worker(
        {
            "task": "execution_conditional",
            "name": "choice",
            "criterion": criterion,
            "task_list": [null(name="yes")],
            "else_task_list": [null(name="no")],
        }
    )
    assert outcome.passed, outcome.errors
    assert [name for name in states(outcome) if name != "choice"] == done
    assert outcome.metadata("choice") == {"criterion": done == ["yes"]}


def test_a_conditional_without_the_selected_list_is_done_at_once(shared_worker):
    outcome = shared_worker(
        [
            {"task": "execution_conditional", "name": "c", "criterion": "(1 > 2)", "task_list": [null()]},
            null(name="after", requires_metadata_from=["c"]),
        ]
    )
    assert outcome.passed, outcome.errors
    assert states(outcome) == {"c": "passed", "after": "passed"}


def test_a_criterion_can_ask_what_an_earlier_task_found(shared_worker, lightcurve_factory):
    outcome = shared_worker(
        [
            {"task": "verify", "name": "look", "inputs": {"lightcurve": "star.npy"}},
            {
                "task": "execution_conditional",
                "criterion": "(requested_metadata['look']['verification_samples'] > 100)",
                "requires_metadata_from": ["look"],
                "task_list": [null(name="long enough")],
            },
        ],
        {"star.npy": lightcurve_factory()},
    )
    assert outcome.passed, outcome.errors
    assert states(outcome)["long enough"] == "passed"


def test_d18_d20_loop_values_keep_their_types(shared_worker):
    values = [0, 1.0, "007", "1e5", True, None, [1, 2], {"a": 1}]
    outcome = shared_worker(loop(values, null(name="'n_{value_index}'.format(**metadata)")))
    assert outcome.passed, outcome.errors
    tasks = sorted((t for t in outcome.tasks if t.task_name), key=lambda task: task.task_name)
    seen = [task.metadata["value"].value for task in tasks]
    assert seen == values
    assert [type(value) for value in seen] == [type(value) for value in values]
    assert {f"n_{index}" for index in range(len(values))} == states(outcome).keys()


def test_loops_in_loops_know_the_variables_of_both(shared_worker):
    inner = loop([0.5, 1.5], null(name="'{size}_{period}'.format(**metadata)"), parameter="period")
    outcome = shared_worker(loop([1, 2], inner, parameter="size"))
    assert outcome.passed, outcome.errors
    assert states(outcome).keys() == {"1_0.5", "1_1.5", "2_0.5", "2_1.5"}


def test_a_do_while_loop_goes_on_until_its_criterion_is_false(shared_worker):
    outcome = shared_worker(
        {
            "task": "execution_do_while_loop",
            "iteration_name": "turn",
            "repeat_criterion": "(metadata['turn_index'] < 4)",
            "requires_metadata_from_child": [],
            "task_list": [null(name="work")],
        }
    )
    assert outcome.passed, outcome.errors
    assert len(outcome.named("work")) == 4


# ------------------------------------------------------------- files that are made later
BINNED = {"task": "binning", "cadence": 3600.0, "inputs": {"lightcurve": "star.npy"}}


def test_an_input_made_inside_an_earlier_loop_is_waited_for(shared_worker, lightcurve_factory):
    made = {**BINNED, "name": "made", "outputs": {"lightcurve": "'b_{value}.npy'.format(**metadata)"}}
    outcome = shared_worker(
        [
            loop([1, 2], made, name="loop"),
            {"task": "verify", "name": "reader", "inputs": {"lightcurve": "b_2.npy"}},
        ],
        {"star.npy": lightcurve_factory()},
    )
    assert outcome.passed, outcome.errors
    assert (
        span(outcome, "reader")[0]
        >= min(o.end_time for o in outcome.attempts(outcome.named("made")[1])) - 0.002
    )


def test_an_input_that_an_earlier_loop_did_not_make_blocks_its_reader_and_is_named(
    shared_worker, lightcurve_factory
):
    choice = {
        "task": "execution_conditional",
        "criterion": "(1 > 2)",
        "task_list": [{**BINNED, "outputs": {"lightcurve": "never.npy"}}],
    }
    outcome = shared_worker(
        [choice, {"task": "verify", "name": "reader", "inputs": {"lightcurve": "never.npy"}}],
        {"star.npy": lightcurve_factory()},
    )
    assert outcome.failed
    assert states(outcome)["reader"] == "blocked"
    row = shared_worker.database.tasks.row(outcome.named("reader")[0].task_id)
    assert "never.npy" in row["blockedReason"]


def test_d16_a_file_name_with_random_is_the_same_when_the_task_runs(shared_worker, lightcurve_factory):
    name = "('r' + str(int(random.random() * 1e9)) + '.npy')"
    outcome = shared_worker({**BINNED, "outputs": {"lightcurve": name}}, {"star.npy": lightcurve_factory()})
    assert outcome.passed, outcome.errors
    (product,) = outcome.task("binning").output_files.values()
    assert evaluated(outcome, "binning")[0]["outputs"] == {"lightcurve": product.filename}


# ------------------------------------------------------------- failure and retry
def test_a_retry_after_the_cause_is_gone_does_what_failed_and_what_it_blocked(shared_worker):
    ingest = {"task": "ingest_external_lcs", "name": "take", "lc_type": "auto", "input_path": "later/*.csv"}
    reader = {"task": "verify", "name": "reader", "inputs": {"lightcurve": "star.npy"}}
    outcome = shared_worker([ingest, reader, null(name="free")])
    assert outcome.failed
    assert states(outcome) == {"take": "failed", "reader": "blocked", "free": "passed"}
    folder = shared_worker.folder / "later"
    folder.mkdir()
    (folder / "star.csv").write_text("time,flux\n" + "\n".join(f"{n},1.0" for n in range(20)))
    lifecycle = shared_worker.database.lifecycle
    assert lifecycle.retry(lifecycle.list_failed(outcome.job_id)) == 1
    shared_worker.wait(outcome.job_id)
    assert outcome.passed, outcome.errors
    assert len(outcome.attempts("free")) == 1


def test_d2_an_error_passes_no_quality_control_and_keeps_its_text(shared_worker):
    outcome = shared_worker({"task": "error", "message": "with % and 'quotes'"})
    (attempt,) = outcome.attempts("error")
    assert attempt.error_fail
    assert not attempt.all_products_passed_qc
    assert "with % and 'quotes'" in attempt.error_text
    logged = shared_worker.database.db_handle.query(
        "SELECT message FROM eas_log_messages WHERE generatedByTaskExecution = %s", (attempt.attempt_id,)
    )
    assert any("with % and 'quotes'" in row["message"] for row in logged)


def test_a_bad_description_is_not_tried_again(shared_worker):
    asks = "(requested_metadata['early']['no_such'])"
    bad = null(name="bad", duration_seconds=asks, requires_metadata_from=["early"])
    outcome = shared_worker([null(name="early"), bad])
    assert outcome.failed
    assert len(outcome.attempts("bad")) == 1


def test_the_attempt_of_a_task_records_times_and_provenance(shared_worker):
    outcome = shared_worker(null(duration_seconds=0.05))
    (attempt,) = outcome.attempts("null")
    assert attempt.queued_time <= attempt.start_time <= attempt.end_time
    assert attempt.run_time_wall_clock >= 0.05
    assert attempt.run_time_cpu < 0.05  # d37: waiting is no work, and no helper process is counted
    assert attempt.run_time_cpu_inc_children < 0.05
    ask = (
        "SELECT a.contentKey, a.contentFields, e.text FROM eas_scheduling_attempt a "
        "JOIN eas_environment e ON e.environmentId = a.environmentId WHERE a.schedulingAttemptId = %s"
    )
    (row,) = shared_worker.database.db_handle.query(ask, (attempt.attempt_id,))
    assert len(row["contentKey"]) == 64
    assert json.loads(row["contentFields"])["task_type"] == "null"
    assert {"python", "packages", "host", "cpu"} <= json.loads(row["text"]).keys()


# ------------------------------------------------------------- replacing an edited job
def test_an_edited_job_does_again_what_changed_and_what_hangs_on_it(shared_worker, lightcurve_factory):
    def tasks(cadence):
        return [
            {**BINNED, "name": "kept", "outputs": {"lightcurve": "kept.npy"}},
            {**BINNED, "name": "edited", "cadence": cadence, "outputs": {"lightcurve": "edited.npy"}},
            {"task": "verify", "name": "below", "inputs": {"lightcurve": "edited.npy"}},
            {"task": "verify", "name": "beside", "inputs": {"lightcurve": "kept.npy"}},
        ]

    old = shared_worker(tasks(3600.0), {"star.npy": lightcurve_factory()}, job_name="edited_job")
    assert old.passed, old.errors
    ids = {name: old.attempts(name)[-1].attempt_id for name in ("kept", "edited", "below", "beside")}
    edited = {"job_name": "edited_job", "task_list": tasks(7200.0)}
    job_id = submit(shared_worker.database, shared_worker.folder, edited, take_place=True)
    new = shared_worker.wait(job_id)
    assert new.passed, new.errors
    passed = {
        name: next(a.attempt_id for a in new.attempts(name) if a.all_products_passed_qc) for name in ids
    }
    assert {name for name in ids if passed[name] == ids[name]} == {"kept", "beside"}
    assert shared_worker.database.jobs.state(old.job_id) == "replaced"
    logged = shared_worker.database.db_handle.query(
        "SELECT message FROM eas_log_messages WHERE generatedByTaskExecution = %s",
        (AttemptId(passed["edited"]),),
    )
    assert any("description.cadence" in row["message"] for row in logged)


def test_a_file_of_the_workspace_does_not_stand_in_for_a_module_of_the_worker(workspace, run_task):
    (workspace / "json.py").write_text("raise SystemExit('this is not the module that was meant')\n")
    assert run_task("null").passed
