"""Faults of the prototype that belong to no single module, and the list of all of them."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import list_lessons
import numpy as np
import pytest

from eas_framework import lightcurve_files
from eas_framework.diagnostics.failures import failures
from eas_framework.diagnostics.files import find_version
from eas_framework.diagnostics.results import timings_table
from eas_framework.diagnostics.task_details import task_details
from eas_framework.errors import NotFoundError
from eas_framework.lightcurve import LightcurveArbitraryRaster
from eas_framework.task_objects import AttemptState
from eas_framework.testing.scenarios import Hand

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    path
    for folder in (ROOT / "eas_framework", *ROOT.glob("plugins/*/eas_*"))
    for path in folder.rglob("*.py")
)
UNSAFE_CALLS = {"system", "popen", "eval", "exec"}
UNSAFE_MODULES = {"pickle", "marshal", "shelve", "joblib", "dill"}


@pytest.mark.parametrize("number", sorted(list_lessons.NUMBERS - set(list_lessons.OPEN)))
def test_every_fault_has_its_test(number):
    assert list_lessons.lessons()[number], f"no test is called test_d{number}_…"


def test_the_list_of_faults_knows_no_other_numbers_and_no_missing_test():
    assert set(list_lessons.lessons()) == list_lessons.NUMBERS
    names = {f"{path}::{name}" for path, name in list_lessons.tests()}
    assert {test for tests in list_lessons.BY_OTHER_NAMES.values() for test in tests} <= names


def test_d5_work_whose_worker_vanished_is_noticed_and_queued_again(task_database):
    hand = Hand(task_database, lease_seconds=-1.0)
    task_id = task_database.task_register(task_type="null", metadata={"task_description": '{"task": "null"}'})
    task_database.lifecycle.queue_task(task_id)
    hand.take()
    assert task_database.lifecycle.reap() == 1
    states = [str(attempt.state) for attempt in task_database.attempts.of_task(task_id)]
    assert states == ["lost", "queued"]


def test_d36_waiting_tasks_and_all_attempts_are_shown(reports, made):
    waiting, repeated, claimed = made.task(unmet=1), made.task(), made.task()
    made.end(repeated, AttemptState.FAILED, error="OSError: disk", retry_delay=-1.0)
    made.finish(made.claim(repeated))
    reports.lifecycle.queue_task(claimed)  # an attempt that has not started has no times
    states = {row["name"]: row["value"] for row in task_details(reports, waiting) if row["section"] == "task"}
    assert states["state"] == "waiting"
    sections = {row["section"] for row in task_details(reports, repeated)}
    assert {f"attempt {attempt.attempt_id}" for attempt in reports.attempts.of_task(repeated)} <= sections
    assert claimed not in [row["task_id"] for row in timings_table(reports.queries, made.job_id)]
    assert failures(reports.queries, made.job_id) == []


@pytest.mark.parametrize("name", ["999", "abc", "999/x", "-1", "a/b/c", "%s", ""])
def test_d36_a_file_that_is_not_there_is_an_answer_and_no_crash(reports, name):
    with pytest.raises(NotFoundError, match="there is no file"):
        find_version(reports, name)


@pytest.mark.parametrize("is_root", [True, False])
def test_d38_commands_work_from_any_folder(tmp_path, is_root):
    folder = Path("/") if is_root else tmp_path
    program = Path(sys.executable).with_name("eas")
    done = subprocess.run([program, "tasks", "list"], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "execution_chain" in done.stdout


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_d42_no_shell_no_eval_and_no_pickle(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            shell = [word for word in node.keywords if word.arg in ("shell", "allow_pickle")]
            assert all(isinstance(word.value, ast.Constant) and not word.value.value for word in shell)
            name = node.func.id if isinstance(node.func, ast.Name) else None
            owner = node.func.value if isinstance(node.func, ast.Attribute) else None
            if isinstance(owner, ast.Name) and owner.id == "os":
                name = node.func.attr
            assert name not in UNSAFE_CALLS, f"line {node.lineno}"
        names = {alias.name for alias in node.names} if isinstance(node, ast.Import) else set()
        names |= {node.module} if isinstance(node, ast.ImportFrom) else set()
        assert not names & UNSAFE_MODULES


def test_d52_the_end_of_a_task_queues_its_dependant_in_the_same_transaction(task_database):
    hand = Hand(task_database)
    first, second = (task_database.task_register(task_type="null", fully_configured=False) for _ in range(2))
    task_database.tasks.add_metadata_source(second, first, is_met=False)
    for task_id in (first, second):
        task_database.tasks.mark_configured(task_id)
        task_database.dependencies.count(task_id)
    task_database.lifecycle.queue_task(first)
    assert hand.end(hand.take(), AttemptState.PASSED).queued == 1
    assert hand.take().task_id == second


def test_d53_the_internal_form_is_the_samples_and_a_short_head_and_can_stay_on_disk(tmp_path):
    count = 70_080
    curve = LightcurveArbitraryRaster(np.arange(count) * 0.02, np.ones(count))
    curve.to_file(tmp_path / "curve", binary=True)
    # four columns of eight bytes; a numpy head is a multiple of 64 bytes
    assert (tmp_path / "curve").stat().st_size - 32 * count in (64, 128, 192, 256)
    columns = lightcurve_files.read_columns(tmp_path / "curve", mmap=True)
    owner = columns.times
    while owner.base is not None and not isinstance(owner, np.memmap):
        owner = owner.base
    assert isinstance(owner, np.memmap)
    np.testing.assert_array_equal(columns.times, curve.times)


def test_d63_every_package_of_the_environment_is_pinned_by_its_hash():
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    entries = re.split(r"\n(?=[a-z0-9])", re.sub(r"(?m)^#.*\n", "", text).strip())
    assert len(entries) > 40
    for entry in entries:
        assert re.match(r"[\w.-]+(\[\w+\])?==[\w.]+", entry), entry[:60]
        assert "--hash=sha256:" in entry, entry[:60]
