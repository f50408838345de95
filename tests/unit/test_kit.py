"""The contract kit itself: it says what is missing, and finds what is wrong."""

import pytest

pytest_plugins = ["eas_framework.testing.fixtures", "pytester"]

HEAD = """
import pytest
from eas_framework.testing import *
pytest_plugins = ["eas_framework.testing.fixtures"]
"""


@pytest.fixture
def author(pytester, monkeypatch):
    """The folder of a plugin's author, and what pytest says of a test file there."""

    def run(source, *options):
        pytester.makepyfile(HEAD + source)
        return pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider", *options)

    return run


@pytest.mark.parametrize(
    ("contract", "test", "fixture"),
    [
        ("DatabaseBackendContract", "empty_database_appears", "backend"),
        ("TaskQueueContract", "declaring_a_queue_twice", "new_queue"),
        ("TaskTypeContract", "name_is_an_identifier", "task_type"),
        ("QcMetricContract", "has_a_name", "metric"),
    ],
)
def test_a_forgotten_fixture_is_asked_for_in_a_sentence(author, contract, test, fixture):
    said = author(f"class TestMine({contract}):\n    pass\n", "-k", test)
    said.assert_outcomes(errors=1)
    said.stdout.fnmatch_lines([f"*TestMine must define a pytest fixture `{fixture}` that returns *"])


def test_importing_the_contracts_collects_nothing(author):
    author("").assert_outcomes()


def test_a_broken_rule_is_shown_with_its_values(author):
    said = author(
        """
from eas_framework.plugins import QcMetric
from eas_framework.task_objects import TaskExecutionAttempt

class TestMine(QcMetricContract):
    @pytest.fixture
    def metric(self):
        return QcMetric(name="Bad Name", task_types=frozenset({"x"}), measure=lambda attempt: {"a": 1})

    @pytest.fixture
    def attempt(self):
        return TaskExecutionAttempt()
"""
    )
    said.assert_outcomes(passed=3, failed=2)
    said.stdout.fnmatch_lines(["*a name is lower case, digits and underscores*", "*{'a': 1} == {}*"])


def test_a_task_type_that_is_not_installed_is_told_to_be_installed(author):
    said = author(
        """
from eas_framework.plugins import TaskType

class TestMine(TaskTypeContract):
    @pytest.fixture
    def task_type(self):
        return TaskType(name="never_installed", handler=print, summary="A type.", example={"task": "x"})
""",
        "-k",
        "under_its_name",
    )
    said.assert_outcomes(failed=1)
    said.stdout.fnmatch_lines(["*install the package first*never_installed*"])


def test_the_fixtures_of_the_kit_keep_the_machine_s_settings_out(author, monkeypatch, tmp_path):
    monkeypatch.setenv("EAS_DB_ENGINE", "mysql")
    monkeypatch.setenv("EAS_DATA_PATH", str(tmp_path / "production"))
    said = author(
        """
def test_settings(workspace, run_task, lightcurve_factory):
    from eas_framework.settings import configuration
    assert configuration().db_engine == "sqlite3"
    assert configuration().data_path.is_relative_to(workspace)
    outcome = run_task(
        {"task": "verify", "inputs": {"lightcurve": "star.npy"}}, {"star.npy": lightcurve_factory(days=3.0)}
    )
    assert outcome.passed, outcome.errors
    assert outcome.metadata("verify")["verification_samples"] == 144
"""
    )
    said.assert_outcomes(passed=1)
    assert not (tmp_path / "production").exists()


def test_made_light_curves_have_the_transits_that_were_asked_for(lightcurve_factory):
    curve = lightcurve_factory(period_days=2.0, depth=0.02, duration_hours=4.8, noise=0.0)
    in_transit = curve.times[curve.fluxes < 0.99]
    assert curve.fluxes.min() == pytest.approx(0.98, abs=1e-12)
    assert abs((in_transit % 2.0) - 1.0).max() < 0.1 + 1e-9  # 4.8 h are 0.2 d about the middle
    assert (lightcurve_factory(seed=1).fluxes == lightcurve_factory(seed=1).fluxes).all()
    assert (lightcurve_factory(seed=1).fluxes != lightcurve_factory(seed=2).fluxes).any()
