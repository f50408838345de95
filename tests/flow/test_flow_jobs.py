"""Jobs through the real program: examples, resuming, repeating, replacing, mistakes and failures."""

import json

import pytest

HOT_JUPITER = {
    "duration": 12,
    "orbital_period": 3.1,
    "semi_major_axis": 0.042,
    "noise": 0.002,
    "sampling_cadence": 900,
}


def star(name="star", **specs):
    return {
        "task": "synthesis_transit",
        "name": name,
        "outputs": {"lightcurve": f"{name}.lc"},
        "specs": {**HOT_JUPITER, **specs},
    }


def verify(of, name="check"):
    return {"task": "verify", "name": name, "inputs": {"lightcurve": f"{of}.lc"}}


def multiply(one, two, name):
    return {
        "task": "multiply",
        "name": name,
        "inputs": {"lightcurve_1": f"{one}.lc", "lightcurve_2": f"{two}.lc"},
        "outputs": {"lightcurve": f"{name}.lc"},
    }


@pytest.mark.parametrize(
    ("example", "options", "last_state"),
    [
        ("hello.json", (), {"last": "passed"}),
        ("hot_jupiter.yaml", (), {"search": "passed"}),
        ("conditional_and_while.yaml", (), {"decision": "passed"}),
        ("targets.yaml", (), {"search": "passed"}),
        ("several_planets.yaml", (), {"search": "passed"}),
        ("second_pass.yaml", (), {"second_search": "passed"}),
        ("injected_planet.yaml", (), {"search": "passed"}),
        ("survey.yaml", (), {"search": "passed"}),
        ("detection_grid.yaml", ("--limit", 1), {"sizes": "passed"}),
        ("injection_recovery.yaml", ("--limit", 1), {"nulls": "passed", "sizes": "passed"}),
    ],
)
def test_every_example_runs_to_its_end(workspace, examples, example, options, last_state):
    workspace.write("eas.yaml", f"lc_path: {examples}\n")
    done = workspace.run("run", examples / example, "-j", 2, *options)
    assert ": passed" in done.stdout
    assert f"next: eas results {example.partition('.')[0]}" in done.stdout
    assert last_state.items() <= workspace.states().items()
    assert workspace.query("SELECT COUNT(*) FROM eas_task WHERE state != 'passed'") == [(0,)]


def test_the_examples_named_here_are_all_there_are(examples):
    jobs = {path.name for path in examples.iterdir() if path.suffix in (".json", ".yaml")}
    marks = test_every_example_runs_to_its_end.pytestmark
    assert jobs == {values[0] for mark in marks for values in mark.args[1]}


def test_the_survey_of_a_table_finds_its_planets_and_stores_no_light_curve(workspace, examples):
    workspace.write("eas.yaml", f"lc_path: {examples}\n")
    workspace.run("run", examples / "survey.yaml", "-j", 2)
    rows = json.loads(workspace.run("results", "survey", "--format", "json").stdout)
    found = {row["name"]: row["period"] for row in rows}
    assert found["star_1"] == pytest.approx(3.52, rel=2e-3)  # the injected ones
    assert found["star_2"] == pytest.approx(5.63, rel=2e-3)
    noise = next(row for row in rows if row["name"] == "star_3")
    assert noise["false_alarm_probability_pink"] > 0.01
    assert workspace.stored_files() == {}


def test_a_bare_job_file_is_run(workspace):
    job = workspace.write("job.json", {"task_list": [{"task": "null"}]})
    assert "1 task: 1 passed" in workspace.run(job).stdout


# ---------------------------------------------------------------- once more
def test_the_same_job_again_repeats_nothing(workspace):
    job = workspace.write("job.json", {"task_list": [star(), verify("star")]})
    workspace.run("run", job)
    before = workspace.query("SELECT COUNT(*) FROM eas_scheduling_attempt")
    again = workspace.run("run", job)
    assert "passed before; nothing is repeated" in again.stderr
    assert workspace.query("SELECT COUNT(*) FROM eas_scheduling_attempt") == before
    assert workspace.query("SELECT COUNT(*) FROM eas_job") == [(1,)]


