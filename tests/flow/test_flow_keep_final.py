"""Jobs that keep only their final files: what goes, what stays, and how a file that went comes back."""

import json

import pytest

STAR = {
    "duration": 3,
    "orbital_period": 1.1,
    "semi_major_axis": 0.042,
    "noise": 0.002,
    "sampling_cadence": 900,
}


def star(name):
    return {
        "task": "synthesis_transit",
        "name": "star",
        "outputs": {"lightcurve": name},
        "specs": STAR,
    }


def square(given, made):
    return {
        "task": "multiply",
        "name": "square",
        "inputs": {"lightcurve_1": given, "lightcurve_2": given},
        "outputs": {"lightcurve": made},
    }


def binned(given, made, *, cadence=3600.0):
    return {
        "task": "binning",
        "name": "binned",
        "cadence": cadence,
        "inputs": {"lightcurve": given},
        "outputs": {"lightcurve": made},
    }


def turns(*tasks, name="stars", values=(0, 1), **keys):
    loop = {"task": "execution_for_loop", "name": name, "parameter": "n", "values": list(values), **keys}
    return {**loop, "task_list": list(tasks)}


def of_turn(name):
    return f"'{{n}}_{name}'.format(**metadata)"


SURVEY = [
    turns(
        star(of_turn("star.lc")),
        square(of_turn("star.lc"), of_turn("square.lc")),
        binned(of_turn("square.lc"), of_turn("binned.lc")),
    )
]


@pytest.fixture
def files(workspace):
    """State of each file, by name; fails where the store holds other files than the database says."""

    def look():
        rows = json.loads(workspace.run("files", "ls", "--format", "json").stdout)
        stored = {path.name for path in (workspace.folder / ".eas/store").rglob("*.lc")}
        dropped = {row["repository_id"] for row in rows if row["state"] == "dropped"}
        assert not dropped & stored
        assert {row["repository_id"] for row in rows if row["state"] == "stored"} <= stored
        workspace.run("files", "verify")
        workspace.run("db", "check")
        return {row["file"].partition("/")[2]: row["state"] for row in rows}

    return look


def test_by_default_every_file_is_kept(workspace, files):
    workspace.run("run", workspace.write("job.json", {"task_list": SURVEY}))
    assert set(files().values()) == {"stored"}


def test_keep_final_drops_what_tasks_of_the_job_read_and_keeps_its_record(workspace, files):
    job = workspace.write("job.json", {"keep": "final", "task_list": SURVEY})
    done = workspace.run("run", job)
    assert files() == {
        f"{turn}_{name}.lc": state
        for turn in (0, 1)
        for name, state in (("star", "dropped"), ("square", "dropped"), ("binned", "stored"))
    }
    assert "intermediate files dropped" in done.stderr + done.stdout
    origin = json.loads(workspace.run("files", "why", "0_binned.lc", "--format", "json").stdout)
    square_file = next(row for row in origin if row["what"].endswith("0_square.lc"))
    assert square_file["detail"]["dropped"]
    assert len(square_file["detail"]["sha256"]) == 64
    assert "dropped since" in workspace.run("files", "why", "0_binned.lc").stdout
    attempts = workspace.attempts()
    assert "passed before; nothing is repeated" in workspace.run("run", job).stderr
    assert workspace.attempts() == attempts


def test_files_that_are_named_are_kept_beside_the_final_ones(workspace, files):
    workspace.run("run", workspace.write("job.json", {"keep": ["*_square.lc"], "task_list": SURVEY}))
    kept = {name for name, state in files().items() if state == "stored"}
    assert kept == {"0_square.lc", "1_square.lc", "0_binned.lc", "1_binned.lc"}


def test_a_chain_that_failed_keeps_its_files_for_another_try(workspace, files):
    bad = turns(star(of_turn("bad.lc")), square(of_turn("bad.lc"), of_turn("bad2.lc")), {"task": "error"},
                name="bad", values=[0])  # fmt: skip
    job = workspace.write("job.json", {"keep": "final", "task_list": [*SURVEY, bad]})
    workspace.run("run", job, code=1)
    states = files()
    assert (states["0_star.lc"], states["0_bad.lc"]) == ("dropped", "stored")
    workspace.run("retry", "job", code=1)
    assert files() == states


def test_force_makes_dropped_files_again_and_drops_them_again(workspace, files):
    job = workspace.write("job.json", {"keep": "final", "task_list": SURVEY})
    workspace.run("run", job)
    states, stored = files(), workspace.stored_files()
    workspace.run("run", job, "--force")
    assert files() == states
    assert workspace.stored_files() == stored
    assert workspace.attempts()["binned"] == 4


