"""Inputs that are not there yet when their consumer is registered."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(sys.executable).with_name("eas-run")
CURVE = "0.0,1.0,0\n0.1,0.9,0\n0.2,1.0,0\n0.3,1.0,0\n"


@pytest.fixture
def run(tmp_path):
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "star.csv").write_text(CURVE, encoding="utf-8")

    def run(*task_list):
        job = tmp_path / "job.json"
        job.write_text(json.dumps({"job_name": "late", "task_list": list(task_list)}), encoding="utf-8")
        command = [PROGRAM, job, "--workspace", tmp_path, "-j", "1"]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    return run


INGEST = {"task": "ingest_external_lcs", "input_path": "raw/*.csv"}
VERIFY = {"task": "verify", "inputs": {"lightcurve": "star.npy"}}


def test_a_task_waits_for_a_file_that_ingest_is_going_to_make(run):
    done = run(INGEST, VERIFY)

    assert done.returncode == 0, done.stdout + done.stderr


def test_a_task_waits_for_a_file_that_is_made_inside_an_earlier_sibling(run):
    done = run({"task": "execution_chain", "task_list": [INGEST]}, VERIFY)

    assert done.returncode == 0, done.stdout + done.stderr


def test_a_task_waits_for_a_file_that_a_later_task_of_its_list_makes(run):
    product = {**VERIFY, "inputs": {"lightcurve": "product.npy"}}
    multiply = {
        "task": "multiply",
        "inputs": {"lightcurve_1": "star.npy", "lightcurve_2": "star.npy"},
        "outputs": {"lightcurve": "product.npy"},
    }
    done = run(product, INGEST, multiply)

    assert done.returncode == 0, done.stdout + done.stderr


def test_a_task_is_blocked_by_name_when_the_sibling_is_done_without_its_file(run):
    conditional = {"task": "execution_conditional", "criterion": "(1 > 2)", "task_list": [INGEST]}
    done = run(conditional, VERIFY)

    assert done.returncode == 1
    assert "star.npy" in done.stdout + done.stderr