def test_a_comment_or_the_order_of_keys_makes_no_other_job(workspace):
    job = workspace.write("job.yaml", "task_list: [{task: 'null', name: one}]\n")
    first = workspace.run("submit", job).stdout
    workspace.write("job.yaml", "# a remark\ntask_list:\n  - name: one\n    task: null\n")
    assert workspace.run("submit", job).stdout == first


def test_force_makes_new_versions_of_the_same_products(workspace):
    job = workspace.write("job.json", {"task_list": [star(), multiply("star", "star", "square")]})
    workspace.run("run", job)
    files = workspace.stored_files()
    done = workspace.run("run", job, "--force")
    assert "all its tasks are done again" in done.stderr
    assert workspace.attempts() == {"star": 2, "square": 2}
    assert workspace.query("SELECT COUNT(*) FROM eas_product") == [(2,)]
    assert workspace.query("SELECT COUNT(*) FROM eas_product_version WHERE passedQc = 1") == [(4,)]
    assert workspace.stored_files() == files


# ---------------------------------------------------------------- replacing
def test_replace_runs_what_changed_and_what_hangs_on_it(workspace):
    tasks = [star("a"), star("b"), multiply("a", "b", "ab"), verify("ab", "of_ab"), verify("a", "of_a")]
    job = workspace.write("job.json", {"task_list": tasks})
    workspace.run("run", job)
    tasks[1] = star("b", orbital_period=2.9)
    workspace.write("job.json", {"task_list": tasks})
    refused = workspace.run("run", job, code=2)
    assert refused.stderr.count("is made by job 1 (job) already") == 3
    assert "job.json:" in refused.stderr
    assert "--replace" in refused.stderr
    done = workspace.run("run", job, "--replace")
    assert "2 taken over from job 1, 3 run" in done.stdout
    assert workspace.query(
        "SELECT DISTINCT t.taskName FROM eas_scheduling_attempt a JOIN eas_task t ON t.taskId = a.taskId "
        "WHERE t.jobId = 2 AND a.state = 'passed' AND t.taskName != '' "
        "AND a.queuedTime >= (SELECT createdTime FROM eas_job WHERE jobId = 2) ORDER BY 1"
    ) == [("ab",), ("b",), ("of_ab",)]


def test_a_changed_byte_of_an_input_file_is_noticed_by_replace(workspace):
    curve = "".join(f"{0.02 * number:.2f},{1 + 0.001 * (number % 3)}\n" for number in range(200))
    tasks = []
    for name in ("one", "two"):
        workspace.write(f"{name}.csv", curve)
        reading = {"task": "read_lightcurve", "name": name, "path": f"{name}.csv"}
        tasks += [{**reading, "outputs": {"lightcurve": f"{name}.lc"}}, verify(name, f"of_{name}")]
    job = workspace.write("job.json", {"task_list": tasks})
    workspace.run("run", job)
    workspace.write("two.csv", curve.replace("1.001", "1.002", 1))
    assert "nothing is repeated" in workspace.run("run", job, code=1).stderr
    assert "2 taken over from job 1, 2 run" in workspace.run("run", job, "--replace").stdout


def test_another_plugin_version_makes_new_results_unless_old_ones_are_kept(workspace):
    job = workspace.write("job.json", {"task_list": [star(), verify("star")]})
    workspace.run("run", job)
    make_older = (
        "UPDATE eas_scheduling_attempt SET contentKey = 'old' || schedulingAttemptId, "
        "contentFields = json_set(contentFields, '$.version', '0.9') WHERE contentFields IS NOT NULL"
    )
    workspace.execute(make_older)
    kept = workspace.run("run", job, "--replace", "--keep-old")
    assert "2 taken over from job 1, 0 run" in kept.stdout
    assert workspace.query("SELECT keepOld FROM eas_job WHERE jobId = 2") == [(1,)]
    logged = workspace.query("SELECT message FROM eas_log_messages WHERE message LIKE '%version 0.9%'")
    assert len(logged) == 2
    workspace.execute(make_older)
    assert "0 taken over from job 2, 2 run" in workspace.run("run", job, "--replace").stdout