def test_an_edited_job_has_the_dropped_files_that_it_needs_made_again(workspace, new_workspace, files):
    def survey(cadence):
        tasks = [
            *SURVEY[0]["task_list"][:2],
            binned(of_turn("square.lc"), of_turn("binned.lc"), cadence=cadence),
        ]
        return {"keep": "final", "task_list": [turns(*tasks)]}

    job = workspace.write("job.json", survey(3600.0))
    workspace.run("run", job)
    states = files()
    workspace.write("job.json", survey(7200.0))
    workspace.run("run", job, "--replace")
    assert files() == states
    fresh = new_workspace("fresh")
    fresh.run("run", fresh.write("job.json", survey(7200.0)))
    assert workspace.stored_files() == fresh.stored_files()
    assert workspace.attempts()["star"] == 4  # two taken over, two made again


def test_an_edited_job_whose_results_stand_makes_no_dropped_file_again(workspace, files):
    job = workspace.write("job.json", {"keep": "final", "task_list": SURVEY})
    workspace.run("run", job)
    states = files()
    workspace.write("job.json", {"keep": "final", "task_list": [*SURVEY, {"task": "null", "name": "more"}]})
    assert "1 run" in workspace.run("run", job, "--replace").stdout
    assert workspace.attempts() == {"star": 2, "square": 2, "binned": 2, "stars": 2, "more": 1}
    assert files() == states


def test_a_task_that_a_later_loop_registers_has_what_it_reads_made_again(workspace, files):
    later = turns(
        binned(of_turn("star.lc"), of_turn("later.lc")),
        name="later",
        values=[1],
        requires_metadata_from=["wait"],
    )
    wait = {"task": "null", "name": "wait", "duration_seconds": 8, "requires_metadata_from": ["stars"]}
    job = workspace.write("job.json", {"keep": "final", "task_list": [*SURVEY, wait, later]})
    run = workspace.start("run", job)
    workspace.wait_for("SELECT 1 FROM eas_product_version WHERE droppedTime IS NOT NULL")  # while it runs
    assert "passed" in run.communicate()[0]
    assert run.returncode == 0
    states = files()
    assert (states["1_later.lc"], states["1_star.lc"]) == ("stored", "dropped")
    assert workspace.attempts()["star"] == 3
    assert workspace.attempts("cancelled") == {"binned": 1}  # the one that had to wait


def test_a_job_that_needs_a_dropped_file_of_another_waits_until_that_is_run_again(workspace, files):
    first = workspace.write("first.json", {"keep": "final", "working_directory": "w", "task_list": SURVEY})
    workspace.run("run", first)
    second = workspace.write(
        "second.json", {"working_directory": "w", "task_list": [binned("0_square.lc", "other.lc")]}
    )
    run = workspace.start("run", second)
    workspace.wait_for("SELECT 1 FROM eas_job WHERE jobName = 'first' AND state = 'running'")
    assert ": passed" in workspace.run("run", first).stdout
    assert "passed" in run.communicate()[0]
    assert run.returncode == 0
    states = files()
    assert states["other.lc"] == "stored"
    assert states["0_square.lc"] == "stored"  # another job reads it
    assert states["0_star.lc"] == "dropped"


def test_a_dropped_file_that_can_no_longer_be_made_blocks_who_needs_it_and_says_why(workspace, files):
    curve = "".join(f"{0.02 * number:.2f},{1 + 0.001 * (number % 3)}\n" for number in range(200))
    workspace.write("raw.csv", curve)
    reading = {
        "task": "read_lightcurve",
        "name": "raw",
        "path": "raw.csv",
        "outputs": {"lightcurve": "raw.lc"},
    }
    tasks = [reading, binned("raw.lc", "binned.lc")]
    job = workspace.write("job.json", {"keep": "final", "task_list": tasks})
    workspace.run("run", job)
    (workspace.folder / "raw.csv").unlink()
    tasks[1]["cadence"] = 7200.0
    workspace.write("job.json", {"keep": "final", "task_list": tasks})
    failed = workspace.run("run", job, "--replace", code=1)
    assert "raw.csv: there is no such file" in failed.stdout
    workspace.write("raw.csv", curve)
    workspace.run("retry", "job")
    assert files() == {"raw.lc": "dropped", "binned.lc": "stored"}


@pytest.mark.parametrize("keep", ["some", ["*.lc", 3], {"final": True}])
def test_a_rule_of_keeping_that_is_none_is_refused_with_its_line(workspace, keep):
    job = workspace.write("job.json", {"keep": keep, "task_list": [{"task": "null"}]})
    refused = workspace.run("run", job, code=2)
    assert "job.json:2:" in refused.stderr
    assert "keep" in refused.stderr


def test_a_dropped_file_whose_job_was_replaced_is_missed_with_the_reason(workspace, files):
    keys = {"keep": "final", "working_directory": "w"}
    first = workspace.write("first.json", {**keys, "task_list": SURVEY})
    workspace.run("run", first)
    workspace.write("first.json", {**keys, "task_list": [star("other.lc")]})
    workspace.run("run", first, "--replace")
    second = workspace.write(
        "second.json", {"working_directory": "w", "task_list": [binned("0_square.lc", "late.lc")]}
    )
    failed = workspace.run("run", second, code=1)
    assert "0_square.lc was dropped" in failed.stdout + failed.stderr
    assert "was replaced; run a job that makes it" in failed.stdout + failed.stderr
