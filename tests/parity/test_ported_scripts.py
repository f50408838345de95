"""Task scripts in the old style, ported by the command, and run by the real program on SQLite."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from build_wheels import build_wheel

from eas_framework.plugins import Resources
from eas_framework.settings import load_configuration, use_configuration
from eas_framework.task_database.opening import open_database
from eas_framework.task_objects import plain_values
from eas_framework.testing.outcome import Outcome
from eas_framework.testing.scenarios import install_plugin
from eas_framework.worker.limits import capped, machine_resources

SCRIPTS = Path(__file__).parent / "scripts"
NAME = "eas_old_style"
FORMS = sorted(path.stem.removeprefix("task_") for path in SCRIPTS.glob("task_implementations/task_*.py"))
PERIOD_DAYS = 2.5
EXECUTORS = 2
SECONDS = 300
"""After which a run of the program fails the test."""

JOB = {
    "job_name": "old_style",
    "working_directory": "old",
    "task_list": [
        {"task": "null", "name": "rest"},
        {
            "task": "synthesis_box",
            "name": "planet",
            "outputs": {"lightcurve": "planet.gz"},
            "specs": {"duration": 20, "orbital_period": PERIOD_DAYS},
        },
        {"task": "synthesis_box", "name": "other", "outputs": {"lightcurve": "other.gz"}},
        {
            "task": "multiply",
            "name": "product",
            "inputs": {"lightcurve_1": "planet.gz", "lightcurve_2": "other.gz"},
            "outputs": {"lightcurve": "product.gz"},
        },
        {"task": "verify", "name": "verified", "inputs": {"lightcurve": "planet.gz"}},
        {
            "task": "transit_search_box",
            "name": "search",
            "inputs": {"lightcurve": "planet.gz"},
            "lc_duration": 20,
            "search_settings": {"period_min": 2, "period_max": 4},
        },
        {
            "task": "execution_conditional",
            "requires_metadata_from": ["search"],
            "criterion": "(requested_metadata['search']['outcome'] == 'PASS')",
            "task_list": [{"task": "null", "name": "found"}],
            "else_task_list": [{"task": "null", "name": "missed"}],
        },
        {
            "task": "execution_for_loop",
            "parameter": "size",
            "linear_range": [0.5, 1.5, 3],
            "task_list": [
                {
                    "task": "synthesis_box",
                    "name": "'size_{size_index}'.format(**metadata)",
                    "specs": {"planet_radius": "(metadata['size'])", "duration": 3},
                    "outputs": {"lightcurve": "'size_{size_index}.gz'.format(**metadata)"},
                }
            ],
        },
        {
            "task": "execution_do_while_loop",
            "iteration_name": "turn",
            "repeat_criterion": "(metadata['turn_index'] < 2) and (requested_metadata['v']['verification'])",
            "requires_metadata_from_child": ["v"],
            "task_list": [{"task": "verify", "name": "v", "inputs": {"lightcurve": "planet.gz"}}],
        },
        {"task": "ingest_external_lcs", "name": "ingest", "lc_type": "lcsg", "input_path": "raw/*.csv"},
        {"task": "error", "name": "bad", "outputs": {"lightcurve": "never.gz"}},
        {"task": "null", "name": "after_bad", "requires_metadata_from": ["bad"]},
        {"task": "verify", "name": "reads_never", "inputs": {"lightcurve": "never.gz"}},
    ],
}


def program(folder: Path, *words: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run ``eas`` in a folder, with nothing of the machine's settings, and a package on the path."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EAS_")}
    variables = {**kept, "XDG_CONFIG_HOME": str(folder / "no_settings"), "PYTHONPATH": str(path or "")}
    code = "from eas_framework.cli.main import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=folder, env=variables, capture_output=True, text=True, check=False, timeout=SECONDS,
    )  # fmt: skip


def port(folder: Path, target: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return program(folder, "port", str(SCRIPTS), "--name", NAME, "--output", str(target), *options)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package that the command made of all scripts, built and installed into a folder of its own."""
    folder = tmp_path_factory.mktemp("ported")
    done = port(folder, folder / "project", "--with-base-tasks")
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(build_wheel(folder / "project", folder=folder / "wheel")) as wheel:
        wheel.extractall(folder / "site")  # what an installer does with a package of pure Python
    return folder / "site"