def test_a_file_that_a_loop_makes_is_awaited_anew_after_replace(workspace):
    def job(period):
        loop = {
            "task": "execution_for_loop",
            "parameter": "size",
            "values": [1],
            "task_list": [star("made", orbital_period=period)],
        }
        search = {
            "task": "transit_search_bls_reference",
            "name": "search",
            "inputs": {"lightcurve": "made.lc"},
        }
        return workspace.write("job.json", {"task_list": [loop, search]})

    workspace.run("run", job(3.1))
    workspace.run("run", job(2.2), "--replace")
    rows = json.loads(workspace.run("results", "2", "--format", "json").stdout)
    found = [row for row in rows if row["task"] == "search"]
    assert [row["outcome"] for row in found] == ["PASS"]
    assert found[0]["period"] == pytest.approx(2.2, rel=0.03)  # the injected one


# ---------------------------------------------------------------- mistakes
def test_all_mistakes_are_told_at_once_and_nothing_is_stored(workspace):
    job = workspace.write(
        "wrong.yaml",
        """job_name: wrong
seeed: 3
task_list:
  - task: nul
  - task: verify
    inputs: {lightcurve: nobody.lc}
  - task: null
    requires_metadata_from: [nobody]
  - task: null
    duration_second: 3
""",
    )
    done = workspace.run("run", job, code=2)
    lines = done.stderr.splitlines()
    places = [line.partition(": ")[0].rpartition("wrong.yaml:")[2] for line in lines]
    assert [place.partition(":")[0] for place in places] == ["2", "4", "6", "8", "10"]
    assert sum("did you mean" in line for line in lines) >= 3
    assert all(place.count(":") == 1 for place in places)
    assert not (workspace.folder / ".eas").exists()
    assert done.stdout == ""


def test_a_type_that_is_declared_but_not_installed_is_refused_by_run(workspace):
    job = workspace.write("job.json", {"task_list": [{"task": "synthesis_platosim", "name": "synthesis"}]})
    done = workspace.run("run", job, code=2)
    assert "install the package eas-tasks-tda" in done.stderr
    assert "--allow-remote" in done.stderr
    assert not (workspace.folder / ".eas").exists()
    submitted = workspace.run("submit", job)
    assert submitted.stdout == "1\n"
    assert "no installed plugin can run it" in submitted.stderr


def test_options_that_contradict_each_other_are_refused(workspace):
    job = workspace.write("job.json", {"task_list": [{"task": "null"}]})
    workspace.run("run", job, "--force", "--replace", code=2)
    workspace.run("run", job, "--keep-old", code=2)
    assert not (workspace.folder / ".eas").exists()


def test_a_dry_run_stores_nothing(workspace):
    job = workspace.write("job.json", {"task_list": [star(), verify("star")]})
    assert "new: all tasks would run" in workspace.run("run", job, "-n").stdout
    assert not (workspace.folder / ".eas").exists()
    workspace.run("run", job)
    before = list(workspace.query("SELECT * FROM eas_job"))
    assert "known as job 1 (2 tasks: 2 passed)" in workspace.run("run", job, "-n").stdout
    assert (
        "tasks of job 1 that were made from the same" in workspace.run("run", job, "-n", "--replace").stdout
    )
    assert workspace.query("SELECT * FROM eas_job") == before


