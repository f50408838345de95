"""The job that `eas search` makes."""

from pathlib import Path

import pytest

from eas_framework.errors import JobFileError, UsageError
from eas_framework.pipeline.search_job import SearchOptions, Target, read_targets, search_job


@pytest.fixture
def curves(bare_machine):
    for name in ("a.csv", "b.csv"):
        (bare_machine / name).write_text(f"0,1\n1,1\n# {name}\n")
    return bare_machine


def options(**given):
    return SearchOptions(**{"tda": "bls_reference", "detrend": "biweight", "window_days": 1.0, **given})


def turns(job):
    return job["task_list"][0]["values"]


def test_the_same_files_and_options_give_the_same_name(curves):
    targets = [Target(file=Path("a.csv")), Target(file=curves / "b.csv")]
    job = search_job(targets, options())
    assert job == search_job([Target(file=curves / "a.csv"), Target(file=Path("b.csv"))], options())
    others = [options(window_days=2.0), options(settings={"period_max": 3.0}), options(detrend=None)]
    assert len({job["job_name"], *(search_job(targets, other)["job_name"] for other in others)}) == 4


def test_a_changed_file_keeps_the_name_of_the_job_and_changes_its_checksum(curves):
    before = search_job([Target(file=Path("a.csv"))], options())
    (curves / "a.csv").write_text("0,1\n1,2\n")
    after = search_job([Target(file=Path("a.csv"))], options())
    assert before["job_name"] == after["job_name"]
    assert turns(before)[0]["sha256"] != turns(after)[0]["sha256"]


def test_a_file_given_twice_is_searched_once(curves):
    job = search_job([Target(file=Path("a.csv")), Target(file=curves / "a.csv")], options())
    assert [turn["path"] for turn in turns(job)] == [str(curves / "a.csv")]


def test_stitched_files_are_all_inputs_of_one_search(curves):
    targets = [Target(file=Path("b.csv")), Target(file=Path("a.csv"))]
    job = search_job(targets, options(stitch=True))
    reading, stitching, detrending, search = job["task_list"]
    assert [turn["path"] for turn in turns(job)] == [str(curves / "b.csv"), str(curves / "a.csv")]
    assert [task["task"] for task in reading["task_list"]] == ["read_lightcurve"]
    assert list(stitching["inputs"].values()) == ["000000_lightcurve.lc", "000001_lightcurve.lc"]
    assert detrending["inputs"] == stitching["outputs"]
    assert search["inputs"] == detrending["outputs"]
    assert job["job_name"] != search_job(targets, options())["job_name"]
    undetrended = search_job(targets, options(stitch=True, detrend=None))["task_list"]
    assert undetrended[-1]["inputs"] == undetrended[1]["outputs"]


def test_a_table_names_files_beside_it_and_carries_the_stars(curves):
    (curves / "targets.csv").write_text("file,name,r_star,colour\na.csv,one,0.9,red\nb.csv,two,1.2,blue\n")
    targets = list(read_targets(curves / "targets.csv"))
    assert [dict(target.known) for target in targets] == [
        {"name": "one", "r_star": 0.9},
        {"name": "two", "r_star": 1.2},
    ]
    search = search_job(targets, options())["task_list"][0]["task_list"][-1]
    assert search["search_settings"] == {"r_star": "(metadata['lightcurve']['r_star'])"}


def test_a_table_without_files_or_with_a_wrong_one_is_refused(curves):
    (curves / "targets.csv").write_text("fil,name\na.csv,one\n")
    with pytest.raises(UsageError, match="did you mean 'fil'"):
        list(read_targets(curves / "targets.csv"))
    (curves / "targets.csv").write_text("file\na.csv\nabsent.csv\n")
    with pytest.raises(UsageError, match=r"targets\.csv:3: there is no file"):
        list(read_targets(curves / "targets.csv"))
    with pytest.raises(JobFileError):
        list(read_targets(curves / "absent.csv"))
