"""Each base task keeps the contract of all task types."""

import pytest

from eas_framework.builtin import TASKS
from eas_framework.plugins.manager import plugin_manager
from eas_framework.testing import TaskTypeContract

pytest_plugins = ["eas_framework.testing.fixtures"]


class TestBaseTasks(TaskTypeContract):
    optional_metadata = frozenset({"verification_reason"})

    @pytest.fixture(params=[name for name in TASKS if name != "error"])
    def task_type(self, request, workspace):
        return plugin_manager().task_types()[request.param]

    @pytest.fixture
    def files(self, workspace, lightcurve_factory):
        """What `ingest_external_lcs` finds."""
        folder = workspace / "raw"
        folder.mkdir()
        curve = lightcurve_factory()
        rows = [f"{time},{flux}" for time, flux in zip(curve.times, curve.fluxes, strict=True)]
        (folder / "star.csv").write_text("\n".join(["time,flux", *rows]))


def test_the_error_task_fails_with_its_message(run_task):
    outcome = run_task({"task": "error", "message": "as it was told"})
    assert outcome.failed
    assert not any(version.passed_qc for version in outcome.versions)
    assert any("as it was told" in text for text in outcome.errors)
