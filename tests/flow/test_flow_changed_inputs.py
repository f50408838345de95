"""Input files that change after tasks have read them: later runs never pass over it in silence."""

import json

import pytest

CURVE = "".join(f"{0.02 * number:.2f},{1 + 0.001 * (number % 3)}\n" for number in range(200))
OTHER_CURVE = CURVE.replace("1.001", "1.002", 1)  # of the same size


def reading(name):
    return {
        "task": "read_lightcurve",
        "name": name,
        "path": f"{name}.csv",
        "outputs": {"lightcurve": f"{name}.lc"},
    }


def verify(name):
    return {"task": "verify", "name": f"of_{name}", "inputs": {"lightcurve": f"{name}.lc"}}


@pytest.fixture
def passed_job(workspace):
    """A job that has read two files, and passed."""
    for name in ("one", "two"):
        workspace.write(f"{name}.csv", CURVE)
    job = workspace.write(
        "job.json", {"task_list": [part(name) for name in ("one", "two") for part in (reading, verify)]}
    )
    workspace.run("run", job)
    return job


def test_a_changed_file_is_named_with_its_readers_and_the_command_that_renews(workspace, passed_job):
    workspace.write("two.csv", OTHER_CURVE)
    attempts = workspace.attempts()
    again = workspace.run("run", passed_job, "--seed", 0, code=1)
    assert "job 1 (job): passed, but of older files" in again.stdout
    assert "changed since: two.csv, read by two (task 4, read_lightcurve)" in again.stdout
    assert "one.csv" not in again.stdout
    assert f"next: eas run {passed_job} --seed=0 --replace" in again.stdout
    assert workspace.attempts() == attempts
    renewed = workspace.run("run", passed_job, "--seed", 0, "--replace")
    assert "2 taken over from job 1, 2 run" in renewed.stdout
    assert "job 2 (job): passed\n" in workspace.run("run", passed_job).stdout


def test_force_renews_as_well(workspace, passed_job):
    workspace.write("two.csv", OTHER_CURVE)
    workspace.run("run", passed_job, "--force")
    assert ": passed\n" in workspace.run("run", passed_job).stdout


def test_files_that_are_what_they_were_are_not_spoken_of(workspace, passed_job):
    workspace.write("two.csv", CURVE)  # written anew, with the same content
    again = workspace.run("run", passed_job)
    assert ": passed\n" in again.stdout
    assert "changed" not in again.stdout + again.stderr


def test_times_of_a_file_that_proved_the_same_are_kept(workspace, passed_job):
    def settle(number):
        """As if the file with this number of seconds had been read long after its last change."""
        workspace.execute(
            "UPDATE eas_scheduling_attempt SET externalFiles = ? WHERE externalFiles LIKE '%two%'",
            json.dumps({"two.csv": number}),
        )

    found = (workspace.folder / "two.csv").stat()
    settle([found.st_size, found.st_mtime_ns, found.st_ctime_ns])
    workspace.execute(
        "UPDATE eas_scheduling_attempt SET contentFields = json_set(contentFields, "
        "'$.external_inputs.\"two.csv\"', 'of another content') WHERE externalFiles LIKE '%two%'"
    )
    assert ": passed\n" in workspace.run("run", passed_job).stdout  # size and times decide
    settle([found.st_size, found.st_mtime_ns, 0])
    assert "of older files" in workspace.run("run", passed_job, code=1).stdout


def test_a_file_that_is_gone_is_told_and_its_results_stand(workspace, passed_job):
    (workspace.folder / "two.csv").unlink()
    again = workspace.run("run", passed_job)
    assert "job 1 (job): passed\n" in again.stdout
    assert "not found any more: two.csv, read by two (task 4, read_lightcurve)" in again.stdout
    assert "the results are kept" in again.stdout
    assert "next: eas results job" in again.stdout


def test_a_dry_run_a_submission_and_the_results_tell_it_too(workspace, passed_job):
    workspace.write("two.csv", OTHER_CURVE)
    assert "changed since: two.csv, read by two" in workspace.run("run", passed_job, "-n").stdout
    told = workspace.run("submit", passed_job)
    assert told.stdout == "1\n"
    assert f"to renew the results: eas submit {passed_job} --replace" in told.stderr
    shown = workspace.run("results", "job", "--format", "json")
    assert "warning: two.csv has changed since passed tasks read it" in shown.stderr
    assert json.loads(shown.stdout)


def test_the_origin_of_a_file_tells_what_became_of_the_raw_one(workspace, passed_job):
    workspace.write("two.csv", OTHER_CURVE)

    def raw(name):
        rows = json.loads(workspace.run("files", "why", name, "--format", "json").stdout)
        (found,) = [row for row in rows if row["kind"] == "raw file"]
        return found["what"], found["detail"]["now"]

    assert raw("one.lc") == ("one.csv", "same")
    assert raw("two.lc") == ("two.csv", "changed")
    assert "changed since" in workspace.run("files", "why", "two.lc").stdout


def test_an_interrupted_job_goes_on_and_says_which_of_its_results_are_old(workspace):
    workspace.write("one.csv", CURVE)
    job = workspace.write("job.json", {"task_list": [reading("one"), reading("two"), verify("one")]})
    workspace.run("run", job, code=1)  # the other file is missing
    workspace.write("one.csv", OTHER_CURVE)
    workspace.write("two.csv", CURVE)
    done = workspace.run("retry", "job", code=1)
    assert "warning: one.csv has changed since passed tasks read it; the run goes on" in done.stderr
    assert "job 1 (job): passed, but of older files" in done.stdout
    assert "job.json --replace, with the options it was run with" in done.stdout


def test_each_ingested_file_is_looked_at(workspace):
    workspace.write("raw/a.csv", CURVE)
    workspace.write("raw/b.csv", CURVE)
    ingest = {"task": "ingest_external_lcs", "name": "taking", "lc_type": "auto", "input_path": "raw/*"}
    job = workspace.write("job.json", {"task_list": [ingest]})
    workspace.run("run", job)
    workspace.write("raw/b.csv", OTHER_CURVE)
    again = workspace.run("run", job, code=1)
    assert "raw/b.csv, read by taking (task 2, ingest_external_lcs)" in again.stdout
    assert "raw/a.csv" not in again.stdout
    rows = json.loads(workspace.run("files", "why", "b.npy", "--format", "json").stdout)
    (raw,) = [row for row in rows if row["kind"] == "raw file"]
    assert raw["what"].endswith("raw/b.csv")
    assert raw["detail"]["now"] == "changed"


def test_a_table_whose_name_is_an_expression_is_looked_at(workspace):
    workspace.write("targets.csv", "size\n1\n2\n")
    loop = {
        "task": "execution_for_loop",
        "name": "targets",
        "table": "'{}.csv'.format('targets')",
        "task_list": [{"task": "null"}],
    }
    job = workspace.write("job.json", {"task_list": [loop]})
    workspace.run("run", job)
    workspace.write("targets.csv", "size\n1\n3\n")
    assert "targets.csv, read by targets" in workspace.run("run", job, code=1).stdout
