"""``eas standalone``: test configurations as written for the prototype, and what is wrong with some."""

import gzip
import json
from pathlib import Path

import pytest

from eas_framework.errors import JobFileError
from eas_framework.job_file import read_standalone

VERIFY = """\
# checks a light curve
[task]
task = verify

[inputs]
lightcurve = curves/lc.gz
"""
METADATA = """\
[metadata]
binary = 0
gzipped = 1
Name = 50% done: ünï
orbital_period = 2.5
"""


@pytest.fixture
def folder(bare_machine) -> Path:
    """A folder with a light curve in the text form, and its metadata."""
    curves = bare_machine / "curves"
    curves.mkdir()
    with gzip.open(curves / "lc.gz", "wt") as stream:
        stream.writelines(f"{1800 * index} {1 + 0.001 * index} 0 0.001\n" for index in range(100))
    (curves / "lc.gz.metadata.cfg").write_text(METADATA)
    return bare_machine


def config(folder: Path, text: str) -> Path:
    path = folder / "test.cfg"
    path.write_text(text)
    return path


# ------------------------------------------------------------- reading
def test_case_percent_signs_and_expressions_stay_and_the_label_is_task_name(folder):
    text = "[task]\ntask = null\nFooBar = 100 % (x)s\ntask_name = my_name\n[Specs]\nA: (2 * 3)\n b = c\n"
    (task,) = read_standalone(config(folder, text)).job.description["task_list"]
    # the last line is indented more than its key, so it belongs to the value of A
    assert task == {
        "task": "null",
        "name": "my_name",
        "FooBar": "100 % (x)s",
        "Specs": {"A": "(2 * 3)\nb = c"},
    }


def test_what_is_left_out_has_the_documented_defaults(folder):
    job = read_standalone(config(folder, "[task]\n")).job
    assert (job.name, job.working_directory) == ("test_job", "test_dir")
    assert job.description["task_list"] == [{"task": "null", "name": "untitled_test"}]


def test_lists_and_tables_are_json(folder):
    text = '[task]\ntask = execution_for_loop\nvalues = [1,\n  2]\ntask_list = [{"task": "null"}]\n'
    (task,) = read_standalone(config(folder, text)).job.description["task_list"]
    assert (task["values"], task["task_list"]) == ([1, 2], [{"task": "null"}])


def test_an_input_brings_its_metadata_and_is_one_file_however_often_it_is_used(folder):
    text = "[task]\ntask = multiply\n[inputs]\na = curves/lc.gz\nb = ./curves/../curves/lc.gz\n"
    read = read_standalone(config(folder, text))
    (file,) = read.inputs
    assert dict(file.metadata) == {
        "binary": 0,
        "gzipped": 1,
        "Name": "50% done: ünï",
        "orbital_period": 2.5,
    }
    assert read.job.description["task_list"][0]["inputs"] == {"a": "lc.gz", "b": "lc.gz"}


def test_two_inputs_of_one_name_stay_two_files(folder):
    (folder / "lc.gz").write_bytes((folder / "curves" / "lc.gz").read_bytes())
    read = read_standalone(config(folder, "[inputs]\na = curves/lc.gz\nb = lc.gz\n"))
    assert read.job.description["task_list"][0]["inputs"] == {"a": "lc.gz", "b": "b_lc.gz"}
    assert [dict(file.metadata) == {} for file in read.inputs] == [False, True]


def test_every_mistake_is_named_with_its_line(folder):
    text = (
        "x = 1\n[task]\ntask = verify\ntask_list = [1\n[inputs]\nlightcurve = no.gz\n[task]\n"
        "nothing\n[DEFAULT]\na = 1\n[specs\n[specs]\nb = 1\nb = 2\n"
    )
    with pytest.raises(JobFileError) as caught:
        read_standalone(config(folder, text))
    places = [message.rpartition("test.cfg:")[2].split(":")[0] for message in caught.value.messages]
    assert sorted(map(int, places)) == [1, 4, 6, 7, 8, 9, 11, 14]
    assert any("--input-dir" in message for message in caught.value.messages)


def test_a_mistake_in_the_metadata_is_named_there(folder):
    place = folder / "curves" / "lc.gz.metadata.cfg"
    place.write_text("[metadata]\nbinary = 0\nbinary = 1\n")
    with pytest.raises(JobFileError, match=r"lc\.gz\.metadata\.cfg:3:1: the key 'binary' is given twice"):
        read_standalone(config(folder, VERIFY))


# ------------------------------------------------------------- running
def test_a_passed_task_prints_its_metadata_and_leaves_no_trace(folder, eas):
    before = sorted(folder.rglob("*"))
    rows = eas.json("standalone", str(config(folder, VERIFY)))
    found = {row["keyword"]: row["value"] for row in rows}
    assert found["verification"] is True
    # 100 samples, 1800 s apart
    assert found["verification_time_max"] == pytest.approx(99 * 1800 / 86400, rel=1e-12)
    assert sorted(folder.rglob("*")) == sorted([*before, folder / "test.cfg"])


def test_a_failed_task_ends_with_1_and_says_why(folder, eas):
    eas("standalone", str(config(folder, "[task]\ntask = error\nmessage = 100% broken\n")), code=1)
    assert "TaskFailed: 100% broken" in eas.err


def test_outputs_are_copied_where_they_are_wanted(folder, eas):
    text = (
        "[task]\ntask = multiply\n[inputs]\nlightcurve_1 = curves/lc.gz\nlightcurve_2 = curves/lc.gz\n"
        "[outputs]\nlightcurve = product.npy\n"
    )
    eas("standalone", str(config(folder, text)), "--output-dir", "made")
    assert [path.name for path in (folder / "made").iterdir()] == ["product.npy"]
    eas("standalone", str(folder / "test.cfg"), "--output-dir", "made", code=2)
    assert "--output-dir made is not empty" in eas.err


def test_a_loop_is_run_with_all_that_is_below_it(folder, eas):
    tasks = json.dumps([{"task": "null"}, {"task": "error", "message": "turn"}])
    text = f"[task]\ntask = execution_for_loop\nparameter = n\nvalues = [1]\ntask_list = {tasks}\n"
    eas("standalone", str(config(folder, text)), code=1)
    eas("standalone", str(config(folder, text.replace(', {"task": "error", "message": "turn"}', ""))))


def test_mistakes_found_by_the_checks_of_jobs_name_the_line_of_the_configuration(folder, eas):
    eas("standalone", str(config(folder, "[task]\n\ntask = verifi\n")), code=2)
    assert "test.cfg:3:8: unknown task type 'verifi'; did you mean 'verify'?" in eas.err


def test_a_workspace_in_use_is_never_touched(folder, eas):
    eas("--workspace", "used", "db", "init")
    eas("standalone", str(config(folder, "[task]\n")), "--workspace", "used", code=2)
    assert "has a task database already" in eas.err


def test_a_new_workspace_that_is_named_is_kept(folder, eas):
    eas("standalone", str(config(folder, VERIFY)), "--workspace", "kept")
    (row,) = eas.json("--workspace", "kept", "status")
    assert (row["job"], row["state"]) == ("test_job", "passed")