@pytest.fixture(scope="module")
def workspace(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which the job with every form has been run to its end by the program."""
    folder = tmp_path_factory.mktemp("workspace")
    raw = folder / "raw"
    raw.mkdir()
    for star in "ab":
        samples = [f"{0.02 * index:.2f},{1 - 0.001 * index:.4f},{index % 2}" for index in range(50)]
        (raw / f"star_{star}.csv").write_text("\n".join([f"# #star = {star}", *samples]) + "\n")
    sources = dict.fromkeys(sorted({*FORMS} - {"synthesis_box", "transit_search_box"}), NAME)
    settings = {
        "task_type_sources": sources,
        "task_type_registry": f"{site}/{NAME}/task_type_registry.xml",
    }
    (folder / "eas.yaml").write_text(json.dumps(settings))
    (folder / "job.json").write_text(json.dumps(JOB))
    done = program(folder, "run", "job.json", "-j", str(EXECUTORS), "--no-progress", path=site)
    assert "old_style): failed" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 1
    return folder


@pytest.fixture(scope="module")
def outcome(workspace: Path) -> Iterator[Outcome]:
    """What the job left behind."""
    use_configuration(load_configuration(workspace=workspace))
    with open_database() as database:
        (job,) = database.jobs.list_all()
        yield Outcome(database, job.job_id)
    use_configuration(None)


def states(outcome: Outcome, name: str) -> list[str]:
    return [str(task.state) for task in outcome.named(name)]


# ------------------------------------------------------------- the command
def test_the_folder_has_a_script_for_every_form_and_unconditional_quality_control():
    assert {*FORMS} == {
        "null",
        "error",
        "verify",
        "multiply",
        "execution_chain",
        "execution_conditional",
        "execution_for_loop",
        "execution_do_while_loop",
        "ingest_external_lcs",
        "synthesis_box",
        "transit_search_box",
    }
    judges = {path.name for path in SCRIPTS.glob("task_qc_implementations/task_*.py")}
    assert judges == {f"task_{form}.py" for form in FORMS}


def test_a_ported_script_is_the_old_one_with_other_imports(site: Path):
    for old in [*SCRIPTS.glob("task_implementations/*.py"), *SCRIPTS.glob("task_qc_implementations/*.py")]:
        new = (site / NAME / old.parent.name / old.name).read_text()
        back = new.replace("eas_framework", "plato_wp36")
        back = back.replace("#!/usr/bin/env python3", "#!../../../data/datadir_local/virtualenv/bin/python3")
        back = back.replace(f"from {NAME}.task_implementations import box", "import box")
        assert back == old.read_text()


def test_the_report_names_calls_settings_sql_files_and_verdicts(tmp_path: Path):
    before = {path: path.stat().st_mtime_ns for path in SCRIPTS.rglob("*")}
    done = port(tmp_path, tmp_path / "none", "--with-base-tasks", "--dry-run", "--format", "json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    found = {(Path(row["script"]).name, row["kind"], row["what"]) for row in rows}
    chain = "task_execution_chain.py"
    assert {
        ("task_verify.py", "call", "TaskDatabaseConnection.task_open_file_input"),
        ("task_multiply.py", "call", "lightcurve.LightcurveArbitraryRaster.from_file"),
        ("task_multiply.py", "file", "output 'lightcurve'"),
        ("task_ingest_external_lcs.py", "setting", "lcPath"),
        (chain, "sql", "UPDATE eas_task SET isFullyConfigured=1 WHERE taskId=%s;"),
        ("task_null.py", "verdict", "unconditional"),
        ("box_periodogram.py", "package", "numpy"),
    } <= found
    assert len([row for row in rows if row["script"].endswith(chain) and row["kind"] == "sql"]) == 3
    assert not [row for row in rows if row["kind"] == "attention"]
    assert list(tmp_path.iterdir()) == []
    assert {path: path.stat().st_mtime_ns for path in SCRIPTS.rglob("*")} == before


# ------------------------------------------------------------- the job
def test_every_form_passes_but_the_one_that_fails(outcome: Outcome):
    assert outcome.failed
    by_type: dict[str, set[str]] = {}
    for task in outcome.tasks:
        by_type.setdefault(str(task.task_type), set()).add(str(task.state))
    assert by_type.pop("error") == {"failed"}
    assert by_type.pop("null") == {"passed", "blocked"}
    assert by_type.pop("verify") == {"passed", "blocked"}
    assert by_type.pop("execution_chain") == {"passed", "failed"}  # the root fails with what is below it
    assert {name: found for name, found in by_type.items() if found != {"passed"}} == {}
    assert {*by_type, "error", "null", "verify", "execution_chain"} == {*FORMS}


def test_the_scripts_of_the_package_did_the_tasks(outcome: Outcome):
    handle = outcome.database.db_handle
    handle.parameterised_query("SELECT contentFields FROM eas_scheduling_attempt", ())
    rows = handle.fetchall()
    packages = {json.loads(row["contentFields"])["package"] for row in rows if row["contentFields"]}
    assert packages == {"eas-old-style"}


def test_unconditional_quality_control_lets_no_failed_attempt_pass(outcome: Outcome):
    (attempt,) = outcome.attempts("bad")
    assert (attempt.state, attempt.error_fail, attempt.all_products_passed_qc) == ("failed", True, None)
    assert "This task always fails" in str(attempt.error_text)
    assert outcome.visible_files("bad") == {}


def test_what_depends_on_the_failed_task_is_blocked_by_it(outcome: Outcome):
    (bad,) = outcome.named("bad")
    for name in ("after_bad", "reads_never"):
        assert states(outcome, name) == ["blocked"]
        assert outcome.attempts(name) == []
        task = outcome.task(name)
        assert outcome.database.tasks.counters(task.task_id)["blockedBy"] == bad.task_id


def test_the_search_finds_the_period_that_was_put_in(outcome: Outcome):
    found = outcome.metadata("search")
    # 2000 steps of frequency between 1/4 and 1/2 per day are 0.0008 d apart at 2.5 d; the baseline is 20 d
    assert found["period"] == pytest.approx(PERIOD_DAYS, rel=0.01)
    assert (found["outcome"], found["target_period"]) == ("PASS", PERIOD_DAYS)
    share = capped(Resources(cpu=2), machine_resources(), executors=EXECUTORS)  # the container has 2 cores
    assert found["threads"] == share.cpu
    assert found["pixels_in_transit"] == outcome.metadata("planet")["pixels_in_transit"] > 0
    assert (states(outcome, "found"), states(outcome, "missed")) == (["passed"], [])


def test_numbers_of_loops_keep_their_kinds_in_names_and_metadata(outcome: Outcome):
    sizes = [plain_values(outcome.task(f"size_{index}").metadata) for index in range(3)]
    assert [(size["size_index"], size["size"]) for size in sizes] == [(0, 0.5), (1, 1.0), (2, 1.5)]
    powers = [outcome.metadata(f"size_{index}")["integrated_transit_power"] for index in range(3)]
    # transits have the area of the planet: 0.25 : 1 : 2.25
    assert [power / powers[1] for power in powers] == pytest.approx([0.25, 1, 2.25], rel=1e-9)
    assert outcome.visible_files("size_0")["lightcurve"].is_file()


def test_a_do_while_loop_makes_the_turns_that_its_criterion_wants(outcome: Outcome):
    turns = [plain_values(task.metadata)["turn_index"] for task in outcome.named("v")]
    assert sorted(turns) == [1, 2]
    assert len(outcome.named("execution_do_while_loop")) == 3


def test_a_product_has_the_metadata_of_both_curves_and_its_own_form(outcome: Outcome):
    (version,) = outcome.attempts("product")[-1].output_files.values()
    metadata: Mapping[str, object] = plain_values(version.metadata)
    assert (metadata["binary"], metadata["gzipped"]) == (False, True)
    assert metadata["orbital_period"] == PERIOD_DAYS
    assert metadata["impact_parameter"] is None


def test_curves_from_outside_become_products_of_the_names_that_the_script_gives(outcome: Outcome):
    files = outcome.visible_files("ingest")
    assert sorted(files) == ["light curve 00000", "light curve 00001"]
    (first, _) = (outcome.task("ingest").output_files[name] for name in sorted(files))
    assert (first.directory, first.filename) == ("old", "star_a.csv")


# ------------------------------------------------------------- alone
def test_a_ported_task_runs_from_a_test_configuration_whose_values_are_texts(site: Path, tmp_path: Path):
    (tmp_path / "synthesis.cfg").write_text(
        "[task]\ntask = synthesis_box\n\n[specs]\norbital_period = 3\nduration = (2 * 6)\n\n"
        "[outputs]\nlightcurve = box.gz\n"
    )
    settings = {"task_type_sources": {form: "builtin" for form in FORMS if "box" not in form}}
    (tmp_path / "eas.yaml").write_text(json.dumps(settings))
    words = ("standalone", "synthesis.cfg", "--output-dir", "made", "--format", "json")
    done = program(tmp_path, *words, path=site)
    assert done.returncode == 0, done.stderr
    found = {row["keyword"]: row["value"] for row in json.loads(done.stdout)}
    assert found["orbital_period"] == 3
    # transits at 1, 4, 7 and 10 d, 0.2 d long, one sample in 1800 s: 9 or 10 samples in each
    assert 36 <= found["pixels_in_transit"] <= 40
    assert [path.name for path in (tmp_path / "made").iterdir()] == ["box.gz"]
    assert not (tmp_path / ".eas").exists()


# ------------------------------------------------------------- the tests of the package
def test_the_tests_of_a_ported_package_pass(tmp_path: Path):
    target = tmp_path / "project"
    left = [form for form in FORMS if form not in ("error", "synthesis_box", "transit_search_box")]
    done = port(
        tmp_path, target, "--with-base-tasks", *(word for form in left for word in ("--without", form))
    )
    assert done.returncode == 0, done.stderr
    install_plugin(target, NAME, NAME, version="0.1.0")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(target),
        str(target),
    ]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("EAS_", "PYTEST_"))}
    ended = subprocess.run(
        command, cwd=target, env={**kept, "PYTHONPATH": str(target)},
        capture_output=True, text=True, check=False, timeout=SECONDS,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout
    # 2 of the package, 1 of error, 6 of the contract for synthesis_box; the search has no example
    assert "9 passed, 6 skipped" in ended.stdout, ended.stdout