# ---------------------------------------------------------------- failures
def test_a_failure_blocks_what_hangs_on_it_and_retry_completes_the_job(workspace):
    reading = {"task": "read_lightcurve", "name": "reading", "path": "late.csv"}
    tasks = [
        {"task": "null", "name": "first"},
        {"task": "null", "name": "second"},
        {"task": "null", "name": "third", "requires_metadata_from": ["second"]},
        {**reading, "outputs": {"lightcurve": "late.lc"}},
        verify("late", "hanging"),
    ]
    job = workspace.write("job.json", {"task_list": tasks})
    done = workspace.run("run", job, code=1)
    assert "failed: reading (task 5, read_lightcurve): TaskFailed: " in done.stdout
    assert "late.csv: there is no such file" in done.stdout
    assert "blocked by reading (task 5): hanging (task 6, verify)" in done.stdout
    assert "next: eas retry job" in done.stdout
    ends = {"first": "passed", "second": "passed", "third": "passed"}
    assert workspace.states() == {**ends, "reading": "failed", "hanging": "blocked"}
    assert "failed before; nothing is repeated" in workspace.run("run", job, code=1).stderr

    workspace.write("late.csv", "".join(f"{0.02 * number:.2f},1\n" for number in range(50)))
    again = workspace.run("retry", "job")
    assert "1 task tried again" in again.stderr
    assert "5 tasks: 5 passed" in again.stdout
    assert workspace.attempts() == {**dict.fromkeys(ends, 1), "reading": 1, "hanging": 1}


def test_equal_errors_are_told_once(workspace):
    tasks = [{"task": "error", "name": f"number_{number}"} for number in range(3)]
    job = workspace.write("job.json", {"task_list": tasks})
    done = workspace.run("run", job, code=1)
    assert done.stdout.count("failed: ") == 1
    assert "failed: 3 × " in done.stdout


def test_retry_of_one_task_leaves_the_others(workspace):
    job = workspace.write("job.json", {"task_list": [{"task": "error"}, {"task": "error"}]})
    workspace.run("run", job, code=1)
    workspace.run("retry", "--task", 3, "--no-run")
    assert workspace.query("SELECT taskId, state FROM eas_task WHERE taskId > 1") == [
        (2, "failed"),
        (3, "queued"),
    ]
    workspace.run("retry", "--task", 3, code=2)
    workspace.run("retry", code=2)
    workspace.run("retry", "nothing", code=1)


def test_max_failures_stops_the_run(workspace):
    tasks = [{"task": "error", "name": "bad"}, {"task": "null", "name": "long", "duration_seconds": 0.5}]
    chain = [{"task": "null", "name": "later", "requires_metadata_from": ["long"], "duration_seconds": 60}]
    job = workspace.write("job.json", {"task_list": tasks + chain})
    done = workspace.run("run", job, "-j", 1, "--max-failures", 1, code=1)
    assert "not finished" in done.stdout
    assert workspace.states()["bad"] == "failed"
    assert workspace.states()["later"] != "passed"


def test_a_limit_makes_the_first_turns_and_is_another_job(workspace):
    loop = {
        "task": "execution_for_loop",
        "parameter": "x",
        "values": [1, 2, 3, 4],
        "task_list": [{"task": "null", "name": "'x_{x}'.format(**metadata)"}],
    }
    job = workspace.write("job.json", {"task_list": [loop]})
    workspace.run("run", job, "--limit", 2)
    assert workspace.states() == {"x_1": "passed", "x_2": "passed"}
    done = workspace.run("run", job, "--replace")
    assert "2 taken over from job 1, 2 run" in done.stdout


# ---------------------------------------------------------------- the number of workers
def test_one_job_gives_one_result_whatever_the_number_of_executors(new_workspace):
    tasks = [star(), star("noisy", noise=0.01, t0="(random.random())"), multiply("star", "noisy", "both")]
    loop = {
        "task": "execution_for_loop",
        "parameter": "period_min",
        "values": [0.5, 1.5],
        "task_list": [
            {
                "task": "transit_search_bls_reference",
                "name": "search",
                "inputs": {"lightcurve": "both.lc"},
                "search_settings": {"period_min": "(metadata['period_min'])"},
            }
        ],
    }
    description = {"task_list": [*tasks, loop], "seed": 5}
    seen = []
    for executors in (1, 2):
        workspace = new_workspace(f"with_{executors}")
        workspace.run("run", workspace.write("job.json", description), "-j", executors)
        rows = json.loads(workspace.run("results", "--format", "json").stdout)
        results = sorted(
            json.dumps({key: value for key, value in row.items() if key not in ("task_id", "attempt")})
            for row in rows
        )
        seen.append((workspace.stored_files(), results))
    assert seen[0] == seen[1]
    assert len(seen[0][0]) == 3
